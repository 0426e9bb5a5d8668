"""What Mixpanel was asked in the last hour, of what it answers in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mixpanel_export.budget import Budget
from mixpanel_export.intervals import HOUR, epoch_us
from mixpanel_export.naming import ObjectName
from mixpanel_export.planning import LEASE
from mixpanel_export.plans import Plan
from mixpanel_export.reconciling import Known, Policy
from mixpanel_export.series import Family

_FAMILIES: tuple[Family, ...] = ("export", "query")


@dataclass(frozen=True, slots=True)
class Spending:
    """Requests of the last hour to one API family.

    `planned` were published by the planner, `by_hand` by people: of these only those are known
    that landed. The planner keeps to `limit`.
    """

    family: Family
    planned: int
    by_hand: int
    limit: int

    @property
    def total(self) -> int:
        """All that is known of: not retries, pages of people, other users of the project."""
        return self.planned + self.by_hand


def spending_of(policy: Policy, now: datetime, known: Known) -> list[Spending]:
    """What each API family that is in use was asked in the hour before this moment."""
    budget = Budget(policy.requests_per_hour, policy.lengths, known.plans, now)
    by_hand = Counter(
        each.name.series.family
        for each in known.landed
        if timedelta(0) <= now - each.landed_at < HOUR and not _is_planned(each.name, known.plans)
    )
    used = {series.family for series in policy.lengths}
    return [
        Spending(family, budget.spent(family), by_hand[family], policy.requests_per_hour)
        for family in _FAMILIES
        if family in used
    ]


def _is_planned(name: ObjectName, plans: Iterable[Plan]) -> bool:
    """Whether a call of the planner asked for this version; versions are moments of asking."""
    asked_at = timedelta(microseconds=name.version)
    return any(
        timedelta(0) <= asked_at - timedelta(microseconds=epoch_us(plan.made_at)) < LEASE
        and any(
            (each.series, each.interval) == (name.series, name.interval) for each in plan.requests
        )
        for plan in plans
    )
