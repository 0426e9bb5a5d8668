"""Queries that others have published, unchanged but for the name of the dataset, on our views."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sql.engines import Engine
from tests.sql.raw_rows import loaded

Json = Any

PUBLISHED = Path(__file__).parent / "published"
_BELOW = re.compile(r"\$\{(?P<name>\w+)\}")
DAY, NEXT_DAY, DAY_AFTER = (f"2025-09-{day}T00:00:00Z" for day in (17, 18, 19))


def published(name: str) -> str:
    """A published query, with those that it builds upon in the place of their names."""
    text = (PUBLISHED / f"{name}.sql").read_text()
    folder = Path(name).parent
    return _BELOW.sub(lambda below: published(f"{folder}/{below['name']}"), text)


def event(
    time: str, name: str, who: str, insert_id: str | None, **changes: Json
) -> dict[str, Json]:
    """A row of an event, processed a second after it happened."""
    processed = datetime.fromisoformat(time) + timedelta(seconds=1)
    row: dict[str, Json] = {
        "time": time,
        "event_name": name,
        "distinct_id": who,
        "insert_id": insert_id,
        "processing_time": processed.isoformat(),
        "properties": {},
    }
    return row | changes


IN_MAY = [
    event(
        *("2024-05-05T12:00:00Z", "Page View", "ann", "m1"),
        properties={"$city": "San Francisco", "$distinct_id_before_identity": "$device:d"},
    ),
    event("2024-05-06T12:00:00Z", "Paid", "bob", "m2", properties={"$city": "San Francisco"}),
    event("2024-05-07T12:00:00Z", "Page View", "ann", "m3", properties={"$city": "Oakland"}),
]
# Midnight in Pacific time is at seven.
LAST_OF_JULY = event("2025-08-01T06:59:59Z", "Page View", "ann", "a0")
VISIT = event(
    *("2025-08-01T07:00:00Z", "Page View", "ann", "a1"),
    device_id="d",
    properties={
        "$distinct_id_before_identity": "$device:d",
        "page": "/",
        "nested": {"deep": 1},
    },
)
LOGIN = event("2025-08-02T06:59:59Z", "Login", "ann", "a2", device_id="d", user_id="ann")
PAID = event("2025-08-02T10:00:00Z", "Paid", "bob", "b1")
TICK = event("2025-08-02T11:00:00Z", "Page View", "bob", None, properties={"plan": "a"})
LAST_OF_RANGE = event("2025-09-16T06:59:59Z", "Paid", "bob", "b2")
AFTER_RANGE = event("2025-09-16T07:00:00Z", "Paid", "bob", "b3")


@pytest.fixture(name="pipeline")
def _pipeline(engine: Engine) -> Engine:
    """Events of two years, one of them exported twice, and one that is not told from its equal."""
    august = [LAST_OF_JULY, VISIT, LOGIN, PAID, TICK, TICK, LAST_OF_RANGE, AFTER_RANGE]
    first = [*IN_MAY, *august]
    engine.hold(
        "events",
        loaded("recent", DAY, NEXT_DAY, 1, first)
        + loaded("recent", NEXT_DAY, DAY_AFTER, 2, [PAID]),
    )
    return engine


def test_mixpanels_count_of_events_per_day(pipeline: Engine) -> None:
    """In Pacific time; events without insert_id are not counted by it, with Mixpanel neither."""
    expected = [
        {"event_date": date(2025, 8, 1), "event_count": 2},
        {"event_date": date(2025, 8, 2), "event_count": 1},
        {"event_date": date(2025, 9, 15), "event_count": 1},
    ]
    assert expected == pipeline.query(published("mixpanel/events_per_day"))


def test_mixpanels_count_of_unique_users_per_day(pipeline: Engine) -> None:
    """Who was anonymous and logged in on the same day is one person."""
    expected = [
        {"event_date": date(2025, 8, 1), "unique_users": 1},
        {"event_date": date(2025, 8, 2), "unique_users": 1},
        {"event_date": date(2025, 9, 15), "unique_users": 1},
    ]
    assert expected == pipeline.query(published("mixpanel/unique_users_per_day"))


def test_mixpanels_top_events(pipeline: Engine) -> None:
    """An event that was exported twice counts once."""
    expected = [
        {"event_name": "Page View", "event_count": 3},
        {"event_name": "Paid", "event_count": 2},
        {"event_name": "Login", "event_count": 1},
    ]
    assert expected == pipeline.query(published("mixpanel/top_events"))


def test_mixpanels_search_for_duplicates(pipeline: Engine) -> None:
    """It finds only events without insert_id, which nobody can tell from their copies."""
    found = pipeline.query(published("mixpanel/duplicate_events"))

    expected = [("bob", None, {"plan": "a"}, 2)] * 2
    columns = ("distinct_id", "insert_id", "properties", "dup_group_size")
    assert expected == [tuple(row[column] for column in columns) for row in found]


@pytest.mark.emulator_only("JSON_KEYS is younger than the evaluator")
def test_mixpanels_list_of_properties(pipeline: Engine) -> None:
    """Paths of all levels: of a property that is an object, those of its own."""
    found = pipeline.query(published("mixpanel/property_keys"))

    keys = ["$city", "$distinct_id_before_identity", "nested", "nested.deep", "page", "plan"]
    assert [("Page View", key) for key in keys] == [tuple(row.values()) for row in found]


@pytest.mark.parametrize("name", ["events_per_partition", "events_in_a_city"])
def test_a_view_has_no_time_of_partition(pipeline: Engine, name: str) -> None:
    """The one thing that a view cannot offer is refused, and not answered wrongly."""
    with pytest.raises(Exception, match="_PARTITIONTIME"):
        pipeline.query(published(f"mixpanel/{name}"))


def test_mixpanels_count_by_partition_with_time_in_its_place(pipeline: Engine) -> None:
    """The predicate on _PARTITIONTIME is one on time; all else of the query stays."""
    query = published("mixpanel/events_per_partition").replace("_PARTITIONTIME", "time")
    found = pipeline.query(query)

    assert [datetime(2024, 5, day, 12, tzinfo=UTC) for day in (5, 6, 7)] == sorted(
        row["pt"] for row in found
    )


def test_mixpanels_count_in_a_city_with_time_in_its_place(pipeline: Engine) -> None:
    """An anonymous event counts for whom it resolves to; who has one id only has no mapping."""
    query = published("mixpanel/events_in_a_city").replace("_PARTITIONTIME", "time")

    assert [{"resolved_distinct_id": "ann", "count": 1}] == pipeline.query(query)


# On New York's clock the first of these is of the day before, which is the last of July.
WEEK = [
    event("2025-08-01T03:59:00Z", "Song Played", "ann", "s1", properties={"$wifi": True}),
    event("2025-08-01T14:00:00Z", "Song Played", "ann", "s2"),
    event("2025-08-01T14:20:00Z", "Song Liked", "ann", "s3"),
    event("2025-08-01T14:51:00Z", "Song Played", "ann", "s4"),
    event("2025-08-01T15:00:00Z", "song played", "bob", "s5", device_id="d"),
    event("2025-08-03T15:00:00Z", "Song Played", "ann", "s6"),
    event("2025-09-02T15:00:00Z", "Song Played", "bob", "s7", device_id="d"),
]


@pytest.fixture(name="songs")
def _songs(engine: Engine) -> Engine:
    """Events of two people in three months, one of them sent twice within a day."""
    again = event("2025-08-01T14:30:00Z", "Song Liked", "ann", "s3")
    engine.hold("events", loaded("recent", DAY, NEXT_DAY, 1, [*WEEK, again]))
    return engine


def rows(found: list[dict[str, Json]], *columns: str) -> list[tuple[Json, ...]]:
    """Some columns of rows, in the order of these."""
    return sorted(tuple(row[column] for column in columns) for row in found)


def test_the_staging_of_dbt_mixpanel(songs: Engine) -> None:
    """Days are the project's, kinds in lower case, and columns have the names of the models."""
    query = published("fivetran/stg_mixpanel__event")
    [row] = [row for row in songs.query(query) if row["insert_id"] == "s1"]

    expected = {
        "date_day": date(2025, 7, 31),
        "occurred_at": datetime(2025, 7, 31, 23, 59, tzinfo=UTC),
        "event_type": "song played",
        "event_type_original_casing": "Song Played",
        "people_id": "ann",
        "has_wifi_connected": True,
        "event_properties": '{"$wifi":true}',
        "mp_processing_time_ms": 1754020741000,
    }
    assert expected == {column: row[column] for column in expected}


