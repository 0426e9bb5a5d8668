"""The ledger: one row for each version that was loaded, with what its marker row tells."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_export.intervals import Interval, epoch_ms
from mixpanel_export.naming import ObjectName
from mixpanel_export.profiles import Profiles
from mixpanel_export.rows import Fetch, Rows
from mixpanel_export.series import CHANGES, RECENT, SERIES, SNAPSHOT, SWEEP, Series
from tests.sql.engines import Engine
from tests.sql.raw_rows import loaded
from tests.strategies import intervals

Json = Any

HOUR = Interval.parse("2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z")
DAY = Interval.parse("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
FETCHED_AT = datetime(2026, 11, 22, 9, 15, 7, 500_000, tzinfo=UTC)
FETCH = Fetch("heal", FETCHED_AT, 1.25)


def written(marker: bytes, *rows: object) -> list[Json]:
    """What a load job reads of an object with these rows."""
    return [json.loads(line) for line in (marker, *rows) if isinstance(line, bytes)]


def line(name: str, minute: int, days_late: int = 0) -> bytes:
    """An event processed in HOUR, as Mixpanel exports it; its project's zone is UTC."""
    processed_at = HOUR.start + timedelta(minutes=minute)
    properties = {
        "time": (processed_at - timedelta(days=days_late)).timestamp(),
        "mp_processing_time_ms": epoch_ms(processed_at),
    }
    return json.dumps({"event": name, "properties": properties}).encode()


def test_what_a_fetch_of_events_tells_is_in_the_ledger(engine: Engine) -> None:
    """The fetcher's own marker row, column by column, and where the version landed."""
    name = ObjectName(RECENT, HOUR, 1_795_339_200_123_456)
    rows = Rows(name, ZoneInfo("UTC"))
    lines = [
        line("opened", 10),
        line("paid", 30, days_late=2),
        line("of another hour", 70),
        b"no event",
    ]
    data = [rows.row(each) for each in lines]
    engine.hold("events", written(rows.marker(FETCH), *data))
    engine.hold("people", [])

    expected = {
        "table_name": "events",
        "mode": "recent",
        "interval_start": HOUR.start,
        "interval_end": HOUR.end,
        "version": 1_795_339_200_123_456,
        "requested_at": datetime(2026, 11, 22, 9, 20, 0, 123_456, tzinfo=UTC),
        "origin": "heal",
        "fetched_at": FETCHED_AT,
        "seconds": 1.25,
        "row_count": 2,
        "rejected": 1,
        "outside": 1,
        "converted": 0,
        "late_rows": 1,
        "min_time": datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        "max_time": datetime(2026, 11, 22, 8, 10, tzinfo=UTC),
        "as_of": None,
        "digest": rows.tally.digest_text,
        "is_live": True,
        "object_name": name.path,
    }
    (row,) = engine.query("SELECT * FROM mixpanel.loads")
    assert list(expected.items()) == list(row.items())


def test_what_a_fetch_of_people_tells_is_in_the_ledger(engine: Engine) -> None:
    """The moment whose state it shows; profiles have no event times, and none is late."""
    rows = Profiles(ObjectName(SNAPSHOT, DAY, 7))
    rows.tally.as_of = "2026-11-23T00:15:00Z"
    data = rows.row({"$distinct_id": "ann", "$properties": {}})
    engine.hold("events", [])
    engine.hold("people", written(rows.marker(FETCH), data))

    expected = {
        "table_name": "people",
        "mode": "snapshot",
        "row_count": 1,
        "late_rows": None,
        "min_time": None,
        "max_time": None,
        "as_of": datetime(2026, 11, 23, 0, 15, tzinfo=UTC),
        "object_name": "people/snapshot/date=2026-11-22"
        "/20261122T000000Z_20261123T000000Z/7.ndjson.gz",
    }
    (row,) = engine.query("SELECT * FROM mixpanel.loads")
    assert expected == {column: row[column] for column in expected}


def test_an_empty_interval_is_loaded(engine: Engine) -> None:
    """No event is an answer as well; what is not known of it is NULL."""
    rows = Rows(ObjectName(RECENT, HOUR, 7), ZoneInfo("UTC"))
    engine.hold("events", written(rows.marker(FETCH)))
    engine.hold("people", [])

    query = "SELECT row_count, late_rows, min_time, max_time, is_live FROM mixpanel.loads"
    (row,) = engine.query(query)
    assert [0, 0, None, None, True] == list(row.values())


EVERY_SERIES = [(series, DAY, version) for series in SERIES for version in (1, 2)]

# What was loaded, and which versions of it are live.
CASES: dict[str, tuple[list[tuple[Series, Interval, int]], list[tuple[Series, Interval, int]]]] = {
    "nothing": ([], []),
    "the newest version": (
        [(RECENT, HOUR, 1), (RECENT, HOUR, 3), (RECENT, HOUR, 2)],
        [(RECENT, HOUR, 3)],
    ),
    "each interval has its own": (
        [(RECENT, HOUR, 1), (RECENT, HOUR, 2), (RECENT, DAY, 1)],
        [(RECENT, HOUR, 2), (RECENT, DAY, 1)],
    ),
    "equal bounds in another series are another interval": (
        EVERY_SERIES,
        [each for each in EVERY_SERIES if each[2] == 2],
    ),
    "one version of several series": (
        [(RECENT, DAY, 5), (SWEEP, DAY, 5), (SNAPSHOT, DAY, 5), (CHANGES, DAY, 5)],
        [(RECENT, DAY, 5), (SWEEP, DAY, 5), (SNAPSHOT, DAY, 5), (CHANGES, DAY, 5)],
    ),
}


def hold(engine: Engine, names: list[ObjectName]) -> None:
    """Let these be loaded, each with one row of data."""
    rows: dict[str, list[Json]] = {"events": [], "people": []}
    row = {"events": {"time": "2026-11-22T08:10:00Z"}, "people": {"as_of": "2026-11-23T00:15:00Z"}}
    for name in names:
        table = name.series.table
        start, end = (each.isoformat() for each in (name.interval.start, name.interval.end))
        rows[table] += loaded(name.series.mode, start, end, name.version, [row[table]])
    for table, held in rows.items():
        engine.hold(table, held)


@pytest.mark.parametrize(("names", "live"), CASES.values(), ids=CASES)
def test_every_version_is_listed_and_the_newest_is_live(
    engine: Engine,
    names: list[tuple[Series, Interval, int]],
    live: list[tuple[Series, Interval, int]],
) -> None:
    """Newest within its interval, table and mode; rows of data are no loads."""
    hold(engine, [ObjectName(*each) for each in names])

    rows = engine.query("SELECT object_name, row_count, is_live FROM mixpanel.loads")
    expected = [(ObjectName(*each).path, 1, each in live) for each in names]
    assert sorted(expected) == sorted(tuple(row.values()) for row in rows)


# A version is the moment of its request in microseconds, and no later than BigQuery's last.
_versions = st.integers(1, epoch_ms(datetime(9999, 12, 31, tzinfo=UTC)) * 1000)
_names = st.builds(ObjectName, st.sampled_from(SERIES), intervals(), _versions)


@settings(max_examples=settings().max_examples // 20)  # Each of many names.
@given(names=st.lists(_names, min_size=20, max_size=40, unique=True))
def test_an_object_is_named_as_it_landed(engine: Engine, names: list[ObjectName]) -> None:
    """Whatever series, interval and version: by its name it is found in the bucket."""
    hold(engine, names)

    rows = engine.query("SELECT object_name FROM mixpanel.loads")
    assert {name.path for name in names} == {row["object_name"] for row in rows}
