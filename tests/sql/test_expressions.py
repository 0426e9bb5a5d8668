"""The emulator's translation of GoogleSQL, held to Google's evaluator expression by expression."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.api_core import exceptions

from tests.sql.engines import EmulatorEngine, GoogleSqlEngine
from tests.sql.expressions import JSON, NUMBERS_AND_TEXT
from tests.sql.expressions_of_queries import QUERIES, TIMES
from tests.sql.server import Refused

Json = Any

# What is wrong in BigQuery has to be an error in the emulator, not a guess.
REFUSED = [
    """INT64(JSON '"1"')""",
    "INT64(JSON '1.5')",
    """FLOAT64(JSON '"1.5"')""",
    "STRING(JSON '1')",
    "BOOL(JSON '1')",
    "PARSE_JSON('x')",
    "CAST('1.5' AS INT64)",
    "CAST('t' AS BOOL)",
    "CAST('soon' AS TIMESTAMP)",
    "CAST('2026-02-30' AS DATE)",
    "TIMESTAMP_ADD(TIMESTAMP '2026-01-31', INTERVAL 1 MONTH)",
    "TIMESTAMP_DIFF(TIMESTAMP '2026-01-31', TIMESTAMP '2026-01-01', MONTH)",
    "[1, 2][OFFSET(5)]",
    "[1, 2][ORDINAL(0)]",
    "ERROR('no')",
    "NULL = NULL",
    "1 / 0",
    "DIV(1, 0)",
    "MOD(1, 0)",
    "x FROM UNNEST([1]) AS y",
    "COUNT(*), y FROM UNNEST([1]) AS y",
    "(SELECT y FROM UNNEST([1, 2]) AS y)",
]
# What the emulator does not do, and says so.
NOT_EMULATED = [
    "FARM_FINGERPRINT('a')",
    "FORMAT('%d', 5)",
    "FORMAT_TIMESTAMP('%E*S', TIMESTAMP '2026-01-01')",
    "FORMAT_TIMESTAMP('%s', TIMESTAMP '2026-01-01')",
    "PARSE_TIMESTAMP('%E*S', '1.5')",
    "APPROX_QUANTILES(x, 2) FROM UNNEST([1, 2]) AS x",
    "STRING_AGG(x, ',' LIMIT 1) FROM UNNEST(['a']) AS x",
    "DATETIME_DIFF(DATETIME '2026-01-01', DATETIME '2026-01-09', WEEK)",
    "JSON_SET(JSON '{}', '$.a', 1)",
    "JSON_VALUE(JSON '{}', CONCAT('$.', 'a'))",
    "JSON_KEYS(JSON '{}', mode => 'lax')",
    "SAFE.SUBSTR('abc', 1, -1)",
    "SAFE_ADD(1, 2)",
    "list_sort([2, 1])",
    "strftime(DATE '2026-01-01', '%Y')",
    "TO_JSON_STRING(STRUCT(TIMESTAMP '2026-01-01' AS a))",
    "* FROM (SELECT [STRUCT(1 AS a)] AS xs), UNNEST(xs) AS s",
]


@pytest.mark.parametrize("expression", [*JSON, *NUMBERS_AND_TEXT, *TIMES, *QUERIES])
def test_engines_agree(
    emulator: EmulatorEngine, googlesql: GoogleSqlEngine, expression: str
) -> None:
    """The same rows, of the same types."""
    assert comparable(googlesql.query(f"SELECT {expression}")) == comparable(
        emulator.query(f"SELECT {expression}")
    )


@pytest.mark.parametrize("expression", REFUSED)
def test_engines_refuse(
    emulator: EmulatorEngine, googlesql: GoogleSqlEngine, expression: str
) -> None:
    """What one refuses, the other refuses as well."""
    with pytest.raises(Refused):
        googlesql.query(f"SELECT {expression}")
    with pytest.raises(exceptions.BadRequest):
        emulator.query(f"SELECT {expression}")


@pytest.mark.parametrize("expression", NOT_EMULATED)
def test_what_is_not_emulated_answers_501(emulator: EmulatorEngine, expression: str) -> None:
    """Rather than an answer that may not be BigQuery's."""
    with pytest.raises(exceptions.MethodNotImplemented, match="not emulated"):
        emulator.query(f"SELECT {expression}")


# JSON_KEYS is too young for the evaluator: googlesql/public/functions/json_test.cc and
# cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_keys say so.
KEYS = {
    """JSON_KEYS(JSON '{"b":1,"a":{"c":1}}')""": ["a", "a.c", "b"],
    """JSON_KEYS(JSON '{"b":1,"a":{"c":1}}', 1)""": ["a", "b"],
    """JSON_KEYS(JSON '{"a":{"b":{"c":1}}}', 2)""": ["a", "a.b"],
    """JSON_KEYS(JSON '{"a":[{"b":1}]}')""": ["a"],
    """JSON_KEYS(JSON '{"$city":1,"x y":2,"größe":3,"*":4,"[0]":5}', 1)""": [
        *("$city", "*", "[0]", "größe", "x y"),
    ],
    """JSON_KEYS(JSON '{"a.b":{"c":1}}')""": ['"a.b"', '"a.b".c'],
    r"""JSON_KEYS(JSON '{"q\\"r":1,"b\\\\s":2,"l\\nf":3}', 1)""": [
        *(r'"b\\s"', r'"l\nf"', r'"q\"r"'),
    ],
    "JSON_KEYS(JSON '{}')": [],
    "JSON_KEYS(JSON '[1]')": [],
}


@pytest.mark.parametrize(("expression", "keys"), KEYS.items(), ids=KEYS)
def test_keys_of_json(emulator: EmulatorEngine, expression: str, keys: list[str]) -> None:
    """Sorted, once each, quoted where a path would read them as several."""
    assert [{"it": keys}] == emulator.query(f"SELECT {expression} AS it")


def test_no_array_of_a_result_has_a_null(emulator: EmulatorEngine) -> None:
    """BigQuery cannot write such an array, which its evaluator has no need to."""
    with pytest.raises(exceptions.BadRequest, match="Array cannot have a null element"):
        emulator.query("SELECT [1, NULL]")


def test_json_has_no_order_of_members(emulator: EmulatorEngine) -> None:
    """Text of JSON is the same for the same value, also as a parameter."""
    query = """
        SELECT COUNT(DISTINCT TO_JSON_STRING(json)) AS it
        FROM UNNEST([JSON '{"b":{"d":1,"c":2},"a":1}', JSON '{"a":1,"b":{"c":2,"d":1}}']) AS json
    """

    assert [{"it": 1}] == emulator.query(query)


def comparable(value: Json) -> Json:
    """The value with its type, for 1 is not 1.0; NaN equals itself."""
    if isinstance(value, dict):
        return {name: comparable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return type(value).__name__, value
