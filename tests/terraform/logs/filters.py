"""Filters of Cloud Logging, evaluated: the part of its query language that ours are written in.

Facts: docs.cloud.google.com/logging/docs/view/logging-query-language. NOT binds before OR, and
OR before AND; between two comparisons AND may be left out, as at the end of a line. What is not
known here is an error and never just false: nobody has tested a filter that nobody evaluates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from tests.terraform.logs.comparisons import OPERATORS, Comparison, Entry, FilterError, Path, Value

_LONGEST: Final = 20_000  # characters
_TOKEN: Final = re.compile(
    r"""
    (?P<blank>\s+|--[^\n]*)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<path>[A-Za-z]\w*(?:\.(?:\w+|"[^"\\]*"))+)
  | (?P<symbol>[()]|[<>!]=|=~|[=<>:])
  | (?P<word>\*|[-+]?\d+(?:\.\d+)?|[A-Za-z]\w*)
    """,
    re.VERBOSE,
)
_NAME: Final = re.compile(r'"[^"]*"|\w+')
_END: Final = "end"


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class All:
    """Holds when all of its parts do."""

    parts: tuple[Node, ...]

    def matches(self, entry: Entry) -> bool:
        return all(part.matches(entry) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """Holds when one of its parts does."""

    parts: tuple[Node, ...]

    def matches(self, entry: Entry) -> bool:
        return any(part.matches(entry) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not, so also when the part's field is missing."""

    parts: tuple[Node]

    def matches(self, entry: Entry) -> bool:
        return not self.parts[0].matches(entry)


Node = All | Either | Not | Comparison


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter, ready to be asked."""

    text: str
    root: Node

    @classmethod
    def parse(cls, text: str) -> Self:
        """The filter with this text.

        Raises:
            FilterError: Google would refuse it, or it uses what is not evaluated here.
        """
        if len(text) > _LONGEST:
            raise FilterError(f"a filter has at most {_LONGEST} characters")
        return cls(text, _Parser(text).filter())

    def matches(self, entry: Entry) -> bool:
        """Whether an entry is among those that the filter picks."""
        return self.root.matches(entry)

    def comparisons(self) -> Iterator[Comparison]:
        """Every comparison in it, from left to right."""
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop(0)
            if isinstance(node, Comparison):
                yield node
            else:
                waiting[:0] = node.parts

    def named(self, path: Path) -> list[str]:
        """The values that it compares this field with."""
        return [each.value.text for each in self.comparisons() if each.path == path]


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))

    def filter(self) -> Node:
        node = self._all(self._term)
        if self._next.kind != _END:
            raise self._error("one comparison, or the end,")
        return node

    def _all(self, part: Callable[[], Node]) -> Node:
        parts = [self._either(part)]
        while self._accept("AND") or self._starts():
            parts.append(self._either(part))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _either(self, part: Callable[[], Node]) -> Node:
        parts = [self._negatable(part)]
        while self._accept("OR"):
            parts.append(self._negatable(part))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _negatable(self, part: Callable[[], Node]) -> Node:
        return Not((part(),)) if self._accept("NOT") else part()

    def _term(self) -> Node:
        if self._next.text == "(":
            return self._within(lambda: self._all(self._term))
        path = self._path()
        if self._next.text not in OPERATORS or self._next.kind != "symbol":
            raise self._error(f"one of {' '.join(OPERATORS)}")
        return self._compared(path, self._take().text)

    def _compared(self, path: Path, operator: str) -> Node:
        """A comparison, or several with values in parentheses, each compared by itself."""

        def one() -> Node:
            if self._next.text == "(":
                return self._within(lambda: self._all(one))
            return Comparison(path, operator, self._value())

        return one()

    def _within(self, inner: Callable[[], Node]) -> Node:
        self._take()
        node = inner()
        if not self._accept(")"):
            raise self._error("a closing parenthesis")
        return node

    def _path(self) -> Path:
        if self._next.kind not in ("path", "word") or self._next.text in ("AND", "OR", "NOT"):
            raise self._error("a field")
        return tuple(name.strip('"') for name in _NAME.findall(self._take().text))

    def _value(self) -> Value:
        if self._next.kind == "string":
            return Value(json.loads(self._take().text))
        if self._next.kind != "word" or self._next.text in ("AND", "OR", "NOT"):
            raise self._error("a value")
        return Value(self._take().text, quoted=False)

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _take(self) -> _Token:
        return self._tokens.pop(0)

    def _accept(self, text: str) -> bool:
        is_next = self._next.text == text and self._next.kind != "string"
        if is_next:
            self._take()
        return is_next

    def _starts(self) -> bool:
        """Whether another part follows, with AND left out."""
        return self._next.kind != _END and self._next.text not in (")", "OR")

    def _error(self, wanted: str) -> FilterError:
        return FilterError(f"{wanted} is wanted at {self._next.text!r} ({self._next.position})")


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found:
            raise FilterError(f"{text[position : position + 20]!r} is nothing known here")
        if found.lastgroup != "blank":
            yield _Token(str(found.lastgroup), found[0], position)
        position = found.end()
    yield _Token(_END, "", position)
