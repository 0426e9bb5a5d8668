"""The raw tables and the views over them, with the rows of one test at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.cloud import bigquery

from local.resources import VIEWS, raw_table, view_query
from mixpanel_export.series import TABLES
from tests.contract.bigquery.loading import Objects, load, make_dataset, ndjson

Json = Any


class Shop:
    """A project whose two datasets are as Terraform makes them."""

    def __init__(self, client: bigquery.Client, objects: Objects) -> None:
        self.client, self._objects = client, objects
        for dataset in ("mixpanel_raw", "mixpanel"):
            make_dataset(client, dataset)
        for table in TABLES:
            client.create_table(raw_table(table, "shop"))
        for name in VIEWS:
            view = bigquery.Table(f"shop.mixpanel.{name}")
            view.view_query = view_query(name, project_id="shop")
            client.create_table(view)

    def hold(self, table: str, rows: Iterable[Json]) -> None:
        """Let a raw table hold these rows and no others."""
        self.client.query_and_wait(f"DELETE FROM mixpanel_raw.{table} WHERE TRUE")
        uri = self._objects.put(table, ndjson(*rows))
        job = load(self.client, uri, table=f"shop.mixpanel_raw.{table}")
        assert job.error_result is None, job.errors

    def query(self, sql: str) -> list[tuple[Json, ...]]:
        """The rows of a query."""
        return [row.values() for row in self.client.query_and_wait(sql)]


def loaded(
    mode: str, start: str, end: str, version: int, rows: list[Json], **facts: Json
) -> list[Json]:
    """What a load job makes visible at once: rows, and the marker row that counts them."""
    frame = {"_mode": mode, "_interval_start": start, "_interval_end": end, "_version": version}
    marker = {"_line": 0, "properties": {"row_count": len(rows)} | facts}
    numbered = [{"_line": line} | row for line, row in enumerate(rows, 1)]
    return [row | frame for row in (marker, *numbered)]
