"""The planner's job: ask for every interval that should have landed and has not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.intervals import (
    MINUTE,
    Interval,
    aligned,
    format_moment,
    newest_first,
)
from mixpanel_export.journal import Log
from mixpanel_export.messages import ExportRequest, Origin
from mixpanel_export.naming import ObjectName


class Landed(Protocol):
    """Where exports land."""

    def landed(self, table: str, day: date) -> Iterable[ObjectName]:
        """Every landed version of every interval that starts on this UTC day."""


class Requests(Protocol):
    """Where requests are published."""

    def publish(self, requests: Sequence[ExportRequest]) -> None:
        """Publish all of them and wait until each is confirmed.

        Raises:
            Transient: some were not; publishing them again is harmless.
        """


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans one tick: the newest missing intervals first, at most `max_requests` of them.

    An interval is due when it ended `settle` ago, as rows become visible late, and is looked
    for until it ended `horizon` ago. After a change of the interval's length, what landed with
    another length counts too: only what it leaves uncovered is missing.
    """

    bucket: Landed
    requests: Requests
    interval: timedelta
    settle: timedelta
    horizon: timedelta
    max_requests: int
    clock: Clock
    log: Log

    def tick(self, now: datetime) -> None:
        """Publish requests for what is missing at this moment.

        Raises:
            Transient: the bucket or the topic did not answer in time; Scheduler calls again.
            Setup: they refused; a person must act.
        """
        watermark = now - self.settle
        since = aligned(now - self.horizon, self.interval)
        missing = list(self._missing("events", since, watermark))
        requests = [
            ExportRequest("events", interval, self._origin(interval, watermark))
            for interval in missing[: self.max_requests]
        ]
        self.requests.publish(requests)
        self.log(
            "INFO",
            "planned",
            f"planned: {len(requests)} of {len(missing)} missing intervals",
            watermark=format_moment(watermark),
            missing=len(missing),
            requested=len(requests),
        )

    def _origin(self, interval: Interval, watermark: datetime) -> Origin:
        """Only the interval that has just become due comes on schedule; an older one is a gap."""
        return "schedule" if interval.end > watermark - self.interval else "heal"

    def _missing(self, table: str, since: datetime, watermark: datetime) -> Iterator[Interval]:
        deadline = Deadline.of_delivery(self.clock)
        landed: set[Interval] = set()
        for n in range((watermark.date() - since.date()).days + 1):
            deadline.check("listing what has landed")
            names = self.bucket.landed(table, since.date() + timedelta(days=n))
            landed.update(name.interval for name in names)
        other_lengths = [known for known in landed if known.length != self.interval]
        for interval in newest_first(since, watermark, self.interval):
            if interval not in landed:
                yield from _uncovered(interval, filter(interval.overlaps, other_lengths))


def _uncovered(interval: Interval, landed: Iterable[Interval]) -> Iterator[Interval]:
    """The whole interval, or the parts of it that none of these landed ones covers.

    Parts are asked for only after a change of the interval's length: the whole would double
    what has landed. Their length divides all lengths involved, so that each of them lies
    either inside a landed interval or outside of all.
    """
    known = list(landed)
    minutes = math.gcd(*(one.length // MINUTE for one in (interval, *known)))
    for part in newest_first(interval.start, interval.end, minutes * MINUTE):
        if not any(map(part.overlaps, known)):
            yield part
