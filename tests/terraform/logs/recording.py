"""Log lines of a running stack: which function wrote them, and what they become."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from local.bundles import FUNCTIONS
from local.stack import Stack
from tests.terraform.logs.entries import entry_of
from tests.terraform.logs.metrics import Timed

_NONE: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line on the standard output of a function."""

    function: str
    text: str

    @property
    def entry(self) -> dict[str, Any]:
        """The entry that it becomes on Cloud Run, where a service is named after its function."""
        return entry_of(self.text, self.function)

    @property
    def payload(self) -> Mapping[str, Any]:
        """The fields of a structured line; a line of plain text has none."""
        fields: Mapping[str, Any] = self.entry.get("jsonPayload", {})
        return fields

    @property
    def event(self) -> str | None:
        """What happened; nothing if the line is plain text."""
        return self.payload.get("event")

    def saying(self, **fields: Any) -> Line:
        """The line as it would be with other values of fields that it has."""
        written = json.loads(self.text)
        assert fields.keys() <= written.keys()
        return Line(self.function, json.dumps(written | fields))


class Recorder:
    """Reads what the functions have written since the last time."""

    def __init__(self, stack: Stack) -> None:
        self._files = {name: stack.directory / f"{name}.log" for name in FUNCTIONS}
        self._read = dict.fromkeys(FUNCTIONS, 0)

    def new_lines(self) -> list[Line]:
        """The planner's lines before the fetcher's, and those before the loader's."""
        lines: list[Line] = []
        for name, file in self._files.items():
            written = lines_of(name, file)
            lines += written[self._read[name] :]
            self._read[name] = len(written)
        return lines


def lines_of(function: str, file: Path) -> list[Line]:
    """All lines in the log of a function's process."""
    return [Line(function, text) for text in file.read_text().splitlines() if text]


def placed(lines: Iterable[Line], start: datetime, every: timedelta = _NONE) -> list[Timed]:
    """The lines on a timeline: the first at the start, each further one so much later."""
    return [Timed(start + n * every, line.entry) for n, line in enumerate(lines)]
