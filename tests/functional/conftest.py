"""One stack for all tests here; each test has hours and log lines of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import Stack
from mixpanel_export.intervals import Interval
from tests.functional.running import Running, fresh_hours, run_stack, watch

# Twenty deliveries take three seconds; the planner looks back at two hours.
_PACE, _SETTINGS = 0.0003, {"PLAN_HORIZON_HOURS": "2"}
_hours = fresh_hours()


@pytest.fixture(name="stack", scope="session")
def _stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("functional") / "stack"
    with run_stack(directory, pace=_PACE, settings=_SETTINGS) as stack:
        yield stack


@pytest.fixture(name="running")
def _running(stack: Stack) -> Iterator[Running]:
    with watch(stack) as running:
        yield running


@pytest.fixture(name="interval")
def _interval() -> Interval:
    return next(_hours)