def test_the_events_of_dbt_mixpanel(songs: Engine) -> None:
    """Of events of one insert_id, kind, person and day the one that was processed first."""
    found = songs.query(published("fivetran/mixpanel__event"))

    assert sorted(f"s{n}" for n in range(1, 8)) == sorted(row["insert_id"] for row in found)
    assert len(found) == len({row["unique_event_id"] for row in found})
    [liked] = [row for row in found if row["insert_id"] == "s3"]
    assert datetime(2025, 8, 1, 10, 20, tzinfo=UTC) == liked["occurred_at"]


def _daily() -> Iterator[tuple[Json, ...]]:
    """Day, events, users, new, repeat and returning users, users of 28 days, and of seven."""
    yield date(2025, 7, 31), 1, 1, 1, 0, 0, 1, 1
    yield date(2025, 8, 1), 3, 2, 1, 1, 0, 2, 2
    yield date(2025, 8, 2), 0, 0, 0, 0, 0, 2, 2
    yield date(2025, 8, 3), 1, 1, 0, 1, 0, 2, 2
    yield date(2025, 8, 8), 0, 0, 0, 0, 0, 2, 1
    yield date(2025, 9, 2), 1, 1, 0, 0, 1, 1, 1


def test_the_days_of_dbt_mixpanel(songs: Engine) -> None:
    """Who played a song for the first time, again within four weeks, or after that."""
    found = songs.query(published("fivetran/mixpanel__daily_events"))
    played = [row for row in found if row["event_type"] == "song played"]

    kinds = ("users", "new_users", "repeat_users", "return_users")
    counts = ("number_of_events", *(f"number_of_{kind}" for kind in kinds))
    trailing = ("trailing_users_28d", "trailing_users_7d")
    expected = {row[0]: row for row in _daily()}
    assert list(expected.values()) == [
        row for row in rows(played, "date_day", *counts, *trailing) if row[0] in expected
    ]


