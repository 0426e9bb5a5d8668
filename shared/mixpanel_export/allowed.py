"""What a setting may be: in words for people, and as the value that a text stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")
U = TypeVar("U")

_MINUTES_A_DAY = 24 * 60
_DIVISORS = tuple(n for n in range(1, _MINUTES_A_DAY + 1) if _MINUTES_A_DAY % n == 0)
_DIVIDE = "minutes that divide 24 hours, such as 5, 15, 60 or 1440"

LENGTHS = tuple(timedelta(minutes=number) for number in _DIVISORS)
"""Every length that an interval may have, the shortest first."""


PROJECT_SECRETS_END = date(2027, 3, 3)
"""When Mixpanel retires project secrets (docs.mixpanel.com/reference/project-secret)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A service account, or a project secret (its user name, with an empty password)."""

    username: str
    password: str

    @property
    def is_project_secret(self) -> bool:
        """Whether Mixpanel retires them on `PROJECT_SECRETS_END`."""
        return not self.password

    def __repr__(self) -> str:
        return "Credentials(***)"


@dataclass(frozen=True, slots=True)
class Allowed(Generic[T]):
    """The texts that `parse` accepts; for any other it raises `ValueError`."""

    words: str
    parse: Callable[[str], T]

    def giving(self, make: Callable[[T], U]) -> Allowed[U]:
        """The same texts, standing for something else."""
        return Allowed(self.words, lambda text: make(self.parse(text)))


def text(pattern: str, words: str) -> Allowed[str]:
    """What matches as a whole."""

    def parse(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(words)
        return value

    return Allowed(words, parse)


def text_or_none(pattern: str, words: str) -> Allowed[str | None]:
    """What matches as a whole; None when it is empty."""
    return text(f"({pattern})?", words).giving(lambda value: value or None)


def number(low: int, high: int) -> Allowed[int]:
    """A whole number within these bounds."""
    return _one_of(range(low, high + 1), f"a whole number from {low} to {high}")


def zero_or_number(low: int, high: int) -> Allowed[int]:
    """0, or a whole number within these bounds."""
    return _one_of((0, *range(low, high + 1)), f"0, or a whole number from {low} to {high}")


def minutes(count: Allowed[int]) -> Allowed[timedelta]:
    """So many minutes."""
    return count.giving(lambda many: timedelta(minutes=many))


def hours(count: Allowed[int]) -> Allowed[timedelta]:
    """So many hours."""
    return count.giving(lambda many: timedelta(hours=many))


def or_off(length: Allowed[timedelta]) -> Allowed[timedelta | None]:
    """The same lengths; None for 0."""
    return length.giving(lambda given: given or None)


def choice(meanings: Mapping[str, T]) -> Allowed[T]:
    """One of some words, standing for what it means."""
    words = f"one of {', '.join(meanings)}"
    return text("|".join(meanings), words).giving(meanings.__getitem__)


def some_of(names: Sequence[str]) -> Allowed[tuple[str, ...]]:
    """One or more of these names, in the order given here."""
    words = f"one or more of {', '.join(names)}, each once, separated by commas"

    def parse(value: str) -> tuple[str, ...]:
        found = [name.strip() for name in value.split(",")]
        chosen = tuple(name for name in names if name in found)
        if sorted(found) != sorted(chosen):
            raise ValueError(words)
        return chosen

    return Allowed(words, parse)


def day_since(first: str) -> Allowed[datetime]:
    """The UTC midnight with which a day begins, no earlier than the first."""
    words = f"a day such as 2026-11-22, not before {first}"

    def parse(value: str) -> datetime:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) or value < first:
            raise ValueError(words)
        return datetime.fromisoformat(value).replace(tzinfo=UTC)

    return Allowed(words, parse)


def _zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (OSError, LookupError) as error:
        raise ValueError(value) from error


def _credentials(value: str) -> Credentials:
    username, _, password = value.strip().partition(":")
    if not username or not re.fullmatch(r"[!-~]+", value.strip()):
        raise ValueError("not `username:secret`")
    return Credentials(username, password)


def _one_of(numbers: Sequence[int], words: str) -> Allowed[int]:
    def parse(value: str) -> int:
        # ASCII only: `int` takes digits of all scripts, and underscores.
        if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) not in numbers:
            raise ValueError(words)
        return int(value)

    return Allowed(words, parse)


LENGTH = minutes(_one_of(_DIVISORS, _DIVIDE))
LENGTH_OR_OFF = or_off(minutes(_one_of((0, *_DIVISORS), f"0, or {_DIVIDE}")))
ZONE = Allowed("an IANA zone such as America/New_York, or UTC", _zone)
CREDENTIALS = Allowed("`username:secret` of a service account", _credentials)
