"""Queries: values of all types, parameters, DML, and refusals where DuckDB would guess."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter, StructQueryParameter

from tests.contract.bigquery.loading import NO_RETRY, TABLE

clock = datetime.fromisoformat  # Without a zone.
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATE = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)

EXPRESSIONS = {
    "1": 1,
    "1.5": 1.5,
    "-9223372036854775808": -(2**63),
    "SUM(2) OVER ()": 2,
    "'é'": "é",
    "TRUE": True,
    "NULL": None,
    "b'abc'": b"abc",
    "FROM_BASE64('AAE=')": b"\x00\x01",
    "DATE '2026-11-22'": date(2026, 11, 22),
    "TIMESTAMP '2026-11-22 12:00:00'": NOON,
    "TIMESTAMP '2026-11-22 13:00:00+01:00'": NOON,
    "TIMESTAMP_MICROS(1795348800123456)": LATE,
    "TIMESTAMP_MILLIS(1795348800000)": NOON,
    "TIMESTAMP_SECONDS(1795348800)": NOON,
    "UNIX_MICROS(TIMESTAMP '2026-11-22 12:00:00.123456')": 1795348800123456,
    "TIMESTAMP_TRUNC(TIMESTAMP '2026-11-22 12:34:56', HOUR)": NOON,
    "TIMESTAMP_SUB(TIMESTAMP '2026-11-22 13:00:00', INTERVAL 1 HOUR)": NOON,
    "TIMESTAMP_DIFF(TIMESTAMP '2026-11-22', TIMESTAMP '2026-11-21', HOUR)": 24,
    "TIMESTAMP_TRUNC(TIMESTAMP '2026-11-22 17:34:56', DAY, 'UTC')": datetime(
        2026, 11, 22, tzinfo=UTC
    ),
    "PARSE_TIMESTAMP('%Y-%m-%d %H:%M', '2026-11-22 12:00')": NOON,
    "TIMESTAMP(DATE '2026-11-22')": datetime(2026, 11, 22, tzinfo=UTC),
    "TIMESTAMP(DATETIME '2026-11-22 07:00:00', 'America/New_York')": NOON,
    "DATE(TIMESTAMP '2026-11-22 02:00:00', 'America/New_York')": date(2026, 11, 21),
    "DATE_ADD(DATE '2026-11-22', INTERVAL 1 MONTH)": date(2026, 12, 22),
    "DATE_SUB(DATE(TIMESTAMP '2026-11-22'), INTERVAL 1 DAY)": date(2026, 11, 21),
    "DATE_TRUNC(DATE_ADD(DATE '2026-11-22', INTERVAL 9 DAY), MONTH)": date(2026, 12, 1),
    "DATETIME '2026-11-22 12:00:00.123456'": clock("2026-11-22T12:00:00.123456"),
    "DATETIME(TIMESTAMP '2026-11-22 12:00:00', 'America/New_York')": clock("2026-11-22T07:00:00"),
    "DATETIME_TRUNC(DATETIME '2026-11-22 12:34:56', HOUR)": clock("2026-11-22T12:00:00"),
    "DATETIME_SUB(DATETIME '2026-11-22 12:00:00', INTERVAL 1 DAY)": clock("2026-11-21T12:00:00"),
    "[DATETIME '0001-01-01 00:00:00']": [clock("0001-01-01T00:00:00")],
    "JSON '{\"a\": [1, 2.5]}'": {"a": [1, 2.5]},
    'JSON_VALUE(JSON \'{"$os": "Mac"}\', \'$."$os"\')': "Mac",
    "JSON_QUERY(JSON '{\"a\": {\"b\": 1}}', '$.a')": {"b": 1},
    "CAST(JSON_VALUE(JSON '{\"n\": 7}', '$.n') AS INT64)": 7,
    "[1, 2]": [1, 2],
    "[TIMESTAMP '2026-11-22 12:00:00']": [NOON],
    "STRUCT(1 AS a, 'x' AS b)": {"a": 1, "b": "x"},
    "[STRUCT(1 AS a)]": [{"a": 1}],
    "CAST('inf' AS FLOAT64)": math.inf,
    "7 / 2": 3.5,
    "SAFE_DIVIDE(1, 0)": None,
    "COUNTIF(TRUE) OVER ()": 1,
}


def test_values_have_their_bigquery_types(empty_client: bigquery.Client) -> None:
    """A result has the value and the type that BigQuery gives it."""
    (row,) = empty_client.query_and_wait(f"SELECT {', '.join(EXPRESSIONS)}")

    found = dict(zip(EXPRESSIONS, row.values(), strict=True))
    assert EXPRESSIONS == found
    assert list(map(type, EXPRESSIONS.values())) == list(map(type, found.values()))


def scalar(kind: str, value: Any) -> ScalarQueryParameter:
    return ScalarQueryParameter("p", kind, value)


PARAMETERS = {
    "INT64": scalar("INT64", -(2**63)),
    "FLOAT64": scalar("FLOAT64", 0.1),
    "STRING": scalar("STRING", 'it\'s \\ "é"\n\x00; --'),
    "BOOL": scalar("BOOL", False),
    "TIMESTAMP": scalar("TIMESTAMP", LATE),
    "DATE": scalar("DATE", date(2026, 11, 22)),
    "DATETIME": scalar("DATETIME", clock("2026-11-22T12:00:00.123456")),
    "BYTES": scalar("BYTES", b"\x00\xff"),
    "JSON": scalar("JSON", {"a": 1}),
    "NULL": scalar("STRING", None),
    "ARRAY": ArrayQueryParameter("p", "TIMESTAMP", [NOON, LATE]),
    "empty ARRAY": ArrayQueryParameter("p", "INT64", []),
    "STRUCT": StructQueryParameter("p", ScalarQueryParameter("a", "INT64", 1)),
}


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=PARAMETERS)
def test_parameter_keeps_its_value(empty_client: bigquery.Client, parameter: Any) -> None:
    """A named parameter arrives with its type and value."""
    config = bigquery.QueryJobConfig(query_parameters=[parameter])

    (row,) = empty_client.query_and_wait("SELECT @p AS value, @p AS again", job_config=config)

    expected = parameter.to_api_repr()
    sent = {"a": 1} if "structTypes" in expected["parameterType"] else None
    values = getattr(parameter, "values", None) if sent is None else sent
    assert (parameter.value if values is None else values) == row.value == row.again


def test_positional_parameters_count_in_the_text(empty_client: bigquery.Client) -> None:
    """The first `?` of the text is the first parameter, also inside WITH."""
    config = bigquery.QueryJobConfig(
        query_parameters=[ScalarQueryParameter(None, "INT64", each) for each in (1, 2, 3)]
    )

    (row,) = empty_client.query_and_wait(
        "WITH w AS (SELECT ? AS a) SELECT a, ? AS b, '?' AS c FROM w WHERE 3 = ?",
        job_config=config,
    )

    assert (1, 2, "?") == row.values()


def test_array_parameter_selects(client: bigquery.Client) -> None:
    """`IN UNNEST(@p)` takes an array, and dates compare with columns."""
    config = bigquery.QueryJobConfig(
        query_parameters=[
            ArrayQueryParameter("names", "STRING", ["a", "c"]),
            ScalarQueryParameter("since", "TIMESTAMP", NOON),
        ]
    )
    client.query_and_wait(f"INSERT INTO {TABLE} ({REQUIRED}) VALUES {values('a')}, {values('b')}")

    rows = client.query_and_wait(
        f"SELECT event_name FROM {TABLE} WHERE event_name IN UNNEST(@names) AND time >= @since",
        job_config=config,
    )

    assert ["a"] == [row.event_name for row in rows]


REQUIRED = "event_name, time, _mode, _interval_start, _interval_end, _version, _line"


def values(name: str) -> str:
    noon = "TIMESTAMP '2026-11-22 12:00:00'"
    return f"('{name}', {noon}, 'recent', {noon}, {noon}, 1, 1)"


def test_dml_counts_its_rows(client: bigquery.Client) -> None:
    """INSERT, UPDATE and DELETE tell how many rows they touched."""

    def affected(sql: str) -> tuple[Any, Any]:
        job = client.query(sql)
        job.result()
        return job.statement_type, job.num_dml_affected_rows

    insert = f"INSERT INTO {TABLE} ({REQUIRED}) VALUES {values('a')}, {values('b')}"
    assert ("INSERT", 2) == affected(insert)
    assert ("UPDATE", 1) == affected(f"UPDATE {TABLE} SET user_id = 'u' WHERE event_name = 'a'")
    assert ("DELETE", 1) == affected(f"DELETE FROM {TABLE} WHERE event_name = 'b'")
    assert ("DELETE", 0) == affected(f"DELETE FROM {TABLE} WHERE event_name = 'b'")
    (row,) = client.query_and_wait(f"SELECT event_name, user_id, device_id FROM {TABLE}")
    assert ("a", "u", None) == row.values()


def test_pages_hold_all_rows(empty_client: bigquery.Client) -> None:
    """Results come page by page, each row once and in order."""
    sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 25)) AS x ORDER BY x"

    result = empty_client.query(sql).result(page_size=10)

    assert [10, 10, 5] == [page.num_items for page in result.pages]
    assert list(range(1, 26)) == [row.x for row in empty_client.query_and_wait(sql, page_size=7)]


def test_default_dataset_and_table_without_project(client: bigquery.Client) -> None:
    """A bare table name is looked up in the default dataset, which also decides the location."""
    config = bigquery.QueryJobConfig(default_dataset="shop.mixpanel_raw")

    job = client.query("SELECT COUNT(*) FROM events", job_config=config)

    assert [(0,)] == [row.values() for row in job.result()]
    assert "EU" == job.location
    with pytest.raises(exceptions.BadRequest, match="must be qualified"):
        client.query_and_wait("SELECT 1 FROM events")


def test_query_runs_where_its_data_is(client: bigquery.Client) -> None:
    """A query in another location than its dataset does not find it."""
    with pytest.raises(exceptions.NotFound, match="not found in location US"):
        client.query(f"SELECT 1 FROM {TABLE}", location="US").result(job_retry=None)


def test_query_job_id_is_used_once(empty_client: bigquery.Client) -> None:
    """A second query under an id is a conflict; the first one can be fetched again."""
    empty_client.query("SELECT 1", job_id="q1", job_retry=None).result()

    with pytest.raises(exceptions.Conflict):
        empty_client.query("SELECT 2", job_id="q1", job_retry=None, retry=NO_RETRY)
    job = empty_client.get_job("q1", location="US")
    assert isinstance(job, bigquery.QueryJob)
    assert [(1,)] == [row.values() for row in job.result()]


def test_failed_query_is_a_failed_job(client: bigquery.Client) -> None:
    """A wrong statement is the error of its job, and burns the id."""
    with pytest.raises(exceptions.BadRequest):
        client.query(
            "SELECT nothing FROM mixpanel_raw.events", job_id="bad", job_retry=None
        ).result()

    job = client.get_job("bad", location="EU")
    assert ("DONE", "invalidQuery") == (job.state, job.error_result["reason"])


REFUSED = {
    "SELECT": exceptions.BadRequest,
    "SELECT 1 FROM mixpanel_raw.none": exceptions.NotFound,
    "SELECT 1 FROM none.events": exceptions.NotFound,
    "SELECT @missing": exceptions.BadRequest,
    "SELECT 1 AS a, 2 AS A": exceptions.BadRequest,
    "SELECT 1 / 0": exceptions.BadRequest,
    "SELECT 1 / COUNT(*) FROM mixpanel_raw.events": exceptions.BadRequest,
    "SELECT TIMESTAMP_MICROS(DIV(1, 0))": exceptions.BadRequest,
    "SELECT 9223372036854775807 + 1": exceptions.BadRequest,
    "SELECT CAST('x' AS INT64)": exceptions.BadRequest,
    "DELETE FROM mixpanel_raw.events": exceptions.BadRequest,
    "UPDATE mixpanel_raw.events SET _line = 1": exceptions.BadRequest,
    "INSERT INTO mixpanel_raw.events (_line) VALUES (1)": exceptions.BadRequest,
    "INSERT INTO mixpanel_raw.v VALUES (1)": exceptions.BadRequest,
    "CREATE VIEW mixpanel_raw.w AS SELECT @p AS p": exceptions.BadRequest,
    "SELECT CAST(1 AS NUMERIC)": exceptions.MethodNotImplemented,
    "SELECT DATETIME '2026-02-30 00:00:00'": exceptions.BadRequest,
    "BEGIN TRANSACTION": exceptions.BadRequest,
    "SELECT [1, NULL]": exceptions.BadRequest,
    "SELECT DATE_ADD(a, INTERVAL 1 DAY) FROM mixpanel_raw.v": exceptions.BadRequest,
    "CREATE TABLE mixpanel_raw.t AS SELECT none FROM mixpanel_raw.v": exceptions.BadRequest,
    "CREATE TABLE mixpanel_raw.t AS SELECT [1] AS a": exceptions.MethodNotImplemented,
    "EXECUTE IMMEDIATE 'SELECT 1'": exceptions.MethodNotImplemented,
    "TRUNCATE TABLE mixpanel_raw.events": exceptions.MethodNotImplemented,
    "DROP TABLE mixpanel_raw.events": exceptions.MethodNotImplemented,
    "ALTER TABLE mixpanel_raw.events ADD COLUMN a INT64": exceptions.MethodNotImplemented,
    "CREATE TABLE FUNCTION mixpanel_raw.f(a INT64) AS SELECT a": exceptions.MethodNotImplemented,
    "CREATE TEMP TABLE t (a INT64)": exceptions.MethodNotImplemented,
    "CREATE TABLE mixpanel_raw.t (a ARRAY<INT64>)": exceptions.MethodNotImplemented,
    "CREATE TABLE mixpanel_raw.t (a INT64 DEFAULT 1)": exceptions.MethodNotImplemented,
    "CREATE TABLE mixpanel_raw.t (a INT64) OPTIONS(kms_key_name='k')": (
        exceptions.MethodNotImplemented
    ),
    "CREATE TABLE mixpanel_raw.t (a INT64) PARTITION BY"
    " RANGE_BUCKET(a, GENERATE_ARRAY(0, 9, 1))": exceptions.MethodNotImplemented,
    "CREATE MATERIALIZED VIEW mixpanel_raw.m AS SELECT 1 AS a": exceptions.MethodNotImplemented,
    "CREATE SCHEMA other": exceptions.MethodNotImplemented,
    "SELECT * FROM mixpanel_raw.INFORMATION_SCHEMA.TABLES": exceptions.MethodNotImplemented,
    "SELECT * FROM `mixpanel_raw.events_*`": exceptions.MethodNotImplemented,
    "SELECT * FROM `mixpanel_raw.events$20261122`": exceptions.MethodNotImplemented,
    "SELECT * FROM mixpanel_raw.f(1)": exceptions.BadRequest,
}


def test_wrong_and_unsupported_statements_are_refused(client: bigquery.Client) -> None:
    """What BigQuery refuses is an error, and what the emulator cannot do is a 501."""
    client.query_and_wait("CREATE VIEW mixpanel_raw.v AS SELECT 1 AS a")

    found = {}
    for sql in REFUSED:
        try:
            client.query(sql, retry=NO_RETRY, job_retry=None).result(retry=NO_RETRY)
        except exceptions.GoogleAPICallError as error:
            found[sql] = type(error)

    assert REFUSED == found
    assert ["events", "v"] == [each.table_id for each in client.list_tables("mixpanel_raw")]


def test_legacy_sql_and_unknown_options_are_not_emulated(empty_client: bigquery.Client) -> None:
    """Options that would have to be ignored answer 501."""
    for option in ({"use_legacy_sql": True}, {"destination": TABLE}, {"create_session": True}):
        config = bigquery.QueryJobConfig(**option)
        with pytest.raises(exceptions.MethodNotImplemented):
            empty_client.query("SELECT 1", job_config=config)
