"""What all commands share: the deployment, the two outputs of a terminal, and asking before doing.

Results go to standard output, everything else to standard error, so that `--json` can be piped.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from mixpanel_export.clock import SystemClock
from mixpanel_export.deadlines import Clock
from mixpanel_export.errors import Setup
from mixpanel_export_cli.deployment import Deployment, differences, refuse_emulators
from mixpanel_export_cli.sources import Source

COMMAND = "mixpanel-export"
INTERRUPTED = 130
"""How a command ends that was stopped with Ctrl-C."""

_WIDTH_OF_A_FILE = 120


def printable(text: str) -> str:
    """The text without characters that a terminal would obey; lines stay lines.

    What comes from Mixpanel or from a message may hold anything.
    """
    return "".join(
        repr(each)[1:-1] if each != "\n" and unicodedata.category(each).startswith("C") else each
        for each in text
    )


def _console(*, stderr: bool) -> Console:
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal else _WIDTH_OF_A_FILE
    return Console(stderr=stderr, width=width, highlight=False, emoji=False)


@dataclass
class Session:
    """One call of the tool; a command gets it with `Session.of(context)`."""

    source: Source
    overrides: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)

    @staticmethod
    def of(context: typer.Context) -> Session:
        """The session of the command that is running."""
        session = context.obj
        if not isinstance(session, Session):
            raise TypeError("the command runs outside of the application")
        return session

    @cached_property
    def deployment(self) -> Deployment:
        """The deployment to work on; Google's clients find it from now on.

        Raises:
            Setup: it is not known, or not whole.
        """
        source, outputs = self.source.read()
        deployment = Deployment.of_outputs(source, outputs, self.overrides)
        refuse_emulators(deployment, os.environ)
        os.environ.update(deployment.emulators)
        self.say(f"deployment: {source}, {deployment.place}")
        for line in differences(outputs, self.overrides):
            self.say(line)
        return deployment

    @cached_property
    def out(self) -> Console:
        """Where results go."""
        return _console(stderr=False)

    @cached_property
    def err(self) -> Console:
        """Where everything else goes."""
        return _console(stderr=True)

    def say(self, text: str) -> None:
        """Tell the operator something that is no result."""
        self.err.print(printable(text), markup=False, soft_wrap=True)

    def show(self, text: str) -> None:
        """Print a line of the result."""
        self.out.print(printable(text), markup=False, soft_wrap=True)

    def show_table(
        self, title: str, headings: Iterable[str], rows: Iterable[Iterable[str]]
    ) -> None:
        """Print a table of the result."""
        table = Table(title=title, title_justify="left")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        self.out.print(table)

    def show_json(self, value: Any) -> None:
        """Print a result for scripts."""
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on only if the operator agrees to do this to this deployment.

        Raises:
            Setup: nobody is there to agree.
            typer.Abort: the operator does not.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise Setup("nothing was done: give --yes to go on without a terminal to ask at")
        typer.confirm(f"{self.deployment.place}: {question}", abort=True, err=True)

    def progress(self) -> Progress:
        """A bar for long work."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        return Progress(*columns, TimeElapsedColumn(), console=self.err, transient=False)

    def command(self, *words: str) -> str:
        """A call of the tool on this deployment, for the operator to copy."""
        given = []
        if self.source.outputs is not None:
            given = ["--outputs", self.source.outputs]
        elif self.source.terraform is not None:
            given = ["--terraform", str(self.source.terraform)]
        elif self.source.stack is not None:
            given = ["--stack", str(self.source.stack)]
        for name, value in self.overrides.items():
            given += ["--set", f"{name}={value}"]
        return shlex.join([COMMAND, *given, *words])
