"""The unpacked bundles, each with only the packages that its requirements.txt lists."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.bundles import FUNCTIONS, ROOT
from local.functions import FunctionProcess
from tests.functional.built import require_current_bundles, unpacked

_ENTRY_POINTS = {"planner": "plan", "fetcher": "fetch", "loader": "load"}
_REQUIRED = {
    "planner": {"GCP_PROJECT_ID", "EXPORT_BUCKET", "BIGQUERY_LOCATION", "EXPORT_SINCE"},
    "fetcher": {
        "GCP_PROJECT_ID",
        "EXPORT_BUCKET",
        "MIXPANEL_PROJECT_ID",
        "MIXPANEL_CREDENTIALS",
    },
    "loader": {"GCP_PROJECT_ID", "EXPORT_BUCKET", "BIGQUERY_LOCATION"},
}
# Runs in the function's own environment: refuses the network, then imports main.py.
_IMPORT = """
import json, sys
def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
        raise SystemExit(f"{event}{arguments} while importing")
sys.addaudithook(refuse)
import main
import mixpanel_export
print(json.dumps([name for name in ("plan", "fetch", "load") if hasattr(main, name)]))
print(mixpanel_export.__file__)
"""
_INSTALLED = """
import json
from importlib.metadata import distributions
names = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in distributions()}
print(json.dumps(names))
"""

pytestmark = pytest.mark.usefixtures("current")


@pytest.fixture(name="current", scope="module")
def _current() -> None:
    require_current_bundles()


def in_own_environment(function: str, program: str) -> list[str]:
    """The lines that a program prints, run beside main.py with no environment variables."""
    python = ROOT / "build" / "venv" / function / "bin" / "python"
    run = subprocess.run(
        [python, "-W", "error::SyntaxWarning", "-B", "-c", program],
        cwd=unpacked(function),
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == run.returncode, run.stderr
    return run.stdout.splitlines()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing(function: str) -> None:
    """Importing main.py needs neither a setting nor the network, nor anything but its bundle."""
    entry_points, package = in_own_environment(function, _IMPORT)

    assert [_ENTRY_POINTS[function]] == json.loads(entry_points)
    assert unpacked(function) / "mixpanel_export" / "__init__.py" == Path(package)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_its_own_requirements(function: str) -> None:
    """A function's environment holds what its requirements.txt pins, and nothing else."""
    lines = (ROOT / "functions" / function / "requirements.txt").read_text().splitlines()
    pinned = dict(line.partition(" ;")[0].split("==") for line in lines)
    (installed,) = in_own_environment(function, _INSTALLED)

    assert pinned == json.loads(installed)


@pytest.fixture(name="processes", scope="module")
def _processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FunctionProcess]]:
    directory = tmp_path_factory.mktemp("processes")
    with ExitStack() as stack:
        processes = {}
        for name in FUNCTIONS:
            processes[name] = FunctionProcess(name, {}, directory / f"{name}.log").start()
            stack.callback(processes[name].kill)
        yield {name: process.wait_until_ready() for name, process in processes.items()}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_answering(function: str, processes: dict[str, FunctionProcess]) -> None:
    """A function starts without its settings, and its first answer names all that are missing."""
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(processes[function].url, data=b"{}", timeout=30)
    with answered.value as answer:
        text = answer.read().decode()

    assert 500 == answer.code
    assert {line.split()[1] for line in text.splitlines() if line.startswith("- ")} == (
        _REQUIRED[function]
    )
