"""What Mixpanel was asked in the last hour, of what it answers in one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mixpanel_export.budget import Budget
from mixpanel_export.intervals import HOUR, Interval, epoch_us
from mixpanel_export.naming import ObjectName
from mixpanel_export.plans import Plan
from mixpanel_export.reconciling import Known, Policy
from mixpanel_export.series import FAMILIES, Family, Series


@dataclass(frozen=True, slots=True)
class Spending:
    """Requests of the last hour to one API family.

    `planned` were published by the planner, which keeps to `limit`. `by_hand_at_least` were
    published by people and have landed: those that failed are not known, nor those for intervals
    that nobody wants any more.
    """

    family: Family
    planned: int
    by_hand_at_least: int
    limit: int

    @property
    def at_least(self) -> int:
        """All that is known of: not retries, pages of people, other users of the project."""
        return self.planned + self.by_hand_at_least


def spending_of(policy: Policy, now: datetime, known: Known) -> list[Spending]:
    """What each API family that is in use was asked in the hour before this moment."""
    budget = Budget(policy.requests_per_hour, policy.lengths, known.plans, now)
    landed_at = {landed.name: landed.landed_at for landed in known.landed}
    by_hand = Counter(
        name.series.family
        for name in _unplanned([*landed_at, *known.confirmed], known.plans)
        if name in landed_at and now - landed_at[name] < HOUR
    )
    used = {series.family for series in policy.lengths}
    return [
        Spending(family, budget.spent(family), by_hand[family], policy.requests_per_hour)
        for family in FAMILIES
        if family in used
    ]


def _unplanned(names: Iterable[ObjectName], plans: Iterable[Plan]) -> Iterable[ObjectName]:
    """The versions that no request of a plan stands for.

    A version is the moment at which Mixpanel was asked. Each planned request stands for the first
    one after it, and for no other.
    """
    planned: dict[tuple[Series, Interval], list[int]] = defaultdict(list)
    for plan in plans:
        for request in plan.requests:
            planned[request.series, request.interval].append(epoch_us(plan.made_at))
    for name in sorted(names, key=lambda name: name.version):
        moments = planned.get((name.series, name.interval), [])
        made_at = min(moments, default=None)
        if made_at is None or made_at > name.version:
            yield name
        else:
            moments.remove(made_at)
