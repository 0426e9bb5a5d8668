"""Queries: SELECT, DML and DDL, one statement each, run to its end within the call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
from sqlglot import exp

from local.bigquery import ddl, sql
from local.bigquery.catalog import Catalog, IfExists
from local.bigquery.cells import encode_row
from local.bigquery.columns import Field, result_field
from local.bigquery.errors import ApiError, invalid_query, not_emulated, only
from local.bigquery.parameters import Parameters, numbered
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


@dataclass(slots=True)
class Outcome:
    """What a statement gave: statistics for the job, and rows if it was a SELECT."""

    statistics: Json
    fields: list[Field] | None = None
    rows: list[Json] = field(default_factory=list)


class Query:
    """One statement, parsed and checked; nothing has happened yet."""

    def __init__(self, configuration: Json, catalog: Catalog, project: str) -> None:
        only(configuration, CONFIGURATION_KEYS, "query option")
        if configuration.get("useLegacySql", True):
            raise not_emulated("legacy SQL")
        self._catalog = catalog
        self._project = project
        text = configuration["query"]
        if configuration.get("parameterMode") == "POSITIONAL":
            text = numbered(text)
        self._statement = sql.parse(text)
        self._parameters = Parameters(configuration.get("queryParameters", []))
        self._default = configuration.get("defaultDataset", {}).get("datasetId")

    def location(self, wanted: str | None) -> str:
        """Where the query runs: with the data it names.

        Raises:
            ApiError: `notFound` if the data is not in the location that is wanted.
        """
        for table in self._statement.find_all(exp.Table):
            dataset = table.db or self._default
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

    def run(self, store: Store) -> Outcome:
        """Run the statement.

        Raises:
            ApiError: `invalidQuery`, `notFound`, `duplicate`, or 501 for what is not emulated.
        """
        try:
            if isinstance(self._statement, exp.Create):
                return self._create(self._statement)
            if isinstance(self._statement, exp.Query):
                return self._select(store)
            return self._change(store)
        except duckdb.Error as error:
            raise invalid_query(str(error).splitlines()[0]) from error

    def _translated(self) -> sql.Translation:
        return sql.translate(
            self._statement,
            self._catalog,
            default_dataset=self._default,
            parameters=self._parameters,
        )

    def _select(self, store: Store) -> Outcome:
        translation = self._translated()
        with store.cursor() as cursor:
            cursor.execute(translation.sql, translation.values or None)
            fields = [result_field(each[0], each[1]) for each in cursor.description]
            names = [field["name"].casefold() for field in fields]
            if twice := {name for name in names if names.count(name) > 1}:
                raise invalid_query(
                    "Duplicate column names in the result are not supported."
                    f" Found duplicate(s): {', '.join(sorted(twice))}"
                )
            rows = [encode_row(row, fields) for row in cursor.fetchall()]
        return Outcome({"statementType": "SELECT"}, fields, rows)

    def _change(self, store: Store) -> Outcome:
        verb = type(self._statement).__name__.upper()
        translation = self._translated()
        target = _target(self._statement)
        if self._catalog.table(None, target.db, target.name)["type"] == "VIEW":
            raise invalid_query(f"{verb} is not supported for views")
        with self._catalog.writing(target.db, target.name), store.transaction() as cursor:
            cursor.execute(translation.sql, translation.values or None)
            counted = cursor.fetchone()
        rows = str(counted[0] if counted else 0)
        return Outcome({"statementType": verb, "numDmlAffectedRows": rows})

    def _create(self, statement: exp.Create) -> Outcome:
        body = ddl.definition(statement)
        table = _target(statement)
        dataset = table.db or self._default
        if not dataset:
            raise invalid_query("The table must be qualified with a dataset")
        project = table.catalog or self._project
        body["tableReference"] = {"tableId": table.name}
        resource, operation = self._catalog.create_table(
            project, dataset, body, _if_exists(statement)
        )
        return Outcome(
            {
                "statementType": f"CREATE_{statement.kind}",
                "ddlOperationPerformed": operation,
                "ddlTargetTable": resource["tableReference"],
            }
        )


def _target(statement: exp.Expr) -> exp.Table:
    """The table that a statement changes or creates."""
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    if not isinstance(target, exp.Table):
        raise not_emulated(f"target {target.sql('bigquery')}")
    return target


def _if_exists(statement: exp.Create) -> IfExists:
    if statement.args.get("replace"):
        return "replace"
    return "keep" if statement.args.get("exists") else "fail"
