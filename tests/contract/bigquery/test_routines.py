"""Table functions: made through Google's client, called in FROM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from local.bigquery import BigQueryEmulator
from tests.contract.bigquery.loading import NO_RETRY, connect, make_dataset

BODY = "SELECT n, d FROM `shop.shelf.t` WHERE d >= lo AND d < hi"
FIELDS = ["arguments", "body", "language", "type_"]
ROWS = (
    "CREATE TABLE shelf.t AS SELECT day AS d, o AS n"
    " FROM UNNEST(GENERATE_DATE_ARRAY('2026-11-20', '2026-11-24')) AS day WITH OFFSET AS o"
)


def between(name: str = "days", body: str = BODY, **kinds: str) -> bigquery.Routine:
    """A table function with arguments of these types; of a range of dates by default."""
    routine = bigquery.Routine(f"shop.shelf.{name}")
    routine.type_ = bigquery.RoutineType.TABLE_VALUED_FUNCTION
    routine.language = "SQL"
    routine.body = body
    routine.arguments = [
        bigquery.RoutineArgument(
            name=argument,
            data_type=bigquery.StandardSqlDataType(bigquery.StandardSqlTypeNames[kind]),
        )
        for argument, kind in (kinds or {"lo": "DATE", "hi": "DATE"}).items()
    ]
    return routine


@pytest.fixture(name="shelf")
def _shelf(empty_client: bigquery.Client) -> bigquery.Client:
    make_dataset(empty_client, "shelf")
    empty_client.query_and_wait(ROWS)
    return empty_client


@pytest.fixture(name="made")
def _made(shelf: bigquery.Client) -> bigquery.Client:
    shelf.create_routine(between())
    return shelf


CALLS = {
    "`shop.shelf.days`(DATE '2026-11-21', DATE '2026-11-23')": [1, 2],
    "shop.shelf.days(DATE '2026-11-21', DATE '2026-11-23')": [1, 2],
    "shelf.days(DATE('2026-11-21'), DATE_ADD(DATE '2026-11-21', INTERVAL 1 DAY))": [1],
    "shelf.days(@day, DATE_ADD(@day, INTERVAL 2 DAY))": [2, 3],
    "shelf.days((SELECT MAX(d) FROM shelf.t), '2027-01-01')": [4],
    "shelf.days(NULL, DATE '2026-11-23')": [],
}


@pytest.mark.parametrize(("call", "found"), CALLS.items(), ids=CALLS)
def test_a_function_is_called_in_from(made: bigquery.Client, call: str, found: list[int]) -> None:
    """With literals, parameters and expressions, by any way to write its name."""
    day = bigquery.ScalarQueryParameter("day", "DATE", "2026-11-22")
    config = bigquery.QueryJobConfig(query_parameters=[day])

    rows = made.query_and_wait(f"SELECT n FROM {call} ORDER BY n", job_config=config)

    assert found == [row.n for row in rows]


def test_calls_can_be_joined_and_named(made: bigquery.Client) -> None:
    """A call is a table like others; a view over it follows a change of the function."""
    query = (
        "SELECT a.n, b.n AS m FROM shelf.days('2026-11-20', '2026-11-22') AS a"
        " LEFT JOIN shelf.days('2026-11-21', '2026-11-22') AS b USING (d) ORDER BY a.n"
    )
    assert [(0, None), (1, 1)] == [row.values() for row in made.query_and_wait(query)]

    made.query_and_wait("CREATE VIEW shelf.v AS SELECT * FROM shelf.days('2026-11-20', NULL)")
    made.update_routine(between(body="SELECT 7 AS n, d FROM shelf.t WHERE d = lo"), FIELDS)

    assert [7] == [row.n for row in made.query_and_wait("SELECT n FROM shelf.v")]


def test_resources_of_functions(made: bigquery.Client) -> None:
    """They are listed and described, conflict with others of their name, and go."""
    (listed,) = made.list_routines("shelf")
    found = made.get_routine("shop.shelf.days")

    assert "days" == listed.reference.routine_id
    assert (BODY, "SQL", ["lo", "hi"]) == (
        found.body,
        found.language,
        [argument.name for argument in found.arguments],
    )
    with pytest.raises(exceptions.Conflict):
        made.create_routine(between(), retry=NO_RETRY)
    made.delete_table("shelf.t")
    with pytest.raises(exceptions.BadRequest, match="still in use"):
        made.delete_dataset("shelf")
    made.delete_routine("shop.shelf.days")
    with pytest.raises(exceptions.NotFound):
        made.get_routine("shop.shelf.days")


REFUSED: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "unknown table": ({"body": "SELECT * FROM shelf.none"}, exceptions.NotFound),
    "unknown column": ({"body": "SELECT none FROM shelf.t"}, exceptions.BadRequest),
    "syntax": ({"body": "SELEC"}, exceptions.MethodNotImplemented),
    "not a query": ({"body": "DELETE FROM shelf.t WHERE TRUE"}, exceptions.BadRequest),
    "no body": ({"body": ""}, exceptions.BadRequest),
    "argument like a column": ({"d": "DATE"}, exceptions.MethodNotImplemented),
    "array argument": ({"lo": "ARRAY"}, exceptions.MethodNotImplemented),
}


@pytest.mark.parametrize(("what", "error"), REFUSED.values(), ids=REFUSED)
def test_functions_are_checked_when_made(
    shelf: bigquery.Client, what: dict[str, Any], error: type[Exception]
) -> None:
    """What would not run is refused, and leaves nothing behind."""
    body = what.pop("body", "SELECT n FROM shelf.t WHERE t.d = d") if what else BODY

    with pytest.raises(error):
        shelf.create_routine(between(body=body, **what), retry=NO_RETRY)

    assert [] == list(shelf.list_routines("shelf"))


WRONG_CALLS = {
    "too few": "SELECT n FROM shelf.days(DATE '2026-11-21')",
    "none of that name": "SELECT n FROM shelf.none(1)",
    "a column": "SELECT b.n FROM shelf.t, shelf.days(t.d, t.d) AS b",
    "without dataset": "SELECT n FROM days(1, 2)",
}


@pytest.mark.parametrize("query", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_wrong_calls_are_refused(made: bigquery.Client, query: str) -> None:
    """As wrong queries are."""
    with pytest.raises(exceptions.BadRequest):
        made.query(query, retry=NO_RETRY, job_retry=None).result(retry=NO_RETRY)


def test_other_routines_are_not_emulated(shelf: bigquery.Client) -> None:
    """Scalar functions and procedures answer 501."""
    for kind in (bigquery.RoutineType.SCALAR_FUNCTION, bigquery.RoutineType.PROCEDURE):
        routine = between()
        routine.type_ = kind
        with pytest.raises(exceptions.MethodNotImplemented):
            shelf.create_routine(routine, retry=NO_RETRY)


def test_functions_outlive_the_emulator(tmp_path: Path) -> None:
    """They are in the file, and go with their dataset."""
    database = tmp_path / "warehouse.duckdb"
    with BigQueryEmulator(database=database) as first, connect(first) as client:
        make_dataset(client, "shelf")
        client.query_and_wait(ROWS)
        client.create_routine(between())

    with BigQueryEmulator(database=database) as second, connect(second) as client:
        query = "SELECT COUNT(*) FROM shelf.days('2026-11-21', '2026-11-23')"
        assert [(2,)] == [row.values() for row in client.query_and_wait(query)]
        client.delete_dataset("shelf", delete_contents=True)
        make_dataset(client, "shelf")
        assert [] == list(client.list_routines("shelf"))

    with BigQueryEmulator(database=database) as third, connect(third) as client:
        assert [] == list(client.list_routines("shelf"))
