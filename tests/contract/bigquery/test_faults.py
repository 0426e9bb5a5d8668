"""Faults and the admin view of the BigQuery emulator."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from local.bigquery import BigQueryEmulator
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


def test_fault_job_failure(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """A job can be made to fail for a reason; nothing is written and the id is burnt."""
    uri = objects.put("a", ndjson(row(1)))
    emulator.faults.add("job_failure", reason="rateLimitExceeded", match={"jobId": "a1"})

    assert None is load(client, uri, job_id="a0").error_result
    assert "rateLimitExceeded" == load(client, uri, job_id="a1").error_result["reason"]
    with pytest.raises(exceptions.Conflict):
        submit(client, uri, job_id="a1")
    assert None is load(client, uri, job_id="a2").error_result
    assert 2 == count(client)


def test_fault_lost_response(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """A lost answer surfaces as a conflict with one's own job, which has run once."""
    emulator.faults.add("lost_response")
    uri = objects.put("a", ndjson(row(1)))

    with pytest.raises(exceptions.Conflict):
        client.load_table_from_uri(
            uri, TABLE, job_id="mine", location="EU", job_config=_ndjson_config(), timeout=5
        )

    job = client.get_job("mine", location="EU")
    assert isinstance(job, bigquery.LoadJob)
    assert 1 == wait(job).output_rows
    assert 1 == count(client)


def _ndjson_config() -> bigquery.LoadJobConfig:
    return bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON")


def test_fault_error(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """A call can be made to fail before it has any effect, for a status and a reason."""
    emulator.faults.add(
        "error", status=429, reason="rateLimitExceeded", match={"operation": "jobs.insert"}
    )
    uri = objects.put("a", ndjson(row(1)))

    with pytest.raises(exceptions.TooManyRequests) as caught:
        submit(client, uri)

    assert "rateLimitExceeded" == caught.value.errors[0]["reason"]
    assert None is load(client, uri).error_result


def test_fault_job_not_found(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """jobs.get can answer 404 for a job that exists."""
    job = load(client, objects.put("a", ndjson(row(1))))
    emulator.faults.add("job_not_found", times=2)

    for _ in range(2):
        with pytest.raises(exceptions.NotFound):
            client.get_job(job.job_id, location="EU", retry=NO_RETRY)
    assert "DONE" == client.get_job(job.job_id, location="EU", retry=NO_RETRY).state


def test_fault_slow_job(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """A job can stay RUNNING for a while."""
    emulator.faults.add("slow_job", seconds=0.2)
    began = time.monotonic()

    job = wait(submit(client, objects.put("a", ndjson(row(1)))), "RUNNING")

    assert 0 == count(client)
    assert None is wait(job).error_result
    assert 0.2 <= time.monotonic() - began


def _admin(emulator: BigQueryEmulator, path: str, body: Json = None) -> Json:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{emulator.url}/_admin/{path}", data) as response:
        return json.load(response)


def test_faults_are_listed_and_cleared(emulator: BigQueryEmulator) -> None:
    """Waiting faults can be seen and removed; an unknown kind is refused."""
    _admin(emulator, "faults", {"kind": "slow_job", "seconds": 1})

    (waiting,) = _admin(emulator, "faults")
    assert ("slow_job", 1, 1) == (waiting["kind"], waiting["seconds"], waiting["times"])
    with pytest.raises(urllib.error.HTTPError, match="400"):
        _admin(emulator, "faults", {"kind": "earthquake"})
    emulator.faults.clear()
    assert [] == _admin(emulator, "faults")


def test_fault_hold_job(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """A held job stays RUNNING until it is released, while others overtake it."""
    uri = objects.put("a", ndjson(row(1)))
    _admin(emulator, "faults", {"kind": "hold_job", "match": {"jobId": "held"}})
    held = wait(submit(client, uri, job_id="held"), "RUNNING")

    assert None is load(client, uri, job_id="other").error_result
    held.reload()
    assert "RUNNING" == held.state
    assert 1 == count(client)

    assert {"released": ["held"]} == _admin(emulator, "release", {"jobId": "held"})
    assert None is wait(held).error_result
    assert 2 == count(client)


def test_cancelled_job_writes_nothing(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """A running job that is cancelled ends with `stopped`."""
    emulator.faults.add("hold_job")
    job = wait(submit(client, objects.put("a", ndjson(row(1)))), "RUNNING")

    job.cancel(retry=NO_RETRY)

    assert "stopped" == wait(job).error_result["reason"]
    assert 0 == count(client)


def test_journal_lists_load_jobs(
    client: bigquery.Client, objects: Objects, emulator: BigQueryEmulator
) -> None:
    """The admin journal has every load job in the order of insertion."""
    good, bad = objects.put("a", ndjson(row(1))), objects.put("b", b"{}")
    load(client, good, job_id="second-by-name")
    load(client, bad, job_id="first-by-name")

    *_, one, two = _admin(emulator, "jobs")

    expected = {"jobId": "second-by-name", "sourceUris": [good], "state": "DONE", "error": None}
    assert expected | {"outputRows": 1, "location": "EU"} == one
    assert ("first-by-name", "invalid") == (two["jobId"], two["error"]["reason"])
    assert None is two["outputRows"]
