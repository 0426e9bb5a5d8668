"""What all commands share."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from local.bundles import FUNCTIONS, ROOT, members
from mixpanel_export.errors import Setup
from mixpanel_export_cli import app
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.sources import Source
from tests.cli.outputs import outputs

EMULATOR = "MADE_UP_EMULATOR_HOST"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Iterator[Path]:
    """Outputs of a deployment on emulators."""
    file = tmp_path / "out puts.json"
    file.write_text(json.dumps(outputs(emulators={EMULATOR: "here"})))
    yield file
    os.environ.pop(EMULATOR, None)


def test_emulators_are_exported_before_anything_else(file: Path) -> None:
    """Google's clients read their variables when they are made, after the deployment."""
    session = Session(Source(outputs=str(file)), {})
    assert EMULATOR not in os.environ

    assert "some-project" == session.deployment.planner.project_id
    assert "here" == os.environ[EMULATOR]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source(), ""),
        (Source(outputs="a b.json"), "--outputs 'a b.json' "),
        (Source(terraform=Path("deep/er")), "--terraform deep/er "),
        (Source(stack=Path("build/up")), "--stack build/up "),
    ],
    ids=["nothing said", "file", "terraform", "stack"],
)
def test_a_command_to_copy_means_the_same_deployment(source: Source, words: str) -> None:
    """What the operator said is said again, quoted for a shell."""
    session = Session(source, {"MIXPANEL_WHERE": "a == 1"})
    expected = f"mixpanel-export {words}--set 'MIXPANEL_WHERE=a == 1' dead-letters list"

    assert expected == session.command("dead-letters", "list")


def test_a_script_must_agree_beforehand() -> None:
    """Standard input that is no terminal cannot be asked."""
    session = Session(Source(), {})
    session.confirm("Sure?", yes=True)

    with pytest.raises(Setup, match="nothing was done: give --yes"):
        session.confirm("Sure?", yes=False)


def test_it_is_said_what_is_worked_on(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The deployment, and what is only put in its place, before anything is done."""
    session = Session(Source(outputs=str(file)), {"SETTLE_MINUTES": "30"})
    assert "some-project" == session.deployment.planner.project_id

    said = capsys.readouterr()
    assert "" == said.out
    assert [
        f"deployment: {file}, project some-project, bucket some-bucket",
        "--set SETTLE_MINUTES=30 is for this call only: the deployment has '15'",
    ] == said.err.splitlines()


def test_nothing_that_is_printed_speaks_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Reasons, attributes and rejects may hold anything; text of all scripts stays text."""
    session = Session(Source(), {})
    evil = "a\x1b[2Jb\rc\x9b5m\u202ed ü 中\ne"
    for print_ in (session.say, session.show):
        print_(evil)
    session.show_table("t", ["h"], [[evil]])
    printed = "".join(capsys.readouterr())

    assert 3 == printed.count("a\\x1b[2Jb\\rc\\x9b5m\\u202ed ü 中")
    assert {"\n"} == {each for each in printed if not each.isprintable()}


def test_a_command_has_a_session() -> None:
    """One that runs outside of the application is a bug."""
    with pytest.raises(TypeError):
        Session.of(typer.Context(typer.main.get_command(app.app)))


def test_the_console_command_is_installed_from_here() -> None:
    """`mixpanel-export` runs `main`, and no bundle of a function carries any of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bundled = {name for function in FUNCTIONS for name in members(function)}

    assert {"mixpanel-export": f"{app.__name__}:{app.main.__name__}"} == project["scripts"]
    assert [] == [name for name in bundled if "cli" in name]
