"""What a loader does with a BigQuery: a bucket, a raw table, rows, load jobs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any, Self

import pytest
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local.bigquery import BigQueryEmulator
from local.http import App, Request, Response, Server
from local.resources import raw_table

Json = Any

NO_RETRY = Retry(predicate=if_exception_type())
TABLE = "shop.mixpanel_raw.events"
PEOPLE = "shop.mixpanel_raw.people"
COLUMNS = [
    ("time", "TIMESTAMP", "NULLABLE"),
    ("event_name", "STRING", "NULLABLE"),
    ("distinct_id", "STRING", "NULLABLE"),
    ("device_id", "STRING", "NULLABLE"),
    ("user_id", "STRING", "NULLABLE"),
    ("insert_id", "STRING", "NULLABLE"),
    ("processing_time", "TIMESTAMP", "NULLABLE"),
    ("properties", "JSON", "NULLABLE"),
    ("_mode", "STRING", "REQUIRED"),
    ("_interval_start", "TIMESTAMP", "REQUIRED"),
    ("_interval_end", "TIMESTAMP", "REQUIRED"),
    ("_version", "INT64", "REQUIRED"),
    ("_line", "INT64", "REQUIRED"),
]


class Objects:
    """The objects of one bucket, served as Storage's JSON API does."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        app = App(lambda error: Response.json({"error": str(error)}, 500))

        @app.route("GET", "/download/storage/v1/b/landing/o/(?P<name>.+)")
        def download(request: Request) -> Response:
            data = self._objects.get(request.params["name"])
            return Response(404) if data is None else Response(200, data)

        self.server = Server(app).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.stop()

    def clear(self) -> None:
        self._objects.clear()

    def put(self, name: str, data: bytes) -> str:
        self._objects[name] = data
        return f"gs://landing/{name}"


def connect(emulator: BigQueryEmulator) -> bigquery.Client:
    """A client that finds the emulator as the functions do, by the environment."""
    credentials = AnonymousCredentials()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
        return bigquery.Client("shop", credentials)


def make_dataset(client: bigquery.Client, name: str) -> None:
    dataset = bigquery.Dataset(f"shop.{name}")
    dataset.location = "EU"
    client.create_dataset(dataset)


def make_events(client: bigquery.Client) -> None:
    """The raw table as Terraform makes it."""
    make_dataset(client, "mixpanel_raw")
    client.create_table(raw_table("events", "shop"))


def row(line: int, **values: Json) -> Json:
    return {
        "time": "2026-11-22T08:30:00.000001Z",
        "event_name": "Order",
        "distinct_id": f"d{line}",
        "insert_id": f"i{line}",
        "processing_time": "2026-11-22T08:31:00Z",
        "properties": {"amount": 1.5},
        "_mode": "recent",
        "_interval_start": "2026-11-22T08:00:00Z",
        "_interval_end": "2026-11-22T09:00:00Z",
        "_version": 1,
        "_line": line,
    } | values


def ndjson(*rows: Json) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in rows)


def submit(
    client: bigquery.Client,
    uris: str | Sequence[str],
    job_id: str | None = None,
    table: str = TABLE,
    location: str = "EU",
    **options: Json,
) -> bigquery.LoadJob:
    """Insert a load job as the loader does, and do not wait for it."""
    config = bigquery.LoadJobConfig(
        source_format="NEWLINE_DELIMITED_JSON",
        write_disposition="WRITE_APPEND",
        create_disposition="CREATE_NEVER",
        autodetect=False,
        max_bad_records=0,
        ignore_unknown_values=False,
        labels={"component": "loader"},
    )
    for name, value in options.items():
        setattr(config, name, value)
    return client.load_table_from_uri(
        uris,
        table,
        job_id=job_id or uuid.uuid4().hex,
        location=location,
        job_config=config,
        retry=NO_RETRY,
        timeout=5,
    )


def wait(job: bigquery.LoadJob, state: str = "DONE") -> bigquery.LoadJob:
    deadline = time.monotonic() + 10
    while job.state != state:
        assert time.monotonic() < deadline, f"{job.job_id} is {job.state}"
        time.sleep(0.005)
        job.reload(retry=NO_RETRY, timeout=5)
    return job


def load(client: bigquery.Client, uris: str | Sequence[str], **more: Json) -> bigquery.LoadJob:
    return wait(submit(client, uris, **more))


def count(client: bigquery.Client) -> int:
    (only,) = client.query_and_wait(f"SELECT COUNT(*) FROM {TABLE}")
    return int(only[0])