def test_the_months_of_dbt_mixpanel(songs: Engine) -> None:
    """Month, kind, events, and users: all, new, of the month before as well, lost since then."""
    found = songs.query(published("fivetran/mixpanel__monthly_events"))

    kinds = ("users", "new_users", "repeat_users", "churn_users")
    expected = [
        (date(2025, 7, 1), "song played", 1, 1, 1, 0, 0),
        (date(2025, 8, 1), "song liked", 1, 1, 1, 0, 0),
        (date(2025, 8, 1), "song played", 4, 2, 1, 1, 0),
        (date(2025, 9, 1), "song played", 1, 1, 0, 1, 1),
    ]
    counts = ("number_of_events", *(f"number_of_{kind}" for kind in kinds))
    assert expected == rows(found, "date_month", "event_type", *counts)


def test_the_sessions_of_dbt_mixpanel(songs: Engine) -> None:
    """Half an hour without an event ends one, and so does midnight of the project."""
    found = songs.query(published("fivetran/mixpanel__sessions"))

    expected = [
        ("ann", datetime(2025, 7, 31, 23, 59, tzinfo=UTC), 1),
        ("ann", datetime(2025, 8, 1, 10, 0, tzinfo=UTC), 2),
        ("ann", datetime(2025, 8, 1, 10, 51, tzinfo=UTC), 1),
        ("ann", datetime(2025, 8, 3, 11, 0, tzinfo=UTC), 1),
        ("d", datetime(2025, 8, 1, 11, 0, tzinfo=UTC), 1),
        ("d", datetime(2025, 9, 2, 11, 0, tzinfo=UTC), 1),
    ]
    assert expected == rows(found, "user_id", "session_started_at", "total_number_of_events")
    frequencies = {row["event_frequencies"] for row in found}
    assert "{song played: 1}" in frequencies
