"""Deliveries side by side, switched only where the outside world is touched.

Production code is plain blocking Python. Each delivery runs in a thread of its own, but only
while it holds the turn: it gives the turn back before and after every effect on a fake. Which
delivery goes on, and whether it dies there, is the test's choice, so a run can be repeated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import ClassVar

from mixpanel_export.delivery import Answer
from tests.fakes.journal import Crash


class _Thread:
    """A thread that runs one delivery after another: starting one each time would take longest."""

    idle: ClassVar[list[_Thread]] = []

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    @classmethod
    def run(cls, job: Callable[[_Thread], None]) -> None:
        """Run `job` in an idle thread, which it is told, to hand back."""
        thread = cls.idle.pop() if cls.idle else cls()
        thread._jobs.put(lambda: job(thread))

    def _run(self) -> None:
        while True:
            self._jobs.get()()


class Delivery:
    """One call of a function, in a thread that runs only between `go_on` and the next pause."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        self.answer: Answer | None = None
        self.is_over = False
        self.at = "start"
        self._work = work
        self._fault: BaseException | None = None
        self._pauses = 1
        self._failure: BaseException | None = None
        self._is_dead = False
        self._turn, self._turn_back = threading.Lock(), threading.Lock()
        self._turn.acquire()
        self._turn_back.acquire()
        _Thread.run(self._run)

    def go_on(self, pauses: int = 1, fault: BaseException | None = None) -> None:
        """Raise `fault` where it stands, or let it run on, at most to its n-th pause from here."""
        self._fault, self._pauses = fault, pauses
        self._turn.release()
        self._turn_back.acquire()
        if self._failure is not None:
            raise self._failure

    def pause(self, step: str) -> None:
        """Give the turn back and wait for it; called in the delivery's own thread."""
        if self._is_dead:
            return  # What still runs here is clean-up, which a real crash would not run.
        self.at = step
        self._pauses -= 1
        if self._pauses <= 0:
            self._turn_back.release()
            self._wait()

    def _wait(self) -> None:
        self._turn.acquire()
        fault, self._fault = self._fault, None
        if fault is not None:
            self._is_dead = isinstance(fault, Crash)
            raise fault

    def _run(self, thread: _Thread) -> None:
        try:
            self._wait()
            self.answer = self._work()
        except Crash:
            pass
        except BaseException as failure:
            self._failure = failure
        self.is_over = True
        _Thread.idle.append(thread)
        self._turn_back.release()


class Stage:
    """Knows whose turn it is; the fakes' journal pauses through it."""

    def __init__(self) -> None:
        self.current: Delivery | None = None

    def pause(self, step: str) -> None:
        """Pause the delivery that has the turn; what the test itself does is not paused."""
        if self.current is not None:
            self.current.pause(step)

    def go_on(
        self, delivery: Delivery, pauses: int = 1, fault: BaseException | None = None
    ) -> None:
        """Give a delivery the turn."""
        self.current = delivery
        try:
            delivery.go_on(pauses, fault)
        finally:
            self.current = None
