"""Which event days each load changed, so that a copy by days is kept by rebuilding those alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_export.intervals import Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import Series
from tests.sql.engines import Engine
from tests.sql.raw_rows import loaded

Json = Any
Days = dict[tuple[int, str], tuple[int, int]]

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Load:
    """One version of one interval: which events it brought, each with the days it came late by.

    Equal events with an insert id are copies of one event, those without are events of their own.
    """

    mode: str
    hours: tuple[int, int]
    version: int
    events: tuple[tuple[int, str | None], ...]

    @property
    def name(self) -> ObjectName:
        start, end = (MIDNIGHT + timedelta(hours=each) for each in self.hours)
        return ObjectName(Series.named("events", self.mode), Interval(start, end), self.version)

    def rows(self) -> list[Json]:
        """What its load job makes visible at once."""
        times = [(MIDNIGHT - late * DAY).isoformat() for late, _ in self.events]
        data = [
            {"time": time, "event_name": "opened", "insert_id": insert_id}
            for time, (_, insert_id) in zip(times, self.events, strict=True)
        ]
        days = sorted(Counter(time[:10] for time in times).items())
        start, end = (bound.isoformat() for bound in (self.name.interval.start, self.end))
        return loaded(
            self.mode,
            start,
            end,
            self.version,
            data,
            fetched_at=(self.end + timedelta(minutes=self.version)).isoformat(),
            event_dates=[{"date": day, "rows": count} for day, count in days],
        )

    @property
    def end(self) -> datetime:
        return self.name.interval.end


def hold(engine: Engine, loads: list[Load]) -> None:
    """Let all of these be loaded."""
    engine.hold("events", [row for load in loads for row in load.rows()])


HOUR, NEXT_HOUR, WHOLE_DAY = (8, 9), (9, 10), (0, 24)


def recent(version: int, *late: int, hours: tuple[int, int] = HOUR) -> Load:
    """Events of an hour, each so many days late."""
    return Load("recent", hours, version, tuple((each, None) for each in late))


# What was loaded, and of each version its days: rows of its own, rows of what it replaced.
CASES: dict[str, tuple[list[Load], Days]] = {
    "nothing": ([], {}),
    "the first version of an interval": (
        [recent(1, 0, 0, 2)],
        {(1, "11-22"): (2, 0), (1, "11-20"): (1, 0)},
    ),
    "an interval without events": ([recent(1)], {}),
    "a day that the replay lost": (
        [recent(1, 0, 2), recent(2, 0, 0)],
        {(1, "11-22"): (1, 0), (1, "11-20"): (1, 0), (2, "11-22"): (2, 1), (2, "11-20"): (0, 1)},
    ),
    "a replay that lost everything": (
        [recent(1, 0), recent(2)],
        {(1, "11-22"): (1, 0), (2, "11-22"): (0, 1)},
    ),
    "a replay that found what was empty": ([recent(1), recent(2, 0)], {(2, "11-22"): (1, 0)}),
    "each replaces the one before it by number, whatever was loaded first": (
        [recent(3, 3), recent(1, 1), recent(2, 2)],
        {
            (1, "11-21"): (1, 0),
            (2, "11-20"): (1, 0),
            (2, "11-21"): (0, 1),
            (3, "11-19"): (1, 0),
            (3, "11-20"): (0, 1),
        },
    ),
    "other intervals are not replaced": (
        [
            recent(1, 0),
            recent(2, 1, hours=NEXT_HOUR),
            Load("recent", WHOLE_DAY, 3, ((2, None),)),
            Load("sweep", WHOLE_DAY, 4, ((9, None),)),
        ],
        {
            (1, "11-22"): (1, 0),
            (2, "11-21"): (1, 0),
            (3, "11-20"): (1, 0),
            (4, "11-13"): (1, 0),
        },
    ),
}


@pytest.mark.parametrize(("loads", "days"), CASES.values(), ids=CASES)
def test_a_load_touches_its_own_days_and_those_of_what_it_replaced(
    engine: Engine, loads: list[Load], days: Days
) -> None:
    """With the rows of both; a day that has lost all of them is touched as well."""
    hold(engine, loads)

    rows = engine.query(
        "SELECT version, event_date, row_count, replaced_rows FROM mixpanel.touched_dates"
    )
    expected = {
        (version, date.fromisoformat(f"2026-{day}")): counts
        for (version, day), counts in days.items()
    }
    touched = {
        (row["version"], row["event_date"]): (row["row_count"], row["replaced_rows"])
        for row in rows
    }
    assert (expected, len(expected)) == (touched, len(rows))


@pytest.mark.parametrize(
    ("load", "path"),
    [
        pytest.param(
            recent(7, 0),
            "events/date=2026-11-22/20261122T080000Z_20261122T090000Z/7.ndjson.gz",
            id="recent",
        ),
        pytest.param(
            Load("sweep", WHOLE_DAY, 7, ((0, None),)),
            "events/sweep/date=2026-11-22/20261122T000000Z_20261123T000000Z/7.ndjson.gz",
            id="sweep",
        ),
    ],
)
def test_a_load_is_named_as_in_the_ledger(engine: Engine, load: Load, path: str) -> None:
    """By the object it came from, and with the bounds and the moment of its fetch."""
    hold(engine, [load])
    engine.hold("people", [])

    expected = {
        "object_name": path,
        "mode": load.mode,
        "interval_start": load.name.interval.start,
        "interval_end": load.end,
        "version": 7,
        "fetched_at": load.end + timedelta(minutes=7),
        "event_date": MIDNIGHT.date(),
        "row_count": 1,
        "replaced_rows": 0,
    }
    (row,) = engine.query("SELECT * FROM mixpanel.touched_dates")
    (ledger,) = engine.query("SELECT object_name, fetched_at FROM mixpanel.loads")
    assert list(expected.items()) == list(row.items())
    assert ledger == {column: row[column] for column in ledger}


Contents = dict[date, Counter[str | None]]

_EVENTS = "SELECT DATE(time) AS day, insert_id FROM mixpanel.events"


def contents(engine: Engine, condition: str = "TRUE") -> Contents:
    """The events that the view shows, by day."""
    days: Contents = {}
    for row in engine.query(f"{_EVENTS} WHERE {condition}"):
        days.setdefault(row["day"], Counter())[row["insert_id"]] += 1
    return days


class Copy:
    """A copy of the view of events by days, kept as docs/sql.md says."""

    def __init__(self) -> None:
        self.days: Contents = {}
        self._seen: set[str] = set()

    def refresh(self, engine: Engine) -> None:
        """Rebuild the days of all loads that were not seen before, and remember these."""
        rows = engine.query("SELECT object_name, event_date FROM mixpanel.touched_dates")
        news = [row for row in rows if row["object_name"] not in self._seen]
        days = {row["event_date"] for row in news}
        self.days = {day: kept for day, kept in self.days.items() if day not in days}
        if days:
            dates = ", ".join(f"DATE '{day}'" for day in sorted(days))
            self.days |= contents(engine, f"DATE(time) IN ({dates})")
        self._seen |= {row["object_name"] for row in news}


_events = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([None, "a", "b"])), max_size=2
).map(tuple)
# A day and its sweep, of the same bounds, in versions that come in any order.
_loads = st.builds(
    Load, st.sampled_from(["recent", "sweep"]), st.just(WHOLE_DAY), st.integers(1, 4), _events
)
# Each load, and whether somebody looks before the next.
histories = st.lists(
    st.tuples(_loads, st.booleans()), min_size=3, max_size=8, unique_by=lambda step: step[0].name
)


def is_kept(engine: Engine, history: list[tuple[Load, bool]]) -> None:
    """Assert that a copy is after each look what the view shows."""
    copy, loads = Copy(), [load for load, _ in history]
    for count, (_, is_looked_at) in enumerate(history, 1):
        if is_looked_at or count == len(history):
            hold(engine, loads[:count])
            copy.refresh(engine)

            assert contents(engine) == copy.days


@given(history=histories)
def test_a_copy_by_days_is_always_what_the_view_shows(
    googlesql: Engine, history: list[tuple[Load, bool]]
) -> None:
    """After each look, for late events, replays, sweeps and late loads, whatever their order."""
    is_kept(googlesql, history)


@settings(max_examples=settings().max_examples // 20)  # It takes a server some time.
@given(history=histories)
def test_a_copy_in_the_emulator_is_kept_as_well(
    emulator: Engine, history: list[tuple[Load, bool]]
) -> None:
    """The same for a few histories on the other engine."""
    is_kept(emulator, history)


def test_a_load_that_commits_late_is_not_missed(engine: Engine) -> None:
    """It may have been fetched before what was seen already; a watermark would pass it by."""
    fetched_first, fetched_last = recent(1, 2), recent(9, 1, hours=NEXT_HOUR)
    copy = Copy()
    for loads in ([fetched_last], [fetched_last, fetched_first]):
        hold(engine, loads)
        copy.refresh(engine)

    assert {MIDNIGHT.date() - DAY, MIDNIGHT.date() - 2 * DAY} == copy.days.keys()


def test_a_version_that_is_replaced_before_it_was_seen_still_counts(engine: Engine) -> None:
    """Between two looks three versions come one after the other; the first one's day is empty."""
    versions = [recent(1, 1), recent(2, 2), recent(3, 3)]
    copy = Copy()
    for loads in (versions[:1], versions):
        hold(engine, loads)
        copy.refresh(engine)

    assert {MIDNIGHT.date() - 3 * DAY: Counter({None: 1})} == copy.days
