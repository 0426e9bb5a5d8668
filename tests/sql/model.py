"""What the views must show: a model in Python, slow, and to be checked by eye.

What decides which rows are shown is `events` with `is_live` and what stands below it, some thirty
lines, and `people` with what stands below it, half as many. They come first. The rest of the
module is what else the views promise: bounds, merged identities, history, the ledger.

Rows are dictionaries of columns, as loaded; moments are datetimes in UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

Row = dict[str, Any]

BEFORE = "distinct_id_before_identity"
EVENT_COLUMNS = (
    *("time", "event_name", "distinct_id", "device_id", "user_id", "insert_id"),
    *("processing_time", "properties", "_interval_start", "_version"),
)
COPIES_SHARE = ("time", "event_name", "insert_id")
AGE = ("processing_time", "_interval_start", "_version", "_line")
HISTORY_COLUMNS = (
    *("distinct_id", "last_seen", "properties", "is_deleted", "valid_from", "valid_to"),
)


@dataclass(frozen=True)
class Load:
    """One loaded version of the interval [start, end) in one mode; only people have `as_of`."""

    mode: str
    start: datetime
    end: datetime
    version: int
    rows: tuple[Row, ...]
    as_of: datetime | None = None

    @property
    def table(self) -> str:
        return "people" if self.as_of else "events"

    def is_live(self, loaded: list[Load]) -> bool:
        """Whether no newer version of the interval was loaded."""
        interval = (self.table, self.mode, self.start, self.end)
        return self.version == max(
            each.version
            for each in loaded
            if interval == (each.table, each.mode, each.start, each.end)
        )


def events(loaded: list[Load]) -> list[Row]:
    """The rows of live versions, but for those of which there is a newer copy."""
    rows = _exported(loaded)
    return [_public(row) for row in rows if not any(_outdoes(by, row, _id) for by in rows)]


def _exported(loaded: list[Load]) -> list[Row]:
    """The rows of live versions of events, each with where it is from."""
    return [
        row | {"_interval_start": each.start, "_version": each.version, "_line": line}
        for each in loaded
        if each.table == "events" and each.is_live(loaded)
        for line, row in enumerate(each.rows, 1)
    ]


def _outdoes(by: Row, row: Row, id_of: Callable[[Row], str | None]) -> bool:
    """Whether `by` is a newer copy of the row."""
    is_copy = row["insert_id"] is not None and id_of(by) == id_of(row)
    is_copy = is_copy and all(by[column] == row[column] for column in COPIES_SHARE)
    return is_copy and [by[column] for column in AGE] > [row[column] for column in AGE]


def _id(row: Row) -> str | None:
    distinct_id: str | None = row["distinct_id"]
    return distinct_id


def _public(row: Row) -> Row:
    return {column: row[column] for column in EVENT_COLUMNS}


def people(loaded: list[Load]) -> list[Row]:
    """The last snapshot, overwritten by the changes after it."""
    shown: dict[str, Row] = {}
    for fetch in _fetches(loaded):
        held = {row["distinct_id"]: row | {"as_of": fetch.as_of} for row in fetch.rows}
        shown = held if fetch.mode == "snapshot" else shown | held
    return list(shown.values())


def _fetches(loaded: list[Load]) -> list[Load]:
    """Fetches of people by their moment; of one moment, a snapshot comes before changes."""
    fetches = [(each.as_of, each.mode != "snapshot", each) for each in loaded if each.as_of]
    in_order = sorted(fetches, key=lambda it: (*it[:2], it[2].version, it[2].start, it[2].end))
    return [fetch for *_, fetch in in_order]


def events_between(loaded: list[Load], lo: datetime, hi: datetime) -> list[Row]:
    """The events of [lo, hi)."""
    return [row for row in events(loaded) if lo <= row["time"] < hi]


def events_stable(loaded: list[Load]) -> list[Row]:
    """As `events`; and a copy may also be one that had the same id before any merge."""
    rows = _exported(loaded)
    return [
        _public(row) | {BEFORE: _id_before(row)}
        for row in rows
        if not any(_outdoes(by, row, _id) or _outdoes(by, row, _first_id) for by in rows)
    ]


def _id_before(row: Row) -> str | None:
    before = row["properties"].get(f"${BEFORE}")
    return None if before in (None, "") else str(before)


def _first_id(row: Row) -> str | None:
    return _id_before(row) or _id(row)


def people_history(loaded: list[Load]) -> list[Row]:
    """A version for each fetch that shows a profile other than before, or shows it is gone."""
    history: dict[str, list[tuple[Any, datetime | None]]] = defaultdict(list)
    for fetch in _fetches(loaded):
        states = {
            row["distinct_id"]: (row["last_seen"], row["properties"], False) for row in fetch.rows
        }
        if fetch.mode == "snapshot":
            states |= dict.fromkeys(history.keys() - states.keys(), (None, None, True))
        for who, state in states.items():
            if not history[who] or history[who][-1][0] != state:
                history[who].append((state, fetch.as_of))
    return [
        dict(zip(HISTORY_COLUMNS, (who, *state, valid_from, valid_to), strict=True))
        for who, versions in history.items()
        for (state, valid_from), (_, valid_to) in pairwise([*versions, (None, None)])
    ]


def loads(loaded: list[Load]) -> list[Row]:
    """Every version of every interval, some facts of it, and whether it is live."""
    return [
        {
            "table_name": each.table,
            "mode": each.mode,
            "interval_start": each.start,
            "interval_end": each.end,
            "version": each.version,
            "row_count": len(each.rows),
            "as_of": each.as_of,
            "is_live": each.is_live(loaded),
        }
        for each in loaded
    ]
