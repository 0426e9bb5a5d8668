"""How fast requests are published beside the planner's."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export_cli.pacing import Pace, paced
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(("planner", "left"), [(40, 20), (1, 59), (59, 1), (60, 1), (1000, 1)])
def test_what_the_planner_leaves(planner: int, left: int) -> None:
    """Of 60 an hour; at least one, whatever the planner takes."""
    assert Pace(left) == Pace.beside(planner)


def test_what_fits_goes_out_at_once() -> None:
    """As many as are left in an hour need no wait."""
    assert (timedelta(0), timedelta(0)) == (Pace(20).gap(20), Pace(20).duration(20))


def test_more_than_fits_is_spread_evenly() -> None:
    """One more, and each waits for its part of the hour."""
    assert (timedelta(minutes=3), timedelta(hours=1)) == (Pace(20).gap(21), Pace(20).duration(21))


@pytest.mark.parametrize("per_hour", [1, 7, 20, 59])
@pytest.mark.parametrize("surplus", [0, 1, 50])
def test_no_hour_gets_more(per_hour: int, surplus: int) -> None:
    """Within any 60 minutes no more are published than the planner leaves."""
    clock = FakeClock(NOON, Journal())
    count = per_hour + surplus
    moments = [clock.now() for _ in paced(range(count), Pace(per_hour), clock, lambda: None)]

    assert count == len(moments)
    for first in moments:
        in_an_hour = [m for m in moments if first <= m < first + timedelta(hours=1)]
        assert len(in_an_hour) <= per_hour
    waited = timedelta(seconds=clock.slept)
    assert abs(Pace(per_hour).duration(count) - waited) < timedelta(seconds=1)


def test_publishing_takes_time_out_of_the_wait() -> None:
    """The pace is that of the clock, not of the waits between."""
    clock = FakeClock(NOON, Journal())
    for _ in paced(range(3), Pace(2), clock, lambda: None):
        clock.move(600)

    assert NOON + timedelta(minutes=70) == clock.now()


def test_the_bar_keeps_moving() -> None:
    """No wait is longer than a second without a sign of life."""
    clock = FakeClock(NOON, Journal())
    ticks = [0.0]
    list(paced(range(3), Pace(2), clock, lambda: ticks.append(clock.monotonic())))

    assert max(later - earlier for earlier, later in itertools.pairwise(ticks)) <= 1
