"""A pytest plugin with a BigQuery, a client of it, and a bucket it can load from.

One emulator serves all tests of a session, since DuckDB takes its time to start; each test finds
it without datasets and faults, but with the job ids of the tests before.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.cloud import bigquery

from local.bigquery import BigQueryEmulator
from tests.contract.bigquery.loading import Objects, connect, make_events
from tests.contract.bigquery.shop import Shop


@pytest.fixture(name="service", scope="session")
def _service() -> Iterator[BigQueryEmulator]:
    with BigQueryEmulator() as emulator:
        yield emulator


@pytest.fixture(name="emulator")
def _emulator(service: BigQueryEmulator) -> Iterator[BigQueryEmulator]:
    yield service
    service.faults.clear()
    service.release()
    with connect(service) as client:
        for dataset in client.list_datasets():
            client.delete_dataset(dataset.reference, delete_contents=True)


@pytest.fixture(name="bucket", scope="session")
def _bucket() -> Iterator[Objects]:
    with Objects() as objects:
        yield objects


@pytest.fixture(name="objects")
def _objects(bucket: Objects, monkeypatch: pytest.MonkeyPatch) -> Objects:
    bucket.clear()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket.server.url)
    return bucket


@pytest.fixture(name="shop", scope="module")
def _shop(service: BigQueryEmulator, bucket: Objects) -> Iterator[Shop]:
    """Raw tables and views for all tests of a module, each of which brings its own rows."""
    bucket.clear()
    with pytest.MonkeyPatch.context() as environment, connect(service) as client:
        environment.setenv("STORAGE_EMULATOR_HOST", bucket.server.url)
        yield Shop(client, bucket)
        for dataset in client.list_datasets():
            client.delete_dataset(dataset.reference, delete_contents=True)


@pytest.fixture(name="empty_client")
def _empty_client(emulator: BigQueryEmulator) -> Iterator[bigquery.Client]:
    with connect(emulator) as client:
        yield client


@pytest.fixture(name="client")
def _client(empty_client: bigquery.Client) -> bigquery.Client:
    make_events(empty_client)
    return empty_client
