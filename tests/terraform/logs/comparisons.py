"""One comparison of a filter with a log entry, such as `jsonPayload.status >= 500`.

Facts: docs.cloud.google.com/logging/docs/view/logging-query-language, under "Missing fields",
"Values and conversions" and "Comparison operators".
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Entry = Mapping[str, Any]
Path = tuple[str, ...]
_Test = Callable[[Any, Any], bool]

# cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
SEVERITIES: Final = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}
_EQUALITY: Final[dict[str, _Test]] = {
    "=": operator.eq,
    "!=": operator.ne,
}
_ORDER: Final[dict[str, _Test]] = _EQUALITY | {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXT: Final[dict[str, _Test]] = _ORDER | {":": operator.contains}
_PATTERN: Final = "=~"
OPERATORS: Final = (*_TEXT, _PATTERN)
_MISSING: Final = object()


class FilterError(ValueError):
    """A filter that Google would refuse, or one that is not evaluated here."""


@dataclass(frozen=True, slots=True)
class Value:
    """The right side of a comparison; `*` and NULL_VALUE mean themselves only unquoted."""

    text: str
    quoted: bool = True

    @property
    def is_presence(self) -> bool:
        return self == Value("*", quoted=False)

    @property
    def is_null(self) -> bool:
        return self == Value("NULL_VALUE", quoted=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, an operator and a value."""

    path: Path
    operator: str
    value: Value

    def __post_init__(self) -> None:
        """Refuse what no log entry could ever be compared with.

        Raises:
            FilterError: no entry has such a field, or the operator does not go with the value.
        """
        if not _is_field(self.path):
            raise FilterError(f"{'.'.join(self.path)} is no field of a log entry known here")
        if self.value.is_presence and self.operator != ":":
            raise FilterError("* asks whether a field is there: it goes with `:`")
        if self.value.is_null and self.operator != "=":
            raise FilterError("NULL_VALUE is compared by `=`")

    def matches(self, entry: Entry) -> bool:
        """Whether it holds for an entry; nothing holds for a field that is missing.

        Raises:
            FilterError: the field's type has no such comparison.
        """
        found = value_at(entry, self.path)
        if found is _MISSING:
            return False
        if self.value.is_presence:
            return True
        if found is None or self.value.is_null:
            return found is None and self.value.is_null
        return self._compare(found)

    def _compare(self, found: object) -> bool:
        """Both sides as the field's type; where the value cannot be that, nothing holds."""
        text = self.value.text
        if self.path == ("severity",):
            return self._by(_ORDER)(SEVERITIES[str(found)], _severity(text))
        if isinstance(found, bool):
            is_equal = self._by(_EQUALITY)
            wanted = {"true": True, "false": False}.get(text.lower())
            return wanted is not None and is_equal(found, wanted)
        if isinstance(found, int | float):
            holds, number = self._by(_ORDER), _number(text)
            return number is not None and holds(found, number)
        if isinstance(found, str) and self.operator == _PATTERN:
            return re.search(text, found) is not None
        if isinstance(found, str):
            return self._by(_TEXT)(_folded(found), _folded(text))
        raise FilterError(f"{'.'.join(self.path)} holds a {type(found).__name__}: not evaluated")

    def _by(self, known: Mapping[str, _Test]) -> _Test:
        if self.operator not in known:
            raise FilterError(f"{'.'.join(self.path)} is of no type that {self.operator} compares")
        return known[self.operator]


def has(entry: Entry, path: Path) -> bool:
    """Whether an entry has the field, be it null."""
    return value_at(entry, path) is not _MISSING


def value_at(entry: Entry, path: Path) -> Any:
    """What an entry holds there; a mark of its own if the field is missing."""
    found: Any = entry
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return _MISSING
        found = found[name]
    return found


def _is_field(path: Path) -> bool:
    match path:
        case ("severity",) | ("textPayload",) | ("resource", "type"):
            return True
        case ("resource", "labels", _) | ("labels", _) | ("jsonPayload", _, *_):
            return True
        case _:
            return False


def _severity(text: str) -> int:
    if text.upper() not in SEVERITIES:
        raise FilterError(f"{text} is no severity")
    return SEVERITIES[text.upper()]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _folded(text: str) -> str:
    """NFKC_Casefold, near enough for ASCII and most else: comparisons of text ignore case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
