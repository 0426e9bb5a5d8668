"""The state of every interval at one moment: what status and backfill show and count.

It follows the planner's own conclusions (`mixpanel_export.reconciling`), interval by interval.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from mixpanel_export.coverage import Coverage
from mixpanel_export.intervals import DAY, Interval, aligned, epoch_us, newest_first
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.reconciling import (
    Asked,
    Known,
    Policy,
    due,
    settle_delay,
    wanted_since,
)
from mixpanel_export.series import Series
from mixpanel_export_cli.states import Cell, State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Survey:
    """Every interval, as bucket, ledger and plans tell.

    `exported_since` is EXPORT_SINCE; a wish may want more than that.
    """

    def __init__(
        self, policy: Policy, now: datetime, known: Known, exported_since: datetime
    ) -> None:
        self._of = {
            series: _Track(policy, series, now, known, exported_since) for series in policy.lengths
        }

    def due(self) -> Iterator[Cell]:
        """Every interval that should be loaded by now, series by series, newest first."""
        for track in self._of.values():
            yield from track.cells

    def days(self, series: Series, days: int) -> Iterator[Cell]:
        """Every interval of today and of the days before, `days` UTC days in all, newest first.

        Also those that are not due yet, until midnight, and those that nobody wants.
        """
        return self._of[series].days(days)

    def complete_until(self, series: Series) -> datetime | None:
        """Up to where analysts see everything that a backfill has come to; None if nowhere."""
        return self._of[series].complete_until()


class _Track:
    """One series of a survey."""

    def __init__(
        self,
        policy: Policy,
        series: Series,
        now: datetime,
        known: Known,
        exported_since: datetime,
    ) -> None:
        self._series, self._now, self._length = series, now, policy.lengths[series]
        self._settle = settle_delay(policy, series)
        self._wanted_since = wanted_since(policy, series, now)
        landed = [each for each in known.landed if each.name.series == series]
        loaded = [name for name in known.loaded if name.series == series]
        self._newest, self._replaced = _versions(loaded)
        self._loaded = Coverage(self._newest, self._length)
        self._waiting = _waiting(landed, self._newest)
        self._waiting_near = Coverage(self._waiting, self._length)
        present = {*self._newest, *(each.name.interval for each in landed)}
        self._present = Coverage(present, self._length)
        self._arrivals = Arrivals([*loaded, *(each.name for each in landed)], now)
        self._asked = Asked(policy, series, now, known.plans)
        self._asked_near = Coverage(self._asked.ages, self._length)
        self._exported_since = exported_since
        self.cells = [self._due_cell(interval) for interval in due(policy, series, now)]

    def days(self, days: int) -> Iterator[Cell]:
        until = aligned(self._now, DAY) + DAY
        newest = self.cells[0].interval.start if self.cells else until
        for interval in newest_first(until - days * DAY, until, self._length):
            index = (newest - interval.start) // self._length
            if 0 <= index < len(self.cells):
                yield self.cells[index]
            elif interval in self._newest:
                yield self._loaded_cell(interval)
            else:
                is_wanted = interval.start >= self._wanted_since
                state = State.PENDING if is_wanted else State.UNWANTED
                yield Cell(self._series, interval, state)

    def complete_until(self) -> datetime | None:
        oldest = self.cells[-1].interval.start if self.cells else self._now
        until = max((one.end for one in self._newest if one.end <= oldest), default=None)
        for cell in reversed(self.cells):
            if not (cell.is_visible or cell.is_awaited):
                break
            until = cell.interval.end if cell.is_visible else until
        return until

    def _due_cell(self, interval: Interval) -> Cell:
        waiting = [self._waiting[near] for near in self._waiting_near.overlapping(interval)]
        if not waiting and interval in self._newest:
            return self._loaded_cell(interval)
        if not _is_covered(self._present, interval):
            return self._missing_cell(interval)
        if not waiting:
            return self._loaded_cell(interval)
        is_visible = _is_covered(self._loaded, interval)
        since = min(waiting) if is_visible else self._gap_since(interval)
        return Cell(self._series, interval, State.LANDED, since, is_visible=is_visible)

    def _loaded_cell(self, interval: Interval) -> Cell:
        state = State.REPLACED if interval in self._replaced else State.LOADED
        return Cell(self._series, interval, state, is_visible=True)

    def _missing_cell(self, interval: Interval) -> Cell:
        state = State.ASKED if self._asked.lately.touches(interval) else State.MISSING
        near = self._asked_near.overlapping(interval)
        ages = [age for one in near for age in self._asked.ages[one]]
        asked_at = self._now - min(ages) if ages else None
        since, is_awaited = self._gap_since(interval), self._is_awaited(interval)
        return Cell(self._series, interval, state, since, asked_at, is_awaited)

    def _is_awaited(self, interval: Interval) -> bool:
        """A backfill goes back in time, so that what it has yet to fetch is older than the rest.

        As long as there is nothing of the series at all, only what a wish asks for is awaited.
        """
        if not self._arrivals:
            return interval.end <= self._exported_since
        return self._arrivals.before(interval.start) is None

    def _gap_since(self, interval: Interval) -> datetime:
        """When it was due, or when the backfill came to what is older, and passed it by."""
        due_at = interval.end + self._settle
        return max(due_at, self._arrivals.before(interval.start) or due_at)


class Arrivals:
    """When exports of each stretch of the past were first asked for, by their versions."""

    def __init__(self, names: Iterable[ObjectName], now: datetime) -> None:
        ordered = sorted((name.interval.start, name.version) for name in names)
        self._starts = [start for start, _ in ordered]
        self._firsts = list(accumulate((version for _, version in ordered), min))
        self._now = epoch_us(now)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def before(self, start: datetime) -> datetime | None:
        """The first one of an interval that starts then or earlier; None if there is none."""
        count = bisect_right(self._starts, start)
        if not count:
            return None
        return _EPOCH + timedelta(microseconds=min(self._now, self._firsts[count - 1]))


def _versions(loaded: Iterable[ObjectName]) -> tuple[dict[Interval, int], set[Interval]]:
    """The newest loaded version of each interval, and the intervals that have several."""
    newest: dict[Interval, int] = {}
    replaced: set[Interval] = set()
    for name in loaded:
        version = newest.setdefault(name.interval, name.version)
        if version != name.version:
            replaced.add(name.interval)
            newest[name.interval] = max(version, name.version)
    return newest, replaced


def _waiting(landed: Iterable[Landed], loaded: Mapping[Interval, int]) -> dict[Interval, datetime]:
    """Since when something newer than what is loaded has waited in the bucket."""
    waiting: dict[Interval, datetime] = {}
    for each in landed:
        interval, at = each.name.interval, each.landed_at
        if each.name.version > loaded.get(interval, 0):
            waiting[interval] = min(at, waiting.get(interval, at))
    return waiting


def _is_covered(coverage: Coverage, interval: Interval) -> bool:
    return coverage.touches(interval) and next(coverage.uncovered(interval), None) is None
