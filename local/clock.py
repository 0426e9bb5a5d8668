"""The time that the emulators show: real time, until a test or the demo takes hold of it."""

from __future__ import annotations

import datetime as dt
import threading
import time


class Clock:
    """Epoch seconds: those of the clock it `follows`, or real ones, until it is moved.

    It shows moments; waits and durations are for `time.monotonic`, which nobody moves.
    """

    def __init__(self, follows: Clock | None = None) -> None:
        self._followed = follows.now if follows else time.time
        self._stopped_at: float | None = None
        self._ahead = 0.0
        self._lock = threading.Lock()

    def follow(self, other: Clock | None) -> None:
        """Show that clock's time from now on, or real time for None."""
        with self._lock:
            self._followed = other.now if other else time.time
            self._stopped_at, self._ahead = None, 0.0

    def set(self, moment: dt.datetime | None) -> None:
        """Stop at this moment, or with None go back to what it follows."""
        with self._lock:
            self._stopped_at = None if moment is None else moment.timestamp()
            self._ahead = 0.0

    def jump_to(self, moment: dt.datetime) -> None:
        """Show this moment, earlier or later than now, and run on from it."""
        with self._lock:
            self._stopped_at = None
            self._ahead = moment.timestamp() - self._followed()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._ahead += seconds

    def now(self) -> float:
        with self._lock:
            since = self._followed() if self._stopped_at is None else self._stopped_at
            return since + self._ahead

    def moment(self) -> dt.datetime:
        """This moment, in UTC."""
        return dt.datetime.fromtimestamp(self.now(), dt.UTC)
