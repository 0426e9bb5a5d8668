"""Time that passes only when told to."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.fakes.journal import Journal


class FakeClock:
    """A clock whose sleep takes no time, but moves it."""

    def __init__(self, now: datetime, journal: Journal) -> None:
        self._now, self._journal = now, journal
        self._seconds = 0.0
        self.slept = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self._journal.before("sleep")
        self.move(seconds)
        self.slept += seconds
        self._journal.after("sleep", f"slept {seconds:g} s")

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds
