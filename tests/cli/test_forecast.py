"""What the budget of Mixpanel went to, and when all of the past will be there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mixpanel_export.intervals import HOUR, MINUTE
from mixpanel_export_cli.assessing import Status, View, assess
from mixpanel_export_cli.forecast import Progress, Queue
from mixpanel_export_cli.spending import Spending, spending_of
from mixpanel_export_cli.status_json import as_json
from mixpanel_export_cli.status_text import print_status
from tests.cli.pasts import NOW, TODAY, Past, hour, printed


def status_of(past: Past) -> Status:
    """The status now."""
    situation = past.onlooker.look(NOW)
    return assess(situation, past.settings.export_since, NOW, 0, View(1, 6 * HOUR))


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
    assert (Spending("export", 3, 2, 40), 5) == (spending, spending.total)


@pytest.mark.parametrize(
    ("queues", "lasts"),
    [
        pytest.param([], 0 * HOUR, id="nothing to ask"),
        pytest.param([Queue("export", 0, 0)], 0 * HOUR, id="nothing waits"),
        pytest.param([Queue("export", 90, 30), Queue("query", 2, 1)], 3 * HOUR, id="the slowest"),
        pytest.param([Queue("export", 90, 30), Queue("query", 1, 0)], None, id="no room"),
    ],
)
def test_the_past_is_there_when_the_slowest_queue_is_empty(
    queues: list[Queue], lasts: timedelta | None
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
        pytest.param({"REQUESTS_PER_HOUR": "1"}, 0, id="all of it"),
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
    for start in range(7):
        past.load(hour(start))

    assert (Queue("export", 3, 39),) == status_of(past).progress.queues


def test_a_backfill_that_never_ends_is_told() -> None:
    """A budget without room beside live traffic is a setting to change, not an estimate."""
    status = status_of(Past(REQUESTS_PER_HOUR="1"))

    assert "  never done: raise REQUESTS_PER_HOUR, which leaves no room beside live traffic" in (
        printed(lambda console: print_status(status, console))
    )
    assert (None, None) == (
        as_json(status)["backfill"]["seconds_left"],
        as_json(status)["backfill"]["done_at"],
    )
