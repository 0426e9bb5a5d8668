"""Gaps: ranges of intervals that analysts do not see, or not in their newest version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mixpanel_export.series import Series
from mixpanel_export_cli.states import IS_GAP, Cell, State


@dataclass(frozen=True, slots=True)
class Gap:
    """`[start, end)` of one series: contiguous intervals that are in one state.

    `since` is when the first of them became a gap; `asked_at` is when the first of them was last
    asked for, None if none was of late.
    """

    series: Series
    start: datetime
    end: datetime
    intervals: int
    state: State
    since: datetime
    asked_at: datetime | None
    is_backfill: bool

    @property
    def is_awaited(self) -> bool:
        """Whether it is only a part of the past that a backfill has yet to fetch."""
        return self.is_backfill and self.state != State.LANDED

    def age(self, now: datetime) -> timedelta:
        """How long it has been a gap."""
        return now - self.since

    def is_late(self, now: datetime, objective: timedelta) -> bool:
        """Whether it is older than it may become.

        What is awaited never is; once it has landed, it should be loaded.
        """
        return not self.is_awaited and self.age(now) > objective


def gaps_of(cells: Iterable[Cell]) -> list[Gap]:
    """The gaps among the intervals, in their order: series by series, the newest first."""
    gaps: list[Gap] = []
    for cell in cells:
        if cell.state not in IS_GAP or cell.since is None:
            continue
        gap = Gap(
            cell.series,
            cell.interval.start,
            cell.interval.end,
            1,
            cell.state,
            cell.since,
            cell.asked_at,
            cell.is_backfill,
        )
        if gaps and _continues(gap, gaps[-1]):
            gap = _joined(gap, gaps.pop())
        gaps.append(gap)
    return gaps


def _continues(older: Gap, newer: Gap) -> bool:
    return (older.series, older.end, older.state, older.is_backfill) == (
        newer.series,
        newer.start,
        newer.state,
        newer.is_backfill,
    )


def _joined(older: Gap, newer: Gap) -> Gap:
    times = [at for at in (older.asked_at, newer.asked_at) if at]
    return replace(
        older,
        end=newer.end,
        intervals=older.intervals + newer.intervals,
        since=min(older.since, newer.since),
        asked_at=min(times, default=None),
    )
