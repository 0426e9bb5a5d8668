"""How far the past has come in, and when all of it will be asked for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mixpanel_export.budget import scheduled_per_hour
from mixpanel_export.intervals import HOUR
from mixpanel_export.messages import ExportRequest
from mixpanel_export.reconciling import Decision, Policy
from mixpanel_export.series import FAMILIES, RECENT, Family, Series
from mixpanel_export_cli.states import IS_LOADED, Cell, State


@dataclass(frozen=True, slots=True)
class Queue:
    """The requests for the past of one Mixpanel API family that wait for their turn.

    `ahead` are more urgent and wait, too: gaps and second looks. Of all of them `at_once` are
    asked for at the next tick; `per_hour` is the room beside what comes on schedule and the
    second looks that become due, at least 1.
    """

    family: Family
    waiting: int
    ahead: int
    at_once: int
    per_hour: int

    @property
    def lasts(self) -> timedelta:
        """How many whole hours until all that wait are asked for; none if the next tick does it.

        The budget is one of hours: what has no room now may have none until the hour is over.
        """
        left = max(0, self.ahead + self.waiting - self.at_once) if self.waiting else 0
        return math.ceil(left / self.per_hour) * HOUR


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the wanted intervals are loaded, and how many the backfill has yet to come to.

    Of those that are `awaited`, `under_way` are asked for. `since` is UTC.
    """

    since: datetime
    wanted: int
    loaded: int
    awaited: int
    under_way: int
    queues: tuple[Queue, ...]

    @property
    def open(self) -> int:
        """The intervals in gaps."""
        return self.wanted - self.loaded - self.awaited

    @property
    def percent(self) -> float:
        """How much is loaded, rounded down, so that 100 means all."""
        return math.floor(1000 * self.loaded / self.wanted) / 10 if self.wanted else 100.0

    @property
    def lasts(self) -> timedelta:
        """How long until all of the past is asked for."""
        return max((queue.lasts for queue in self.queues), default=timedelta(0))


def progress_of(policy: Policy, cells: Iterable[Cell], decision: Decision) -> Progress:
    """How far these intervals are: all that are due, and what the planner wants to ask for."""
    states: Counter[State] = Counter()
    awaited: Counter[State] = Counter()
    awaited_until: dict[Series, datetime] = {}
    for cell in cells:
        states[cell.state] += 1
        if cell.is_awaited:
            awaited[cell.state] += 1
            awaited_until.setdefault(cell.series, cell.interval.end)  # They come newest first.
    past = [
        request
        for request in decision.wanted
        if request.series in awaited_until
        and request.interval.end <= awaited_until[request.series]
    ]
    return Progress(
        since=policy.since,
        wanted=states.total(),
        loaded=sum(states[state] for state in IS_LOADED),
        awaited=awaited.total(),
        under_way=awaited[State.ASKED],
        queues=queues_of(policy, past, decision.wanted, decision.requests),
    )


def queues_of(
    policy: Policy,
    past: Iterable[ExportRequest],
    wanted: Sequence[ExportRequest] = (),
    requests: Sequence[ExportRequest] = (),
) -> tuple[Queue, ...]:
    """Where requests for the past wait among all that are wanted and those made at once.

    What comes on schedule has room of its own, and does not wait.
    """
    waiting, all_waiting, at_once = _by_family(past), _by_family(wanted), _by_family(requests)
    used = {series.family for series in policy.lengths}
    return tuple(
        Queue(
            family,
            waiting[family],
            all_waiting[family] - waiting[family],
            at_once[family],
            _room(policy, family),
        )
        for family in FAMILIES
        if family in used
    )


def _by_family(requests: Iterable[ExportRequest]) -> Counter[Family]:
    return Counter(request.series.family for request in requests if request.origin != "schedule")


def _room(policy: Policy, family: Family) -> int:
    """At least 1, which the settings see to."""
    second_looks = 0
    if policy.verify_after and RECENT in policy.lengths and family == RECENT.family:
        second_looks = math.ceil(HOUR / policy.lengths[RECENT])
    taken = scheduled_per_hour(policy.lengths, family) + second_looks
    return max(1, policy.requests_per_hour - taken)
