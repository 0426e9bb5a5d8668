"""How fast an operator may ask Mixpanel without taking the budget from the pipeline.

Mixpanel answers 60 requests an hour for each API family, export and query
(docs.mixpanel.com/reference/rate-limits). The planner takes up to REQUESTS_PER_HOUR of each; the
rest is for what people do by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from mixpanel_export.deadlines import Clock
from mixpanel_export.intervals import HOUR
from mixpanel_export_cli.times import lasting

MIXPANEL_PER_HOUR = 60
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Pace:
    """At most this many an hour."""

    per_hour: int

    @classmethod
    def beside(cls, requests_per_hour: int) -> Pace:
        """What the planner leaves, and never nothing."""
        return cls(max(1, MIXPANEL_PER_HOUR - requests_per_hour))

    def gap(self, count: int) -> timedelta:
        """The wait between two of `count` requests, in whole seconds; none when all fit."""
        seconds = math.ceil(HOUR.total_seconds() / self.per_hour)
        return timedelta(seconds=seconds if count > self.per_hour else 0)

    def duration(self, count: int) -> timedelta:
        """From the first of `count` requests to the last."""
        return self.gap(count) * max(0, count - 1)

    def described(self, count: int) -> str:
        """How so many are spread."""
        return (
            f"Pace: one every {self.gap(count).total_seconds():.0f} s, done in about "
            f"{lasting(self.duration(count))}"
        )


def paced(
    items: Sequence[Item], pace: Pace, clock: Clock, tick: Callable[[], None]
) -> Iterator[Item]:
    """Each item when its time has come, evenly; waits no longer than a second between ticks."""
    gap = pace.gap(len(items)).total_seconds()
    began = clock.monotonic()
    for number, item in enumerate(items):
        while (wait := began + number * gap - clock.monotonic()) > 0:
            clock.sleep(min(wait, 1.0))
            tick()
        yield item
