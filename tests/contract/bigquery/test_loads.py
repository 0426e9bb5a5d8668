"""Load jobs: one effect per id, at one instant or not at all, and refusals of the rest."""

from __future__ import annotations

import gzip
import threading
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.contract.bigquery.loading import (
    NO_RETRY,
    TABLE,
    Objects,
    count,
    load,
    ndjson,
    row,
    submit,
    wait,
)

Json = Any


def test_load_appends_all_rows(client: bigquery.Client, objects: Objects) -> None:
    """A job starts PENDING, ends DONE without an error, and tells what it did."""
    uri = objects.put("a.ndjson.gz", gzip.compress(ndjson(row(0, time=None), row(1), row(2))))

    job = submit(client, uri)

    assert "PENDING" == job.state
    assert None is wait(job).error_result
    assert 3 == job.output_rows
    assert 1 == job.input_files
    assert [uri] == job.source_uris
    assert bigquery.TableReference.from_string(TABLE) == job.destination
    assert {"component": "loader"} == job.labels
    assert "EU" == job.location
    assert job.created <= job.started <= job.ended
    assert 3 == client.get_table(TABLE).num_rows


def test_missing_object_fails(client: bigquery.Client, objects: Objects) -> None:
    """A load of an object that does not exist ends with `notFound`; nothing is written."""
    good = objects.put("good", ndjson(row(1)))

    job = load(client, [good, "gs://landing/none"])

    assert {
        "reason": "notFound",
        "message": "Not found: URI gs://landing/none",
    } == job.error_result
    assert 0 == count(client)


def test_missing_table_fails(client: bigquery.Client, objects: Objects) -> None:
    """CREATE_NEVER into a table that does not exist ends with `notFound`."""
    uri = objects.put("a", ndjson(row(1)))

    job = load(client, uri, table="shop.mixpanel_raw.nothing")

    assert "notFound" == job.error_result["reason"]
    assert "Table shop:mixpanel_raw.nothing" in job.error_result["message"]


@pytest.mark.parametrize("table", ["shop.nothing.events", "other.mixpanel_raw.events"])
def test_missing_dataset_is_refused(client: bigquery.Client, table: str) -> None:
    """An unknown dataset or project is a 404 at once."""
    with pytest.raises(exceptions.NotFound):
        submit(client, "gs://landing/a", table=table)


def test_location_of_the_dataset_is_required(client: bigquery.Client) -> None:
    """A job in another location than its dataset does not find it."""
    with pytest.raises(exceptions.NotFound, match="was not found in location US"):
        submit(client, "gs://landing/a", location="US")


def test_job_is_found_in_its_location_only(client: bigquery.Client, objects: Objects) -> None:
    """jobs.get with another location answers 404; EU and US need none."""
    load(client, objects.put("a", ndjson(row(1))), job_id="one")

    with pytest.raises(exceptions.NotFound):
        client.get_job("one", location="europe-west1", retry=NO_RETRY)
    assert "one" == client.get_job("one", location="eu", retry=NO_RETRY).job_id
    assert "one" == client.get_job("one", retry=NO_RETRY).job_id


def test_used_id_is_refused_before_any_effect(client: bigquery.Client, objects: Objects) -> None:
    """A second load under an id answers 409 `duplicate` and writes nothing."""
    uri = objects.put("a", ndjson(row(1)))
    load(client, uri, job_id="taken")

    with pytest.raises(exceptions.Conflict) as caught:
        submit(client, uri, job_id="taken")

    assert "duplicate" == caught.value.errors[0]["reason"]
    assert "Already Exists: Job shop:EU.taken" in caught.value.message
    assert 1 == count(client)


def test_id_of_a_failed_job_stays_burnt(client: bigquery.Client, objects: Objects) -> None:
    """An id cannot be used again after its job failed; the next id can."""
    uri = objects.put("a", b"{}")
    assert None is not load(client, uri, job_id="burnt").error_result
    objects.put("a", ndjson(row(1)))

    with pytest.raises(exceptions.Conflict):
        submit(client, uri, job_id="burnt")
    assert 0 == count(client)
    assert 1 == load(client, uri, job_id="burnt-2").output_rows


