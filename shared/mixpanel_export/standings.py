"""How each interval that is due stands: whether analysts see it, and since when they miss it.

Pure: the planner's log and an operator's status come to the same conclusions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain

from mixpanel_export.coverage import Coverage
from mixpanel_export.intervals import Interval, aligned, epoch_us, newest_first
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.reconciling import Asked, Known, Policy, settle_delay, wanted_since
from mixpanel_export.series import Series

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one interval that is due stands.

    `since` is the moment from which on it is a gap, None if it is none: `is_missing` when not
    all of it has landed or been loaded, otherwise something newer than what is loaded waits in
    the bucket. `is_awaited`: it is missing, but the backfill has not come to it yet.
    `is_visible`: analysts see some version of it.
    """

    since: datetime | None = None
    is_missing: bool = False
    is_awaited: bool = False
    is_visible: bool = False


SEEN = Standing(is_visible=True)


class Standings:
    """Every interval of one series, as bucket, ledger and plans tell.

    `known` and `gaps` are of this series alone.
    """

    def __init__(
        self,
        policy: Policy,
        series: Series,
        now: datetime,
        known: Known,
        *,
        gaps: Collection[Interval],
        exported_since: datetime,
    ) -> None:
        self._now, self._length = now, policy.lengths[series]
        self._settle, self._exported_since = settle_delay(policy, series), exported_since
        self._since = _first_bound(wanted_since(policy, series, now), self._length)
        self._until = aligned(now - self._settle, self._length)
        self.newest = _newest(known.loaded)
        self._loaded = Coverage(self.newest, self._length)
        self._waiting = _waiting(known.landed, self.newest)
        self._waiting_near = Coverage(self._waiting, self._length)
        self._gaps, self._missing = gaps, Coverage(gaps, self._length)
        self._arrivals = Arrivals(chain(known.loaded, (each.name for each in known.landed)), now)
        self._first_asked = Asked(policy, series, now, known.plans).first

    def of(self, interval: Interval) -> Standing:
        """How this one stands; it is due."""
        if self._missing.touches(interval):
            is_awaited = self._is_awaited(interval)
            since = None if is_awaited else self._gap_since(interval)
            return Standing(since, is_missing=True, is_awaited=is_awaited)
        waiting = [self._waiting[near] for near in self._waiting_near.overlapping(interval)]
        if not waiting:
            return SEEN
        is_visible = next(self._loaded.uncovered(interval), None) is None
        since = min(waiting) if is_visible else self._gap_since(interval)
        return Standing(since, is_visible=is_visible)

    def gaps(self) -> dict[Interval, Standing]:
        """All that are due and are gaps."""
        around = (due for near in chain(self._gaps, self._waiting) for due in self._due(near))
        return {
            interval: standing
            for interval in around
            if (standing := self.of(interval)).since is not None
        }

    def complete_until(self, gaps: Mapping[Interval, Standing]) -> datetime | None:
        """Up to where analysts see everything that a backfill has come to; None if nowhere.

        `gaps` are all there are.
        """
        unseen = (interval.start for interval, each in gaps.items() if not each.is_visible)
        until = min(unseen, default=self._until)
        if until > self._since and self.of(Interval(until - self._length, until)).is_visible:
            return until
        oldest = self._since if self._since < self._until else self._now
        return max((one.end for one in self.newest if one.end <= oldest), default=None)

    def loaded_until(self) -> datetime | None:
        """Where the newest loaded interval ends; None if nothing is loaded."""
        return max((interval.end for interval in self.newest), default=None)

    def expected_since(self) -> datetime:
        """As long as nothing is loaded: since when something should be, or will be."""
        oldest_due_at = self._since + self._length + self._settle
        return self._reached(oldest_due_at, self._now)

    def _due(self, near: Interval) -> Iterator[Interval]:
        """The intervals of the series' own length that are due and hold some of this one."""
        if near.length == self._length:  # Of two years these are many.
            is_due = self._since <= near.start and near.end <= self._until
            return iter([near] * is_due)
        since = max(self._since, aligned(near.start, self._length))
        until = min(self._until, _first_bound(near.end, self._length))
        return newest_first(since, until, self._length)

    def _is_awaited(self, interval: Interval) -> bool:
        """A backfill goes back in time, so that what it has yet to fetch is older than the rest.

        As long as there is nothing of the series at all, only what a wish asks for is awaited.
        """
        if not self._arrivals:
            return interval.end <= self._exported_since
        return self._arrivals.before(interval.start) is None

    def _gap_since(self, interval: Interval) -> datetime:
        """When it was due, or when the backfill came to what is older, and passed it by."""
        return self._reached(interval.end + self._settle, interval.start)

    def _reached(self, due_at: datetime, start: datetime) -> datetime:
        """The later one of when something was due, and when what starts so early was asked for.

        What landed tells when that was. As long as nothing has, plans do, for a day: what is
        asked for the first time is not late.
        """
        asked_at = self._arrivals.before(start) if self._arrivals else self._first_asked
        return max(due_at, asked_at or due_at)


def standings_of(
    policy: Policy,
    now: datetime,
    known: Known,
    gaps: Iterable[ExportRequest],
    exported_since: datetime,
) -> dict[Series, Standings]:
    """The standings of every series that is wanted.

    `gaps` are those that the planner finds; `exported_since` is EXPORT_SINCE, and a wish may want
    more than that.
    """
    landed: dict[Series, list[Landed]] = defaultdict(list)
    loaded: dict[Series, list[ObjectName]] = defaultdict(list)
    missing: dict[Series, set[Interval]] = defaultdict(set)
    for each in known.landed:
        landed[each.name.series].append(each)
    for name in known.loaded:
        loaded[name.series].append(name)
    for gap in gaps:
        missing[gap.series].add(gap.interval)
    return {
        series: Standings(
            policy,
            series,
            now,
            Known(landed[series], (), loaded[series], known.plans),
            gaps=missing[series],
            exported_since=exported_since,
        )
        for series in policy.lengths
    }


class Arrivals:
    """When exports of each stretch of the past were first asked for, by their versions."""

    def __init__(self, names: Iterable[ObjectName], now: datetime) -> None:
        firsts: dict[datetime, int] = {}
        for name in names:
            start = name.interval.start
            firsts[start] = min(name.version, firsts.get(start, name.version))
        self._starts = sorted(firsts)
        self._firsts = list(accumulate((firsts[start] for start in self._starts), min))
        self._now = epoch_us(now)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def before(self, start: datetime) -> datetime | None:
        """The first one of an interval that starts then or earlier; None if there is none."""
        count = bisect_right(self._starts, start)
        if not count:
            return None
        return _EPOCH + timedelta(microseconds=min(self._now, self._firsts[count - 1]))


def _first_bound(since: datetime, length: timedelta) -> datetime:
    """The first bound between intervals of this length that is not before the moment."""
    bound = aligned(since, length)
    return bound if bound == since else bound + length


def _newest(loaded: Iterable[ObjectName]) -> dict[Interval, int]:
    """The newest loaded version of each interval."""
    newest: dict[Interval, int] = {}
    for name in loaded:
        newest[name.interval] = max(name.version, newest.get(name.interval, 0))
    return newest


def _waiting(landed: Iterable[Landed], loaded: Mapping[Interval, int]) -> dict[Interval, datetime]:
    """Since when something newer than what is loaded has waited in the bucket."""
    waiting: dict[Interval, datetime] = {}
    for each in landed:
        interval, at = each.name.interval, each.landed_at
        if each.name.version > loaded.get(interval, 0):
            waiting[interval] = min(at, waiting.get(interval, at))
    return waiting
