"""A stack for the tests here that need one; each has hours and log lines of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from local.stack import Stack
from mixpanel_export.intervals import Interval
from tests.functional.running import Running, run_stack

# Slow enough that a function can be started anew before Pub/Sub gives up on it.
_PACE, _SETTINGS = 0.002, {"PLAN_HORIZON_HOURS": "2"}
_days = itertools.count()


@pytest.fixture(name="stack", scope="session")
def _stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("pipeline") / "stack"
    with run_stack(directory, pace=_PACE, settings=_SETTINGS) as stack:
        yield stack


@pytest.fixture(name="running")
def _running(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    running = Running(stack)
    yield running
    running.settle()
    for emulator in (stack.pubsub, stack.storage, stack.bigquery, stack.mixpanel):
        emulator.faults.clear()
    unnoticed = running.dead_letters(running.unread_dead_letters())
    running.close()
    assert [] == unnoticed


@pytest.fixture(name="interval")
def _interval() -> Interval:
    """An hour that no other test uses, nor one of its neighbours."""
    start = datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=next(_days))
    return Interval(start, start + timedelta(hours=1))
