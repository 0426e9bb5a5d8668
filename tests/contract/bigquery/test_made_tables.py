"""Tables made of the rows of a query, and merged with others."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.contract.bigquery.loading import make_dataset


def test_a_table_can_be_made_of_rows(empty_client: bigquery.Client) -> None:
    """CREATE TABLE AS takes columns and rows of a query, also of the table that it replaces."""
    make_dataset(empty_client, "made")
    query = "SELECT DATE '2026-11-22' AS day, x AS n FROM UNNEST([1, 2]) AS x"

    job = empty_client.query(f"CREATE TABLE made.t PARTITION BY day AS {query}")
    job.result()
    empty_client.query_and_wait(
        "CREATE OR REPLACE TABLE made.t AS SELECT n FROM made.t WHERE n > 1"
    )

    assert "CREATE_TABLE_AS_SELECT" == job.statement_type
    assert [(2,)] == [row.values() for row in empty_client.query_and_wait("SELECT * FROM made.t")]


def test_merge_counts_its_rows(empty_client: bigquery.Client) -> None:
    """Rows that match are updated and others inserted; two matches of one row are an error."""
    make_dataset(empty_client, "made")
    empty_client.query_and_wait("CREATE TABLE made.t AS SELECT 1 AS k, 'a' AS v")
    merge = (
        "MERGE made.t AS t USING UNNEST([STRUCT({} AS k, 'x' AS v), (2, 'y')]) AS s ON t.k = s.k"
        " WHEN MATCHED THEN UPDATE SET v = s.v"
        " WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)"
    )

    job = empty_client.query(merge.format(1))
    job.result()

    assert ("MERGE", 2) == (job.statement_type, job.num_dml_affected_rows)
    rows = empty_client.query_and_wait("SELECT k, v FROM made.t ORDER BY k")
    assert [(1, "x"), (2, "y")] == [row.values() for row in rows]
    with pytest.raises(exceptions.BadRequest, match="more than once"):
        empty_client.query_and_wait(merge.format(2))
