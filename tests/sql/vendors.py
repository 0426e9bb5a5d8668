"""Events for the views in the shape of a vendor's tables."""

from __future__ import annotations

from typing import Any

from tests.sql.engines import Engine
from tests.sql.raw_rows import loaded

Json = Any

# The views that have events under a vendor's names.
EVENTS = ("mixpanel_fivetran.event", "mixpanel_airbyte.export", "mixpanel_singer.export")
DAY, NEXT_DAY = "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"
NOON = "2026-11-22T12:00:00.123Z"


def event(insert_id: str | None = "one", **changes: Json) -> dict[str, Json]:
    """A row of an event as the fetcher writes it."""
    row: dict[str, Json] = {
        "time": NOON,
        "event_name": "Paid",
        "distinct_id": "ann",
        "insert_id": insert_id,
        "processing_time": "2026-11-22T12:00:01.500Z",
        "properties": {},
    }
    return row | changes


def hold_events(engine: Engine, *rows: dict[str, Json], version: int = 1) -> None:
    """Let the raw table hold one load of these events and nothing else."""
    engine.hold("events", loaded("recent", DAY, NEXT_DAY, version, list(rows)))
