"""The production loader in this process, between a bucket and BigQuery's emulator."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from local import resources
from local.bigquery import BigQueryEmulator
from local.storage import StorageEmulator
from mixpanel_export.errors import Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.journal import Severity
from mixpanel_export.loading import Loader
from mixpanel_export.messages import Message
from mixpanel_export.naming import ObjectName
from mixpanel_export.rows import Rows
from mixpanel_export.storage import ExportBucket
from mixpanel_export.streams import GzipWriter
from mixpanel_export.warehouse import RawDataset
from tests.fakes.exporter import event_line
from tests.fakes.subscription import notification
from tests.functional.running import wait_until
from tests.pipeline.landing import HastyClock


class Loads:
    """Objects as the fetcher lands them, and deliveries of their notifications."""

    def __init__(self, emulator: BigQueryEmulator) -> None:
        self.emulator, self.faults = emulator, emulator.faults
        self.lines: list[dict[str, Any]] = []
        self._client = bigquery.Client(resources.PROJECT_ID, AnonymousCredentials())
        bucket = storage.Client(resources.PROJECT_ID, AnonymousCredentials())
        self._bucket = ExportBucket(bucket, resources.BUCKET)
        self._workers = ThreadPoolExecutor(16)
        self._first_job = len(emulator.journal())

    def land(self, interval: Interval, version: int, *insert_ids: str | None) -> Message:
        """Put a version of an interval into the bucket; the notification about it."""
        name = ObjectName("events", interval, version)
        rows = Rows(interval, version, ZoneInfo("UTC"))
        with self._bucket.upload(name.path) as upload:
            body = GzipWriter(upload.write)
            for insert_id in insert_ids:
                row = rows.row(event_line(interval, insert_id or "")[:-1])
                assert isinstance(row, bytes)
                body.write(row)
            body.write(rows.marker("schedule", interval.end))
            body.finish()
            metadata = {"row_count": str(len(insert_ids))}
            upload.commit(metadata)
        message = notification(name.path, metadata, "1", interval.end)
        attributes = message.attributes | {"bucketId": resources.BUCKET}
        return Message(message.data, attributes, "1", interval.end)

    def deliver(
        self, landed: Message, *, environment: str = "test", speed: float = 1.0
    ) -> dict[str, Any]:
        """One delivery, as the function does it; the line it logs."""
        dataset = RawDataset(self._client, resources.RAW_DATASET, resources.LOCATION)
        lines: list[dict[str, Any]] = []

        def log(severity: Severity, event: str, message: str, **fields: Any) -> None:
            lines.append({"severity": severity, "event": event, "message": message} | fields)

        clock = HastyClock(speed)
        Loader(dataset, resources.BUCKET, environment, clock, log).handle(landed)
        (line,) = lines
        return line

    def deliver_until_loaded(self, message: Message) -> int:
        """Deliver again after each passing failure, as Pub/Sub does; how many deliveries."""
        deliveries = 1
        while True:
            try:
                self.deliver(message)
            except Transient:
                deliveries += 1
            else:
                return deliveries

    def in_background(self, message: Message) -> Future[int]:
        """Begin to deliver until the object is loaded."""
        return self._workers.submit(self.deliver_until_loaded, message)

    def release(self, job_id: str) -> None:
        """Let the held job with this text in its id run to its end."""
        wait_until(lambda: self.emulator.release(job_id))
        wait_until(lambda: [job for job in self.jobs("DONE") if job_id in job])

    def jobs(self, state: str = "") -> list[str]:
        """Ids of the load jobs of this test, in the order of their insertion."""
        jobs = self.emulator.journal()[self._first_job :]
        return [job["jobId"] for job in jobs if state in ("", job["state"])]

    def shown(self, interval: Interval) -> list[tuple[int, str | None]]:
        """Version and insert id of the rows that analysts see for an interval."""
        sql = "SELECT _interval_start, _version, insert_id FROM `mixpanel.events`"
        rows = [row for row in self._query(sql) if row["_interval_start"] == interval.start]
        return sorted((row["_version"], row["insert_id"] or "") for row in rows)

    def stored(self, interval: Interval) -> int:
        """How many rows of an interval the raw table holds, with markers."""
        sql = "SELECT _interval_start FROM `mixpanel_raw.events`"
        return sum(row["_interval_start"] == interval.start for row in self._query(sql))

    def close(self) -> None:
        """Wait for all deliveries."""
        self.emulator.release()
        self._workers.shutdown()

    def _query(self, sql: str) -> list[Any]:
        return list(self._client.query_and_wait(sql))


@contextmanager
def load_emulators() -> Iterator[BigQueryEmulator]:
    """BigQuery with our tables and views, and the bucket it reads from."""
    with (
        pytest.MonkeyPatch.context() as environment,
        StorageEmulator(publish=lambda *_: None) as bucket,
        BigQueryEmulator() as emulator,
    ):
        environment.setenv("STORAGE_EMULATOR_HOST", bucket.url)
        environment.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
        environment.setenv("GOOGLE_CLOUD_PROJECT", resources.PROJECT_ID)
        resources.create_bucket()
        resources.create_datasets()
        yield emulator
