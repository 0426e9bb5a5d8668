"""The view of identity over a few events."""

from __future__ import annotations

from collections.abc import Iterable

from tests.sql.engines import Engine
from tests.sql.identity_events import Event, Json
from tests.sql.raw_rows import loaded

_DAY, _NEXT_DAY = "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"


def load(version: int, events: Iterable[Event]) -> list[Json]:
    """What a version of the day brings."""
    return loaded("recent", _DAY, _NEXT_DAY, version, [event.row() for event in events])


def resolved(engine: Engine, *events: Event) -> dict[str, str]:
    """The view over these events."""
    engine.hold("events", load(1, events))
    return shown(engine)


def shown(engine: Engine) -> dict[str, str]:
    """The view: one row for each id, and it needs no second resolving."""
    rows = engine.query("SELECT distinct_id, resolved_id FROM mixpanel.identity")
    identity = {row["distinct_id"]: row["resolved_id"] for row in rows}
    assert len(rows) == len(identity)
    assert all(identity[each] == each for each in identity.values())
    return identity


def people(*groups: str) -> dict[str, str]:
    """Groups of ids, the one that stands for the others first."""
    return {each: group.split()[0] for group in groups for each in group.split()}
