"""The emulator as a process and its database file."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import duckdb
import pytest
from google.api_core import exceptions

from local.bigquery import BigQueryEmulator
from tests.contract.bigquery.loading import (
    TABLE,
    Objects,
    connect,
    count,
    load,
    make_events,
    ndjson,
    row,
    submit,
    wait,
)

ROOT = Path(__file__).parents[3]


def test_file_outlives_the_emulator(objects: Objects, tmp_path: Path) -> None:
    """Any DuckDB can read the file; a second emulator knows tables, views and used job ids."""
    database = tmp_path / "warehouse.duckdb"
    uri = objects.put("a", ndjson(row(1)))
    with BigQueryEmulator(database=database) as first, connect(first) as client:
        make_events(client)
        client.query_and_wait(
            "CREATE VIEW mixpanel_raw.recent AS SELECT _line FROM `shop.mixpanel_raw.events`"
        )
        load(client, uri, job_id="once")
        load(client, "gs://landing/none", job_id="failed")

    assert [database] == list(tmp_path.iterdir())
    with duckdb.connect(str(database)) as connection:
        assert [(1,)] == connection.execute("SELECT * FROM mixpanel_raw.recent").fetchall()

    with BigQueryEmulator(database=database) as second, connect(second) as client:
        for used in ("once", "failed"):
            with pytest.raises(exceptions.Conflict):
                submit(client, uri, job_id=used)
        assert ["event_name", "distinct_id"] == client.get_table(TABLE).clustering_fields
        assert 1 == count(client)


def test_running_jobs_end_when_the_emulator_stops(objects: Objects) -> None:
    """Stopping does not wait for a held job; it ends as `stopped`."""
    with BigQueryEmulator() as emulator, connect(emulator) as client:
        make_events(client)
        emulator.faults.add("hold_job")
        wait(submit(client, objects.put("a", ndjson(row(1)))), "RUNNING")

    (job,) = emulator.journal()
    assert "stopped" == (job["error"] or {})["reason"]


def test_process_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """`python -m local.bigquery` says where it listens, and leaves its file on SIGTERM."""
    database = tmp_path / "kept.duckdb"
    command = [sys.executable, "-m", "local.bigquery", "--port", "0", "--database", str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        line = process.stdout.readline()
        url = line.removeprefix("bigquery listening on ").strip()
        with urllib.request.urlopen(f"{url}/_admin/jobs", timeout=5) as response:
            jobs = json.load(response)
        process.terminate()
        assert 0 == process.wait(10)

    assert [] == jobs
    with duckdb.connect(str(database)) as connection:
        assert [(1,)] == connection.execute("SELECT 1").fetchall()


def test_file_must_not_be_named_like_a_dataset(tmp_path: Path) -> None:
    """`mixpanel.events` would be ambiguous in a file called mixpanel.duckdb: refused."""
    with (
        BigQueryEmulator(database=tmp_path / "mixpanel.duckdb") as emulator,
        connect(emulator) as client,
        pytest.raises(exceptions.BadRequest, match="rename the file"),
    ):
        client.create_dataset("mixpanel")
