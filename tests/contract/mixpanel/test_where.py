"""The `where` language, rule by rule as docs.mixpanel.com/reference/segmentation-expressions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.mixpanel.events import Event
from local.mixpanel.where import (
    UNDEFINED,
    ExpressionError,
    UnsupportedExpressionError,
    condition,
    parse,
)

PROPERTIES: dict[str, Any] = {
    "time": 1718445600,
    "mp_processing_time_ms": 1718460000123,
    "account_id": 3,
    "price": 9.5,
    "plan": "Pro",
    "digits": " 42 ",
    "decimal": "1.50",
    "word": "abc",
    "empty": "",
    "yes": True,
    "no": False,
    "nothing": None,
    "tags": ["VIP", "beta", 7],
    "deep": {"x": 1},
    'quo"te': "q",
}


def record(properties: dict[str, Any]) -> Event:
    return Event.from_line(json.dumps({"event": "e", "properties": properties}))


VALUES: list[tuple[str, Any]] = [
    # Literals and properties.
    ("true", True),
    ("false", False),
    ("12", 12),
    ("1.5", 1.5),
    ("1e3", 1000.0),
    ('"text"', "text"),
    (r'"a\"b\\c"', 'a"b\\c'),
    ('properties["plan"]', "Pro"),
    (r'properties["quo\"te"]', "q"),
    ('properties["nothing"]', None),
    ('properties["missing"]', UNDEFINED),
    # There are no profiles beside exported events.
    ('user["$email"]', UNDEFINED),
    # The stored time, in seconds, under three names.
    ('properties["time"]', 1718445600),
    ('properties["$time"]', 1718445600),
    ('event["$time"]', 1718445600),
    # The function string.
    ('string("x")', "x"),
    ("string(12)", "12"),
    ("string(2.0)", "2"),
    ("string(2.5)", "2.5"),
    ("string(true)", "true"),
    ("string(false)", "false"),
    ('string(properties["nothing"])', None),
    ('string(properties["missing"])', UNDEFINED),
    ('string(properties["missing"], "none")', "none"),
    ('string(properties["plan"], "none")', "Pro"),
    ('string(properties["tags"])', UNDEFINED),
    # The function number.
    ('number("abc")', UNDEFINED),
    ('number(properties["digits"])', 42),
    ('number(properties["decimal"])', 1.5),
    ('number("-3")', -3),
    ('number("nan")', UNDEFINED),
    ("number(7)", 7),
    ("number(true)", 1),
    ("number(false)", 0),
    ('number(properties["nothing"])', UNDEFINED),
    ('number(properties["missing"])', UNDEFINED),
    ('number(properties["deep"])', UNDEFINED),
    # boolean(), as docs/data-structure/property-reference/data-type has it.
    ('boolean("false")', False),
    ('boolean("")', False),
    ('boolean("no")', True),
    ("boolean(0)", False),
    ("boolean(-1)", True),
    ('boolean(properties["nothing"])', False),
    ('boolean(properties["missing"])', False),
    ('boolean(properties["yes"])', True),
    # The function defined.
    ('defined(properties["empty"])', True),
    ('defined(properties["missing"])', False),
    ('defined(properties["nothing"])', False),
    ('not defined(properties["missing"])', True),
    # Arithmetic wants numbers; nothing is divided by zero; a remainder has the dividend's sign.
    ("7 - 2 * 3", 1),
    ("(7 - 2) * 3", 15),
    ("7 - 2 - 1", 4),
    ("7 / 2", 3.5),
    ("1 / 0", UNDEFINED),
    ("7 % 3", 1),
    ("-7 % 3", -1),
    ("7 % -3", 1),
    ("7 % 0", UNDEFINED),
    ('1 - "1"', UNDEFINED),
    ("true * 2", UNDEFINED),
    ("1 + 2", 3),
    ('"a" + "B"', "aB"),
    ('"a" + 1', UNDEFINED),
    ('properties["missing"] + 1', UNDEFINED),
    # Unary minus and the mathematical functions.
    ("-(2)", -2),
    ("--2", 2),
    ('-"x"', UNDEFINED),
    ("-true", UNDEFINED),
    ("floor(2.7)", 2),
    ("floor(-2.2)", -3),
    ("ceil(2.2)", 3),
    ("round(2.5)", 3),
    ("round(-2.5)", -3),
    ('floor("2")', UNDEFINED),
    # == is false across types and != is its inverse; strings have no case.
    ("1 == 1.0", True),
    ('1 == "1"', False),
    ('1 != "1"', True),
    ("1 == true", False),
    ('"iOS" == "ios"', True),
    ('properties["missing"] == properties["nothing"]', False),
    ('properties["missing"] == properties["absent"]', True),
    ('properties["missing"] != "x"', True),
    # Order: two numbers, or two strings as clients use it for $last_seen; else undefined.
    ("2 > 1", True),
    ("2 >= 2", True),
    ("2 < 1", False),
    ("2 <= 1", False),
    ('"2024-01-01T00:00:00" < "2024-01-02T00:00:00"', True),
    ('"a" < "B"', True),
    ('"2" > 1', UNDEFINED),
    ("true > false", UNDEFINED),
    ('properties["missing"] < 1', UNDEFINED),
    # in: substring of a string, member of a list; mixed is undefined.
    ('"RO" in properties["plan"]', True),
    ('"z" in properties["plan"]', False),
    ('properties["account_id"] in [1,2,3,4]', True),
    ('properties["account_id"] in [5, "3"]', False),
    ('properties["missing"] in [1]', False),
    ("1 in []", False),
    ('"vip" in properties["tags"]', True),
    ('"vi" in properties["tags"]', False),
    ('1 in "1"', UNDEFINED),
    # not: undefined counts as false, other types have no negation.
    ("not true", False),
    ('not properties["missing"]', True),
    ('not properties["plan"]', UNDEFINED),
    ("not not true", True),
    # and, or: undefined is false; also in capitals, as Mixpanel's own script has them.
    ('true and properties["missing"]', False),
    ('properties["missing"] or true', True),
    ("true AND NOT false", True),
    ("false OR true", True),
    # Precedence: or, and, not, comparison, sum, product.
    ("true or false and false", True),
    ("not 1 == 2 and true", True),
    ("1 + 1 == 2", True),
    ('not "x" in "abc"', True),
    # datetime(): wall-clock text is read like stored times, numbers are seconds already.
    ('datetime("2024-06-15T10:00:00")', 1718445600),
    ("datetime(1718445600)", 1718445600),
    ('datetime("soon")', UNDEFINED),
    ('event["$time"] >= datetime("2024-06-15T00:00:00")', True),
]


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_expression_has_documented_value(text: str, expected: Any) -> None:
    """Every documented rule yields its documented value, type included."""
    actual = parse(text)(record(PROPERTIES))

    assert (type(expected), expected) == (type(actual), actual) or (
        # Whether a number is held as an integer is not part of the language.
        {type(expected), type(actual)} == {int, float} and expected == actual
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "properties",
        "properties[plan]",
        'properties["plan"',
        'properties["plan"] = "x"',
        "1 +",
        "1 2",
        "(1",
        "[1,",
        "[,1]",
        "unknown(1)",
        "undefined",
        "floor(1, 2)",
        "datetime()",
        "'single'",
        '"open',
        "a.b",
        "1 && 2",
        "not",
        "1 not in [1]",
    ],
)
def test_syntax_error(text: str) -> None:
    """What the grammar does not allow is refused, not guessed at."""
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        'properties["plan"]',
        "1",
        "1 and true",
        'true and "x"',
        # The right side is judged even where the left one decides.
        "false and 1",
        "true or 1",
        'properties["nothing"] or true',
    ],
)
def test_other_types_are_an_error_where_a_boolean_is_needed(text: str) -> None:
    """`and`, `or` and a whole condition accept booleans and undefined only."""
    with pytest.raises(ExpressionError, match="expected a boolean"):
        condition(text)(record(PROPERTIES))


@pytest.mark.parametrize("text", ['any(X, properties["tags"])', 'event["$name"]'])
def test_undocumented_is_not_emulated(text: str) -> None:
    """What Mixpanel has without documenting it is told apart from what it has not."""
    with pytest.raises(UnsupportedExpressionError):
        parse(text)


def test_undefined_condition_does_not_match() -> None:
    """An event without processing time is outside every interval of it."""
    where = condition(
        'number(properties["mp_processing_time_ms"]) >= 0'
        ' and number(properties["mp_processing_time_ms"]) < 9999999999999'
    )

    assert where(record(PROPERTIES))
    assert not where(record({"time": 1486793881, "distinct_id": "from 2017"}))
