"""What has become of each interval: the one classification that status and backfill share.

It follows the planner's own conclusions (`mixpanel_export.reconciling`), interval by interval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mixpanel_export.intervals import Interval, aligned, newest_first
from mixpanel_export.naming import Landed
from mixpanel_export.reconciling import Coverage, Known, Policy, due
from mixpanel_export.series import Series


class State(StrEnum):
    """What has become of an interval.

    `replaced` is loaded, in more than one version; `landed` means that something newer than
    what is loaded waits in the bucket; `asked` is missing, but requested less than `heal_after`
    ago; `pending` is not due yet; `unwanted` is before `since`, or people of the past.
    """

    LOADED = "loaded"
    REPLACED = "replaced"
    LANDED = "landed"
    ASKED = "asked"
    MISSING = "missing"
    PENDING = "pending"
    UNWANTED = "unwanted"


IS_LOADED = frozenset({State.LOADED, State.REPLACED})
IS_GAP = frozenset({State.LANDED, State.ASKED, State.MISSING})


@dataclass(frozen=True, slots=True)
class Cell:
    """One interval of one series.

    `since` is the moment from which on it is a gap, None if it is none. `is_backfill`: it is so
    old that live traffic goes first.
    """

    series: Series
    interval: Interval
    state: State
    since: datetime | None = None
    asked_at: datetime | None = None
    is_backfill: bool = False


class Survey:
    """Every interval at one moment, as bucket, ledger and plans tell."""

    def __init__(self, policy: Policy, now: datetime, known: Known) -> None:
        self._policy, self._now = policy, now
        self._due = {series: list(due(policy, series, now)) for series in policy.lengths}
        self._versions: dict[Series, dict[Interval, set[int]]] = defaultdict(dict)
        for name in known.loaded:
            self._versions[name.series].setdefault(name.interval, set()).add(name.version)
        self._behind = _behind(known, self._versions)
        # Of one length, only the same interval overlaps; those of another length are few.
        self._odd = {
            series: [
                each
                for each in self._behind[series].values()
                if each.name.interval.length != length
            ]
            for series, length in policy.lengths.items()
        }
        self._asked = _asked(policy, now, known)
        landed: dict[Series, set[Interval]] = defaultdict(set)
        for each in known.landed:
            landed[each.name.series].add(each.name.interval)
        self._loaded, self._present = {}, {}
        for series, length in policy.lengths.items():
            loaded = set(self._versions[series])
            self._loaded[series] = Coverage(loaded, length)
            self._present[series] = Coverage(loaded | landed[series], length)

    def due(self) -> Iterator[Cell]:
        """Every interval that should be loaded by now, series by series, newest first."""
        for series, intervals in self._due.items():
            for interval in intervals:
                yield self._due_cell(series, interval)

    def days(self, series: Series, days: int) -> Iterator[Cell]:
        """Every interval of today and of the days before, `days` UTC days in all, newest first.

        Also those that are not due yet, until midnight, and those that nobody wants.
        """
        day = timedelta(days=1)
        until = aligned(self._now, day) + day
        starts = [interval.start for interval in self._due[series]]
        oldest, newest = (starts[-1], starts[0]) if starts else (until, until)
        for interval in newest_first(until - days * day, until, self._policy.lengths[series]):
            if oldest <= interval.start <= newest:
                yield self._due_cell(series, interval)
            elif versions := self._versions[series].get(interval):
                yield Cell(series, interval, _loaded(versions))
            else:
                is_past = interval.end <= self._now - self._policy.settle
                yield Cell(series, interval, State.UNWANTED if is_past else State.PENDING)

    def _due_cell(self, series: Series, interval: Interval) -> Cell:
        is_backfill = interval.end <= self._now - self._policy.heal_horizon
        due_at = interval.end + self._policy.settle
        if not _is_covered(self._present[series], interval):
            times = [at for at, asked in self._asked[series] if asked.overlaps(interval)]
            state = State.ASKED if times else State.MISSING
            asked_at = max(times, default=None)
            return Cell(series, interval, state, due_at, asked_at, is_backfill)
        behind = self._behind_of(series, interval)
        if not behind:
            return Cell(series, interval, _loaded(self._versions[series].get(interval)))
        # Nobody has waited for a newer version, nor for a backfill, since the interval ended.
        is_news = is_backfill or _is_covered(self._loaded[series], interval)
        since = min(each.landed_at for each in behind) if is_news else due_at
        return Cell(series, interval, State.LANDED, since, None, is_backfill)

    def _behind_of(self, series: Series, interval: Interval) -> list[Landed]:
        exact = self._behind[series].get(interval)
        if exact:
            return [exact]
        return [each for each in self._odd[series] if each.name.interval.overlaps(interval)]


def _behind(
    known: Known, versions: dict[Series, dict[Interval, set[int]]]
) -> dict[Series, dict[Interval, Landed]]:
    """The newest landed version of each interval, where that is newer than what is loaded."""
    newest: dict[Series, dict[Interval, Landed]] = defaultdict(dict)
    for landed in sorted(known.landed, key=lambda landed: landed.name):
        newest[landed.name.series][landed.name.interval] = landed
    return defaultdict(
        dict,
        {
            series: {
                interval: landed
                for interval, landed in of_series.items()
                if landed.name.version > max(versions[series].get(interval, {0}))
            }
            for series, of_series in newest.items()
        },
    )


def _asked(
    policy: Policy, now: datetime, known: Known
) -> dict[Series, list[tuple[datetime, Interval]]]:
    """What was asked for and may still be under way, and when it was."""
    asked: dict[Series, list[tuple[datetime, Interval]]] = defaultdict(list)
    for plan in known.plans:
        if plan.fate == "published" and abs(now - plan.at) < policy.heal_after:
            for request in plan.requests:
                asked[request.series].append((plan.at, request.interval))
    return asked


def _is_covered(coverage: Coverage, interval: Interval) -> bool:
    return next(coverage.uncovered(interval), None) is None


def _loaded(versions: Iterable[int] | None) -> State:
    return State.REPLACED if len(set(versions or ())) > 1 else State.LOADED
