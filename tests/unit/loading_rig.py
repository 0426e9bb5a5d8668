"""A loader with its fakes, for the tests of loading."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

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
CONTENT = gzip.compress(b'{"_line": 1}\n{"_line": 2}\n{"_line": 0}\n')
LOADED = "INFO loaded: loaded: 2 records"
ALREADY_LOADED = "INFO already_loaded: already loaded: 2 records"


class Load:
    """A loader with its fakes and one landed object of two rows."""

    def __init__(self) -> None:
        self.seconds_a_step = 0.0
        self.journal = Journal(lambda _: self.clock.move(self.seconds_a_step))
        self.clock = FakeClock(NOW, self.journal)
        self.bucket = FakeBucket(self.journal)
        self.warehouse = FakeWarehouse(self.journal, self.bucket)
        self.loader = Loader(self.warehouse, "landing", "test", self.clock, self.journal.log)
        self.bucket.objects[PATH] = StoredObject(CONTENT, {})
        self.endings: dict[str, Ending] = {}
        self.warehouse.endings = self.endings

    def deliver(self, path: str = PATH, **changes: str) -> None:
        """Deliver the object's notification, with these attributes changed."""
        message = notification(path, {"row_count": "2"}, "1", NOW)
        self.loader.handle(
            Message(message.data, message.attributes | changes, "1", NOW, delivery_attempt=3)
        )

    def has_started(self, job_id: str, uri: str = URI, table: str = "events") -> None:
        """An earlier delivery started this job, which runs."""
        self.warehouse.jobs[job_id] = LoadJob(job_id, (uri,), table, adopted=False, done=False)

    def has_ended(self, job_id: str, reason: str | None = None) -> None:
        """An earlier delivery started this job, which has ended."""
        self.has_started(job_id)
        self.warehouse.end(job_id, Ending(reason))
