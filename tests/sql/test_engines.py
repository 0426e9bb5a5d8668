"""Two engines, one SQL: the emulator's DuckDB and Google's evaluator give the same answers."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from tests.sql import project
from tests.sql.analyzer import Analyzer
from tests.sql.engines import EmulatorEngine, Engine, GoogleSqlEngine
from tests.sql.lacks import LACKS
from tests.sql.raw_rows import loaded
from tests.sql.server import Refused
from tests.sql.values import name_of, scalar

Json = Any

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
EIGHT, NINE = "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"
ORDER = {
    "time": "2026-11-22T08:30:00.000001Z",
    "event_name": "Order",
    "distinct_id": "ann",
    "insert_id": "1",
    "processing_time": "2026-11-22T08:31:00Z",
    "properties": {"$city": "Köln", "amount": 1.5, "items": [1, None], "gone": None},
}

# Expressions over the row above, and the value that both engines give.
AGREED: list[tuple[str, Json]] = [
    ("time", dt.datetime(2026, 11, 22, 8, 30, 0, 1, dt.UTC)),
    ("user_id", None),
    ("properties", ORDER["properties"]),
    ("""JSON_VALUE(properties, '$."$city"')""", "Köln"),
    ("JSON_VALUE(properties['amount'])", "1.5"),
    ("JSON_QUERY(properties, '$.items')", [1, None]),
    ("JSON_QUERY(properties, '$.gone') IS NULL", False),
    ("JSON_VALUE(properties, '$.gone') IS NULL", True),
    ("JSON_TYPE(properties.items)", "array"),
    ("DATE(time)", dt.date(2026, 11, 22)),
    ("DATE(time, 'Asia/Tokyo')", dt.date(2026, 11, 22)),
    ("DATETIME(time, 'America/New_York')", dt.datetime(2026, 11, 22, 3, 30, 0, 1)),  # noqa: DTZ001  (a DATETIME has no zone)
    ("TIMESTAMP_DIFF(processing_time, time, SECOND)", 59),
    ("FORMAT_TIMESTAMP('%Y%m%dT%H%M%SZ', time)", "20261122T083000Z"),
    ("STRUCT(event_name AS a, [1, 2] AS b)", {"a": "Order", "b": [1, 2]}),
    ("[event_name, 'b']", ["Order", "b"]),
    ("1 / 4", 0.25),
    ("SAFE_CAST('x' AS INT64)", None),
    ("CURRENT_TIMESTAMP()", NOON),
    ("CURRENT_TIMESTAMP", NOON),
    ("CURRENT_DATE()", dt.date(2026, 11, 22)),
    ("CURRENT_DATE('Pacific/Auckland')", dt.date(2026, 11, 23)),
    ("NULL", None),
]
# What a parameter may be.
PARAMETERS = [True, 7, 1.5, "Köln", NOON, dt.date(2026, 11, 22), ["a", "b"], [NOON], [1, 2]]


def sql_type(field: bigquery.SchemaField) -> str:
    """The type of a column as SQL writes it, which the API writes in the words of legacy SQL."""
    name = name_of(scalar(field.field_type))
    return f"ARRAY<{name}>" if field.mode == "REPEATED" else name


@pytest.fixture(name="held")
def _held(engine: Engine) -> Engine:
    engine.hold("events", loaded("recent", EIGHT, NINE, 1, [ORDER]))
    engine.now = NOON
    return engine


def test_everything_of_terraform_is_made(emulator: EmulatorEngine) -> None:
    """The emulator takes every view and every table function."""
    assert {} == emulator.failed


@pytest.mark.parametrize("name", project.view_queries())
def test_engines_agree_on_columns(emulator: EmulatorEngine, analyzer: Analyzer, name: str) -> None:
    """A view has the same columns with the same types, in the same order."""
    found = {each.name: sql_type(each) for each in emulator.client.get_table(name).schema}
    assert {column: name_of(kind) for column, kind in analyzer.columns(name).items()} == found


@pytest.mark.parametrize(("expression", "value"), AGREED, ids=[each for each, _ in AGREED])
def test_engines_agree(held: Engine, expression: str, value: Json) -> None:
    """On values of each type, and on those that are easily mistaken."""
    assert [{"it": value}] == held.query(f"SELECT {expression} AS it FROM mixpanel.events")


@pytest.mark.parametrize("value", PARAMETERS, ids=repr)
def test_a_parameter_has_the_type_of_its_value(engine: Engine, value: Json) -> None:
    """It comes back as it went in."""
    assert [{"it": value}] == engine.query("SELECT @it AS it", it=value)


@pytest.mark.parametrize(
    "name",
    [
        "mixpanel.events",
        "shop.mixpanel.events",
        "`shop.mixpanel.events`",
        "`shop`.mixpanel.`events`",
    ],
)
def test_a_table_may_be_written_in_many_ways(held: Engine, name: str) -> None:
    """With or without the project and backticks; without an alias it has its own last name."""
    expected = [{"event_name": "Order"}]
    assert expected == held.query(f"SELECT events.event_name FROM {name}")
    assert expected == held.query(f"SELECT e.event_name FROM {name} AS e")


def test_a_name_in_a_string_or_a_comment_is_no_table(held: Engine) -> None:
    """Nor is a column of the same name."""
    query = "SELECT 'FROM mixpanel.events' AS a /* FROM mixpanel.people */ FROM mixpanel.events"

    assert [{"a": "FROM mixpanel.events"}] == held.query(query)


def test_columns_without_a_name_are_counted(engine: Engine) -> None:
    """As in BigQuery's results."""
    assert [{"f0_": 1, "a": 2, "f1_": 3}] == engine.query("SELECT 1, 2 AS a, 3")


