"""What is fetched interval by interval: four series, each in a mode of its own."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as brief
from typing import Literal, get_args

Family = Literal["export", "query"]
FAMILIES: tuple[Family, ...] = get_args(Family)


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One mode in which one table is filled.

    Intervals are compared and replaced within a series only. `family` is the Mixpanel API whose
    hourly budget a request costs (docs.mixpanel.com/reference/rate-limits).
    """

    table: str
    mode: str
    family: Family

    @classmethod
    def named(cls, table: str, mode: str | None) -> Series:
        """The series of this table and mode; events need no mode.

        Raises:
            ValueError: there is none; it says which modes there are.
        """
        of_table = [series for series in SERIES if series.table == table]
        if not of_table:
            raise ValueError(f"unknown table {brief(table)}: known are {', '.join(TABLES)}")
        wanted = _DEFAULT_MODE.get(table) if mode is None else mode
        for series in of_table:
            if series.mode == wanted:
                return series
        text = f"table {table} needs a mode" if mode is None else f"unknown mode {brief(mode)}"
        raise ValueError(f"{text}: known are {', '.join(series.mode for series in of_table)}")

    @property
    def path(self) -> str:
        """`events`, `events/sweep`, `people/snapshot` or `people/changes`."""
        return self.table if self.is_default else f"{self.table}/{self.mode}"

    @property
    def is_default(self) -> bool:
        """Whether the mode goes without saying."""
        return _DEFAULT_MODE.get(self.table) == self.mode

    def __str__(self) -> str:
        return self.path.replace("/", " ")


_DEFAULT_MODE = {"events": "recent"}

RECENT = Series("events", "recent", "export")
"""Events processed in the interval that happened within the lookback before it."""

SWEEP = Series("events", "sweep", "export")
"""Events processed on a day that happened before the lookback: imported history."""

SNAPSHOT = Series("people", "snapshot", "query")
"""All profiles, as of the fetch."""

CHANGES = Series("people", "changes", "query")
"""Profiles last seen around the interval, as of the fetch."""

SERIES = (RECENT, SWEEP, SNAPSHOT, CHANGES)
TABLES = ("events", "people")
