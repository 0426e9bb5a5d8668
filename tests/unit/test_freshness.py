"""What the planner says of each series at each tick: how far it is loaded, and how late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mixpanel_export import backfill
from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP
from tests.fakes.bucket import StoredObject
from tests.unit.planning_rig import Plan
from tests.unit.reconciling_rig import NEWEST, NOW, hours_ago

MIDNIGHT = NOW.replace(hour=0, minute=0)
YESTERDAY = Interval(MIDNIGHT - DAY, MIDNIGHT)
ALL = {RECENT: HOUR, SWEEP: DAY, SNAPSHOT: DAY, CHANGES: HOUR}


def fresh(plan: Plan) -> dict[str, dict[str, Any]]:
    """The lines of the next tick, by mode."""
    plan.journal.lines.clear()
    plan.tick()
    lines = [line for line in plan.journal.lines if line["event"] == "freshness"]
    return {line["mode"]: line for line in lines}


def ages(plan: Plan) -> tuple[int, int]:
    """How many minutes old the newest loaded event is, and the oldest gap, at the next tick."""
    line = fresh(plan)["recent"]
    return line["age_seconds"] // 60, line["gap_seconds"] // 60


def _all_is_loaded(plan: Plan) -> None:
    for n in range(24):
        plan.land(hours_ago(n))


def _one_is_missing(plan: Plan) -> None:
    for n in range(24):
        if n != 5:
            plan.land(hours_ago(n), ago=n * HOUR)


def _one_is_not_loaded(plan: Plan) -> None:
    for n in range(24):
        plan.land(hours_ago(n), ago=n * HOUR, is_loaded=n != 5)


def _a_replay_waits(plan: Plan) -> None:
    for n in range(24):
        plan.land(hours_ago(n), ago=n * HOUR)
    plan.land(hours_ago(5), ago=10 * MINUTE, is_loaded=False)


def _the_past_is_awaited(plan: Plan) -> None:
    for n in range(10):
        plan.land(hours_ago(n), ago=n * HOUR)


def _a_backfill_passed_by(plan: Plan) -> None:
    _the_past_is_awaited(plan)
    plan.land(hours_ago(20), ago=7 * MINUTE)


def _nothing_is_newer(plan: Plan) -> None:
    for n in range(4, 24):
        plan.land(hours_ago(n), ago=n * HOUR)


def _nothing_is_loaded(plan: Plan) -> None:
    for n in range(3):
        plan.land(hours_ago(n), ago=30 * MINUTE, is_loaded=False)


@pytest.mark.parametrize(
    ("happen", "age", "gap"),
    [
        pytest.param(_all_is_loaded, 16, 0, id="all is loaded"),
        pytest.param(_one_is_missing, 16, 5 * 60 + 1, id="one is missing"),
        pytest.param(_one_is_not_loaded, 16, 5 * 60 + 1, id="one is not loaded"),
        pytest.param(_a_replay_waits, 16, 10, id="a replay waits to be loaded"),
        pytest.param(_the_past_is_awaited, 16, 0, id="a backfill is under way"),
        pytest.param(_a_backfill_passed_by, 16, 7, id="a backfill passed something by"),
        pytest.param(_nothing_is_newer, 4 * 60 + 16, 3 * 60 + 1, id="four hours are missing"),
        pytest.param(_nothing_is_loaded, 30, 30, id="nothing of what landed is loaded"),
    ],
)
def test_ages_are_those_of_the_newest_and_of_the_oldest_gap(
    happen: Callable[[Plan], None], age: int, gap: int
) -> None:
    """In minutes, for a deployment that wants a day of hours."""
    plan = Plan(since=NEWEST.end - DAY)
    happen(plan)

    assert (age, gap) == ages(plan)


def test_a_first_deployment_is_not_late() -> None:
    """Yesterday was due long ago, but nobody has asked for it before; then the hours count."""
    plan = Plan(since=MIDNIGHT - DAY)

    found = [ages(plan)]
    for _ in range(3):
        plan.clock.move(HOUR.total_seconds())
        found.append(ages(plan))

    assert [(0, 0), (60, 60), (120, 120), (180, 180)] == found


def test_a_first_deployment_that_works_stays_fresh() -> None:
    """An hour later all is loaded but the hour that is just being asked for."""
    plan = Plan(since=MIDNIGHT - DAY)
    plan.tick()
    for request in plan.requests.published:
        plan.land(request.interval)
    plan.clock.move(HOUR.total_seconds())

    assert (76, 1) == ages(plan)


def test_a_deployment_that_never_works_grows_late() -> None:
    """By more than half a day, whatever is remembered of its requests."""
    plan = Plan(since=MIDNIGHT - DAY, lengths={RECENT: HOUR, SWEEP: DAY})
    found = []
    for _ in range(100):
        found.append(fresh(plan))
        plan.clock.move(HOUR.total_seconds())

    for mode in ("recent", "sweep"):
        late = [line[mode]["age_seconds"] for line in found]
        assert min(late[24:]) >= (DAY / 2 - HOUR).total_seconds()
        assert late == [line[mode]["gap_seconds"] for line in found]


def test_a_wish_makes_nothing_late() -> None:
    """What it asks for has never been asked for, and is awaited."""
    plan = Plan(since=MIDNIGHT)
    for n in range(11):
        plan.land(hours_ago(n), ago=n * HOUR)
    wish = StoredObject(backfill.encode((NOW - 30 * DAY).date()), {}, NOW)
    plan.bucket.objects[backfill.PATH] = wish

    assert (16, 0) == ages(plan)


def test_what_nobody_wants_yet_is_not_late() -> None:
    """Nothing is due before the first interval has settled."""
    plan = Plan(since=MIDNIGHT + DAY)

    assert {
        "loaded_until": None,
        "age_seconds": 0,
        "complete_until": None,
        "gap_seconds": 0,
    }.items() <= fresh(plan)["recent"].items()


def test_every_series_has_its_line() -> None:
    """Also those of which nothing has come: wanted for the first time, they are not late."""
    plan = Plan(lengths=ALL, since=MIDNIGHT - 30 * DAY)
    for n in range(48):
        plan.land(hours_ago(n), ago=n * HOUR)
    plan.land(YESTERDAY, ago=11 * HOUR, series=SNAPSHOT)
    lines = fresh(plan)

    assert [
        ("events", "recent", 16 * 60, 0),
        ("events", "sweep", 0, 0),
        ("people", "snapshot", 11 * 3600 + 16 * 60, 0),
        ("people", "changes", 0, 0),
    ] == [
        (line["table"], mode, line["age_seconds"], line["gap_seconds"])
        for mode, line in lines.items()
    ]
    assert ["2026-11-22T11:00:00Z", None, "2026-11-22T00:00:00Z", None] == [
        line["complete_until"] for line in lines.values()
    ]


def test_the_age_of_a_snapshot_does_not_end_with_its_day() -> None:
    """Only the newest is wanted; those before it tell for how long there was none."""
    plan = Plan(lengths={SNAPSHOT: DAY}, since=MIDNIGHT - 30 * DAY)
    last = Interval(MIDNIGHT - 4 * DAY, MIDNIGHT - 3 * DAY)
    plan.land(last, ago=3 * DAY - HOUR, series=SNAPSHOT)
    line = fresh(plan)["snapshot"]

    assert ("2026-11-19T00:00:00Z", 83 * 3600 + 16 * 60) == (
        line["loaded_until"],
        line["age_seconds"],
    )
    assert (11 * HOUR + MINUTE).total_seconds() == line["gap_seconds"]


def test_a_clock_that_is_behind_makes_no_age_negative() -> None:
    """What is loaded may lie in the future."""
    plan = Plan()
    _all_is_loaded(plan)
    plan.clock.move(-timedelta(minutes=40).total_seconds())

    assert (0, 0) == ages(plan)


def test_intervals_of_another_length_count_as_they_cover() -> None:
    """After a change of INTERVAL_MINUTES an hour is seen when all parts of it are loaded."""
    plan = Plan(since=NEWEST.end - 4 * HOUR)
    for n in (1, 2, 3):
        plan.land(hours_ago(n, HOUR / 2), ago=n * HOUR)
        end = hours_ago(n).end
        plan.land(Interval(end - HOUR / 2, end), ago=n * HOUR, is_loaded=n != 2)
    line = fresh(plan)["recent"]

    assert ("2026-11-22T08:00:00Z", "2026-11-22T10:00:00Z") == (
        line["complete_until"],
        line["loaded_until"],
    )
    assert 2 * 60 + 1 == line["gap_seconds"] // 60


def test_requests_of_the_hour_are_counted_by_family() -> None:
    """With those of this tick; an hour later they are spent no more."""
    plan = Plan(lengths={RECENT: HOUR, SNAPSHOT: DAY}, requests_per_hour=20)
    spent = []
    for minutes in (0, 20, 50):
        plan.clock.move(minutes * 60)
        plan.journal.lines.clear()
        plan.tick()
        line = plan.journal.lines[0]
        spent.append((line["export_spent"], line["query_spent"], line["requests_per_hour"]))

    assert [(3, 1, 20), (3, 1, 20), (1, 0, 20)] == spent
