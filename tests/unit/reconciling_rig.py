"""What is known at one moment, for the tests of what is to be done then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mixpanel_export.intervals import DAY, HOUR, Interval, epoch_us
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.plans import Fate, Plan
from mixpanel_export.reconciling import Decision, Known, Policy
from mixpanel_export.series import RECENT, Series

NOW = datetime(2026, 11, 22, 11, 16, tzinfo=UTC)  # With 15 min settle, 10:00 to 11:00 is due.
NEWEST = Interval(NOW.replace(hour=10, minute=0), NOW.replace(hour=11, minute=0))
POLICY = Policy(
    lengths={RECENT: HOUR},
    since=NEWEST.start - 2 * HOUR,
    settle=HOUR / 4,
    verify_after=None,
    heal_after=3 * HOUR,
    reload_after=HOUR,
    heal_horizon=7 * DAY,
    requests_per_hour=40,
)
NOTHING = Known((), (), (), ())


def hours_ago(n: int, length: timedelta = HOUR) -> Interval:
    """The interval of this length that starts n hours before the newest."""
    start = NEWEST.start - n * HOUR
    return Interval(start, start + length)


def landed(interval: Interval, at: datetime = NOW, series: Series = RECENT) -> Landed:
    """A version that was asked for and landed at this moment."""
    return Landed(ObjectName(series, interval, epoch_us(at)), at, 3, "d")


def plan(
    *requests: ExportRequest,
    at: datetime = NOW - HOUR / 2,
    reloads: Iterable[str] = (),
    fate: Fate = "published",
) -> Plan:
    return Plan(1, at, at, requests, tuple(reloads), fate)


def asked(decision: Decision) -> list[tuple[str, str]]:
    """Start and origin of what is to be published."""
    return [(f"{r.interval.start:%d %H:%M}", r.origin) for r in decision.requests]


def known(**parts: Any) -> Known:
    return replace(NOTHING, **parts)
