"""The planner's next tick, without its effects: what it would ask Mixpanel, and what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from mixpanel_export.budget import Budget
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import Landed
from mixpanel_export.planning import LEASE, Situation
from mixpanel_export.plans import Plan
from mixpanel_export.queries import ENGAGE_PATH, EXPORT_PATH, Project
from mixpanel_export.reconciling import decide
from mixpanel_export.series import FAMILIES, Family


@dataclass(frozen=True, slots=True)
class Call:
    """What a request will ask Mixpanel, without credentials.

    `url` has every parameter but `where`, which is None when nothing is selected. The first
    page of people stands for all.
    """

    request: ExportRequest
    method: str
    url: str
    where: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a tick takes from the budget of one API family.

    `spent` was asked in the hour before, `asked` would be now, `waiting` finds no room.
    """

    family: Family
    spent: int
    asked: int
    waiting: int
    limit: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a tick at this moment would do, the most urgent first.

    It would do nothing but wait while there is an `open_plan`.
    """

    at: datetime
    open_plan: Plan | None
    calls: tuple[Call, ...]
    waiting: tuple[ExportRequest, ...]
    reloads: tuple[Landed, ...]
    costs: tuple[Cost, ...]


def preview(situation: Situation, project: Project, at: datetime) -> Preview:
    """The next tick, if it came at this moment and found this situation.

    Raises:
        Setup: the fetcher's settings do not allow what the planner's want.
    """
    policy, known = situation.policy, situation.known
    decision = decide(policy, at, known)
    made = set(decision.requests)
    waiting = tuple(request for request in decision.wanted if request not in made)
    budget = Budget(policy.requests_per_hour, policy.lengths, known.plans, at)
    asked, left = _by_family(decision.requests), _by_family(waiting)
    used = {series.family for series in policy.lengths}
    costs = tuple(
        Cost(family, budget.spent(family), asked[family], left[family], policy.requests_per_hour)
        for family in FAMILIES
        if family in used
    )
    calls = tuple(call_of(request, project, at) for request in decision.requests)
    return Preview(at, open_plan(situation, at), calls, waiting, decision.reloads, costs)


def open_plan(situation: Situation, at: datetime) -> Plan | None:
    """The plan whose call still publishes, or has died: until `LEASE` later none follows it."""
    plans = situation.known.plans
    waited_for = (plan for plan in plans if plan.fate == "open" and abs(at - plan.made_at) < LEASE)
    return next(waited_for, None)


def call_of(request: ExportRequest, project: Project, at: datetime) -> Call:
    """What the fetcher will ask for this request, if that happens at this moment.

    Raises:
        Setup: the fetcher's settings do not allow it.
    """
    series, interval = request.series, request.interval
    if series.family == "export":
        query = project.export(series, interval, at)
        where, url = query.pop("where", None), project.export_url + EXPORT_PATH
        return Call(request, "GET", f"{url}?{urlencode(query)}", where)
    where = project.engage(series, interval, None).get("where")
    query = {"project_id": project.project_id}
    return Call(request, "POST", f"{project.query_url}{ENGAGE_PATH}?{urlencode(query)}", where)


def grouped(requests: Sequence[ExportRequest]) -> list[tuple[str, list[ExportRequest]]]:
    """Requests by origin and series, each group under its name, in order of first sight."""
    groups: dict[str, list[ExportRequest]] = {}
    for request in requests:
        groups.setdefault(f"{request.origin} of {request.series}", []).append(request)
    return list(groups.items())


def _by_family(requests: Iterable[ExportRequest]) -> Counter[Family]:
    return Counter(request.series.family for request in requests)
