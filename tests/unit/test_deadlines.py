from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export.clock import SystemClock
from mixpanel_export.deadlines import DELIVERY_SECONDS, Clock, Deadline
from mixpanel_export.errors import Transient
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal

FUNCTION_SECONDS = 540


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    """A clock that stands still until it is moved."""
    return FakeClock(datetime(2026, 11, 22, 8, tzinfo=UTC), Journal())


@pytest.mark.parametrize(
    ("passed", "remaining"),
    [
        pytest.param(0.0, 30.0, id="at once"),
        pytest.param(29.5, 0.5, id="in time"),
        pytest.param(30.0, 0.0, id="to the second"),
        pytest.param(99.0, 0.0, id="long after: never negative"),
    ],
)
def test_a_deadline_counts_down(clock: FakeClock, passed: float, remaining: float) -> None:
    """What is left is what was given minus what has passed since."""
    clock.move(1000)
    deadline = Deadline(clock, 30)

    clock.move(passed)

    assert remaining == deadline.remaining()


def test_work_goes_on_until_the_deadline(clock: FakeClock) -> None:
    """A check in time does nothing."""
    deadline = Deadline(clock, 30)
    clock.move(29.9)

    deadline.check("counting")


def test_work_ends_at_the_deadline_in_good_order(clock: FakeClock) -> None:
    """A check too late says what was given up; the message will be delivered again."""
    deadline = Deadline(clock, 30)
    clock.move(30)

    with pytest.raises(Transient) as caught:
        deadline.check("receiving an export")

    assert "gave up receiving an export after 30 s; will start again" == str(caught.value)


def test_a_delivery_ends_before_the_platform_ends_it(clock: FakeClock) -> None:
    """The framework does not stop our thread, so we stop first, with time to answer."""
    assert DELIVERY_SECONDS == Deadline.of_delivery(clock).remaining()
    assert DELIVERY_SECONDS + 30 <= FUNCTION_SECONDS


def test_the_systems_clock_is_a_clock() -> None:
    """It knows the present in UTC, does not go back, and its sleep takes time."""
    clock: Clock = SystemClock()
    began, now = clock.monotonic(), clock.now()

    clock.sleep(0.002)

    assert clock.monotonic() - began >= 0.002
    assert clock.now() >= now
    assert timedelta(0) == now.utcoffset()
