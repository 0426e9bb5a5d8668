"""How many requests may still be made of Mixpanel this hour.

Mixpanel answers 60 an hour for each API family, to everybody who asks for the project
(docs.mixpanel.com/reference/rate-limits); the planner keeps to a part of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from mixpanel_export.intervals import HOUR, MINUTE, most_an_hour
from mixpanel_export.messages import ExportRequest
from mixpanel_export.plans import Plan
from mixpanel_export.series import FAMILIES, Family, Series

_HOUR_OF_TICKS = HOUR - 5 * MINUTE


class Budget:
    """The room left for requests, of which what comes on schedule is never deprived.

    The hour is a rolling one, and a little less than one, so that hourly ticks may jitter. Plans
    count whatever became of them, as some of their requests may have been published; only what
    comes on schedule is tried again at once, which is never much.
    """

    def __init__(
        self,
        requests_per_hour: int,
        lengths: Mapping[Series, timedelta],
        plans: Iterable[Plan],
        now: datetime,
    ) -> None:
        self._limit = requests_per_hour
        self._reserved = {family: scheduled_per_hour(lengths, family) for family in FAMILIES}
        self._spent: Counter[tuple[Family, bool]] = Counter()
        for plan in plans:
            if abs(now - plan.spent_at) < _HOUR_OF_TICKS:
                accounts = map(_account, plan.requests)
                self._spent.update(
                    (family, is_scheduled)
                    for family, is_scheduled in accounts
                    if plan.fate == "published" or not is_scheduled
                )

    def spent(self, family: Family) -> int:
        """The requests of the last hour."""
        return self._spent[family, True] + self._spent[family, False]

    def affords(self, request: ExportRequest) -> bool:
        """Whether there is room for this request; if so, it is spent."""
        family, is_scheduled = account = _account(request)
        is_room = self.spent(family) < self._limit
        if not is_scheduled:
            others = self._limit - self._reserved[family]
            is_room = is_room and self._spent[family, False] < others
        self._spent[account] += is_room
        return is_room


def scheduled_per_hour(lengths: Mapping[Series, timedelta], family: Family) -> int:
    """How many requests become due each hour, at most."""
    mine = (length for series, length in lengths.items() if series.family == family)
    return sum(map(most_an_hour, mine))


def _account(request: ExportRequest) -> tuple[Family, bool]:
    return request.series.family, request.origin == "schedule"
