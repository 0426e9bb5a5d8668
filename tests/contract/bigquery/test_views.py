"""Views, made through the API or by DDL. What they show is tested in tests/sql."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from google.cloud import bigquery

from local.resources import raw_table, view_query
from tests.contract.bigquery.loading import Objects, load, make_dataset, ndjson, row
from tests.sql.raw_rows import loaded

EIGHT, NINE, TEN = (f"2026-11-22T{hour:02}:00:00Z" for hour in range(8, 11))


@pytest.fixture(name="views", autouse=True, params=["api", "ddl"])
def _views(client: bigquery.Client, request: pytest.FixtureRequest) -> None:
    make_dataset(client, "mixpanel")
    client.create_table(raw_table("people", "shop"))
    for name in ("events", "people"):
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


def test_a_view_shows_what_was_loaded_last(client: bigquery.Client, objects: Objects) -> None:
    """A replay replaces its interval at once, also when it has fewer rows."""
    first = interval(EIGHT, NINE, 1, row(1), row(2), row(3))
    load(client, objects.put("v1", first))
    load(client, objects.put("next", interval(NINE, TEN, 1, row(4))))
    assert ["d1", "d2", "d3", "d4"] == shown(client)

    load(client, objects.put("v2", interval(EIGHT, NINE, 2, row(2))))

    assert ["d2", "d4"] == shown(client)


def test_a_view_has_the_columns_of_its_query(client: bigquery.Client) -> None:
    """The API describes them by the types that BigQuery gives them."""
    people = [(each.name, each.field_type) for each in client.get_table("mixpanel.people").schema]

    assert [
        ("distinct_id", "STRING"),
        ("last_seen", "DATETIME"),
        ("properties", "JSON"),
        ("as_of", "TIMESTAMP"),
    ] == people
