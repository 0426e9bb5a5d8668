"""The settings that are taken, against the budget and the planner that have to live with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from mixpanel_export.budget import Budget
from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval, aligned
from mixpanel_export.messages import ExportRequest, Origin
from mixpanel_export.naming import Landed
from mixpanel_export.plans import Plan
from mixpanel_export.reconciling import Decision, Policy, decide, due
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from mixpanel_export.settings import PlannerSettings
from tests.unit.reconciling_rig import NOW, known, landed, plan
from tests.unit.test_planner_rules import ENVIRONMENTS, PLANNER, problems

MODES = {
    RECENT: "INTERVAL_MINUTES",
    SNAPSHOT: "PEOPLE_SNAPSHOT_MINUTES",
    CHANGES: "PEOPLE_CHANGES_MINUTES",
}
ORIGINS: tuple[Origin, ...] = ("schedule", "verify", "heal")


def minutes_of(env: dict[str, str]) -> dict[Series, int]:
    """How long the intervals of each series are that is wanted."""
    minutes = {series: int(env[name]) for series, name in MODES.items()}
    minutes[SWEEP] = 0 if env["SWEEP_DAYS"] == "0" else 24 * 60
    tables = env["TABLES"].split(",")
    return {series: n for series, n in minutes.items() if n and series.table in tables}


def an_hours_requests(env: dict[str, str], origin: Origin) -> Iterator[ExportRequest]:
    """The most of this origin that one hour may bring; of gaps, one of each family."""
    families = set()
    for series, minutes in minutes_of(env).items():
        interval = Interval(aligned(NOW, DAY), aligned(NOW, DAY) + minutes * MINUTE)
        is_new = series.family not in families
        families.add(series.family)
        times = {
            "schedule": -(-60 // minutes),
            "verify": -(-60 // minutes) * (series == RECENT and env["VERIFY_AFTER_HOURS"] != "0"),
            "heal": int(is_new),
        }
        yield from [ExportRequest(series, interval, origin)] * times[origin]


@given(ENVIRONMENTS, st.permutations(ORIGINS))
def test_the_budget_pays_for_what_is_taken_and_nothing_else(
    env: dict[str, str], order: list[Origin]
) -> None:
    """All that an hour brings and one gap, whichever comes first; what it cannot is refused."""
    lengths = {series: minutes * MINUTE for series, minutes in minutes_of(env).items()}
    budget = Budget(int(env["REQUESTS_PER_HOUR"]), lengths, (), NOW)

    unpaid = [
        request
        for origin in order
        for request in an_hours_requests(env, origin)
        if not budget.affords(request)
    ]

    refused = [problem for problem in problems(env) if "requests an hour, more than" in problem]
    event("too much" if unpaid else "affordable")
    assert bool(unpaid) == bool(refused)
    tables = {"events" if "export" in problem else "people" for problem in refused}
    assert {request.series.table for request in unpaid} == tables


def hours_of(env: dict[str, str], hours: int = 30) -> Iterator[Decision]:
    """What hourly ticks decide, when the last day is loaded and everything older is a gap.

    Whatever is asked for is loaded by the next tick.
    """
    settings = PlannerSettings.from_env(PLANNER | {"EXPORT_SINCE": "2026-11-17"} | env)
    policy = Policy.of(settings)
    there: list[Landed] = [
        landed(interval, interval.end + policy.settle, series)
        for series in policy.lengths
        for interval in due(policy, series, NOW)
        if interval.end > NOW - DAY
    ]
    plans: list[Plan] = []
    for hour in range(1, hours + 1):
        now = NOW + hour * HOUR
        loaded = [one.name for one in there]
        decision = decide(policy, now, known(landed=there, loaded=loaded, plans=plans))
        yield decision
        plans.append(replace(plan(*decision.requests, at=now), number=hour))
        there += [landed(made.interval, now, made.series) for made in decision.requests]


@pytest.mark.parametrize(
    ("budget", "env"),
    [
        pytest.param(4, {}, id="the defaults"),
        pytest.param(4, {"INTERVAL_MINUTES": "90"}, id="no interval in some hours"),
        pytest.param(6, {"INTERVAL_MINUTES": "48"}, id="two intervals in some hours"),
        pytest.param(6, {"INTERVAL_MINUTES": "30"}, id="two intervals in every hour"),
        pytest.param(5, {"INTERVAL_MINUTES": "30", "SWEEP_DAYS": "0"}, id="no sweep"),
        pytest.param(
            5, {"INTERVAL_MINUTES": "20", "VERIFY_AFTER_HOURS": "0"}, id="no second looks"
        ),
        pytest.param(
            5, {"TABLES": "people", "PEOPLE_CHANGES_MINUTES": "20"}, id="snapshots and changes"
        ),
    ],
)
def test_the_smallest_budget_that_is_taken_keeps_up(budget: int, env: dict[str, str]) -> None:
    """Hour by hour: nothing that has become due is left, second looks too, and a gap is healed."""
    env = {"TABLES": "events", "REQUESTS_PER_HOUR": str(budget)} | env
    assert [] != problems(env | {"REQUESTS_PER_HOUR": str(budget - 1)})

    left, healed, looks = [], [], 0
    for decision in hours_of(env):
        waiting = decision.wanted[len(decision.requests) :]
        assert decision.requests + waiting == decision.wanted
        left += [request for request in waiting if request.origin != "heal"]
        healed.append(sum(request.origin == "heal" for request in decision.requests))
        looks += sum(request.origin == "verify" for request in decision.requests)

    assert [] == left
    assert 1 == min(healed)
    minutes = int(env.get("INTERVAL_MINUTES", 60))
    has_looks = env["TABLES"] == "events" and env.get("VERIFY_AFTER_HOURS") != "0"
    assert (30 * 60 // minutes if has_looks else 0) == looks
