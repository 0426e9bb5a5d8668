"""A loader with its fakes, for the tests of loading."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from mixpanel_export.loading import Loader, LoadJob
from mixpanel_export.messages import Message
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal
from tests.fakes.subscription import notification
from tests.fakes.warehouse import Ending, FakeWarehouse

NOW = datetime(2026, 11, 22, 9, 20, tzinfo=UTC)
SPAN = "20261122T080000Z_20261122T090000Z"
PATH = f"events/date=2026-11-22/{SPAN}/17.ndjson.gz"
URI = f"gs://landing/{PATH}"
A0, A1, A2 = (f"test-load-events-{SPAN}-17-a{attempt}" for attempt in range(3))
PEOPLE = f"people/snapshot/date=2026-11-22/{SPAN}/17.ndjson.gz"
CONTENT = gzip.compress(b'{"_line": 1}\n{"_line": 2}\n{"_line": 0}\n')
LOADED = "INFO loaded: loaded: 2 records"
ALREADY_LOADED = "INFO already_loaded: already loaded: 2 records"


class Load:
    """A loader with its fakes, and one landed object of two rows for each table.

    `meanwhile` is called at each pause: another delivery can happen there.
    """

    def __init__(self) -> None:
        self.seconds_a_step = 0.0
        self.meanwhile: Callable[[str], None] = lambda _: None
        self.journal = Journal(self._pause)
        self.clock = FakeClock(NOW, self.journal)
        self.bucket = FakeBucket(self.journal, self.clock.now)
        self.warehouse = FakeWarehouse(self.journal, self.bucket)
        self.loader = Loader(self.warehouse, "landing", "test", self.clock, self.journal.log)
        for path in (PATH, PEOPLE):
            self.bucket.objects[path] = StoredObject(CONTENT, {}, NOW)
        self.endings: dict[str, Ending] = {}
        self.warehouse.endings = self.endings

    def deliver(self, path: str = PATH, published: float = 0, **changes: str) -> None:
        """Deliver the object's notification, published so many seconds from `NOW`."""
        published_at = NOW + timedelta(seconds=published)
        message = notification(path, {"row_count": "2"}, "1", published_at)
        attributes = message.attributes | changes
        self.loader.handle(
            Message(message.data, attributes, "1", published_at, delivery_attempt=3)
        )

    def has_started(self, job_id: str, uri: str = URI, table: str = "events") -> None:
        """An earlier delivery started this job, which runs."""
        self.warehouse.jobs[job_id] = LoadJob(job_id, (uri,), table, adopted=False, done=False)

    def has_ended(
        self, job_id: str, reason: str | None = None, output_rows: int | None = None
    ) -> None:
        """An earlier delivery started this job, which has ended just now."""
        self.has_started(job_id)
        self.warehouse.end(job_id, Ending(reason, output_rows=output_rows))

    def _pause(self, step: str) -> None:
        self.clock.move(self.seconds_a_step)
        self.meanwhile(step)
