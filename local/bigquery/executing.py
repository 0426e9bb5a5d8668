"""Single statements: SELECT, DML and DDL, run on a cursor and described as jobs describe them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
from sqlglot import exp

from local.bigquery import ddl, sql
from local.bigquery.catalog import Catalog, IfExists
from local.bigquery.cells import encode_row
from local.bigquery.columns import Field, result_field
from local.bigquery.errors import invalid_query, not_emulated
from local.bigquery.parameters import Parameters
from local.bigquery.resolving import Variables
from local.bigquery.store import understood

Json = Any


@dataclass(slots=True)
class Outcome:
    """What a statement gave: statistics for the job, and rows if it was a SELECT."""

    statistics: Json
    fields: list[Field] | None = None
    rows: list[Json] = field(default_factory=list)


class Executor:
    """Runs the statements of one query, whose names and parameters mean the same in all."""

    def __init__(
        self, catalog: Catalog, project: str, default_dataset: str | None, parameters: list[Json]
    ) -> None:
        self._catalog = catalog
        self._project = project
        self._default = default_dataset
        self._parameters = parameters

    def translated(self, statement: exp.Expr, variables: Variables) -> sql.Translation:
        """The statement in DuckDB's SQL."""
        return sql.translate(
            statement,
            self._catalog,
            default_dataset=self._default,
            parameters=Parameters(self._parameters),
            variables=variables,
        )

    def run(
        self, statement: exp.Expr, cursor: duckdb.DuckDBPyConnection, variables: Variables
    ) -> Outcome:
        """Run a statement.

        Raises:
            ApiError: `invalidQuery`, `notFound`, `duplicate`, or 501 for what is not emulated.
        """
        with understood():
            if isinstance(statement, exp.Create):
                return self._create(statement, cursor, variables)
            if isinstance(statement, exp.Query):
                return self._select(statement, cursor, variables)
            return self._change(statement, cursor, variables)

    def _select(
        self, statement: exp.Expr, cursor: duckdb.DuckDBPyConnection, variables: Variables
    ) -> Outcome:
        translation = self.translated(statement, variables)
        cursor.execute(translation.sql, translation.values or None)
        fields = _fields(cursor)
        rows = [encode_row(row, fields) for row in cursor.fetchall()]
        return Outcome({"statementType": "SELECT"}, fields, rows)

    def _change(
        self, statement: exp.Expr, cursor: duckdb.DuckDBPyConnection, variables: Variables
    ) -> Outcome:
        verb = type(statement).__name__.upper()
        translation = self.translated(statement, variables)
        changed = target(statement)
        if self._catalog.table(None, changed.db, changed.name)["type"] == "VIEW":
            raise invalid_query(f"{verb} is not supported for views")
        with self._catalog.writing(changed.db, changed.name):
            cursor.execute(translation.sql, translation.values or None)
            counted = cursor.fetchone()
        rows = str(counted[0] if counted else 0)
        return Outcome({"statementType": verb, "numDmlAffectedRows": rows})

    def _create(
        self, statement: exp.Create, cursor: duckdb.DuckDBPyConnection, variables: Variables
    ) -> Outcome:
        body = ddl.definition(statement)
        table = target(statement)
        dataset = table.db or self._default
        if not dataset:
            raise invalid_query("The table must be qualified with a dataset")
        verb, rows = f"CREATE_{statement.kind}", None
        if statement.kind == "TABLE" and statement.expression:
            verb, rows = "CREATE_TABLE_AS_SELECT", self.translated(statement.expression, variables)
            cursor.execute(f"SELECT * FROM ({rows.sql}) LIMIT 0", rows.values or None)  # noqa: S608  (translated)
            body["schema"] = {"fields": _fields(cursor)}
        body["tableReference"] = {"tableId": table.name}
        resource, operation = self._catalog.create_table(
            table.catalog or self._project, dataset, body, _if_exists(statement), rows
        )
        return Outcome(
            {
                "statementType": verb,
                "ddlOperationPerformed": operation,
                "ddlTargetTable": resource["tableReference"],
            }
        )


def target(statement: exp.Expr) -> exp.Table:
    """The table that a statement changes or creates."""
    found = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    if not isinstance(found, exp.Table):
        raise not_emulated(f"target {found.sql('bigquery')}")
    return found


def _fields(cursor: duckdb.DuckDBPyConnection) -> list[Field]:
    fields = [result_field(each[0], each[1]) for each in cursor.description]
    names = [field["name"].casefold() for field in fields]
    if twice := {name for name in names if names.count(name) > 1}:
        raise invalid_query(
            "Duplicate column names in the result are not supported."
            f" Found duplicate(s): {', '.join(sorted(twice))}"
        )
    return fields


def _if_exists(statement: exp.Create) -> IfExists:
    if statement.args.get("replace"):
        return "replace"
    return "keep" if statement.args.get("exists") else "fail"
