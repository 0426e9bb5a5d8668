"""Trouble with the planner itself: the final state is right, and what it cost of Mixpanel's hour.

The production planner, fetcher and loader on fakes, switched at every effect.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from mixpanel_export.intervals import DAY, HOUR, Interval
from mixpanel_export.planning import LEASE
from tests.fakes.journal import Crash
from tests.pipeline.protocol_model import NOW, POLICY, World, view
from tests.pipeline.protocol_run import drain

TWO = [Interval(NOW.replace(hour=h, minute=0), NOW.replace(hour=h + 1, minute=0)) for h in (9, 10)]
PAUSES = 20  # Of a tick that publishes: before and after each effect.


def asked(world: World) -> Counter[str]:
    """How often Mixpanel was asked for each interval, by its start."""
    entries = (e for e in world.journal.entries if e.startswith("asked Mixpanel"))
    return Counter(entry.partition("[")[2][:16] for entry in entries)


def loaded(world: World) -> list[str]:
    """The start of each interval that analysts see."""
    return sorted(start[:16] for start, _ in view(world.warehouse.rows))


def starts(*intervals: Interval) -> list[str]:
    return [f"{interval.start:%Y-%m-%dT%H:%M}" for interval in intervals]


@pytest.fixture(name="world")
def _world() -> World:
    return World(Random(0))


def call(world: World) -> int | None:
    """Let the planner tick to its end; the status of its answer."""
    world.plan()
    running = world.running[-1]
    world.go_on(running, pauses=1000)
    return running.delivery.answer[1] if running.delivery.answer else None


def test_a_tick_costs_one_request_for_each_gap(world: World) -> None:
    """And none when it comes again, before or after they have landed."""
    assert [200, 200] == [call(world), call(world)]
    drain(world)
    assert 200 == call(world)
    drain(world)

    assert starts(*TWO) == loaded(world)
    assert Counter(starts(*TWO)) == asked(world)


@pytest.mark.parametrize("pauses", range(1, PAUSES))
def test_two_planners_at_once_cost_no_more_than_one(world: World, pauses: int) -> None:
    """Wherever the second overtakes the first; who comes too late is called again."""
    world.plan()
    first = world.running[-1]
    world.go_on(first, pauses)
    second = call(world)
    if not first.delivery.is_over:
        world.go_on(first, pauses=1000)
    assert first.delivery.answer
    assert 200 in (first.delivery.answer[1], second)
    drain(world)
    world.clock.move(60)
    assert 200 == call(world)
    drain(world)

    assert starts(*TWO) == loaded(world)
    assert Counter(starts(*TWO)) == asked(world)


@pytest.mark.parametrize("pauses", range(1, PAUSES))
def test_a_planner_that_dies_costs_nothing(world: World, pauses: int) -> None:
    """Wherever it dies: when Scheduler calls again, what was published has landed."""
    world.plan()
    first = world.running[-1]
    world.go_on(first, pauses)
    if not first.delivery.is_over:
        world.go_on(first, fault=Crash())
    drain(world)
    while call(world) != 200:
        world.clock.move(60)
        drain(world)
    drain(world)

    assert world.clock.now() - NOW <= LEASE + timedelta(minutes=1)
    assert starts(*TWO) == loaded(world)
    assert Counter(starts(*TWO)) == asked(world)


def test_a_clock_that_jumps_ahead_and_back_costs_nothing(world: World) -> None:
    """A day ahead it asks for hours that are not over, which are refused, and come in time."""
    world.planner = replace(world.planner, policy=replace(POLICY, verify_after=None))
    world.clock.move(DAY.total_seconds())
    assert 200 == call(world)
    world.clock.move(-DAY.total_seconds())
    drain(world)
    for _ in range(26):
        assert 200 == call(world)
        drain(world)
        world.clock.move(HOUR.total_seconds())

    hours = [Interval(TWO[0].start + n * HOUR, TWO[0].end + n * HOUR) for n in range(27)]
    assert starts(*hours) == loaded(world)
    assert {1} == set(asked(world).values())


def test_three_days_without_scheduler_heal_in_two_ticks(world: World) -> None:
    """Each hour is asked for once, and never more than the budget in one tick."""
    policy = replace(POLICY, heal_horizon=7 * DAY, verify_after=None)
    world.planner = replace(world.planner, policy=policy)
    world.clock.move((3 * DAY).total_seconds())
    costs = []
    for _ in range(4):
        before = asked(world).total()
        assert 200 == call(world)
        drain(world)
        costs.append(asked(world).total() - before)
        world.clock.move(HOUR.total_seconds())

    assert [40, 35, 1, 1] == costs
    assert 77 == len(loaded(world))
    assert {1} == set(asked(world).values())


def test_the_second_look_costs_one_request_an_interval(world: World) -> None:
    """It comes once, and replaces what has changed meanwhile."""
    assert 200 == call(world)
    drain(world)
    world.correct(TWO[0])
    for _ in range(8):
        world.clock.move((HOUR / 2).total_seconds())
        assert 200 == call(world)
        drain(world)

    shown = view(world.warehouse.rows)
    span = next(span for span in shown if span[0].startswith(starts(TWO[0])[0]))
    assert world.source[TWO[0]].insert_ids == [row["insert_id"] for row in shown[span][1]]
    assert [2, 2] == [asked(world)[start] for start in starts(*TWO)]
