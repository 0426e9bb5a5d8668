"""Half-open intervals of Mixpanel's processing time, in UTC, aligned to their own length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from reprlib import repr as brief
from typing import Self

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """`[start, end)` of processing time.

    The length is whole minutes and divides 24 hours, and `start` is a multiple of it counted
    from midnight UTC. So an interval never crosses midnight, and two different intervals of one
    length are disjoint. Of two lengths they are disjoint or one holds the other if one length
    divides the other; 60 and 90 minutes may overlap in part.

    Raises:
        ValueError: what is wrong with the bounds, for a person to read.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment.tzinfo is None or moment.utcoffset() != timedelta(0):
                raise ValueError(f"{name} {moment.isoformat()} is not in UTC")
        if self.start < _EPOCH:
            raise ValueError(f"interval {self} begins before 1970")
        if self.end <= self.start:
            raise ValueError(f"interval {self} is empty or inverted: end must be after start")
        length = self.end - self.start
        if length % MINUTE or DAY % length:
            raise ValueError(
                f"interval {self} is {length} long: "
                "the length must be whole minutes and divide 24 hours"
            )
        if (self.start - _midnight(self.start.date())) % length:
            raise ValueError(f"interval {self} does not start at a multiple of its length")

    @classmethod
    def parse(cls, start: str, end: str) -> Self:
        """The interval between two RFC 3339 moments such as `2026-11-22T08:00:00Z`."""
        return cls(parse_moment(start), parse_moment(end))

    @property
    def length(self) -> timedelta:
        """From start to end."""
        return self.end - self.start

    @property
    def start_ms(self) -> int:
        """Milliseconds since 1970, as in `mp_processing_time_ms`."""
        return epoch_ms(self.start)

    @property
    def end_ms(self) -> int:
        """Milliseconds since 1970, exclusive."""
        return epoch_ms(self.end)

    def overlaps(self, other: Interval) -> bool:
        """Whether some moment lies in both."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return f"[{format_moment(self.start)}, {format_moment(self.end)})"


def newest_first(since: datetime, until: datetime, length: timedelta) -> Iterator[Interval]:
    """Every aligned interval of this length that lies within `[since, until)`, newest first."""
    end = aligned(until, length)
    while end - length >= since:
        yield Interval(end - length, end)
        end -= length


def most_an_hour(length: timedelta) -> int:
    """How many intervals of this length may end within an hour."""
    return math.ceil(HOUR / length)


def aligned(moment: datetime, length: timedelta) -> datetime:
    """The last bound between intervals of this length that is not after the moment."""
    return moment - (moment - _midnight(moment.date())) % length


def parse_moment(text: str) -> datetime:
    """A moment in UTC from RFC 3339 text that names its offset.

    Raises:
        ValueError: not such a text, or it leaves the offset open.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{brief(text)} is not a moment such as 2026-11-22T08:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{brief(text)} names no time zone: write UTC, with a final Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{brief(text)} is outside the years 1 to 9999") from None


def format_moment(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, whole seconds when it has no fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return epoch_us(moment) // 1000


def epoch_us(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