def test_twelve_callers_with_one_id_load_once(client: bigquery.Client, objects: Objects) -> None:
    """Of many inserts with the same id at the same time exactly one wins."""
    uri = objects.put("a", ndjson(row(1)))
    conflicts = []

    def race() -> None:
        try:
            submit(client, uri, job_id="raced")
        except exceptions.Conflict as conflict:
            conflicts.append(conflict)

    threads = [threading.Thread(target=race) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job = client.get_job("raced", location="EU")
    assert isinstance(job, bigquery.LoadJob)
    wait(job)

    assert 11 == len(conflicts)
    assert 1 == count(client)


@pytest.mark.parametrize("job_id", ["a b", "é", "a" * 1025])
def test_malformed_id_is_refused(client: bigquery.Client, job_id: str) -> None:
    """Job ids are letters, digits, dashes and underscores, at most 1,024."""
    with pytest.raises(exceptions.BadRequest):
        submit(client, "gs://landing/a", job_id=job_id)


def test_rows_become_visible_at_one_instant(client: bigquery.Client, objects: Objects) -> None:
    """Queries during a load see all of its rows or none."""
    rows = [row(line) for line in range(5_000)]
    job = submit(client, objects.put("a", ndjson(*rows)))
    seen = set()

    while job.state != "DONE":
        seen.add(count(client))
        job.reload()

    assert {0, 5_000} >= seen
    assert 5_000 == count(client)


def test_loads_of_one_table_do_not_lose_each_other(
    client: bigquery.Client, objects: Objects
) -> None:
    """Eight loads at the same time leave the rows of all."""
    uris = [objects.put(f"{number}", ndjson(row(number))) for number in range(8)]

    for job in [submit(client, uri, job_id=f"eight-{uri[-1]}") for uri in uris]:
        wait(job)

    assert 8 == count(client)


def test_table_can_change_while_it_is_loaded(client: bigquery.Client, objects: Objects) -> None:
    """Loads and changes of a table wait for each other, and both get through."""
    uri = objects.put("a", ndjson(*map(row, range(100))))
    jobs = []

    for number in range(10):
        jobs.append(submit(client, uri))
        table = client.get_table(TABLE)
        table.description = f"change {number}"
        client.update_table(table, ["description"])

    assert [None] * 10 == [wait(job).error_result for job in jobs]
    assert 1_000 == count(client)


@pytest.mark.parametrize(
    "option",
    [
        {"max_bad_records": 1},
        {"ignore_unknown_values": True},
        {"autodetect": True},
        {"source_format": "CSV"},
        {"write_disposition": "WRITE_TRUNCATE"},
        {"schema_update_options": ["ALLOW_FIELD_ADDITION"]},
    ],
    ids=str,
)
def test_lenient_load_is_not_emulated(client: bigquery.Client, option: Json) -> None:
    """What would drop or guess data answers 501; the id stays free."""
    with pytest.raises(exceptions.MethodNotImplemented):
        submit(client, "gs://landing/a", job_id="lenient", **option)

    with pytest.raises(exceptions.NotFound):
        client.get_job("lenient", location="EU", retry=NO_RETRY)


def test_partition_decorator_and_wildcard_are_not_emulated(client: bigquery.Client) -> None:
    """`table$day` and `*` answer 501."""
    with pytest.raises(exceptions.MethodNotImplemented):
        submit(client, "gs://landing/a", table=f"{TABLE}$20261122")
    with pytest.raises(exceptions.MethodNotImplemented):
        submit(client, "gs://landing/*")


def test_view_takes_no_rows(client: bigquery.Client, objects: Objects) -> None:
    """A load into a view fails."""
    client.query_and_wait("CREATE VIEW mixpanel_raw.v AS SELECT 1 AS a")

    job = load(client, objects.put("a", b"{}"), table="shop.mixpanel_raw.v")

    assert "invalid" == job.error_result["reason"]


def test_storage_that_breaks_down_is_transient(
    client: bigquery.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Storage cannot be reached the job ends with `backendError`."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")

    assert "backendError" == load(client, "gs://landing/a").error_result["reason"]


def test_jobs_are_listed_newest_first(client: bigquery.Client, objects: Objects) -> None:
    """jobs.list pages through all jobs and filters by state."""
    uri = objects.put("a", ndjson(row(1)))
    for name in ("first", "second", "third"):
        load(client, uri, job_id=name)

    newest = client.list_jobs(page_size=2, max_results=3)
    assert ["third", "second", "first"] == [job.job_id for job in newest]
    assert [] == list(client.list_jobs(state_filter="running"))
