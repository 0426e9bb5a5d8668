"""`make up` and the commands that act on what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from local.bundles import ROOT
from tests.functional.running import wait_until

_COMMAND = (sys.executable, "-m", "local")
_HOUR = ("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z")


def run(command: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*_COMMAND, command, "--directory", str(directory), *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "shared"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(name="up", scope="module")
def _up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("exploring") / "up"
    environment = os.environ | {"PYTHONPATH": "shared"}
    command = [*_COMMAND, "up", "--directory", str(directory)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        while "Ctrl-C" not in (line := process.stdout.readline()):
            assert line, "the stack ended before it was up"
        yield directory
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(20)
    assert not (directory / "stack.json").exists()
    with duckdb.connect(str(directory / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM mixpanel.loads").fetchall() > [(0,)]


def test_a_replay_reaches_the_running_stack(up: Path) -> None:
    """The operator's tool finds the stack by its directory."""
    tool = [str(ROOT / ".venv/bin/mixpanel-export"), "--stack", str(up), "replay", "events"]
    replayed = subprocess.run([*tool, *_HOUR, "--yes"], check=False, timeout=60)

    assert 0 == replayed.returncode
    loaded = '"start": "2026-03-02T08:00:00Z"'
    wait_until(lambda: loaded in (up / "loader.log").read_text())


def test_a_tick_reaches_the_running_stack(up: Path) -> None:
    """The planner plans for the time given."""
    ticked = run("tick", up, "--at", "2026-03-02T08:20:00Z")

    assert (0, "planner answered 200\n") == (ticked.returncode, ticked.stdout)
    assert '"watermark": "2026-03-02T08:05:00Z"' in (up / "planner.log").read_text()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("tick", "--at", "soon"), "planner answered 500: setup_failure: X-CloudScheduler"),
        (("up",), "a stack is running already"),
    ],
    ids=["wrong time", "twice"],
)
def test_a_slip_is_explained(up: Path, arguments: tuple[str, ...], text: str) -> None:
    """What cannot be done is said in one line, and nothing else happens."""
    command, *rest = arguments
    result = run(command, up, *rest)

    assert 1 == result.returncode
    assert text in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_stack_a_tick_says_how_to_start_one(tmp_path: Path) -> None:
    """Nothing is running, so there is nothing to tick on."""
    result = run("tick", tmp_path)

    assert (1, "no stack is running: start one with `make up`\n") == (
        result.returncode,
        result.stderr,
    )
