"""The tool as tests call it: in this process, or as the operator's own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mixpanel_export_cli.app import app


@dataclass(frozen=True, slots=True)
class Called:
    """How a call ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result, when it was asked for as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines of the result, without the frames of tables."""
        return [" ".join(line.strip("┃│┏┗├").split()) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Tool:
    """Calls on the deployment with these outputs."""

    outputs: Path

    def __call__(self, *words: str) -> Called:
        """Call in this process. A bug is raised here."""
        result = CliRunner().invoke(app, self.arguments(*words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Called(result.exit_code, result.stdout, result.stderr)

    def arguments(self, *words: str) -> list[str]:
        """The words of a call after the name of the tool."""
        return ["--outputs", str(self.outputs), *words]

    def command(self, *words: str) -> list[str]:
        """A process of its own that makes this call."""
        return [sys.executable, "-m", "mixpanel_export_cli.app", *self.arguments(*words)]

    def alone(self, *words: str, **environment: str) -> Called:
        """Call in a process of its own, which begins without any emulator."""
        done = subprocess.run(
            self.command(*words),
            env=bare_environment() | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Called(done.returncode, done.stdout, done.stderr)

    def at_terminal(self, answer: bytes, *words: str) -> tuple[int, bytes]:
        """Call in a process of its own whose operator types this; its status, and what it says."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            self.command(*words),
            env=bare_environment(),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            os.write(ours, answer)
            said, _ = process.communicate(timeout=30)
        os.close(ours)
        os.close(theirs)
        return process.returncode, said


def bare_environment() -> dict[str, str]:
    """An operator's shell in which nothing is set."""
    path = os.pathsep.join(sys.path)
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "TZ": "Europe/Berlin"}
