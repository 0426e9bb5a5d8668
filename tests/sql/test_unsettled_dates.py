"""Which days of events `events_settled` does not have as `events` has them, and since when."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.sql.engines import Engine
from tests.sql.histories import DAY, HOUR, MIDNIGHT, event
from tests.sql.jobs import dated
from tests.sql.model import Load

Json = Any

SATURDAY, SUNDAY = date(2026, 11, 21), date(2026, 11, 22)
THEN = datetime(2026, 11, 30, 5, tzinfo=UTC)
FOLDER = "events/date=2026-11-22/20261122T000000Z_20261122T010000Z"
NEXT_FOLDER = "events/date=2026-11-22/20261122T010000Z_20261122T020000Z"
SWEEP_FOLDER = "events/sweep/date=2026-11-22/20261122T000000Z_20261123T000000Z"


def load(version: int, *days: date, hour: int = 0, mode: str = "recent") -> Load:
    """A load of an hour, or the sweep of a day, with an event on each of these days."""
    start = MIDNIGHT + hour * HOUR
    rows = [
        event("", time=datetime(day.year, day.month, day.day, 9, tzinfo=UTC), insert_id=None)
        for day in days
    ]
    return Load(mode, start, start + (DAY if mode == "sweep" else HOUR), version, tuple(rows))


def digest(*objects: str) -> str:
    """What tells a set of loads from any other: of their names, in the order of letters."""
    names = ",".join(f"{each}.ndjson.gz" for each in objects)
    return hashlib.md5(names.encode(), usedforsecurity=False).hexdigest()


def settled(day: date, *objects: str) -> Json:
    """A row of the ledger: on this day with these loads, or chosen and not settled yet."""
    if not objects:
        return {"event_date": str(day)}
    return {
        "event_date": str(day),
        "loads": digest(*objects),
        "settled_at": THEN.isoformat(),
    }


ONE, TWO, NEXT = f"{FOLDER}/1", f"{FOLDER}/2", f"{NEXT_FOLDER}/1"
SWEEP = f"{SWEEP_FOLDER}/1"
CASES = {
    "nothing at all": ([], [], []),
    "never settled": ([load(1, SUNDAY)], [], [(SUNDAY, digest(ONE), None)]),
    "settled": ([load(1, SUNDAY)], [settled(SUNDAY, ONE)], []),
    "chosen by a run that died": (
        [load(1, SUNDAY)],
        [settled(SUNDAY)],
        [(SUNDAY, digest(ONE), None)],
    ),
    "chosen, and without rows since": ([], [settled(SUNDAY)], []),
    "one of two days of a load": (
        [load(1, SATURDAY, SUNDAY)],
        [settled(SUNDAY, ONE)],
        [(SATURDAY, digest(ONE), None)],
    ),
    "a newer version since": (
        [load(1, SUNDAY), load(2, SUNDAY)],
        [settled(SUNDAY, ONE)],
        [(SUNDAY, digest(TWO), THEN)],
    ),
    "a newer version without the day": (
        [load(1, SUNDAY), load(2, SATURDAY)],
        [settled(SUNDAY, ONE)],
        [(SATURDAY, digest(TWO), None), (SUNDAY, None, THEN)],
    ),
    "a superseded version, committed later": (
        [load(1, SUNDAY), load(2, SUNDAY)],
        [settled(SUNDAY, TWO)],
        [],
    ),
    "another interval since": (
        [load(1, SUNDAY), load(1, SUNDAY, hour=1)],
        [settled(SUNDAY, ONE)],
        [(SUNDAY, digest(ONE, NEXT), THEN)],
    ),
    "two intervals, settled": (
        [load(1, SUNDAY, hour=1), load(1, SUNDAY)],
        [settled(SUNDAY, ONE, NEXT)],
        [],
    ),
    "a sweep since": (
        [load(1, SUNDAY), load(1, SUNDAY, mode="sweep")],
        [settled(SUNDAY, ONE)],
        [(SUNDAY, digest(*sorted([ONE, SWEEP])), THEN)],
    ),
    "a load without events since": (
        [load(1, SUNDAY), load(1, hour=1)],
        [settled(SUNDAY, ONE)],
        [],
    ),
}


@pytest.mark.parametrize(("history", "ledger", "expected"), CASES.values(), ids=CASES)
def test_days_are_unsettled(
    engine: Engine, history: list[Load], ledger: list[Json], expected: list[Json]
) -> None:
    """Those whose live loads with rows of them are others than when they were settled."""
    engine.hold("events", [row for each in history for row in dated(each)])
    engine.hold("settled_dates", ledger)

    rows = engine.query("SELECT * FROM mixpanel.unsettled_dates ORDER BY event_date")
    assert expected == [(row["event_date"], row["loads"], row["settled_at"]) for row in rows]
