"""The times of jobs, resources and queries: those of a clock that may jump, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from local.bigquery import BigQueryEmulator
from local.clock import Clock
from tests.contract.bigquery.loading import (
    TABLE,
    Objects,
    connect,
    make_events,
    ndjson,
    row,
    submit,
    wait,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
THE_DAY_BEFORE = NOON - timedelta(days=1)
NIGHT = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.fixture(name="clock")
def _clock() -> Clock:
    clock = Clock()
    clock.set(NOON)
    return clock


@pytest.fixture(name="database")
def _database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture(name="emulator")
def _emulator(clock: Clock, database: Path) -> Iterator[BigQueryEmulator]:
    with BigQueryEmulator(database=database, clock=clock) as emulator:
        yield emulator


def test_times_of_resources_follow_the_clock(client: bigquery.Client, clock: Clock) -> None:
    """Datasets and tables carry the time the clock shows, also after it was put back."""
    clock.set(THE_DAY_BEFORE)
    table = client.get_table(TABLE)
    table.description = "changed"
    client.update_table(table, ["description"])

    dataset, table = client.get_dataset("mixpanel_raw"), client.get_table(TABLE)
    assert (NOON, NOON, THE_DAY_BEFORE) == (dataset.created, table.created, table.modified)


def test_times_of_jobs_follow_the_clock(
    client: bigquery.Client, emulator: BigQueryEmulator, objects: Objects, clock: Clock
) -> None:
    """A job is created, started and ended when the clock says so, also after it was put back."""
    emulator.faults.add("hold_job")
    held = wait(submit(client, objects.put("a", ndjson(row(1)))), "RUNNING")
    clock.set(THE_DAY_BEFORE)
    emulator.release()
    query = client.query("SELECT 1 AS a")

    assert [(NOON, NOON, THE_DAY_BEFORE), (THE_DAY_BEFORE,) * 3] == [
        (job.created, job.started, job.ended) for job in (wait(held), query)
    ]


def test_queries_and_views_see_the_clock(client: bigquery.Client, clock: Clock) -> None:
    """CURRENT_TIMESTAMP and CURRENT_DATE are the clock's at the time of the query."""
    text = "SELECT CURRENT_TIMESTAMP() AS t, CURRENT_DATE() AS utc"
    text += ", CURRENT_DATE('America/New_York') AS there"
    text += ", DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY) AS before"
    client.query_and_wait(f"CREATE VIEW mixpanel_raw.now AS {text}")
    clock.set(NIGHT)

    rows = [
        tuple(one)
        for query in (text, "SELECT * FROM mixpanel_raw.now")
        for one in client.query_and_wait(query)
    ]
    assert [(NIGHT, date(2026, 11, 22), date(2026, 11, 21), date(2026, 11, 21))] * 2 == rows


def test_view_of_the_time_outlives_the_emulator(clock: Clock, database: Path) -> None:
    """In the file that is left, a view that asks for the time gets the real one."""
    with BigQueryEmulator(database=database, clock=clock) as emulator, connect(emulator) as client:
        make_events(client)
        client.query_and_wait("CREATE VIEW mixpanel_raw.now AS SELECT CURRENT_TIMESTAMP() AS t")

    with duckdb.connect(str(database)) as connection:
        query = "SELECT t = now() FROM mixpanel_raw.now"
        assert [(True,)] == connection.execute(query).fetchall()


@pytest.mark.parametrize("function", ["CURRENT_DATETIME()", "CURRENT_TIME()"])
def test_times_without_a_zone_are_not_emulated(client: bigquery.Client, function: str) -> None:
    """What would show another clock's time answers 501."""
    with pytest.raises(exceptions.MethodNotImplemented):
        client.query_and_wait(f"SELECT {function} AS now")
