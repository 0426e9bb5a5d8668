"""What is deployed: one zip a function, and the pins that each of them carries."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from local import bundles
from local.bundles import FUNCTIONS, ROOT

_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)(?: ; .+)?")
_PACKAGE = ROOT / "shared" / "mixpanel_export"


def pins(path: Path) -> dict[str, str]:
    """The version of each package in a lock file; every line must be a pin or a comment."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    found = [_PIN.fullmatch(line) for line in lines]
    assert all(found), f"{path.name} holds more than exact pins"
    return {match["name"]: match["version"] for match in found if match}


@pytest.fixture(name="bundle", params=FUNCTIONS)
def _bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return bundles.build(request.param, tmp_path)


def function_of(bundle: Path) -> str:
    return bundle.name.partition("-")[0]


def test_content(bundle: Path) -> None:
    """A bundle holds main.py, requirements.txt and all of mixpanel_export, and nothing else."""
    source = ROOT / "functions" / function_of(bundle)
    modules = [path for path in _PACKAGE.rglob("*") if "__pycache__" not in path.parts]
    expected = {
        "main.py": (source / "main.py").read_bytes(),
        "requirements.txt": (source / "requirements.txt").read_bytes(),
    } | {f"mixpanel_export/{path.relative_to(_PACKAGE)}": path.read_bytes() for path in modules}
    with zipfile.ZipFile(bundle) as opened:
        actual = {name: opened.read(name) for name in opened.namelist()}

    assert expected == actual


def test_same_bytes_twice(bundle: Path, tmp_path: Path) -> None:
    """Building again gives the same name and the same bytes: nothing is deployed anew."""
    again = bundles.build(function_of(bundle), tmp_path / "again")

    assert bundle.name == again.name
    assert bundle.read_bytes() == again.read_bytes()


def test_no_trace_of_the_machine(bundle: Path) -> None:
    """Neither times nor permissions of this checkout are in a bundle."""
    with zipfile.ZipFile(bundle) as opened:
        traces = {(entry.date_time, entry.external_attr) for entry in opened.infolist()}

    assert {((1980, 1, 1, 0, 0, 0), 0o644 << 16)} == traces


def test_unpacking_replaces(bundle: Path, tmp_path: Path) -> None:
    """Unpacking leaves nothing of an earlier bundle behind."""
    directory = tmp_path / "unpacked"
    directory.mkdir()
    (directory / "left_over.py").touch()
    bundles.unpack(bundle, directory)

    assert {"main.py", "requirements.txt", "mixpanel_export"} == {
        path.name for path in directory.iterdir()
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_one_version_of_everything(function: str) -> None:
    """What a function runs with is what its code was checked with."""
    checked_with = pins(ROOT / "requirements-dev.txt")
    runs_with = pins(ROOT / "functions" / function / "requirements.txt")

    assert {name: checked_with.get(name) for name in runs_with} == runs_with
