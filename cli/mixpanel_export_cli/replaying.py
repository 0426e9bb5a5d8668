"""Replays: which requests fetch a range of time again, and when they have arrived."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from mixpanel_export.coverage import Coverage
from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, MINUTE, Interval, aligned, newest_first
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.reconciling import Policy, settle_delay
from mixpanel_export.series import SNAPSHOT, Series
from mixpanel_export_cli.times import shown

PEOPLE_ARE_OF_NOW = (
    "People are always fetched as they are now: a replay brings the present state of the "
    "profiles, whatever interval it names, and not that of the past."
)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class Ledger(Protocol):
    """The record of everything that was loaded."""

    def loaded(self, since: datetime) -> Iterable[ObjectName]:
        """Every loaded version of every interval that starts at this moment or later."""


class Bucket(Protocol):
    """Where exports land."""

    def landed(self, series: Series, since: date, until: date) -> Iterable[Landed]:
        """Every landed version of every interval that starts on one of these UTC days."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The requests that fetch a range again, newest first, and what an operator must know.

    `remarks` say how they differ from what was asked for.
    """

    requests: Sequence[ExportRequest]
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lying:
    """The intervals of one series of which something lies: in the bucket, and there or loaded."""

    landed: Collection[Interval]
    known: Collection[Interval]

    @classmethod
    def of(
        cls, series: Series, since: datetime, until: datetime, bucket: Bucket, ledger: Ledger
    ) -> Lying:
        """Everything that may meet `[since, until)`; an interval never crosses midnight.

        Raises:
            Transient, Setup: the bucket or the ledger does not tell.
        """
        landed = {each.name.interval for each in bucket.landed(series, since.date(), until.date())}
        midnight = aligned(since, DAY)
        loaded = {name.interval for name in ledger.loaded(midnight) if name.series == series}
        met = {each for each in landed | loaded if each.start < until and since < each.end}
        return cls(landed, met)


def length_of(series: Series, policy: Policy) -> timedelta:
    """How long the intervals of this series are in the deployment.

    Raises:
        Setup: the deployment does not have this series.
    """
    length = policy.lengths.get(series)
    if length is None:
        raise Setup(f"{series} is off in this deployment: choose another --mode, or turn it on")
    return length


def settled(
    policy: Policy, series: Series, since: datetime, until: datetime, now: datetime
) -> datetime:
    """The end of that part of `[since, until)` which is not too fresh to be fetched.

    What is fetched before Mixpanel shows all of it replaces what was whole, or is never looked
    at again. So a replay is bound as the planner is.

    Raises:
        Setup: there is no such part.
    """
    if since < _FIRST:
        raise Setup(f"START {since:%Y-%m-%d} is before 1970: no interval is that old")
    watermark = aligned(now - settle_delay(policy, series), MINUTE)
    if since >= watermark:
        raise Setup(
            f"nothing in this range has settled: {series} can be fetched until {shown(watermark)} "
            "by now"
        )
    return min(until, watermark)


def replay_of(
    series: Series, since: datetime, until: datetime, length: timedelta, lying: Lying
) -> Replay:
    """A request for each whole interval in `[since, until)`, newest first.

    What has landed or is loaded is fetched again in the intervals that it has, whichever length
    the setting is by now; where nothing lies, in intervals of this length, or parts of one.
    An interval that lies only partly in the range is left out. One snapshot of people is enough,
    as each of them is of now.

    Raises:
        Setup: there is none.
    """
    inside = {each for each in lying.known if since <= each.start and each.end <= until}
    coverage = Coverage(lying.known, length)
    for interval in newest_first(since, until, length):
        inside.update(coverage.uncovered(interval))
    chosen = sorted(_undoubled(inside, lying.landed), reverse=True)
    if not chosen:
        raise Setup(_none(length, lying.known))
    if series == SNAPSHOT:
        return Replay([ExportRequest(series, chosen[0], "replay")], ())
    requests = [ExportRequest(series, interval, "replay") for interval in chosen]
    remarks = [*_cut(chosen, since, until), *_lengths(chosen, length)]
    if doubled := len(inside) - len(chosen):
        remarks.append(f"Left out: {doubled}, of which rows have landed in another interval.")
    return Replay(requests, remarks)


def _undoubled(intervals: Iterable[Interval], landed: Iterable[Interval]) -> Iterator[Interval]:
    """Those that the fetcher takes: of no row that has landed in an interval of other bounds.

    Those of one length are disjoint.
    """
    intervals, landed = set(intervals), set(landed)
    lengths = {interval.length for interval in intervals}
    others = {
        length: Coverage({one for one in landed if one.length != length}) for length in lengths
    }
    for interval in intervals:
        if not others[interval.length].touches(interval):
            yield interval


def _cut(chosen: Sequence[Interval], since: datetime, until: datetime) -> Iterator[str]:
    """Say so when the range does not begin and end with an interval."""
    if chosen[-1].start > since or chosen[0].end < until:
        yield "Only whole intervals are taken: those that the range cuts are left out."


def _lengths(chosen: Sequence[Interval], length: timedelta) -> Iterator[str]:
    others = sum(interval.length != length for interval in chosen)
    if others:
        yield (
            f"Not of {length // MINUTE} minutes: {others}, as they landed with another length, "
            "or lie between such."
        )


def _none(length: timedelta, known: Collection[Interval]) -> str:
    landed = f", nor one that has landed, such as {max(known)}" if known else ""
    return (
        f"no whole interval of {length // MINUTE} minutes lies in the settled part of this range"
        f"{landed}: move START and END to the bounds of intervals, in UTC"
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """The wait for newer versions than those that were loaded when it began.

    Versions are compared with each other and not with a clock: the operator's may be wrong.
    """

    ledger: Ledger
    requests: Sequence[ExportRequest]
    before: dict[tuple[Series, Interval], int]

    @classmethod
    def after(cls, ledger: Ledger, requests: Sequence[ExportRequest]) -> Arrival:
        """Begin to wait, before anything is published.

        Raises:
            Transient, Setup: the ledger cannot be read.
        """
        return cls(ledger, requests, _newest(ledger, requests))

    def missing(self) -> list[ExportRequest]:
        """The requests of which no newer version is loaded yet.

        Raises:
            Transient, Setup: the ledger cannot be read.
        """
        newest = _newest(self.ledger, self.requests)
        keys = {request: (request.series, request.interval) for request in self.requests}
        return [
            request
            for request, key in keys.items()
            if newest.get(key, 0) <= self.before.get(key, 0)
        ]


def _newest(
    ledger: Ledger, requests: Sequence[ExportRequest]
) -> dict[tuple[Series, Interval], int]:
    since = min(request.interval.start for request in requests)
    newest: dict[tuple[Series, Interval], int] = {}
    for name in ledger.loaded(since):
        key = name.series, name.interval
        newest[key] = max(newest.get(key, 0), name.version)
    return newest
