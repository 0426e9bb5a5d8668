"""What the columns of a typed view show, of any property under any name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local import views
from mixpanel_export_cli.column_names import plain_name
from mixpanel_export_cli.typed_columns import (
    EVENT_COLUMNS,
    TYPES,
    Column,
    Property,
    chosen,
)
from mixpanel_export_cli.typed_view import view_sql
from tests.sql import project
from tests.sql.analyzer import Analyzer
from tests.sql.engines import Engine
from tests.sql.raw_rows import loaded
from tests.sql.server import Refused
from tests.sql.values import name_of

HOUR = "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"

Json = Any


def sql_of(columns: Sequence[Column]) -> str:
    """The view with these columns, as Terraform fills it in."""
    template = view_sql(columns, "events_typed.columns.json")
    return views.fill(template, project.VALUES)


def typed(engine: Engine, columns: Sequence[Column], every: Sequence[Json]) -> list[Json]:
    """The rows of the view over events with these properties, in their order."""
    rows = [
        {"time": HOUR[0], "event_name": f"{number:03}", "properties": each}
        for number, each in enumerate(every)
    ]
    engine.hold("events", loaded("recent", *HOUR, 1, rows))
    return engine.query(f"SELECT * FROM ({sql_of(columns)}) ORDER BY event_name")


# A JSON value, and what a column of each type shows of it.
MISSING = object()
NOTHING = dict.fromkeys(TYPES)
READINGS: dict[str, tuple[Json, Json]] = {
    "no such property": (MISSING, {}),
    "null": (None, {}),
    "text": ("x", {"STRING": "x", "JSON": "x"}),
    "empty text": ("", {"STRING": "", "JSON": ""}),
    "the word null": ("null", {"STRING": "null", "JSON": "null"}),
    "true": (True, {"STRING": "true", "BOOL": True, "JSON": True}),
    "the word false": ("false", {"STRING": "false", "BOOL": False, "JSON": "false"}),
    "the word yes": ("yes", {"STRING": "yes", "JSON": "yes"}),
    "a whole number": (5, {"STRING": "5", "FLOAT64": 5.0, "INT64": 5, "JSON": 5}),
    "one is not true": (1, {"STRING": "1", "FLOAT64": 1.0, "INT64": 1, "JSON": 1}),
    "a whole number as a fraction": (
        5.0,
        {"STRING": "5.0", "FLOAT64": 5.0, "INT64": 5, "JSON": 5.0},
    ),
    "a fraction": (5.5, {"STRING": "5.5", "FLOAT64": 5.5, "JSON": 5.5}),
    "more than an integer holds": (
        2**64 - 1,
        {"STRING": str(2**64 - 1), "FLOAT64": float(2**64 - 1), "JSON": 2**64 - 1},
    ),
    "a number in text": ("5", {"STRING": "5", "FLOAT64": 5.0, "INT64": 5, "JSON": "5"}),
    "a fraction in text": ("5.7", {"STRING": "5.7", "FLOAT64": 5.7, "JSON": "5.7"}),
    "a number in text with an exponent": (
        "1e3",
        {"STRING": "1e3", "FLOAT64": 1000.0, "JSON": "1e3"},
    ),
    **{
        f"{text} in text": (text, {"STRING": text, "JSON": text})
        for text in ("NaN", "Infinity", "-Infinity", "1e400", "-inf", "0x1A", "-0X1a")
    },
    "a moment": (
        "2026-11-22T08:00:00",
        {
            "STRING": "2026-11-22T08:00:00",
            "JSON": "2026-11-22T08:00:00",
            "TIMESTAMP": "2026-11-22 08:00:00+00",
            "DATETIME": "2026-11-22 08:00:00",
        },
    ),
    "a moment with its offset": (
        "2026-11-22T08:00:00+02:00",
        {
            "STRING": "2026-11-22T08:00:00+02:00",
            "JSON": "2026-11-22T08:00:00+02:00",
            "TIMESTAMP": "2026-11-22 06:00:00+00",
        },
    ),
    "a day": (
        "2026-11-22",
        {
            "STRING": "2026-11-22",
            "JSON": "2026-11-22",
            "TIMESTAMP": "2026-11-22 00:00:00+00",
            "DATETIME": "2026-11-22 00:00:00",
            "DATE": "2026-11-22",
        },
    ),
    "a day that is none": (
        "2026-02-30",
        {"STRING": "2026-02-30", "JSON": "2026-02-30"},
    ),
    "a list": ([1, "x"], {"STRING": '[1,"x"]', "JSON": [1, "x"]}),
    "an object": ({"a": None}, {"STRING": '{"a":null}', "JSON": {"a": None}}),
}
_MOMENTS = {"TIMESTAMP", "DATETIME", "DATE"}


def as_text(kind: str, expression: str) -> str:
    """Moments as GoogleSQL writes them: their Python types are not the subject here."""
    if kind not in _MOMENTS:
        return expression
    formats = {"TIMESTAMP": "%Y-%m-%d %H:%M:%S+00", "DATETIME": "%Y-%m-%d %H:%M:%S", "DATE": "%F"}
    return f"FORMAT_{kind}('{formats[kind]}', {expression})"


@pytest.mark.parametrize(("value", "readings"), READINGS.values(), ids=READINGS)
def test_a_column_shows_what_reads_as_its_type(
    engine: Engine, value: Json, readings: Json
) -> None:
    """And NULL for everything else; nothing fails, and nothing is made up."""
    columns = [Column("$p", kind, kind.lower()) for kind in TYPES]
    properties = {} if value is MISSING else {"$p": value}
    typed(engine, columns, [properties])
    shown = ", ".join(f"{as_text(kind, kind.lower())} AS {kind.lower()}" for kind in TYPES)
    (row,) = engine.query(f"SELECT {shown} FROM ({sql_of(columns)})")

    assert {kind.lower(): each for kind, each in (NOTHING | readings).items()} == row


def test_a_sum_is_a_number(engine: Engine) -> None:
    """Whatever text there is among the numbers; the fetcher makes `NaN` and `Infinity` of such."""
    columns = [Column("$p", "FLOAT64", "p")]
    typed(engine, columns, [{"$p": value} for value in (1, 2.5, "4", "NaN", "Infinity", "1e400")])

    assert [{"p": 7.5}] == engine.query(f"SELECT SUM(p) AS p FROM ({sql_of(columns)})")


def test_a_property_that_is_null_is_null(engine: Engine) -> None:
    """In columns of JSON, too: `IS NULL` finds it, as it finds one that is missing."""
    columns = [Column("$p", kind, kind.lower()) for kind in TYPES]
    typed(engine, columns, [{"$p": None}, {}, {"$p": []}])
    counts = ", ".join(f"COUNTIF({kind} IS NULL) AS {kind}" for kind in ("json", "string"))

    assert [{"json": 2, "string": 2}] == engine.query(f"SELECT {counts} FROM ({sql_of(columns)})")


def test_the_columns_of_events_come_first(engine: Engine) -> None:
    """As events has them, and then the others."""
    columns = [Column("b", "STRING", "B"), Column("c", "STRING", None)]
    (row,) = typed(engine, columns, [{"b": "x", "c": "y"}])

    assert [*EVENT_COLUMNS, "B"] == list(row)
    assert engine.query("SELECT * FROM mixpanel.events") == [
        {name: value for name, value in row.items() if name != "B"}
    ]


STRANGE = (
    "$city",
    'a"b',
    "a'b",
    "a\\b",
    'a\\"b',
    "a.b",
    "*",
    "0",
    "$",
    "",
    "\n\0",
    "${x}",
    "%{x}",
)
texts = st.sampled_from(["", "x", "null", "true", "ünï", 'a"b', "\\", "${x}"])
names = st.text(max_size=5) | st.sampled_from(STRANGE) | st.text("$_aA .'\"\\`{}%\n😀", max_size=5)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(-1e15, 1e15).map(lambda number: round(number, 2))
    | texts
)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=2)
properties = st.dictionaries(names, values, max_size=4)


def json_type(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case _:
            return "array" if isinstance(value, list) else "object"


def catalog(every: Sequence[Json]) -> list[Property]:
    """What the catalog says of these events."""
    found = {name for each in every for name in each}
    return [
        Property(name, {json_type(each[name]) for each in every if name in each}, 1)
        for name in sorted(found)
    ]


def readings(column: Column, value: Json) -> Json:
    """What a column of the type that was chosen shows, in a form that compares by value."""
    if column.type == "STRING" and value is not None and not isinstance(value, str):
        return ["the JSON of", value]
    if column.type == "FLOAT64" and value is not None:
        return float(value)
    return value


def read(column: Column, value: Json, original: Json) -> Json:
    """What an engine showed, in the same form."""
    if column.type == "STRING" and value is not None and not isinstance(original, str):
        return ["the JSON of", json.loads(value)]
    return value


@given(st.lists(properties, min_size=1, max_size=4))
@example([dict.fromkeys(STRANGE, "x"), dict.fromkeys(STRANGE, 1), {}])
@example([{'a"b': 1, "a": {"b": 2}, "a.b": 3}])
def test_values_come_back_as_python_reads_them(engine: Engine, every: list[Json]) -> None:
    """Whatever the properties are called and hold, in columns that were chosen for them."""
    columns = chosen(catalog(every), (), 0)
    rows = typed(engine, columns, every)

    assert len(every) == len(rows)
    for each, row in zip(every, rows, strict=True):
        for column in columns:
            original = each.get(column.property)
            assert column.name
            assert readings(column, original) == read(column, row[column.name], original)


@given(st.lists(names, min_size=1, max_size=6, unique=True), st.sampled_from(TYPES))
def test_googles_analyzer_knows_each_column_and_its_type(
    analyzer: Analyzer, found: list[str], kind: str
) -> None:
    """Under its name, in its type; nobody needs to quote it."""
    catalog_of = [Property(name, {"string"}, 1) for name in found]
    memory = [Column(each.property, kind, each.name) for each in chosen(catalog_of, (), 0)]
    selected = ", ".join(str(column.name) for column in memory)

    expected = {column.name: kind for column in memory}
    assert expected == described(analyzer, f"SELECT {selected} FROM ({sql_of(memory)})")


@pytest.mark.parametrize("word", ["order", "group", "select", "if", "end", "at", "by", "hash"])
def test_a_reserved_word_is_no_name(analyzer: Analyzer, word: str) -> None:
    """Google's analyzer does not take it for one, but takes what becomes of it."""
    name = plain_name(word)

    with pytest.raises(Refused):
        analyzer.analyze(f"SELECT {word} FROM (SELECT 1 AS `{word}`)")
    assert {name: "INT64"} == described(analyzer, f"SELECT {name} FROM (SELECT 1 AS {name})")


def described(analyzer: Analyzer, sql: str) -> dict[str, str]:
    """The columns of a query, with their types."""
    return {name: name_of(kind) for name, kind in analyzer.analyze(sql).items()}
