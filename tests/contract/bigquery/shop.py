"""A project as Terraform makes it, with the rows of one test at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from local.resources import raw_table
from mixpanel_export.series import TABLES
from tests.contract.bigquery.loading import NO_RETRY, Objects, load, make_dataset, ndjson
from tests.sql import maintenance, project

Json = Any


class Shop:
    """Raw tables, what scheduled queries keep, and all that is made of them.

    What could not be made is in `failed`, so that one wrong view does not fail every test.
    """

    def __init__(self, client: bigquery.Client, objects: Objects) -> None:
        self.client, self._objects = client, objects
        self.failed: dict[str, str] = {}
        self._held: set[str] = set()
        self._places = project.places()
        views = project.view_queries() | project.job_views()
        for dataset in dict.fromkeys((project.RAW, *(name.partition(".")[0] for name in views))):
            make_dataset(client, dataset)
        for table in TABLES:
            client.create_table(raw_table(table, project.PROJECT))
        for table in maintenance.TABLES:
            client.create_table(maintenance.table(table, project.VALUES))
        for name, routine in project.table_functions().items():
            self._try(name, partial(client.create_routine, routine, retry=NO_RETRY))
        for name, query in views.items():
            view = bigquery.Table(f"{project.PROJECT}.{name}")
            view.view_query = query
            self._try(name, partial(client.create_table, view, retry=NO_RETRY))

    def hold(self, table: str, rows: Iterable[Json]) -> None:
        """Let a table hold these rows and no others."""
        name = f"{project.PROJECT}.{self._places[table]}"
        if table in self._held:
            self.client.query_and_wait(f"DELETE FROM `{name}` WHERE TRUE")
            self._held.discard(table)
        if lines := ndjson(*rows):
            self._held.add(table)
            job = load(self.client, self._objects.put(table, lines), table=name)
            assert job.error_result is None, job.errors

    def _try(self, name: str, make: Callable[[], object]) -> None:
        try:
            make()
        except GoogleAPICallError as error:
            self.failed[name] = error.message
