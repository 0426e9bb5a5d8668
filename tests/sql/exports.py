"""Exports of events as tests write them down, and what the views show of them, as short."""

from __future__ import annotations

from typing import Any

from tests.sql import model
from tests.sql.engines import Engine
from tests.sql.histories import DAY, HOUR, MIDNIGHT, event
from tests.sql.model import Load, Row

_ALL_OF = {
    "events_between": "events_between(TIMESTAMP '2026-11-01', TIMESTAMP '2026-12-01')",
}


def hour(number: int, version: int, *rows: Row) -> Load:
    """A version of an hour of the day; its rows were processed within it."""
    start = MIDNIGHT + number * HOUR
    processed = [row | {"processing_time": start + HOUR / 2} for row in rows]
    return Load("recent", start, start + HOUR, version, tuple(processed))


def day(mode: str, version: int, *rows: Row) -> Load:
    return Load(mode, MIDNIGHT, MIDNIGHT + DAY, version, rows)


def merged(note: str, distinct_id: str, before: Any, **columns: Any) -> Row:
    """An event that Mixpanel has given to somebody else."""
    return event(note, distinct_id=distinct_id, properties={f"${model.BEFORE}": before}, **columns)


def anonymous(note: str, **columns: Any) -> Row:
    """An event without insert id."""
    return event(note, insert_id=None, **columns)


def shown(engine: Engine, view: str) -> str:
    """The notes of the rows that a view shows, in order."""
    source = _ALL_OF.get(view, view)
    rows = engine.query(f"SELECT JSON_VALUE(properties, '$.note') AS note FROM mixpanel.{source}")
    return " ".join(sorted(row["note"] for row in rows))


def modelled(view: str, history: list[Load]) -> str:
    """The notes of the rows that the model shows, in order."""
    rows = model.events_stable(history) if view == "events_stable" else model.events(history)
    return " ".join(sorted(row["properties"]["note"] for row in rows))
