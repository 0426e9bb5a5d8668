"""Queries: a statement or a script, run to its end within the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from local.bigquery import resolving, sql
from local.bigquery.catalog import Catalog
from local.bigquery.errors import ApiError, invalid_query, not_emulated, only
from local.bigquery.executing import Executor, Outcome
from local.bigquery.parameters import numbered
from local.bigquery.script_running import ScriptRun
from local.bigquery.script_steps import Statement, Transaction
from local.bigquery.scripts import expressions, statements
from local.bigquery.store import Store

Json = Any

CONFIGURATION_KEYS = frozenset(
    {
        "defaultDataset",
        "maximumBytesBilled",
        "parameterMode",
        "priority",
        "query",
        "queryParameters",
        "useLegacySql",
        "useQueryCache",
    }
)


class Query:
    """A query, parsed and checked; nothing has happened yet."""

    def __init__(self, configuration: Json, catalog: Catalog, project: str) -> None:
        only(configuration, CONFIGURATION_KEYS, "query option")
        if configuration.get("useLegacySql", True):
            raise not_emulated("legacy SQL")
        self._catalog = catalog
        self._project = project
        self._text = configuration["query"]
        if configuration.get("parameterMode") == "POSITIONAL":
            self._text = numbered(self._text)
        self._steps = statements(self._text)
        if not self._steps:
            raise invalid_query("Syntax error: Unexpected end of script")
        if len(self._steps) == 1 and isinstance(self._steps[0], Transaction):
            raise invalid_query("Transaction control statements are supported only in scripts")
        self._parsed = [sql.parse(each) for each in expressions(self._steps)]
        self._default = configuration.get("defaultDataset", {}).get("datasetId")
        parameters = configuration.get("queryParameters", [])
        self._executor = Executor(catalog, project, self._default, parameters)

    def location(self, wanted: str | None) -> str:
        """Where the query runs: with the data it names.

        Raises:
            ApiError: `notFound` if the data is not in the location that is wanted.
        """
        for table in self._tables():
            dataset = resolving.dataset_of(table) or self._default
            if not dataset:
                continue
            try:
                place = str(self._catalog.dataset(table.catalog or None, dataset)["location"])
            except ApiError:
                continue  # `run` tells which table is missing.
            if wanted and wanted.casefold() != place.casefold():
                what = f"Dataset {self._project}:{dataset} was not found in location {wanted}"
                raise ApiError("notFound", f"Not found: {what}")
            return place
        return wanted or "US"

    def _tables(self) -> Iterator[exp.Table]:
        for statement in self._parsed:
            yield from statement.find_all(exp.Table)

    def run(self, store: Store) -> Outcome:
        """Run the statement, or the steps of the script.

        Raises:
            ApiError: `invalidQuery`, `notFound`, `duplicate`, or 501 for what is not emulated.
        """
        with store.cursor() as cursor:
            if len(self._steps) == 1 and isinstance(self._steps[0], Statement):
                return self._executor.run(self._parsed[0], cursor, {})
            return ScriptRun(self._text, self._executor, self._catalog, store, cursor).run(
                self._steps
            )
