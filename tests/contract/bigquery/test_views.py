"""Views as analysts read them: newest version, duplicates hidden, a ledger, gaps."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud import bigquery

from local.resources import VIEWS, raw_table, view_query
from tests.contract.bigquery.loading import (
    PEOPLE,
    TABLE,
    Objects,
    load,
    make_dataset,
    ndjson,
    row,
)
from tests.contract.bigquery.shop import loaded

GAPS = """
SELECT interval_end AS gap_start, next_start AS gap_end
FROM (SELECT interval_end, LEAD(interval_start) OVER (ORDER BY interval_start) AS next_start
      FROM `shop.mixpanel.loads` WHERE table_name = 'events' AND mode = 'recent' AND is_live)
WHERE next_start > interval_end
"""

EIGHT, NINE, TEN, ELEVEN = (f"2026-11-22T{hour:02}:00:00Z" for hour in range(8, 12))


@pytest.fixture(name="views", autouse=True, params=["api", "ddl"])
def _views(client: bigquery.Client, request: pytest.FixtureRequest) -> None:
    make_dataset(client, "mixpanel")
    client.create_table(raw_table("people", "shop"))
    for name in VIEWS:
        query = view_query(name, project_id="shop")
        if request.param == "ddl":
            client.query_and_wait(f"CREATE OR REPLACE VIEW `shop.mixpanel.{name}` AS {query}")
        else:
            view = bigquery.Table(f"shop.mixpanel.{name}")
            view.view_query = query
            client.create_table(view)


def interval(start: str, end: str, version: int, *rows: dict[str, Any]) -> bytes:
    """An object of events as the fetcher lands it."""
    return gzip.compress(ndjson(*loaded("recent", start, end, version, list(rows))))


def shown(client: bigquery.Client) -> list[str]:
    rows = client.query_and_wait("SELECT distinct_id FROM mixpanel.events ORDER BY distinct_id")
    return [each.distinct_id for each in rows]


def test_events_show_the_newest_version(client: bigquery.Client, objects: Objects) -> None:
    """A replay replaces its interval at once, also when it has fewer rows."""
    first = interval(EIGHT, NINE, 1, row(1), row(2), row(3))
    load(client, objects.put("v1", first))
    load(client, objects.put("next", interval(NINE, TEN, 1, row(4))))
    assert ["d1", "d2", "d3", "d4"] == shown(client)

    load(client, objects.put("v2", interval(EIGHT, NINE, 2, row(2))))

    assert ["d2", "d4"] == shown(client)


def test_events_hide_copies(client: bigquery.Client, objects: Objects) -> None:
    """Of copies with the same four keys the last processed is shown; NULL ids are no copies."""
    late = row(1, processing_time="2026-11-22T09:59:00Z", properties={"copy": "late"})
    anonymous = [row(7, insert_id=None, _line=line) for line in (2, 3)]
    load(client, objects.put("a", interval(EIGHT, NINE, 1, row(1), *anonymous)))
    load(client, objects.put("b", interval(NINE, TEN, 1, late)))

    assert ["d1", "d7", "d7"] == shown(client)
    (found,) = client.query_and_wait("SELECT * FROM mixpanel.events WHERE distinct_id = 'd1'")
    assert {"copy": "late"} == found.properties
    hidden = {"_mode", "_interval_end", "_line"}
    columns = [each.name for each in raw_table("events").schema if each.name not in hidden]
    assert columns == list(dict(found))


def test_loads_are_a_ledger_with_gaps(client: bigquery.Client, objects: Objects) -> None:
    """Every version of every interval is one row; a missing interval is a gap."""
    version = 1795348800123456
    for name, data in {
        "v1": interval(EIGHT, NINE, 1, row(1), row(2)),
        "v2": interval(EIGHT, NINE, version, row(1)),
        "empty": interval(TEN, ELEVEN, 1),
    }.items():
        load(client, objects.put(name, data))

    ledger = client.query_and_wait(
        "SELECT version, row_count, is_live, requested_at FROM mixpanel.loads ORDER BY"
        " interval_start, version"
    )
    epoch = datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    requested = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
    assert [
        (1, 2, False, epoch),
        (version, 1, True, requested),
        (1, 0, True, epoch),
    ] == [each.values() for each in ledger]

    (gap,) = client.query_and_wait(GAPS)
    hours = [each.hour for each in gap.values()]
    assert [9, 10] == hours


def test_loads_tell_tables_and_modes_apart(client: bigquery.Client, objects: Objects) -> None:
    """The same bounds in another table or mode are another interval, each with a live version."""
    midnight, next_midnight = "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"
    for version, (table, mode) in enumerate(
        [
            (TABLE, "recent"),
            (TABLE, "sweep"),
            (PEOPLE, "snapshot"),
            (PEOPLE, "changes"),
            (PEOPLE, "changes"),
        ],
        1,
    ):
        facts = {"as_of": "2026-11-23T01:02:03.000004Z"} if table == PEOPLE else {}
        rows = loaded(mode, midnight, next_midnight, version, [], **facts)
        load(client, objects.put(f"{version}", ndjson(*rows)), table=table)

    ledger = client.query_and_wait(
        "SELECT version, table_name, mode, is_live, as_of, min_time FROM mixpanel.loads"
        " ORDER BY version"
    )
    as_of = datetime(2026, 11, 23, 1, 2, 3, 4, tzinfo=UTC)
    assert [
        (1, "events", "recent", True, None, None),
        (2, "events", "sweep", True, None, None),
        (3, "people", "snapshot", True, as_of, None),
        (4, "people", "changes", False, as_of, None),
        (5, "people", "changes", True, as_of, None),
    ] == [each.values() for each in ledger]


def test_views_have_the_types_of_their_columns(client: bigquery.Client) -> None:
    """The API describes a view by the types BigQuery would give it."""
    found = {each.name: each.field_type for each in client.get_table("mixpanel.loads").schema}

    counts = ("version", "row_count", "rejected", "outside", "converted")
    moments = ("interval_start", "interval_end", "requested_at", "fetched_at", "as_of")
    assert (
        dict.fromkeys(counts, "INTEGER")
        | dict.fromkeys((*moments, "min_time", "max_time"), "TIMESTAMP")
        | dict.fromkeys(("table_name", "mode", "origin", "digest"), "STRING")
        | {"is_live": "BOOLEAN"}
    ) == found
    people = [(each.name, each.field_type) for each in client.get_table("mixpanel.people").schema]
    assert [
        ("distinct_id", "STRING"),
        ("last_seen", "DATETIME"),
        ("properties", "JSON"),
        ("as_of", "TIMESTAMP"),
    ] == people
