"""What the planner remembers: its plans, and what it makes of damaged ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, HOUR, epoch_us
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT, SNAPSHOT
from tests.fakes.bucket import StoredObject
from tests.unit.planning_rig import LISTED_PLANS, Plan
from tests.unit.reconciling_rig import NEWEST, NOW, POLICY, hours_ago

ALL = [("22 10:00", "schedule"), ("22 09:00", "heal"), ("22 08:00", "heal")]


@pytest.fixture(name="plan")
def _plan() -> Plan:
    return Plan()


def test_foreign_objects_among_the_plans_are_left_alone(plan: Plan) -> None:
    """Only numbered plans are read."""
    plan.bucket.objects["plans/README"] = StoredObject(b"", {}, NOW)

    assert ALL == plan.tick()


@pytest.mark.parametrize(
    ("data", "metadata"),
    [
        pytest.param(b"{}", {"at": "2026-11-22T11:00:00Z"}, id="no plan"),
        pytest.param(b"", {"at": "2026-11-22T11:00:00Z"}, id="empty"),
        pytest.param(b"{}", {}, id="without its moment"),
        pytest.param(
            b'{"at": "2026-11-22T11:00:00Z", "made_at": "2026-11-22T11:00:00Z",'
            b' "requests": [{"data": 5}], "reloads": []}',
            {"at": "2026-11-22T11:00:00Z"},
            id="with a request that is none",
        ),
        pytest.param(b"{}", {"at": "soon"}, id="with a moment that is none"),
    ],
)
def test_a_damaged_plan_is_for_a_person(plan: Plan, data: bytes, metadata: dict[str, str]) -> None:
    """It says which object to delete."""
    plan.bucket.objects["plans/00000004.json"] = StoredObject(data, metadata, NOW)

    with pytest.raises(Setup, match=r"plans/00000004\.json in the bucket is no plan: delete it"):
        plan.tick()


def test_only_plans_of_the_last_day_are_read(plan: Plan) -> None:
    """Listing tells how old a plan is."""
    plan.tick()
    plan.clock.move(DAY.total_seconds())
    plan.journal.entries.clear()
    plan.tick()

    assert "read plans/00000001.json" not in plan.journal.entries
    plan.clock.move(60)
    plan.journal.entries.clear()
    plan.tick()
    assert [LISTED_PLANS, "read plans/00000002.json"] == plan.journal.entries[1:3]


def test_a_plan_that_was_copied_without_its_metadata_is_read(plan: Plan) -> None:
    """Whoever copies a bucket must not stop the planner."""
    plan.tick()
    stored = plan.bucket.objects["plans/00000001.json"]
    plan.bucket.objects["plans/00000001.json"] = replace(stored, metadata={})

    assert [] == plan.tick()


def test_a_tick_for_another_moment_than_now_is_remembered_as_such(plan: Plan) -> None:
    """Scheduler repeats a tick for the moment it was scheduled for."""
    plan.clock.move(HOUR.total_seconds() / 2)
    plan.planner.tick(NOW)

    made = json.loads(plan.bucket.objects["plans/00000001.json"].data)
    assert ("2026-11-22T11:16:00Z", "2026-11-22T11:46:00Z") == (made["at"], made["made_at"])


def test_what_was_asked_for_two_hours_ago_is_remembered(plan: Plan) -> None:
    """Longer than the hour of the budget."""
    plan.tick()
    plan.clock.move((2 * HOUR).total_seconds())

    assert [("22 12:00", "schedule"), ("22 11:00", "heal")] == plan.tick()


def test_a_second_look_of_yesterday_is_remembered(plan: Plan) -> None:
    """Until the heal horizon, as long as it could be wanted again."""
    plan.planner = replace(
        plan.planner, policy=replace(POLICY, since=NEWEST.start - 3 * DAY, verify_after=DAY)
    )
    for n in range(73):
        plan.land(hours_ago(n), ago=(n - 0.5) * HOUR)
    for n in range(24, 73):
        late = hours_ago(n).end + DAY
        name = ObjectName(RECENT, hours_ago(n), epoch_us(late))
        plan.bucket.objects[name.confirmed_path] = StoredObject(b"", {}, late)

    assert [] == [start for start, origin in plan.tick() if origin == "verify"]


def test_the_first_snapshot_is_older_than_the_first_day(plan: Plan) -> None:
    """It is known all the same, and asked for once."""
    policy = replace(POLICY, lengths={SNAPSHOT: DAY}, since=NOW.replace(hour=0, minute=0))
    plan.planner = replace(plan.planner, policy=policy)
    (asked,) = plan.tick()
    name = ObjectName(SNAPSHOT, plan.requests.published[0].interval, epoch_us(NOW))
    plan.bucket.objects[name.path] = StoredObject(b"", {"row_count": "3"}, NOW)
    plan.ledger.names.append(name)
    plan.clock.move((DAY / 4).total_seconds())

    assert ("21 00:00", "schedule") == asked
    assert [] == plan.tick()


def test_requests_that_fail_are_repeated_less_and_less(plan: Plan) -> None:
    """And after all that were not asked for yet."""
    asked = []
    for hour in range(24):
        asked += [hour] * (("22 08:00", "heal") in plan.tick())
        plan.clock.move(HOUR.total_seconds())

    assert [0, 3, 9, 21] == asked
