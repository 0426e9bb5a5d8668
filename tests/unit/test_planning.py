"""The planner against fakes: in which order it looks, writes, publishes, and when it gives up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mixpanel_export import backfill
from mixpanel_export.errors import ExportError, Setup, Transient
from mixpanel_export.intervals import DAY, HOUR
from mixpanel_export.messages import ExportRequest, LandedObject
from mixpanel_export.naming import ObjectName
from mixpanel_export.planning import LEASE
from mixpanel_export.series import RECENT
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.journal import Crash, Journal
from tests.unit.planning_rig import LOOKED, Plan
from tests.unit.reconciling_rig import NEWEST, NOW, POLICY, hours_ago

ALL = [("22 10:00", "schedule"), ("22 09:00", "heal"), ("22 08:00", "heal")]


@pytest.fixture(name="plan")
def _plan() -> Plan:
    return Plan()


def test_a_tick_looks_then_writes_then_publishes_then_says_so(plan: Plan) -> None:
    """The whole order of things: nothing is published unplanned, nor reported before it is out."""
    name = plan.land(hours_ago(2), ago=HOUR, is_loaded=False)
    plan.land(hours_ago(1))

    plan.planner.tick(NOW)

    assert [
        *LOOKED,
        "created plans/00000001.json",
        "published 1 reloads",
        "published 1 requests",
        "created plans/00000001.published",
        "INFO planned: planned: 1 of 1 requests, 1 reloads",
        "INFO freshness: freshness: events 4560 s",
    ] == plan.journal.entries
    assert [ExportRequest(RECENT, NEWEST, "schedule")] == plan.requests.published
    assert [LandedObject(name, "landing", 3)] == plan.landings.published
    assert {
        "severity": "INFO",
        "event": "planned",
        "message": "planned: 1 of 1 requests, 1 reloads",
        "watermark": "2026-11-22T11:01:00Z",
        "since": "2026-11-22T08:00:00Z",
        "missing": 1,
        "oldest_missing": "2026-11-22T10:00:00Z",
        "unloaded": 1,
        "oldest_unloaded": "2026-11-22T08:00:00Z",
        "requested": 1,
        "waiting": 0,
        "reloaded": 1,
        "schedule": 1,
        "heal": 0,
        "backfill": 0,
        "verify": 0,
        "replay": 0,
        "export_spent": 1,
        "query_spent": 0,
        "requests_per_hour": 40,
    } == plan.journal.lines[0]
    assert {
        "severity": "INFO",
        "event": "freshness",
        "message": "freshness: events 4560 s",
        "table": "events",
        "mode": "recent",
        "loaded_until": "2026-11-22T10:00:00Z",
        "age_seconds": 4560,
        "complete_until": None,
        "gap_seconds": 3600,
    } == plan.journal.lines[1]


def test_a_tick_with_nothing_to_do_writes_no_plan(plan: Plan) -> None:
    """Plans would otherwise pile up."""
    for n in range(3):
        plan.land(hours_ago(n))

    assert [] == plan.tick()
    assert [
        *LOOKED,
        "INFO planned: planned: 0 of 0 requests, 0 reloads",
        "INFO freshness: freshness: events 960 s",
    ] == plan.journal.entries
    assert plan.journal.lines[0]["oldest_missing"] is None


def test_a_second_tick_asks_for_nothing_twice(plan: Plan) -> None:
    """What was asked for three hours ago, and has not come, is asked for again."""
    assert ALL == plan.tick()
    assert [] == plan.tick()
    plan.clock.move((3 * HOUR).total_seconds())
    assert {start for start, _ in ALL} < {start for start, _ in plan.tick()}


def test_a_wish_for_the_past_moves_the_first_day(plan: Plan) -> None:
    """`backfill` leaves it in the bucket."""
    wish = StoredObject(backfill.encode((NOW - DAY).date()), {}, NOW)
    plan.bucket.objects[backfill.PATH] = wish

    assert ("21 00:00", "heal") == plan.tick()[-1]


def test_a_later_wish_loses_nothing(plan: Plan) -> None:
    """`EXPORT_SINCE` is kept in any case."""
    wish = StoredObject(backfill.encode((NOW + DAY).date()), {}, NOW)
    plan.bucket.objects[backfill.PATH] = wish

    assert ALL == plan.tick()


@pytest.mark.parametrize(
    "wish",
    [b"", b"[]", b"{}", b'{"since": 7}', b'{"since": "soon"}', b'{"since": "1969-12-31"}'],
)
def test_a_damaged_wish_is_for_a_person(plan: Plan, wish: bytes) -> None:
    """To go on without it would look as if there were nothing to do."""
    plan.bucket.objects[backfill.PATH] = StoredObject(wish, {}, NOW)

    with pytest.raises(Setup, match=r"backfill\.json of the bucket holds no date"):
        plan.tick()


@pytest.mark.parametrize("fault", [Transient("made up"), Setup("made up")], ids=["503", "500"])
@pytest.mark.parametrize(
    ("step", "is_late", "before"),
    [
        pytest.param("read", False, [], id="reading the wish"),
        pytest.param("list", False, LOOKED[:1], id="listing"),
        pytest.param("ledger", False, LOOKED[:4], id="reading the ledger"),
        pytest.param("create", False, LOOKED, id="writing the plan"),
        pytest.param("create", True, [*LOOKED, "created plans/00000001.json"], id="written"),
    ],
)
def test_before_publishing_a_failed_step_ends_the_tick(
    plan: Plan, step: str, is_late: bool, before: list[str], fault: ExportError
) -> None:
    """What failed is raised, nothing further is done, and nothing is said to be planned."""
    plan.journal.fail(step, fault, late=is_late)

    with pytest.raises(type(fault), match="made up"):
        plan.tick()
    assert before == plan.journal.entries


@pytest.mark.parametrize("what", ["requests", "reloads"])
def test_a_plan_that_cannot_be_published_is_abandoned(plan: Plan, what: str) -> None:
    """So the next call, a minute later, asks for all of it again."""
    plan.journal.fail(f"publish {what}", Transient("made up"), late=True)

    with pytest.raises(Transient, match="made up"):
        plan.tick()
    assert "created plans/00000001.abandoned" == plan.journal.entries[-1]
    plan.clock.move(60)
    assert ALL == plan.tick()


def test_what_a_plan_that_was_not_published_cost_is_not_spent_again(plan: Plan) -> None:
    """Some of it may have been published; only what is live is asked for at once."""
    policy = replace(POLICY, since=NEWEST.end - 2 * DAY, requests_per_hour=10)
    plan.planner = replace(plan.planner, policy=policy)
    plan.journal.fail("publish requests", Transient("made up"))
    with pytest.raises(Transient, match="made up"):
        plan.tick()
    plan.clock.move(60)

    assert [("22 10:00", "schedule")] == plan.tick()


@pytest.mark.parametrize(
    "step", ["publish requests", "publish reloads"], ids=["while publishing", "between"]
)
def test_the_plan_of_a_planner_that_died_blocks_for_a_while(plan: Plan, step: str) -> None:
    """It cannot be told from one that is still at work; after ten minutes it can."""
    plan.journal.fail(step, Crash())
    with pytest.raises(Crash):
        plan.tick()

    plan.clock.move(LEASE.total_seconds() - 1)
    with pytest.raises(Transient, match="another call is publishing plan 1"):
        plan.tick()
    plan.clock.move(1)
    assert ALL == plan.tick()


def test_of_two_planners_at_once_one_looks_again(plan: Plan) -> None:
    """Both found the same gaps; the number of the plan can be taken only once."""
    other = Plan()
    other.bucket.objects = plan.bucket.objects
    interruptions: list[Callable[[], object]] = [other.tick]

    def held() -> list[ObjectName]:
        while interruptions:
            interruptions.pop()()
        return []

    plan.ledger.held = held

    with pytest.raises(Transient, match="plan 1 was made by another call"):
        plan.tick()
    assert [] == plan.tick()
    assert ALL == [(f"{r.interval.start:%d %H:%M}", r.origin) for r in other.requests.published]


def test_a_plan_that_may_be_ours_or_not_is_left_alone(plan: Plan) -> None:
    """When an answer is lost, the client asks again, and is told that the name is taken."""

    class Forgetful(FakeBucket):
        def create(self, path: str, data: bytes, metadata: object) -> bool:
            super().create(path, data, metadata)  # type: ignore[arg-type]
            return False

    bucket = Forgetful(plan.journal, plan.clock.now)
    forgetful = replace(plan.planner, bucket=bucket)

    with pytest.raises(Transient, match="plan 1 was made by another call"):
        forgetful.tick(NOW)
    plan.bucket.objects = bucket.objects
    plan.clock.move(LEASE.total_seconds())
    assert ALL == plan.tick()


def test_a_clock_that_was_a_day_ahead_stops_nobody(plan: Plan) -> None:
    """Its plan is too far away to count, and its number is not used again."""
    plan.clock.move(DAY.total_seconds())
    plan.tick()
    plan.clock.move(-DAY.total_seconds())

    assert ALL == plan.tick()
    assert "plans/00000002.json" in plan.bucket.objects


def test_a_bucket_that_answers_slowly_ends_the_tick(plan: Plan) -> None:
    """Scheduler would give up on a tick that lists for longer than a delivery may take."""
    slow = Journal(lambda _: plan.clock.move(100))
    plan.planner = replace(plan.planner, bucket=FakeBucket(slow, plan.clock.now))

    with pytest.raises(Transient, match="gave up reading the ledger"):
        plan.tick()
    assert [] == plan.requests.published


def test_three_days_without_a_tick_heal_within_an_hour(plan: Plan) -> None:
    """Two ticks ask for 72 hours and for what has become due meanwhile, each once."""
    plan.planner = replace(plan.planner, policy=replace(POLICY, since=NEWEST.end - 3 * DAY))
    costs = []
    for _ in range(4):
        costs.append(len(plan.tick()))
        for request in plan.requests.published:
            plan.land(request.interval)
        plan.clock.move(HOUR.total_seconds())

    assert [40, 33, 1, 1] == costs
    assert 75 == len({request.interval for request in plan.requests.published})
