"""Attributes of resources, and what they may be: the words in which the rules of APIs are said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Holds = Callable[[Any], bool]

_LABEL_KEY, _LABEL_VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_MOST_LABELS = 64


def found(values: Any, path: str) -> Iterator[Any]:
    """What an attribute is, in each of the blocks that have it; nothing where it is not set."""
    if isinstance(values, list):
        for each in values:
            yield from found(each, path)
    elif isinstance(values, Mapping):
        first, _, rest = path.partition(".")
        value = values.get(first)
        if rest:
            yield from found(value, rest)
        elif value is not None:
            yield value


def one_of(*words: str) -> Holds:
    """One of these words."""
    return lambda value: value in words


def text(pattern: str, longest: int | None = None) -> Holds:
    """A text that matches as a whole; no longer than so many characters."""
    whole = re.compile(pattern, re.DOTALL)
    return lambda value: (
        bool(whole.fullmatch(value)) and (longest is None or len(value) <= longest)
    )


def number(low: float, high: float) -> Holds:
    """A number within these bounds."""
    return lambda value: low <= float(value) <= high


def seconds(low: int, high: int, step: int = 1) -> Holds:
    """A duration such as `60s` within these bounds, a multiple of the step."""

    def holds(value: str) -> bool:
        whole = re.fullmatch(r"(\d+)s", value)
        return bool(whole and low <= int(whole[1]) <= high and int(whole[1]) % step == 0)

    return holds


def at_most(count: int, holds: Holds) -> Holds:
    """A list of so many values at most, and of each of them this holds."""
    return lambda values: len(values) <= count and all(map(holds, values))


def labels(values: Mapping[str, str]) -> bool:
    """Keys and values that labels may have, and no more of them than there may be."""
    return len(values) <= _MOST_LABELS and all(
        _LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value)
        for key, value in values.items()
    )
