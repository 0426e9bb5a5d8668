"""Histories of loads for tests: how a table of cases or a property writes them down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sql.engines import Engine
from tests.sql.model import Load, Row
from tests.sql.raw_rows import loaded

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def hold(engine: Engine, history: Iterable[Load]) -> None:
    """Let this be everything that was loaded."""
    raw: dict[str, list[Row]] = {"events": [], "people": []}
    for each in history:
        raw[each.table] += raw_rows(each)
    for table, rows in raw.items():
        engine.hold(table, rows)


def raw_rows(load: Load) -> list[Row]:
    """The rows of a load, and the marker row that counts them."""
    facts = {"as_of": load.as_of.isoformat()} if load.as_of else {}
    rows = [_written(row | ({"as_of": load.as_of} if load.as_of else {})) for row in load.rows]
    start, end = load.start.isoformat(), load.end.isoformat()
    return loaded(load.mode, start, end, load.version, rows, **facts)


def event(note: str, **columns: Any) -> Row:
    """A row of an event, told from its copies by the property `note`."""
    properties = {"note": note} | columns.pop("properties", {})
    return {
        "time": MIDNIGHT,
        "event_name": "Paid",
        "distinct_id": "ann",
        "device_id": None,
        "user_id": None,
        "insert_id": "1",
        "processing_time": MIDNIGHT + 8 * HOUR,
        "properties": properties,
    } | columns


def profile(distinct_id: str, **properties: Any) -> Row:
    """A row of a profile."""
    return {"distinct_id": distinct_id, "last_seen": None, "properties": properties}


def unordered(rows: Iterable[Row]) -> list[Row]:
    """Rows in an order of their own, so that lists of them can be compared."""
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def _written(row: Row) -> Row:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }
