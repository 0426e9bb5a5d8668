"""How an operator names what is exported."""

from __future__ import annotations

from enum import StrEnum

from mixpanel_export.errors import Setup
from mixpanel_export.series import SNAPSHOT, Series

_DEFAULT_MODE = {"people": SNAPSHOT.mode}


class Table(StrEnum):
    """What is exported."""

    EVENTS = "events"
    PEOPLE = "people"


class Mode(StrEnum):
    """How a table is filled; `series` says what each is."""

    RECENT = "recent"
    SWEEP = "sweep"
    SNAPSHOT = "snapshot"
    CHANGES = "changes"


def series_of(table: Table, mode: Mode | None) -> Series:
    """The series to replay; of people that is the snapshot, unless said otherwise.

    Raises:
        Setup: the table has no such mode.
    """
    try:
        return Series.named(table.value, mode.value if mode else _DEFAULT_MODE.get(table))
    except ValueError as error:
        raise Setup(str(error)) from None
