"""A moment after which a delivery gives up in good order instead of being cut off."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, Self

from mixpanel_export.errors import Transient

# Own deadline < function timeout (540 s) < acknowledgement deadline (600 s): the framework does
# not stop our thread when the platform gives up on it, so we stop first.
DELIVERY_SECONDS = 500


class Clock(Protocol):
    """The three ways of looking at time that the jobs need."""

    def now(self) -> datetime:
        """The present moment, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Deadline:
    """Counts down from the start of a delivery."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self._end = clock.monotonic() + seconds

    @classmethod
    def of_delivery(cls, clock: Clock) -> Self:
        """The deadline of a delivery that starts now."""
        return cls(clock, DELIVERY_SECONDS)

    def remaining(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._end - self._clock.monotonic())

    def check(self, doing: str) -> None:
        """Let the work go on.

        Raises:
            Transient: the time is up; Pub/Sub delivers the message again.
        """
        if not self.remaining():
            raise Transient(f"gave up {doing} after {self._seconds:.0f} s; will start again")
