"""Clocks that follow real time until someone takes hold of them."""

from __future__ import annotations

import datetime as dt
import time


class Clock:
    """Epoch seconds: real time, or the moment it was set to, plus what it was advanced by."""

    def __init__(self) -> None:
        self._stopped_at: float | None = None
        self._advanced = 0.0

    def set(self, moment: dt.datetime | None) -> None:
        """Stop at this moment, or follow real time again."""
        self._stopped_at = None if moment is None else moment.timestamp()
        self._advanced = 0.0

    def advance(self, seconds: float) -> None:
        self._advanced += seconds

    def now(self) -> float:
        real = time.time() if self._stopped_at is None else self._stopped_at
        return real + self._advanced

    def moment(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.now(), dt.UTC)
