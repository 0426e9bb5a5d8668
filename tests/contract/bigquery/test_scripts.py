"""Scripts: how they are cut into steps, and what happens when they run."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from local.bigquery.errors import ApiError
from local.bigquery.script_steps import (
    Assert,
    Declare,
    For,
    If,
    Set,
    Statement,
    Step,
    Transaction,
    walk,
)
from local.bigquery.scripts import place, statements
from tests.contract.bigquery.loading import NO_RETRY, make_dataset

STEPS: dict[str, tuple[Step, ...]] = {
    "SELECT ';' -- ; no end\n; SELECT 2;": (
        Statement("SELECT ';'", 0),
        Statement("SELECT 2", 25),
    ),
    "DECLARE a, b ARRAY<INT64> DEFAULT [1]; DECLARE c DEFAULT 2; DECLARE d DATE": (
        Declare(("a", "b"), "ARRAY<INT64>", "[1]", 0),
        Declare(("c",), None, "2", 39),
        Declare(("d",), "DATE", None, 60),
    ),
    "SET a = (SELECT 1)": (Set("a", "(SELECT 1)", 0),),
    "FOR r IN (SELECT 1 AS d) DO SELECT r.d; END FOR;": (
        For("r", "(SELECT 1 AS d)", (Statement("SELECT r.d", 28),), 0),
    ),
    "IF CASE WHEN a THEN b END THEN SELECT IF(a, 1, 2); ELSE SELECT 3; END IF": (
        If(
            "CASE WHEN a THEN b END",
            (Statement("SELECT IF(a, 1, 2)", 31),),
            (Statement("SELECT 3", 56),),
            0,
        ),
    ),
    "BEGIN TRANSACTION; COMMIT; BEGIN; ROLLBACK TRANSACTION": (
        Transaction("begin", 0),
        Transaction("commit", 19),
        Transaction("begin", 27),
        Transaction("rollback", 34),
    ),
    "ASSERT EXISTS (SELECT 1 AS x) AS 'no; rows'": (
        Assert("EXISTS (SELECT 1 AS x)", "no; rows", 0),
    ),
    " ; ": (),
}


@pytest.mark.parametrize(("text", "steps"), STEPS.items(), ids=range(len(STEPS)))
def test_a_script_is_cut_into_steps(text: str, steps: tuple[Step, ...]) -> None:
    """Semicolons in strings, comments and brackets end nothing."""
    assert steps == statements(text)


def test_steps_within_steps_are_found() -> None:
    """In the order of the text."""
    steps = statements(
        "FOR r IN (SELECT 1) DO IF a THEN SET a = 1; ELSE SELECT 2; END IF; END FOR"
    )

    assert [For, If, Set, Statement] == [type(step) for step in walk(steps)]


WRONG = {
    "FOR x IN SELECT 1 DO END FOR": "invalidQuery",
    "FOR x IN (SELECT 1) DO SELECT 1; END;": "invalidQuery",
    "IF TRUE SELECT 1; END IF": "invalidQuery",
    "SELECT 1; DECLARE x INT64": "invalidQuery",
    "DECLARE x": "invalidQuery",
    "SET x": "invalidQuery",
    "END": "invalidQuery",
    "SELECT 'open": "invalidQuery",
    "WHILE TRUE DO SELECT 1; END WHILE": "notImplemented",
    "LOOP SELECT 1; END LOOP": "notImplemented",
    "BEGIN SELECT 1; END": "notImplemented",
    "IF a THEN SELECT 1; ELSEIF b THEN SELECT 2; END IF": "notImplemented",
    "SET (a, b) = (1, 2)": "notImplemented",
    "CALL p()": "notImplemented",
}


@pytest.mark.parametrize(("text", "reason"), WRONG.items(), ids=WRONG)
def test_other_scripts_are_refused(text: str, reason: str) -> None:
    """A syntax error, or what is not emulated."""
    with pytest.raises(ApiError) as refused:
        statements(text)

    assert reason == refused.value.reason


def test_places_count_from_one() -> None:
    """Lines and columns, as BigQuery writes them."""
    assert ["[1:1]", "[2:3]"] == [place("ab\n  c", position) for position in (0, 5)]


@pytest.fixture(name="till")
def _till(empty_client: bigquery.Client) -> bigquery.Client:
    make_dataset(empty_client, "till")
    empty_client.query_and_wait("CREATE TABLE till.t (day DATE, n INT64, s STRING)")
    return empty_client


def run(client: bigquery.Client, script: str) -> list[tuple[Any, ...]]:
    """The rows that a script ends with."""
    job = client.query(script, retry=NO_RETRY, job_retry=None)
    return [row.values() for row in job.result(retry=NO_RETRY)]


SETTLE = """
-- Each day in a transaction; runs again without a difference.
DECLARE days ARRAY<DATE> DEFAULT (
  SELECT ARRAY_AGG(x) FROM UNNEST(GENERATE_DATE_ARRAY('2026-11-20', '2026-11-22')) AS x
);
DECLARE done, untouched INT64 DEFAULT 0;
DECLARE first DEFAULT DATE '2026-11-20';
FOR today IN (SELECT x AS d, IF(x = first, 'a', NULL) AS label FROM UNNEST(days) AS x
              ORDER BY x DESC) DO
  BEGIN TRANSACTION;
  DELETE FROM till.t WHERE day = today.d;
  INSERT INTO till.t (day, n, s) SELECT today.d, done, today.label;
  COMMIT TRANSACTION;
  SET done = done + 1;