def test_a_table_function_takes_expressions(held: Engine) -> None:
    """Parameters among them, and the time."""
    query = "SELECT event_name FROM mixpanel.events_between(TIMESTAMP(@day), CURRENT_TIMESTAMP())"

    assert [{"event_name": "Order"}] == held.query(query, day="2026-11-22")
    assert [] == held.query(query, day="2026-11-23")


def test_a_table_holds_what_it_was_given_last(held: Engine) -> None:
    """Rows of before are gone, in the views as well, and the other table keeps its rows."""
    profile = {"distinct_id": "ann", "last_seen": "2026-11-22T08:00:00", "as_of": EIGHT}
    held.hold("people", loaded("snapshot", EIGHT, NINE, 1, [profile], as_of=EIGHT))
    held.hold("events", [])

    assert [{"n": 0}] == held.query("SELECT COUNT(*) AS n FROM mixpanel.events")
    assert [{"last_seen": dt.datetime(2026, 11, 22, 8)}] == held.query(  # noqa: DTZ001  (a DATETIME has no zone)
        "SELECT last_seen FROM mixpanel.people"
    )


def test_time_runs_unless_it_is_stopped(engine: Engine) -> None:
    """And in each query it is one moment."""
    engine.now = None
    query = "SELECT CURRENT_TIMESTAMP() AS a, CURRENT_TIMESTAMP() AS b"
    ((first, same), (second, _)) = (row.values() for _ in "12" for row in engine.query(query))

    assert first == same
    assert first < second


@pytest.mark.parametrize(("reason", "query"), LACKS.items(), ids=list(LACKS))
def test_what_the_evaluator_lacks(googlesql: GoogleSqlEngine, reason: str, query: str) -> None:
    """Each reason to run a test on the emulator alone holds: Google's evaluator refuses this."""
    with pytest.raises(Refused):
        googlesql.query(query)


def test_reasons_are_used() -> None:
    """Each test that runs on the emulator alone has one, and none is kept for nothing."""
    used = {
        ast.literal_eval(node.args[0])
        for source in Path(__file__).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "emulator_only"
    }
    assert LACKS.keys() == used
