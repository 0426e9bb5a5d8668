"""What the operators and functions of segmentation expressions mean.

Documented at docs.mixpanel.com/reference/segmentation-expressions: values are strings, numbers
and booleans, plus null and undefined; what has no meaning is undefined, not an error. Strings
compare without regard to case, as the real engine was observed to do.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import operator
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

Value = Any  # str, int, float, bool, None, list, dict or UNDEFINED


class Undefined(enum.Enum):
    """The type of the one value that stands for "no such thing"."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED


class ExpressionError(ValueError):
    """The expression cannot be read, or asks for something that is an error."""


class UnsupportedExpressionError(Exception):
    """Mixpanel may know this, but its meaning is not documented: the simulator does not guess."""


class Record(Protocol):
    """What expressions are evaluated on: an event or a profile."""

    def value(self, source: str, name: str) -> Value:
        """The value of `properties[name]`, `user[name]` or `event[name]`."""


class Function(NamedTuple):
    """A named function and the numbers of arguments it takes."""

    arguments: range
    apply: Callable[..., Value]


def is_number(value: Value) -> bool:
    """Python counts booleans among the integers; Mixpanel does not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def truth(value: Value) -> bool:
    """What `and`, `or` and a whole condition make of a value.

    Raises:
        ExpressionError: neither boolean nor undefined.
    """
    if value is UNDEFINED:
        return False
    if isinstance(value, bool):
        return value
    raise ExpressionError(f"expected a boolean, got {value!r}")


def equal(left: Value, right: Value) -> bool:
    """`==`: never true of two types; null equals null, undefined equals undefined."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return type(left) is type(right) and bool(left == right)


def contains(left: Value, right: Value) -> Value:
    """`left in right`: substring of a string, or member of a list."""
    if isinstance(right, list):
        return any(equal(left, item) for item in right)
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() in right.lower()
    return UNDEFINED


def add(left: Value, right: Value) -> Value:
    """`+`: the sum of two numbers or the concatenation of two strings."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return _add_numbers(left, right)


def negate(value: Value) -> Value:
    """The unary `-`."""
    return -value if is_number(value) else UNDEFINED


def logical_not(value: Value) -> Value:
    """`not`: undefined counts as false."""
    if value is UNDEFINED:
        return True
    return not value if isinstance(value, bool) else UNDEFINED


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if not (is_number(left) and is_number(right)):
            return UNDEFINED
        try:
            return compute(left, right)
        except (ArithmeticError, ValueError):
            return UNDEFINED

    return apply


_add_numbers = _arithmetic(operator.add)


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if is_number(left) and is_number(right):
            return compare(left, right)
        # Documented for numbers only; clients in production compare `$last_seen` strings.
        if isinstance(left, str) and isinstance(right, str):
            return compare(left.lower(), right.lower())
        return UNDEFINED

    return apply


def _rounding(compute: Callable[[Any], int]) -> Callable[[Value], Value]:
    def apply(value: Value) -> Value:
        return compute(value) if is_number(value) and math.isfinite(value) else UNDEFINED

    return apply


def _round_half_away_from_zero(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def to_string(value: Value, default: Value = UNDEFINED) -> Value:
    """`string()`: null and undefined stay, unless a default stands in for them."""
    if value is None or value is UNDEFINED:
        return value if default is UNDEFINED else default
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else UNDEFINED


def to_number(value: Value) -> Value:
    """`number()`: strings are read as decimals; undefined if that fails, and for null."""
    if isinstance(value, bool):
        return 1 if value else 0
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d+\s*", value):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)\s*", value):
        return float(value)
    return value if is_number(value) else UNDEFINED


def to_boolean(value: Value) -> bool:
    """The rule of docs.mixpanel.com/docs/data-structure/property-reference/data-type."""
    if isinstance(value, str):
        return value.lower() not in ("", "false")
    if is_number(value):
        return bool(value != 0)
    return value is not False and value is not None and value is not UNDEFINED


def defined(value: Value) -> bool:
    """`defined()`: "has any value"; Mixpanel shows null as not set, so null is taken as none."""
    return value is not None and value is not UNDEFINED


def to_datetime(value: Value) -> Value:
    """Epoch seconds, of a number itself or of wall-clock text read like stored event times."""
    if not isinstance(value, str):
        return value if is_number(value) else UNDEFINED
    try:
        moment = dt.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return UNDEFINED
    return int(moment.timestamp())


LOGICAL_OR: Final[dict[str, Callable[[Value, Value], Value]]] = {
    # Both sides are always judged: an operand of a wrong type is an error on either side.
    "or": lambda left, right: truth(left) | truth(right),
}
LOGICAL_AND: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "and": lambda left, right: truth(left) & truth(right),
}
COMPARISONS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _ordering(operator.lt),
    "<=": _ordering(operator.le),
    ">": _ordering(operator.gt),
    ">=": _ordering(operator.ge),
    "in": contains,
}
SUMS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "+": add,
    "-": _arithmetic(operator.sub),
}
PRODUCTS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "%": _arithmetic(math.fmod),
}
FUNCTIONS: Final[dict[str, Function]] = {
    "floor": Function(range(1, 2), _rounding(math.floor)),
    "ceil": Function(range(1, 2), _rounding(math.ceil)),
    "round": Function(range(1, 2), _rounding(_round_half_away_from_zero)),
    "string": Function(range(1, 3), to_string),
    "number": Function(range(1, 2), to_number),
    "boolean": Function(range(1, 2), to_boolean),
    "defined": Function(range(1, 2), defined),
    "datetime": Function(range(1, 2), to_datetime),
}
