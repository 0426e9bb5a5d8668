"""What the budget of Mixpanel went to, and when all of the past will be there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mixpanel_export.intervals import DAY, HOUR, MINUTE, epoch_us
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT
from mixpanel_export_cli.assessing import DeadLetterCount, Status, View, assess
from mixpanel_export_cli.forecast import Progress, Queue
from mixpanel_export_cli.spending import Spending, spending_of
from tests.cli.pasts import NOW, TODAY, Past, hour
from tests.fakes.bucket import StoredObject


def status_of(past: Past) -> Status:
    """The status now."""
    situation = past.onlooker.look(NOW)
    return assess(
        situation, past.settings.export_since, NOW, DeadLetterCount(0), View(1, 6 * HOUR)
    )


def test_requests_by_hand_are_those_that_no_plan_made() -> None:
    """A version is the moment of its request, so a replay shows even of what was planned."""
    past = Past()
    past.ask("heal", 30 * MINUTE, hour(3), hour(4), hour(5))
    past.land(hour(3), after=NOW - 30 * MINUTE - hour(3).end)
    past.land(hour(3), after=NOW - 15 * MINUTE - hour(3).end)
    past.land(hour(8), after=NOW - 59 * MINUTE - hour(8).end)
    past.land(hour(7), after=NOW - 62 * MINUTE - hour(7).end)
    past.ask("heal", 62 * MINUTE, hour(2))
    situation = past.onlooker.look(NOW)

    [spending] = spending_of(situation.policy, NOW, situation.known)
    assert (Spending("export", 3, 2, 40), 5) == (spending, spending.at_least)


@pytest.mark.parametrize(
    ("minutes", "by_hand"),
    [
        pytest.param([29], 0, id="as planned"),
        pytest.param([29, 27], 1, id="and once more, within minutes"),
        pytest.param([31], 1, id="before it was planned"),
        pytest.param([2], 0, id="after many deliveries"),
        pytest.param([62], 0, id="more than an hour ago"),
    ],
)
def test_a_planned_request_stands_for_one_version(minutes: list[int], by_hand: int) -> None:
    """The first after it; so many minutes ago Mixpanel was asked, half an hour ago the planner."""
    past = Past()
    past.ask("schedule", 30 * MINUTE, hour(3))
    for ago in minutes:
        past.land(hour(3), after=NOW - ago * MINUTE - hour(4).start)
    situation = past.onlooker.look(NOW)

    [spending] = spending_of(situation.policy, NOW, situation.known)
    assert Spending("export", 1, by_hand, 40) == spending


def test_a_second_look_that_found_nothing_was_planned() -> None:
    """So the version that landed after it is another."""
    past = Past(VERIFY_AFTER_HOURS="6")
    past.load(hour(3))
    past.ask("verify", 30 * MINUTE, hour(3))
    name = ObjectName(RECENT, hour(3), epoch_us(NOW - 29 * MINUTE))
    past.bucket.objects[name.confirmed_path] = StoredObject(b"", {}, NOW - 28 * MINUTE)
    past.land(hour(3), after=NOW - 20 * MINUTE - hour(4).start)
    situation = past.onlooker.look(NOW)

    [spending] = spending_of(situation.policy, NOW, situation.known)
    assert Spending("export", 1, 1, 40) == spending


@pytest.mark.parametrize(
    ("queues", "lasts"),
    [
        pytest.param([], 0 * HOUR, id="nothing to ask"),
        pytest.param([Queue("export", 0, 50, 10, 10)], 0 * HOUR, id="nothing waits"),
        pytest.param([Queue("export", 30, 0, 30, 38)], 0 * HOUR, id="there is room for all"),
        pytest.param([Queue("export", 100, 0, 10, 30)], 3 * HOUR, id="the room of this hour"),
        pytest.param([Queue("export", 60, 30, 0, 30)], 3 * HOUR, id="behind what is urgent"),
        pytest.param(
            [Queue("export", 90, 0, 0, 30), Queue("query", 4, 0, 0, 1)], 4 * HOUR, id="the slowest"
        ),
    ],
)
def test_the_past_is_there_when_the_slowest_queue_is_empty(
    queues: list[Queue], lasts: timedelta
) -> None:
    """Families have budgets of their own and do not wait for each other."""
    assert lasts == Progress(TODAY, 0, 0, 0, 0, tuple(queues)).lasts


@pytest.mark.parametrize(
    ("changes", "room"),
    [
        pytest.param({}, 39, id="live traffic comes first"),
        pytest.param({"VERIFY_AFTER_HOURS": "24"}, 38, id="second looks, too"),
        pytest.param({"INTERVAL_MINUTES": "5", "VERIFY_AFTER_HOURS": "24"}, 16, id="12 an hour"),
        pytest.param({"SWEEP_DAYS": "100"}, 38, id="and a sweep"),
        pytest.param(
            {"REQUESTS_PER_HOUR": "4", "VERIFY_AFTER_HOURS": "24", "SWEEP_DAYS": "100"},
            1,
            id="never all of it",
        ),
    ],
)
def test_what_waits_has_the_room_that_live_traffic_leaves(
    changes: dict[str, str], room: int
) -> None:
    """The budget less what becomes due each hour."""
    assert [room] == [queue.per_hour for queue in status_of(Past(**changes)).progress.queues]


def test_what_comes_on_schedule_does_not_wait() -> None:
    """It has room of its own in every hour, so that it lengthens no queue."""
    past = Past()
    for start in range(3, 7):
        past.load(hour(start))

    # 00:00 to 03:00 is the past, 07:00 to 10:00 are holes, 10:00 to 11:00 comes on schedule.
    assert (Queue("export", 3, 3, 6, 39),) == status_of(past).progress.queues


def test_the_room_of_this_hour_is_what_the_planner_has_left() -> None:
    """What was asked for in it is not to be had again."""
    past = Past(EXPORT_SINCE="2026-11-21")
    for start in range(11):
        past.load(hour(start))
    past.ask("heal", HOUR / 2, *(hour(start, TODAY - 3 * DAY) for start in range(23)))
    progress = status_of(past).progress

    assert (Queue("export", 24, 0, 16, 39),) == progress.queues
    assert HOUR == progress.lasts
