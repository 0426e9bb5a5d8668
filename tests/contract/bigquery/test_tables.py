"""Datasets, tables and views through the API and through DDL."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from local.bigquery import BigQueryEmulator
from tests.contract.bigquery.loading import COLUMNS, NO_RETRY, TABLE


def test_dataset_lives_from_create_to_delete(empty_client: bigquery.Client) -> None:
    """A dataset is created once, found, listed and deleted."""
    empty_client.create_dataset("sales")

    assert "US" == empty_client.get_dataset("sales").location
    assert ["sales"] == [each.dataset_id for each in empty_client.list_datasets()]
    with pytest.raises(exceptions.Conflict):
        empty_client.create_dataset("sales")
    empty_client.delete_dataset("sales")
    with pytest.raises(exceptions.NotFound):
        empty_client.get_dataset("sales")


def test_dataset_with_tables_is_deleted_only_when_asked(client: bigquery.Client) -> None:
    """Tables protect their dataset unless deleteContents is set."""
    with pytest.raises(exceptions.BadRequest, match="still in use"):
        client.delete_dataset("mixpanel_raw")

    client.delete_dataset("mixpanel_raw", delete_contents=True)

    with pytest.raises(exceptions.NotFound):
        client.get_table(TABLE)


def test_one_project_only(client: bigquery.Client) -> None:
    """The first dataset decides the project; another one has nothing here."""
    with pytest.raises(exceptions.MethodNotImplemented):
        client.create_dataset("other.sales")
    with pytest.raises(exceptions.NotFound):
        client.get_table("other.mixpanel_raw.events")
    with pytest.raises(exceptions.NotFound):
        client.query_and_wait("SELECT 1 FROM other.mixpanel_raw.events")


def test_table_comes_back_as_created(client: bigquery.Client) -> None:
    """Columns, partitioning and clustering are kept."""
    table = client.get_table(TABLE)

    legacy = {"INT64": "INTEGER"}
    expected = [(name, legacy.get(kind, kind), mode) for name, kind, mode in COLUMNS]
    assert expected == [(each.name, each.field_type, each.mode) for each in table.schema]
    assert ("DAY", "time") == (table.time_partitioning.type_, table.time_partitioning.field)
    assert ["event_name", "distinct_id"] == table.clustering_fields
    assert ("TABLE", "EU", 0) == (table.table_type, table.location, table.num_rows)
    assert ["events"] == [each.table_id for each in client.list_tables("mixpanel_raw")]


def test_table_is_created_once_and_deleted_once(client: bigquery.Client) -> None:
    """A second create is a conflict, a second delete a 404."""
    with pytest.raises(exceptions.Conflict):
        client.create_table(bigquery.Table(TABLE, [bigquery.SchemaField("a", "STRING")]))

    client.delete_table(TABLE)

    with pytest.raises(exceptions.NotFound):
        client.delete_table(TABLE)
    with pytest.raises(exceptions.NotFound):
        client.create_table(bigquery.Table("shop.no.t", [bigquery.SchemaField("a", "STRING")]))


BAD_COLUMNS = {
    "name with $": ([("$os", "STRING")], exceptions.BadRequest),
    "reserved prefix": ([("_table_x", "STRING")], exceptions.BadRequest),
    "twice": ([("a", "STRING"), ("A", "STRING")], exceptions.BadRequest),
    "repeated": ([("a", "STRING", "REPEATED")], exceptions.MethodNotImplemented),
    "numeric": ([("a", "NUMERIC")], exceptions.MethodNotImplemented),
    "none": ([], exceptions.MethodNotImplemented),
}


@pytest.mark.parametrize(("columns", "error"), BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_columns_are_checked(
    client: bigquery.Client, columns: list[Any], error: type[Exception]
) -> None:
    """What BigQuery refuses is refused; what is not emulated answers 501."""
    schema = [bigquery.SchemaField(*column) for column in columns]
    with pytest.raises(error):
        client.create_table(bigquery.Table("shop.mixpanel_raw.t", schema))


@pytest.mark.parametrize(
    "properties",
    [
        {"time_partitioning": bigquery.TimePartitioning(field="none")},
        {"time_partitioning": bigquery.TimePartitioning(field="name")},
        {"clustering_fields": ["none"]},
        {"clustering_fields": ["properties"]},
        {"clustering_fields": ["name"] * 5},
    ],
    ids=str,
)
def test_layout_is_checked(client: bigquery.Client, properties: dict[str, Any]) -> None:
    """Partitioning and clustering need columns that exist and can carry them."""
    schema = [bigquery.SchemaField("name", "STRING"), bigquery.SchemaField("properties", "JSON")]
    table = bigquery.Table("shop.mixpanel_raw.t", schema)
    for name, value in properties.items():
        setattr(table, name, value)

    with pytest.raises(exceptions.BadRequest):
        client.create_table(table)


def test_required_partition_filter_is_not_emulated(client: bigquery.Client) -> None:
    """A promise the emulator could not keep answers 501."""
    table = bigquery.Table("shop.mixpanel_raw.t", [bigquery.SchemaField("day", "DATE")])
    table.time_partitioning = bigquery.TimePartitioning(field="day")
    table.require_partition_filter = True

    with pytest.raises(exceptions.MethodNotImplemented):
        client.create_table(table)


def test_patch_adds_columns_and_text(client: bigquery.Client) -> None:
    """NULLABLE columns come on top, REQUIRED ones are relaxed, and the rest is kept."""
    client.query_and_wait(
        "INSERT INTO mixpanel_raw.events (_mode, _interval_start, _interval_end, _version, _line)"
        " VALUES ('recent', TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-02', 1, 0)"
    )
    table = client.get_table(TABLE)
    relaxed = [
        bigquery.SchemaField(each.name, each.field_type, "NULLABLE") for each in table.schema
    ]
    table.schema = [*relaxed, bigquery.SchemaField("city", "STRING")]
    table.description = "append-only"

    client.update_table(table, ["schema", "description"])

    found = client.get_table(TABLE)
    assert table.schema == found.schema
    assert "append-only" == found.description
    assert "time" == found.time_partitioning.field
    client.query_and_wait("INSERT INTO mixpanel_raw.events (city) VALUES ('Bern')")
    assert 2 == client.get_table(TABLE).num_rows


def test_patch_of_an_old_state_is_refused(client: bigquery.Client) -> None:
    """A patch with the etag of a former state answers 412."""
    mine, theirs = client.get_table(TABLE), client.get_table(TABLE)
    theirs.description = "theirs"
    client.update_table(theirs, ["description"])
    mine.description = "mine"

    with pytest.raises(exceptions.PreconditionFailed):
        client.update_table(mine, ["description"])

    assert "theirs" == client.get_table(TABLE).description


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema[1:],
        lambda schema: [bigquery.SchemaField("time", "STRING"), *schema[1:]],
        lambda schema: [bigquery.SchemaField("time", "TIMESTAMP", "REQUIRED"), *schema[1:]],
        lambda schema: [*schema, bigquery.SchemaField("city", "STRING", "REQUIRED")],
    ],
    ids=["removed", "another type", "tightened", "required"],
)
def test_patch_keeps_what_is_there(client: bigquery.Client, change: Any) -> None:
    """Columns do not disappear, change their type or become REQUIRED."""
    table = client.get_table(TABLE)
    table.schema = change(list(table.schema))

    with pytest.raises(exceptions.BadRequest):
        client.update_table(table, ["schema"])


def test_view_of_the_api(client: bigquery.Client) -> None:
    """A view has the columns of its query, and a patch replaces the query."""
    view = bigquery.Table("shop.mixpanel_raw.names")
    view.view_query = "SELECT event_name, _line + 1 FROM `shop.mixpanel_raw.events`"
    client.create_table(view)

    found = client.get_table("shop.mixpanel_raw.names")
    assert ("VIEW", view.view_query) == (found.table_type, found.view_query)
    assert [("event_name", "STRING"), ("f0_", "INTEGER")] == [
        (each.name, each.field_type) for each in found.schema
    ]

    found.view_query = "SELECT 7 AS seven"
    client.update_table(found, ["view_query"])

    (row,) = client.query_and_wait("SELECT * FROM mixpanel_raw.names")
    assert {"seven": 7} == dict(row)


def test_view_of_a_missing_table_is_refused(client: bigquery.Client) -> None:
    """A view can only name what exists."""
    view = bigquery.Table("shop.mixpanel_raw.v")
    view.view_query = "SELECT * FROM `shop.mixpanel_raw.none`"

    with pytest.raises(exceptions.NotFound):
        client.create_table(view)


def test_ddl_creates_what_the_api_shows(client: bigquery.Client) -> None:
    """CREATE TABLE stores columns, partitioning, clustering and options."""
    job = client.query(
        """
        CREATE TABLE IF NOT EXISTS `shop.mixpanel_raw.people` (
          name STRING NOT NULL OPTIONS(description='who'),
          seen TIMESTAMP, age INT64, score FLOAT64, ok BOOL, born DATE, raw BYTES, more JSON,
          last DATETIME
        )
        PARTITION BY TIMESTAMP_TRUNC(seen, MONTH)
        CLUSTER BY name
        OPTIONS(description='people', labels=[('team', 'data')])
        """
    )
    job.result()

    table = client.get_table("shop.mixpanel_raw.people")
    assert ("CREATE_TABLE", "CREATE") == (job.statement_type, job.ddl_operation_performed)
    assert "people" == job.ddl_target_table.table_id
    assert bigquery.SchemaField("name", "STRING", "REQUIRED", description="who") == table.schema[0]
    kinds = ["STRING", "TIMESTAMP", "INTEGER", "FLOAT", "BOOLEAN", "DATE", "BYTES", "JSON"]
    assert [*kinds, "DATETIME"] == [each.field_type for each in table.schema]
    assert ("MONTH", "seen") == (table.time_partitioning.type_, table.time_partitioning.field)
    assert ["name"] == table.clustering_fields
    assert ("people", {"team": "data"}) == (table.description, table.labels)


@pytest.mark.parametrize(
    ("by", "unit"),
    [
        ("DATE(seen)", "DAY"),
        ("day", "DAY"),
        ("DATE_TRUNC(day, YEAR)", "YEAR"),
        ("last", "DAY"),
    ],
)
def test_ddl_partitioning(client: bigquery.Client, by: str, unit: str) -> None:
    """Every way to partition by time is understood."""
    client.query_and_wait(
        f"CREATE TABLE mixpanel_raw.t (seen TIMESTAMP, day DATE, last DATETIME) PARTITION BY {by}"
    )

    assert unit == client.get_table("mixpanel_raw.t").time_partitioning.type_


def test_ddl_says_what_it_did(client: bigquery.Client) -> None:
    """IF NOT EXISTS keeps, OR REPLACE replaces, neither is a conflict."""

    def create(how: str) -> str:
        sql = how.format("mixpanel_raw.t") + " (a INT64)"
        job = client.query(sql, job_retry=None)
        job.result()
        return str(job.ddl_operation_performed)

    assert "CREATE" == create("CREATE TABLE {}")
    client.query_and_wait("INSERT INTO mixpanel_raw.t VALUES (1)")
    assert "SKIP" == create("CREATE TABLE IF NOT EXISTS {}")
    assert 1 == client.get_table("mixpanel_raw.t").num_rows
    with pytest.raises(exceptions.Conflict):
        create("CREATE TABLE {}")
    assert "REPLACE" == create("CREATE OR REPLACE TABLE {}")
    assert 0 == client.get_table("mixpanel_raw.t").num_rows


def test_ddl_creates_and_replaces_views(client: bigquery.Client) -> None:
    """CREATE OR REPLACE VIEW gives a view another query."""
    client.query_and_wait("CREATE VIEW mixpanel_raw.v OPTIONS(description='d') AS SELECT 1 AS a")
    client.query_and_wait("CREATE OR REPLACE VIEW `shop.mixpanel_raw.v` AS SELECT 2 AS b")

    (row,) = client.query_and_wait("SELECT * FROM mixpanel_raw.v")
    assert {"b": 2} == dict(row)
    assert "VIEW" == client.get_table("mixpanel_raw.v").table_type


def test_calls_that_are_not_emulated_say_so(
    client: bigquery.Client, emulator: BigQueryEmulator
) -> None:
    """Whatever has no route answers 501: reading rows, streaming rows, copying, extracting."""
    rows, before = [{"a": 1}], emulator.journal()
    for call in (
        lambda: list(client.list_rows(TABLE)),
        lambda: client.insert_rows_json(TABLE, rows, retry=NO_RETRY),
        lambda: client.load_table_from_json(rows, TABLE),
        lambda: client.copy_table(TABLE, "shop.mixpanel_raw.copy"),
        lambda: client.extract_table(TABLE, "gs://landing/out"),
        lambda: client.query("SELECT 1", bigquery.QueryJobConfig(dry_run=True)),
    ):
        with pytest.raises(exceptions.MethodNotImplemented):
            call()
    assert before == emulator.journal()
