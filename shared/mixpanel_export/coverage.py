"""Which stretches of processing time are covered, by intervals of whatever length."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Iterator
from datetime import timedelta

from mixpanel_export.intervals import MINUTE, Interval, newest_first


class Coverage:
    """Known intervals of one series, to be found by any interval that overlaps them.

    Most are of one `length`, and are then found at once.
    """

    def __init__(self, intervals: Collection[Interval], length: timedelta = timedelta()) -> None:
        self._intervals = intervals
        self._others = sorted(known for known in intervals if known.length != length)
        self._starts = [known.start for known in self._others]
        self._longest = max((known.length for known in self._others), default=length)

    def overlapping(self, interval: Interval) -> list[Interval]:
        """The known intervals that overlap this one; itself first, if it is known."""
        same = [interval] if interval in self._intervals else []
        if not self._others:
            return same
        first = bisect_left(self._starts, interval.start - self._longest)
        last = bisect_left(self._starts, interval.end)
        near = self._others[first:last]
        return same + [known for known in near if known.overlaps(interval) and known != interval]

    def uncovered(self, interval: Interval) -> Iterator[Interval]:
        """The whole interval, or the parts of it that nothing covers.

        There are parts only after a change of the interval's length: the whole would double
        what has landed. Their length divides all lengths involved, so that each of them lies
        either inside a known interval or outside of all.
        """
        if interval in self._intervals:
            return
        known = self.overlapping(interval)
        minutes = math.gcd(*(one.length // MINUTE for one in (interval, *known)))
        for part in newest_first(interval.start, interval.end, minutes * MINUTE):
            if not any(map(part.overlaps, known)):
                yield part

    def touches(self, interval: Interval) -> bool:
        """Whether any of it is covered."""
        return bool(self.overlapping(interval))
