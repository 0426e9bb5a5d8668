"""What should be loaded, what is, and therefore what to ask for.

Pure: the planner, its dry run and an operator's status come to the same conclusions.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from mixpanel_export.budget import Budget
from mixpanel_export.coverage import Coverage
from mixpanel_export.intervals import DAY, HOUR, Interval, aligned, epoch_us, newest_first
from mixpanel_export.messages import ExportRequest, Origin
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.plans import Plan
from mixpanel_export.series import (
    CHANGES,
    FAMILIES,
    RECENT,
    SERIES,
    SNAPSHOT,
    SWEEP,
    Family,
    Series,
)
from mixpanel_export.settings import PlannerSettings

MEMORY = DAY
"""How far plans are looked back on, and how long a landed object is announced again."""

_URGENCY: dict[Origin, int] = {"schedule": 0, "verify": 1, "heal": 2, "replay": 2, "backfill": 3}
_SWEEP_SETTLES = DAY / 2  # Imports become visible late, and a sweep is taken once.
_MOST_RELOADS = 60  # A tick; BigQuery takes 1,500 load jobs a day for a table.


@dataclass(frozen=True, slots=True)
class Policy:
    """What is wanted: of which series, in intervals of which length, and since when.

    `since` is UTC; `verify_after` is None when there is no second look. `requests_per_hour` is
    the budget of each Mixpanel API family.
    """

    lengths: dict[Series, timedelta]
    since: datetime
    settle: timedelta
    verify_after: timedelta | None
    heal_after: timedelta
    reload_after: timedelta
    heal_horizon: timedelta
    requests_per_hour: int

    @classmethod
    def of(cls, settings: PlannerSettings) -> Self:
        """The policy that the settings describe."""
        modes: dict[Series, timedelta | None] = {
            RECENT: settings.interval,
            SWEEP: DAY if settings.sweep_days else None,
            SNAPSHOT: settings.people_snapshot,
            CHANGES: settings.people_changes,
        }
        return cls(
            lengths={
                series: length
                for series, length in modes.items()
                if length and series.table in settings.tables
            },
            since=settings.export_since,
            settle=settings.settle,
            verify_after=settings.verify_after,
            heal_after=settings.heal_after,
            reload_after=settings.reload_after,
            heal_horizon=settings.heal_horizon,
            requests_per_hour=settings.requests_per_hour,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What has become of earlier requests, as bucket, ledger and plans tell."""

    landed: Sequence[Landed]
    confirmed: Collection[ObjectName]
    loaded: Collection[ObjectName]
    plans: Sequence[Plan]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to publish now, and why.

    `gaps` are what should have landed and has not, whether or not it was asked for; `wanted` the
    requests that would be made if there were no budget, the most urgent first; `requests` those
    of them that the budget has room for. `unloaded` landed at least `reload_after` ago. `spent`
    are the requests of the last hour, these included.
    """

    gaps: tuple[ExportRequest, ...]
    wanted: tuple[ExportRequest, ...]
    requests: tuple[ExportRequest, ...]
    unloaded: tuple[Landed, ...]
    reloads: tuple[Landed, ...]
    spent: Mapping[Family, int]


def decide(policy: Policy, now: datetime, known: Known) -> Decision:
    """What to ask for at this moment.

    A gap is wanted unless it was asked for less than `heal_after` ago; the wait doubles each
    time that was in vain. An object that landed and is not loaded is announced again when it is
    `reload_after` old, and twice that, and so on for a day; then its interval is fetched again.
    """
    gaps = tuple(_gaps(policy, now, known))
    unloaded = tuple(unloaded_of(policy, now, known))
    fetched_again = (*_second_looks(policy, now, known), *_given_up(unloaded, now))
    wanted = _wanted(policy, now, known.plans, (*gaps, *_last_of_each(fetched_again)))
    budget = Budget(policy.requests_per_hour, policy.lengths, known.plans, now)
    requests = tuple(request for request in wanted if budget.affords(request))
    return Decision(
        gaps=gaps,
        wanted=wanted,
        requests=requests,
        unloaded=unloaded,
        reloads=tuple(_reloads(policy, unloaded, now, known.plans))[:_MOST_RELOADS],
        spent={family: budget.spent(family) for family in FAMILIES},
    )


def _last_of_each(requests: Iterable[ExportRequest]) -> Iterable[ExportRequest]:
    """One request for each interval of a series; of several the last one."""
    return {(request.series, request.interval): request for request in requests}.values()


def _wanted(
    policy: Policy, now: datetime, plans: Sequence[Plan], requests: Iterable[ExportRequest]
) -> tuple[ExportRequest, ...]:
    """Those that were not asked for lately, the most urgent first."""
    asked = {series: Asked(policy, series, now, plans) for series in SERIES}

    def urgency(request: ExportRequest) -> tuple[int, bool, timedelta]:
        was_asked = request.interval in asked[request.series].ages
        return _URGENCY[request.origin], was_asked, now - request.interval.end

    return tuple(
        sorted(
            (each for each in requests if not asked[each.series].lately.touches(each.interval)),
            key=urgency,
        )
    )


def due(policy: Policy, series: Series, now: datetime) -> Iterator[Interval]:
    """Every interval of the series that should be loaded by now, newest first."""
    since = wanted_since(policy, series, now)
    return newest_first(since, now - settle_delay(policy, series), policy.lengths[series])


def wanted_since(policy: Policy, series: Series, now: datetime) -> datetime:
    """Since when intervals of the series are wanted.

    People are always exported as of now, so the past cannot be had: of snapshots only the newest
    is wanted, of changes those within the heal horizon.
    """
    if series == SNAPSHOT:
        length = policy.lengths[series]
        return aligned(now - settle_delay(policy, series), length) - length
    if series == CHANGES:
        return max(policy.since, now - policy.heal_horizon)
    return policy.since


def settle_delay(policy: Policy, series: Series) -> timedelta:
    """How long after its end an interval of the series is due."""
    return max(policy.settle, _SWEEP_SETTLES) if series == SWEEP else policy.settle


def _gaps(policy: Policy, now: datetime, known: Known) -> Iterator[ExportRequest]:
    covered: dict[Series, set[Interval]] = defaultdict(set)
    for name in (*(landed.name for landed in known.landed), *known.loaded):
        covered[name.series].add(name.interval)
    for series, length in policy.lengths.items():
        coverage = Coverage(covered[series], length)
        for interval in due(policy, series, now):
            for part in coverage.uncovered(interval):
                yield ExportRequest(series, part, _origin(policy, series, part, now))


class Asked:
    """What was asked for of one series: how long ago each time, and what may be under way.

    `first` is when, as far as plans are looked back on; None if nothing was.
    """

    def __init__(
        self, policy: Policy, series: Series, now: datetime, plans: Iterable[Plan]
    ) -> None:
        self.ages: dict[Interval, list[timedelta]] = defaultdict(list)
        for plan in plans:
            if plan.fate == "published" and abs(now - plan.at) < MEMORY:
                for request in plan.requests:
                    if request.series == series:
                        self.ages[request.interval].append(abs(now - plan.at))
        oldest = max((max(ages) for ages in self.ages.values()), default=None)
        self.first = None if oldest is None else now - oldest
        self.lately = Coverage(
            {
                interval
                for interval, ages in self.ages.items()
                if min(ages) < policy.heal_after * 2 ** (len(ages) - 1)
            }
        )


def _origin(policy: Policy, series: Series, part: Interval, now: datetime) -> Origin:
    """What has become due in the last hour, or is the newest, comes on schedule."""
    watermark = now - settle_delay(policy, series)
    if part.end > watermark - max(policy.lengths[series], HOUR):
        return "schedule"
    return "heal" if part.end > now - policy.heal_horizon else "backfill"


def _second_looks(policy: Policy, now: datetime, known: Known) -> Iterator[ExportRequest]:
    """Intervals that nobody has looked at since `verify_after` has passed.

    A gap that was healed later than that needs no second look, nor does a replayed interval.
    """
    if policy.verify_after is None or RECENT not in policy.lengths:
        return
    newest: dict[Interval, int] = {}
    for name in (*(landed.name for landed in known.landed), *known.loaded, *known.confirmed):
        if name.series == RECENT:
            newest[name.interval] = max(name.version, newest.get(name.interval, 0))
    for interval, version in newest.items():
        due_at = interval.end + policy.verify_after
        is_due = version < epoch_us(due_at) and due_at <= now
        is_within = policy.since <= interval.start and interval.end > now - policy.heal_horizon
        if is_due and is_within:
            yield ExportRequest(RECENT, interval, "verify")


def unloaded_of(policy: Policy, now: datetime, known: Known) -> Iterator[Landed]:
    """The newest landed version of each wanted interval, where that is not loaded in time."""
    loaded: dict[tuple[Series, Interval], int] = {}
    for name in known.loaded:
        key = name.series, name.interval
        loaded[key] = max(name.version, loaded.get(key, 0))
    newest: dict[tuple[Series, Interval], Landed] = {}
    for landed in sorted(known.landed, key=lambda landed: landed.name):
        newest[landed.name.series, landed.name.interval] = landed
    since = {series: wanted_since(policy, series, now) for series in policy.lengths}
    for key, landed in newest.items():
        is_wanted = landed.name.interval.start >= since.get(landed.name.series, now)
        is_late = now - landed.landed_at >= policy.reload_after
        if is_wanted and is_late and landed.name.version > loaded.get(key, 0):
            yield landed


def _given_up(unloaded: Iterable[Landed], now: datetime) -> Iterator[ExportRequest]:
    """Intervals whose objects were announced again in vain for a day."""
    for landed in unloaded:
        if now - landed.landed_at >= MEMORY:
            yield ExportRequest(landed.name.series, landed.name.interval, "replay")


def _reloads(
    policy: Policy, unloaded: Iterable[Landed], now: datetime, plans: Iterable[Plan]
) -> Iterator[Landed]:
    """What has become due for an announcement since its last one, the newest first."""
    announced: dict[str, datetime] = {}
    for plan in plans:
        if plan.fate == "published":
            for path in plan.reloads:
                announced[path] = max(plan.at, announced.get(path, plan.at))
    for landed in sorted(unloaded, key=lambda landed: landed.name.interval, reverse=True):
        age = now - landed.landed_at
        doublings = math.floor(math.log2(age / policy.reload_after))
        due_at = landed.landed_at + policy.reload_after * 2**doublings
        if age < MEMORY and announced.get(landed.name.path, landed.landed_at) < due_at:
            yield landed