END FOR;
IF done = 3 THEN SET untouched = untouched; ELSE SELECT ERROR('not three'); END IF;
ASSERT done = 3 AS 'three days';
SELECT day, n, s, done FROM till.t WHERE day IN UNNEST(days) ORDER BY day
"""


def test_a_script_runs_step_by_step(till: bigquery.Client) -> None:
    """Variables keep their types, loops their order; the rows are those of the last statement."""
    for _ in range(2):
        rows = run(till, SETTLE)
        found = [(day.day, *rest) for day, *rest in rows]
        assert [(20, 2, "a", 3), (21, 1, None, 3), (22, 0, None, 3)] == found
    job = till.query(SETTLE)
    job.result()
    assert "SCRIPT" == job.statement_type


def test_parameters_and_structs_in_variables(till: bigquery.Client) -> None:
    """A variable may be an array of STRUCTs; a parameter has its value in every statement."""
    script = """
        DECLARE pairs ARRAY<STRUCT<a STRING, b TIMESTAMP>>
          DEFAULT [(@name, TIMESTAMP '2026-11-22')];
        SELECT EXISTS (SELECT 1 FROM UNNEST(pairs) AS p WHERE p.a = @name), @name
    """
    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("name", "STRING", "x")]
    )

    (row,) = till.query_and_wait(script, job_config=config)

    assert (True, "x") == row.values()


UNDONE = {
    "the end": "SELECT 1",
    "ROLLBACK": "ROLLBACK TRANSACTION",
}
BROKEN = {
    "an error": "SELECT 1 / 0; COMMIT TRANSACTION",
    "a wrong statement": "SELECT none FROM till.t; COMMIT TRANSACTION",
    "a failed assertion": "ASSERT FALSE; COMMIT TRANSACTION",
}
BEGUN = """
    INSERT INTO till.t (n) VALUES (1);
    BEGIN TRANSACTION; INSERT INTO till.t (n) VALUES (2); DELETE FROM till.t WHERE n = 1;
"""


@pytest.mark.parametrize("rest", UNDONE.values(), ids=UNDONE)
def test_a_transaction_without_commit_is_undone(till: bigquery.Client, rest: str) -> None:
    """What was committed before it stays."""
    run(till, BEGUN + rest)

    assert [(1,)] == run(till, "SELECT n FROM till.t")


@pytest.mark.parametrize("rest", BROKEN.values(), ids=BROKEN)
def test_a_transaction_that_fails_is_undone(till: bigquery.Client, rest: str) -> None:
    """As a whole, and the job has failed."""
    with pytest.raises(exceptions.BadRequest, match="Query error: "):
        run(till, BEGUN + rest)

    assert [(1,)] == run(till, "SELECT n FROM till.t")


def test_a_transaction_sees_what_it_did(till: bigquery.Client) -> None:
    """Nobody else does, before it commits."""
    script = "BEGIN TRANSACTION; INSERT INTO till.t (n) VALUES (2); SELECT n FROM till.t; COMMIT"

    assert [(2,)] == run(till, script)


ERRORS = {
    "SELECT 1;\n  ASSERT FALSE AS 'nope'": r"Query error: Assertion failed: nope at \[2:3\]",
    "SELECT 1; SET y = 1": "Undeclared variable: y",
    "DECLARE x INT64; DECLARE X INT64": "redeclaration",
    "DECLARE x NOTHING": "Type not found",
    "DECLARE r INT64; FOR r IN (SELECT 1) DO SELECT 1; END FOR": "redeclaration",
    "SELECT 1; COMMIT TRANSACTION": "no transaction in progress",
    "BEGIN TRANSACTION; BEGIN TRANSACTION": "already in progress",
    "BEGIN TRANSACTION; CREATE TABLE till.u (a INT64)": "DDL statements are not supported",
    "COMMIT TRANSACTION": "only in scripts",
    "SELECT 1; SELECT none FROM till.t": r"Unrecognized name: none at \[1:11\]",
    "ASSERT NOT EXISTS (SELECT 1) AS 'it exists'": "Assertion failed: it exists",
    "SELECT IF(TRUE, ERROR('stop here'), 1)": "stop here",
}


@pytest.mark.parametrize(("script", "words"), ERRORS.items(), ids=ERRORS)
def test_errors_of_scripts(till: bigquery.Client, script: str, words: str) -> None:
    """They say what is wrong, and in a script where."""
    with pytest.raises(exceptions.BadRequest, match=words):
        run(till, script)


def test_a_variable_named_like_a_column_is_not_emulated(till: bigquery.Client) -> None:
    """BigQuery would take the column in silence."""
    with pytest.raises(exceptions.MethodNotImplemented, match="named like a column"):
        run(till, "DECLARE n INT64 DEFAULT 1; DELETE FROM till.t WHERE n = n")
