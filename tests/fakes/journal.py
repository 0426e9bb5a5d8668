"""What happened, in order, across all fakes of a test, and what is to go wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from mixpanel_export.journal import Severity


class Crash(BaseException):
    """The process is gone. Not an `Exception`, so that no code of ours can answer for it."""


def _nobody(step: str) -> None:
    """Nobody interrupts."""


class Journal:
    """Every fake calls `before` and `after` around each effect.

    A fault before the effect means that nothing happened; one after it, that the answer was
    lost. `pause` is called at the same points, so that a scheduler can switch deliveries there.
    """

    def __init__(self, pause: Callable[[str], None] = _nobody) -> None:
        self.entries: list[str] = []
        self.lines: list[dict[str, Any]] = []
        self._pause = pause
        self._calls: Counter[str] = Counter()
        self._faults: dict[tuple[str, int, bool], BaseException] = {}

    def fail(self, step: str, fault: BaseException, *, call: int = 1, late: bool = False) -> None:
        """Raise `fault` at the given call of this step, after its effect if `late`."""
        self._faults[step, self._calls[step] + call, late] = fault

    def before(self, step: str) -> None:
        """Announce an effect."""
        self._calls[step] += 1
        self._pause(f"before {step}")
        self._raise(step, late=False)

    def after(self, step: str, entry: str) -> None:
        """Note an effect."""
        self.entries.append(entry)
        self._pause(f"after {step}")
        self._raise(step, late=True)

    def log(self, severity: Severity, event: str, message: str, **fields: Any) -> None:
        """The log of the code under test: its lines are part of the order of things."""
        self.entries.append(f"{severity} {event}: {message}")
        self.lines.append({"severity": severity, "event": event, "message": message} | fields)

    def _raise(self, step: str, *, late: bool) -> None:
        if fault := self._faults.pop((step, self._calls[step], late), None):
            raise fault
