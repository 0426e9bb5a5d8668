"""Scripts, step by step: variables, loops, and transactions that happen whole or not at all.

https://cloud.google.com/bigquery/docs/transactions. What is not emulated of them: conflicts with
other writers, which wait here until the transaction has ended.
"""

from __future__ import annotations

from contextlib import ExitStack

import duckdb
from sqlglot import exp

from local.bigquery import sql
from local.bigquery.catalog import Catalog
from local.bigquery.errors import ApiError, invalid_query
from local.bigquery.executing import Executor, Outcome, target
from local.bigquery.script_steps import (
    Assert,
    Declare,
    For,
    If,
    Set,
    Statement,
    Step,
    Transaction,
)
from local.bigquery.scripts import place
from local.bigquery.store import Store, understood

_VALUE = "value"


class ScriptRun:
    """One run of a script on a connection of its own, which holds the variables."""

    def __init__(
        self,
        text: str,
        executor: Executor,
        catalog: Catalog,
        store: Store,
        cursor: duckdb.DuckDBPyConnection,
    ) -> None:
        self._text = text
        self._executor = executor
        self._catalog = catalog
        self._store = store
        self._cursor = cursor
        self._variables: dict[str, exp.Expr] = {}
        self._types: dict[str, str] = {}
        self._loops = 0
        self._transaction: ExitStack | None = None
        self._last: Outcome | None = None

    def run(self, steps: tuple[Step, ...]) -> Outcome:
        """Run all steps; the rows are those of the last statement.

        Raises:
            ApiError: the error of a step, after a transaction that was open has been undone.
        """
        try:
            self._run(steps)
        finally:
            if self._transaction:
                self._end("ROLLBACK")
        statistics = {"statementType": "SCRIPT"}
        if self._last is None:
            return Outcome(statistics)
        return Outcome(self._last.statistics | statistics, self._last.fields, self._last.rows)

    def _run(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            self._store.set_time(self._cursor)
            try:
                with understood():
                    self._step(step)
            except ApiError as error:
                if error.reason != "invalidQuery" or error.message.startswith("Query error: "):
                    raise
                where = place(self._text, step.position)
                raise invalid_query(f"Query error: {error.message} at {where}") from error

    def _step(self, step: Step) -> None:
        match step:
            case Statement():
                self._statement(sql.parse(step.text))
            case Declare():
                self._declare(step)
            case Set():
                self._assign(step.name, step.expression)
            case For():
                self._for(step)
            case If():
                self._run(step.body if self._holds(step.condition) else step.otherwise)
            case Assert():
                if not self._holds(step.condition):
                    raise invalid_query(f"Assertion failed: {step.description or ''}".rstrip(": "))
            case Transaction():
                self._switch(step)

    def _statement(self, statement: exp.Expr) -> None:
        if self._transaction and isinstance(statement, exp.Create):
            raise invalid_query("DDL statements are not supported in a transaction")
        if self._transaction and not isinstance(statement, exp.Query):
            changed = target(statement)
            self._transaction.enter_context(self._catalog.writing(changed.db, changed.name))
        self._last = self._executor.run(statement, self._cursor, self._variables)

    # Variables

    def _declare(self, step: Declare) -> None:
        for name in step.names:
            if name.casefold() in self._variables:
                raise invalid_query(f"Variable '{name}' redeclaration is not allowed")
            kind = sql.type_name(step.type) if step.type else ""
            self._types[name.casefold()] = kind
            self._assign(name, step.default or "NULL", is_new=True)
            if not kind:
                self._types[name.casefold()] = self._type_of(name)

    def _assign(self, name: str, expression: str, *, is_new: bool = False) -> None:
        key = name.casefold()
        if not is_new and key not in self._variables:
            raise invalid_query(f"Undeclared variable: {name}")
        value = _VALUE
        if kind := self._types[key]:
            value = f"CAST({_VALUE} AS {kind})"
        self._keep(f"variable_{key}", f"SELECT {expression}", value)
        self._variables[key] = _stored(f"variable_{key}")

    def _keep(self, variable: str, query: str, value: str) -> None:
        """Let DuckDB keep the one value of a query."""
        translation = self._executor.translated(sql.parse(query), self._variables)
        self._cursor.execute(
            f"SET VARIABLE {variable} = (SELECT {value} FROM ({translation.sql}) AS t ({_VALUE}))",  # noqa: S608  (translated)
            translation.values or None,
        )

    def _type_of(self, name: str) -> str:
        variable = _stored(f"variable_{name.casefold()}").sql("duckdb")
        row = self._cursor.execute(f"SELECT typeof({variable})").fetchone()
        return str(row[0]) if row else ""

    def _holds(self, condition: str) -> bool:
        translation = self._executor.translated(sql.parse(f"SELECT {condition}"), self._variables)
        row = self._cursor.execute(translation.sql, translation.values or None).fetchone()
        return bool(row and row[0] is True)

    def _for(self, step: For) -> None:
        """Run the body once for each row of the query, which is asked once, in its order."""
        self._loops += 1
        rows, row = f"rows_{self._loops}", f"row_{self._loops}"
        translation = self._executor.translated(sql.parse(step.query), self._variables)
        self._cursor.execute(
            f"SET VARIABLE {rows} = (SELECT list(t ORDER BY n) FROM (SELECT row_number() OVER ()"  # noqa: S608  (translated)
            f" AS n, t FROM ({translation.sql}) AS t))",
            translation.values or None,
        )
        counted = self._cursor.execute(f"SELECT len(getvariable('{rows}'))").fetchone()
        before = self._variables.get(step.row.casefold())
        if before is not None:
            raise invalid_query(f"Variable '{step.row}' redeclaration is not allowed")
        self._variables[step.row.casefold()] = _stored(row)
        for number in range(1, ((counted and counted[0]) or 0) + 1):
            self._cursor.execute(f"SET VARIABLE {row} = getvariable('{rows}')[{number}]")
            self._run(step.body)
        del self._variables[step.row.casefold()]

    # Transactions

    def _switch(self, step: Transaction) -> None:
        if step.action == "begin":
            if self._transaction:
                raise invalid_query("A transaction is already in progress")
            self._transaction = ExitStack()
            # One at a time, or two could wait for each other's tables.
            self._transaction.enter_context(self._catalog.transactions)
            self._cursor.execute("BEGIN TRANSACTION")
        elif not self._transaction:
            raise invalid_query("There is no transaction in progress")
        else:
            self._end(step.action.upper())

    def _end(self, action: str) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction:
            with transaction:
                self._cursor.execute(action)


def _stored(variable: str) -> exp.Expr:
    return exp.Anonymous(this="getvariable", expressions=[exp.Literal.string(variable)])
