"""A fetcher with its fakes, for the tests of fetching."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mixpanel_export.fetching import Fetcher
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ExportRequest, Message, Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT, Series
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.clock import FakeClock
from tests.fakes.exporter import FakeExporter, event_line
from tests.fakes.journal import Journal

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
INTERVAL = Interval(START, START + HOUR)
PUBLISHED = START + HOUR + timedelta(minutes=20)
NAME = ObjectName(RECENT, INTERVAL, 1_795_339_200_000_000)
PATH, REJECTS = NAME.path, NAME.rejects_path

LISTED = "listed events/date=2026-11-22/ to 2026-11-22"
ASKED = f"asked Mixpanel for events {INTERVAL}"
CLOSED = "closed Mixpanel's answer"
WROTE, WROTE_REJECTS = f"wrote {PATH}", f"wrote {REJECTS}"
COMMITTED, COMMITTED_REJECTS = f"committed {PATH}", f"committed {REJECTS}"
DISCARDED, DISCARDED_REJECTS = f"discarded {PATH}", f"discarded {REJECTS}"

FIRST, SECOND = event_line(INTERVAL, "i1"), event_line(INTERVAL, "i2")


class Fetch:
    """Mixpanel answers with `body`; the request was published just now."""

    def __init__(self) -> None:
        self.seconds_a_step = 0.0
        self.journal = Journal(lambda _: self.clock.move(self.seconds_a_step))
        self.clock = FakeClock(PUBLISHED, self.journal)
        self.bucket = FakeBucket(self.journal, self.clock.now)
        self.exporter = FakeExporter(self.journal, self.clock)
        self.exporter.content = lambda _: list(self.body)
        self.body = [FIRST + SECOND]
        self.fetcher = Fetcher(
            self.exporter, self.bucket, ZoneInfo("UTC"), self.clock, self.journal.log
        )

    def deliver(
        self,
        origin: Origin = "schedule",
        interval: Interval = INTERVAL,
        series: Series = RECENT,
        at: datetime = PUBLISHED,
    ) -> None:
        """Deliver a request that was published at that time."""
        request = ExportRequest(series, interval, origin)
        self.fetcher.handle(Message(request.data, request.attributes, "1", at, 2))

    def has_landed(
        self,
        interval: Interval = INTERVAL,
        version: int = 1,
        digest: str = "",
        rows: int = 0,
        series: Series = RECENT,
    ) -> None:
        """An earlier version of the interval has landed."""
        path = ObjectName(series, interval, version).path
        metadata = {"row_count": str(rows), "digest": digest}
        self.bucket.objects[path] = StoredObject(b"", metadata, PUBLISHED)

    def rows(self, path: str = PATH) -> list[dict[str, Any]]:
        """The landed rows."""
        return self.bucket.objects[path].rows()

    def rejects(self) -> list[dict[str, Any]]:
        """The landed rejects."""
        return self.bucket.objects[REJECTS].rows()

    def insert_ids(self) -> list[str | None]:
        """Which events landed, with None for the marker."""
        return [row["insert_id"] for row in self.rows()]


def gzipped(*lines: bytes) -> bytes:
    """A body as Mixpanel compresses it."""
    return gzip.compress(b"".join(lines))


def junk(**content: object) -> bytes:
    """A line that is no event."""
    return json.dumps(content).encode() + b"\n"
