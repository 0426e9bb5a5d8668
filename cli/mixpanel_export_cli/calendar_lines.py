"""A calendar of intervals in plain characters: one for each, newest day first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mixpanel_export.intervals import DAY, HOUR, MINUTE
from mixpanel_export.series import Series
from mixpanel_export_cli.states import Cell, State

_WIDEST = 60

MARKS = {
    State.LOADED: "#",
    State.REPLACED: "R",
    State.LANDED: "L",
    State.ASKED: "a",
    State.MISSING: "X",
    State.PENDING: ".",
    State.UNWANTED: "-",
}
STYLES = {
    State.LOADED: "green",
    State.REPLACED: "cyan",
    State.LANDED: "yellow",
    State.ASKED: "magenta",
    State.MISSING: "bold red",
    State.PENDING: "dim",
    State.UNWANTED: "dim",
}
MEANINGS = {
    State.LOADED: "loaded",
    State.REPLACED: "loaded in more than one version",
    State.LANDED: "landed but not loaded",
    State.ASKED: "missing but asked for",
    State.MISSING: "missing",
    State.PENDING: "not due yet",
    State.UNWANTED: "not wanted",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Intervals of one stretch of one UTC day, oldest first; `label` says where it starts."""

    label: str
    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        """One mark an interval."""
        return "".join(MARKS[cell.state] for cell in self.cells)


def lines_of(cells: Sequence[Cell]) -> Iterator[Line]:
    """The lines of one series, of which `cells` are whole days, newest first.

    A day is one line, or, if that would be wider than 60 marks, equal parts of it in order.
    """
    width = _width(cells[0].interval.length) if cells else 1
    a_day = DAY // cells[0].interval.length if cells else 1
    for newest in range(0, len(cells), a_day):
        day = cells[newest : newest + a_day][::-1]
        for first in range(0, a_day, width):
            part = day[first : first + width]
            moment = part[0].interval.start
            label = f"{moment:%Y-%m-%d}" if width == a_day else f"{moment:%Y-%m-%d %H:%M}"
            yield Line(label, tuple(part))


def heading(series: Series, length: timedelta) -> str:
    """Which series a calendar shows, and what one mark of it stands for."""
    minutes = length // MINUTE
    each = f"{minutes // 60} h" if not length % HOUR else f"{minutes} min"
    return f"{series}, one mark for {each}, UTC"


def _width(length: timedelta) -> int:
    """How many intervals a line holds: as many as fit, in lines of equal length."""
    a_day = DAY // length
    return next(
        a_day // lines
        for lines in range(1, a_day + 1)
        if a_day % lines == 0 and a_day // lines <= _WIDEST
    )
