"""The clock that the emulators share: what it follows, and what moves it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

import pytest

from local.clock import Clock

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)

Moves = Callable[[Clock], None]


def _jump_there_and_back(clock: Clock) -> None:
    clock.jump_to(NOON + 48 * HOUR)
    clock.jump_to(NOON - HOUR)


def _stop_and_jump(clock: Clock) -> None:
    clock.set(NOON + HOUR)
    clock.jump_to(NOON)


def _stop_advanced(clock: Clock) -> None:
    clock.advance(60)
    clock.set(NOON)


def _let_go(clock: Clock) -> None:
    clock.jump_to(NOON + HOUR)
    clock.advance(60)
    clock.set(None)


@pytest.mark.parametrize(
    ("moves", "shown", "runs"),
    [
        (lambda _clock: None, NOON, True),
        (lambda clock: clock.advance(3600), NOON + HOUR, True),
        (lambda clock: clock.jump_to(NOON + 24 * HOUR), NOON + 24 * HOUR, True),
        (_jump_there_and_back, NOON - HOUR, True),
        (_stop_and_jump, NOON, True),
        (lambda clock: clock.set(NOON - HOUR), NOON - HOUR, False),
        (_stop_advanced, NOON, False),
        (_let_go, NOON, True),
    ],
    ids=["untouched", "ahead", "later", "earlier", "stopped", "set", "set ahead", "let go"],
)
def test_moved_clock_runs_on(moves: Moves, shown: dt.datetime, runs: bool) -> None:
    """A clock shows the moment it was moved to, plus what has passed since unless it was set."""
    followed = Clock()
    followed.set(NOON)
    clock = Clock(follows=followed)

    moves(clock)
    at_once = clock.moment()
    followed.advance(5)

    passed = dt.timedelta(seconds=5 if runs else 0)
    assert (shown, shown + passed) == (at_once, clock.moment())


def test_follows_real_time_by_itself() -> None:
    """Without another clock to follow, real seconds pass on top of any jump."""
    clock = Clock()
    before = dt.datetime.now(dt.UTC)
    untouched = clock.moment()
    clock.jump_to(NOON)
    time.sleep(0.01)

    moment = dt.timedelta(microseconds=1)  # A float holds no finer one.
    assert before - moment <= untouched <= dt.datetime.now(dt.UTC) + moment
    assert NOON < clock.moment() < NOON + HOUR
