"""How far the past has come in, and when all of it will be there."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mixpanel_export.budget import scheduled_per_hour
from mixpanel_export.intervals import HOUR
from mixpanel_export.messages import ExportRequest
from mixpanel_export.reconciling import Decision, Policy
from mixpanel_export.series import RECENT, Family
from mixpanel_export_cli.states import IS_LOADED, Cell, State


@dataclass(frozen=True, slots=True)
class Queue:
    """The requests of one Mixpanel API family that wait for their turn.

    `per_hour` is the room that the budget has for them beside what comes on schedule and the
    second looks that become due; it may be 0.
    """

    family: Family
    waiting: int
    per_hour: int

    @property
    def lasts(self) -> timedelta | None:
        """How long until all of them are made; None if there is no room for them."""
        if not self.waiting:
            return timedelta(0)
        return self.waiting * HOUR / self.per_hour if self.per_hour else None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the wanted intervals are loaded, or have at least landed.

    `under_way` are asked for and have not landed. `since` is UTC.
    """

    since: datetime
    wanted: int
    loaded: int
    landed: int
    under_way: int
    queues: tuple[Queue, ...]

    @property
    def left(self) -> int:
        """The intervals that are not loaded."""
        return self.wanted - self.loaded

    @property
    def percent(self) -> float:
        """How much is loaded, rounded down, so that 100 means all."""
        return math.floor(1000 * self.loaded / self.wanted) / 10 if self.wanted else 100.0

    @property
    def lasts(self) -> timedelta | None:
        """How long until everything is asked for; None if some of it never is."""
        waits = [queue.lasts for queue in self.queues]
        known = [wait for wait in waits if wait is not None]
        return max(known, default=timedelta(0)) if len(known) == len(waits) else None


def progress_of(policy: Policy, cells: Iterable[Cell], decision: Decision) -> Progress:
    """How far these intervals are: all that are due, and what the planner wants to ask for."""
    counts = Counter(cell.state for cell in cells)
    return Progress(
        since=policy.since,
        wanted=counts.total(),
        loaded=sum(counts[state] for state in IS_LOADED),
        landed=counts[State.LANDED],
        under_way=counts[State.ASKED],
        queues=queues_of(policy, decision.wanted),
    )


def queues_of(policy: Policy, wanted: Iterable[ExportRequest]) -> tuple[Queue, ...]:
    """Where these requests wait; what comes on schedule has room of its own and does not."""
    waiting = Counter(request.series.family for request in wanted if request.origin != "schedule")
    families: tuple[Family, ...] = ("export", "query")
    used = {series.family for series in policy.lengths}
    return tuple(
        Queue(family, waiting[family], _room(policy, family))
        for family in families
        if family in used
    )


def _room(policy: Policy, family: Family) -> int:
    second_looks = 0
    if policy.verify_after and RECENT in policy.lengths and family == RECENT.family:
        second_looks = math.ceil(HOUR / policy.lengths[RECENT])
    taken = scheduled_per_hour(policy.lengths, family) + second_looks
    return max(0, policy.requests_per_hour - taken)
