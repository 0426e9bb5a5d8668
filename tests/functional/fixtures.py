"""The fixtures of tests that run on a stack, at a pace of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Stack
from mixpanel_export.intervals import Interval
from tests.functional.running import Running, fresh_hours, run_stack, watch

# Events alone and few an hour: a tick asks for one new interval, yesterday's sweep, and two gaps.
_SETTINGS = {
    "TABLES": "events",
    "EXPORT_SINCE": "2024-12-31",
    "VERIFY_AFTER_HOURS": "0",
    "REQUESTS_PER_HOUR": "4",
    "HEAL_HORIZON_HOURS": "6",
}


def stack_fixtures(pace: float) -> tuple[Any, Any, Any]:
    """`stack`, one a session; `running`, a test's own view of it; `interval`, its own hour."""
    hours = fresh_hours()

    @pytest.fixture(name="stack", scope="session")
    def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
        directory = tmp_path_factory.mktemp("running") / "stack"
        with run_stack(directory, pace=pace, settings=_SETTINGS) as started:
            yield started

    @pytest.fixture(name="running")
    def running(stack: Stack) -> Iterator[Running]:
        with watch(stack) as watched:
            yield watched

    @pytest.fixture(name="interval")
    def interval() -> Interval:
        return next(hours)

    return stack, running, interval
