"""Replays: which requests fetch a range of time again, and when they have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, Interval, newest_first
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from mixpanel_export.settings import PlannerSettings

PEOPLE_ARE_OF_NOW = (
    "People are always fetched as they are now: a replay brings the present state of the "
    "profiles, whatever interval it names, and not that of the past."
)


class Ledger(Protocol):
    """The record of everything that was loaded."""

    def loaded(self, since: datetime) -> list[ObjectName]:
        """Every loaded version of every interval that starts at this moment or later."""


def length_of(series: Series, settings: PlannerSettings) -> timedelta:
    """How long the intervals of this series are in the deployment.

    Raises:
        Setup: the deployment does not have this series.
    """
    lengths = {
        RECENT: settings.interval,
        SWEEP: DAY if settings.sweep_days else None,
        SNAPSHOT: settings.people_snapshot,
        CHANGES: settings.people_changes,
    }
    length = lengths[series]
    if length is None:
        raise Setup(f"{series} is off in this deployment: choose another --mode, or turn it on")
    return length


def requests_of(
    series: Series, since: datetime, until: datetime, length: timedelta, now: datetime
) -> list[ExportRequest]:
    """A request for every whole interval in `[since, until)` that is over, newest first.

    One is enough for a snapshot of people, as each of them is of now.

    Raises:
        Setup: no interval is.
    """
    try:
        intervals = list(newest_first(since, min(until, now), length))
    except ValueError as error:
        raise Setup(str(error)) from None
    if not intervals:
        minutes = length // timedelta(minutes=1)
        raise Setup(
            f"no whole interval of {minutes} minutes lies in this range and is over: "
            "move START and END to the bounds of intervals, in UTC"
        )
    wanted = intervals[:1] if series == SNAPSHOT else intervals
    return [ExportRequest(series, interval, "replay") for interval in wanted]


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
