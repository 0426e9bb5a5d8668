"""The production loader in this process, between a bucket and BigQuery's emulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from local import resources
from local.bigquery import BigQueryEmulator
from local.storage import StorageEmulator
from mixpanel_export.errors import Transient
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.journal import Severity
from mixpanel_export.loading import Loader
from mixpanel_export.messages import Message
from mixpanel_export.naming import ObjectName
from mixpanel_export.profiles import Profiles
from mixpanel_export.rows import Fetch, Rows
from mixpanel_export.series import RECENT
from mixpanel_export.storage import ExportBucket
from mixpanel_export.streams import GzipWriter
from mixpanel_export.warehouse import Ledger, RawDataset
from tests.fakes.exporter import event_line, profile
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
        name = ObjectName(RECENT, interval, version)
        rows = Rows(name, ZoneInfo("UTC"))
        made = [rows.row(event_line(interval, each or "")[:-1]) for each in insert_ids]
        return self._put(name, rows, made)

    def land_people(self, name: ObjectName, as_of: datetime, **last_seen: str) -> Message:
        """Put a fetch of these people into the bucket; the notification about it."""
        rows = Profiles(name)
        rows.tally.as_of = format_moment(as_of)
        made = [rows.row(profile(who, **{"$last_seen": text})) for who, text in last_seen.items()]
        return self._put(name, rows, made)

    def _put(self, name: ObjectName, maker: Rows | Profiles, rows: Sequence[object]) -> Message:
        with self._bucket.upload(name.path) as upload:
            body = GzipWriter(upload.write)
            for row in rows:
                assert isinstance(row, bytes)
                body.write(row)
            body.write(maker.marker(Fetch("schedule", name.interval.end, 1.5)))
            body.finish()
            metadata = {"row_count": str(len(rows))}
            upload.commit(metadata)
        message = notification(name.path, metadata, "1", name.interval.end)
        attributes = message.attributes | {"bucketId": resources.BUCKET}
        return replace(message, attributes=attributes)

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

    def publish_again(self, message: Message) -> Message:
        """The same notification as a new message, as the planner publishes it to load again."""
        return replace(message, message_id="2", published_at=datetime.now(UTC))

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

    def attempts(self) -> list[str]:
        """The ends of the ids of all jobs."""
        return [job_id.rpartition("-")[2] for job_id in self.jobs()]

    def shown(self, interval: Interval) -> list[tuple[int, str | None]]:
        """Version and insert id of the rows that analysts see for an interval."""
        sql = "SELECT _interval_start, _version, insert_id FROM `mixpanel.events`"
        rows = [row for row in self._query(sql) if row["_interval_start"] == interval.start]
        return sorted((row["_version"], row["insert_id"] or "") for row in rows)

    def people(self) -> list[tuple[str, datetime, datetime]]:
        """Who is shown to analysts, when last seen, and as of when."""
        sql = "SELECT distinct_id, last_seen, as_of FROM `mixpanel.people` ORDER BY distinct_id"
        return [row.values() for row in self._query(sql)]

    def ledger(self, since: datetime) -> list[ObjectName]:
        """What the planner finds loaded."""
        return Ledger(self._client, resources.DATASET, resources.LOCATION).loaded(since)

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


def load_fixtures() -> tuple[Any, Any, Any, Any]:
    """`emulator`, one a module; `loads`; `interval`, a test's hour; `landed`, two rows in it."""
    starts = (datetime(2026, 2, 1, tzinfo=UTC) + hour * timedelta(hours=1) for hour in count())

    @pytest.fixture(name="emulator", scope="module")
    def emulator() -> Iterator[BigQueryEmulator]:
        with load_emulators() as started:
            yield started

    @pytest.fixture(name="loads")
    def loads(emulator: BigQueryEmulator) -> Iterator[Loads]:
        own = Loads(emulator)
        yield own
        own.close()
        emulator.faults.clear()

    @pytest.fixture(name="interval")
    def interval() -> Interval:
        start = next(starts)
        return Interval(start, start + timedelta(hours=1))

    @pytest.fixture(name="landed")
    def landed(loads: Loads, interval: Interval) -> Message:
        return loads.land(interval, 1, "a", "b")

    return emulator, loads, interval, landed
