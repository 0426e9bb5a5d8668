"""What has become of an interval; and gaps, ranges of intervals that analysts do not see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mixpanel_export.intervals import Interval
from mixpanel_export.series import Series


class State(StrEnum):
    """What has become of an interval.

    `replaced` is loaded, in more than one version; `landed` means that something newer than
    what is loaded waits in the bucket; `asked` is missing, but asked for of late; `pending` is
    not due yet; `unwanted` is before `since`, or people of the past.
    """

    LOADED = "loaded"
    REPLACED = "replaced"
    LANDED = "landed"
    ASKED = "asked"
    MISSING = "missing"
    PENDING = "pending"
    UNWANTED = "unwanted"


IS_LOADED = frozenset({State.LOADED, State.REPLACED})


@dataclass(frozen=True, slots=True)
class Cell:
    """One interval of one series.

    `since` is the moment from which on it is a gap, None if it is none. `asked_at` is when it
    was last asked for, None if that was not in the last day. `is_awaited` and `is_visible` are
    those of its `Standing`.
    """

    series: Series
    interval: Interval
    state: State
    since: datetime | None = None
    asked_at: datetime | None = None
    is_awaited: bool = False
    is_visible: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """`[start, end)` of one series: contiguous intervals that are in one state.

    `since` is when the first of them became a gap; `asked_at` is when the first of them was last
    asked for, None if none was in the last day.
    """

    series: Series
    start: datetime
    end: datetime
    intervals: int
    state: State
    since: datetime
    asked_at: datetime | None

    def age(self, now: datetime) -> timedelta:
        """How long it has been a gap; nothing, if it became one by a clock that is ahead."""
        return max(timedelta(0), now - self.since)

    def is_late(self, now: datetime, objective: timedelta) -> bool:
        """Whether it is older than it may become."""
        return self.age(now) > objective


def gaps_of(cells: Iterable[Cell]) -> list[Gap]:
    """The gaps among the intervals, in their order: series by series, the newest first."""
    gaps: list[Gap] = []
    for cell in cells:
        if cell.since is None:
            continue
        start, end = cell.interval.start, cell.interval.end
        gap = Gap(cell.series, start, end, 1, cell.state, cell.since, cell.asked_at)
        if gaps and _continues(gap, gaps[-1]):
            gap = _joined(gap, gaps.pop())
        gaps.append(gap)
    return gaps


def _continues(older: Gap, newer: Gap) -> bool:
    return (older.series, older.end, older.state) == (newer.series, newer.start, newer.state)


def _joined(older: Gap, newer: Gap) -> Gap:
    times = [at for at in (older.asked_at, newer.asked_at) if at]
    return replace(
        older,
        end=newer.end,
        intervals=older.intervals + newer.intervals,
        since=min(older.since, newer.since),
        asked_at=min(times, default=None),
    )
