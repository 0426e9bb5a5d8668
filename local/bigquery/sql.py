"""GoogleSQL in, DuckDB SQL out: one statement at a time, every table name checked.

sqlglot does the translation; what it would translate wrongly is rewritten first, or refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from local.bigquery import resolving, rewriting
from local.bigquery.errors import invalid_query, not_emulated
from local.bigquery.parameters import Parameters
from local.bigquery.resolving import Names, Variables

Json = Any


@dataclass(slots=True)
class Translation:
    """A statement DuckDB can run, and the values of its parameters."""

    sql: str
    values: dict[str, Json]


def parse(text: str) -> exp.Expr:
    """The one statement in the text.

    Raises:
        ApiError: `invalidQuery` for a syntax error, 501 for statements other than SELECT,
            INSERT, UPDATE, DELETE, MERGE and CREATE TABLE or VIEW.
    """
    try:
        statements = [each for each in sqlglot.parse(text, read="bigquery") if each]
    except sqlglot.errors.SqlglotError as error:
        raise invalid_query(f"Syntax error: {str(error).splitlines()[0]}") from error
    if not statements:
        raise invalid_query("Syntax error: Unexpected end of script")
    statement = statements[0]
    if isinstance(statement, exp.Create) and statement.kind in {"TABLE", "VIEW"}:
        return statement
    if isinstance(statement, exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Merge):
        return statement
    raise not_emulated(f"statement {text.strip()[:60]!r}")


def type_name(text: str) -> str:
    """DuckDB's name of a type."""
    try:
        return exp.DataType.build(text, dialect="bigquery").sql("duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise invalid_query(f"Type not found: {text}") from error


def translate(
    statement: exp.Expr,
    names: Names,
    *,
    default_dataset: str | None = None,
    parameters: Parameters | None = None,
    variables: Variables | None = None,
) -> Translation:
    """The statement in DuckDB's SQL.

    Raises:
        ApiError: `notFound` for an unknown table, `invalidQuery` for what BigQuery refuses,
            501 for what cannot be translated faithfully.
    """
    if isinstance(statement, exp.Update | exp.Delete):
        _check_dml(statement)
    if isinstance(statement, exp.Query):
        _name_columns(statement)
    rewriting.prepare(statement)
    resolving.resolve(statement, names, default_dataset)
    resolving.substitute(statement, names, variables or {})
    resolving.check_calls(statement)
    bound = parameters or Parameters([])
    # Children first, so that what is copied into a replacement has been rewritten already.
    for node in reversed(list(statement.walk())):
        replacement = rewriting.rewrite(bound.bind(node))
        if replacement is not node:
            node.replace(replacement)
    try:
        sql = statement.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.UnsupportedError as error:
        raise not_emulated(str(error)) from error
    return Translation(sql, dict(bound.values))


def _check_dml(statement: exp.Update | exp.Delete) -> None:
    if statement.args.get("tables"):
        raise not_emulated("DELETE without FROM")
    if not statement.args.get("where"):
        verb = type(statement).__name__.upper()
        raise invalid_query(f"{verb} must have a WHERE clause")


def _name_columns(query: exp.Query) -> None:
    """Name anonymous columns as BigQuery does: f0_, f1_, ..."""
    while not isinstance(query, exp.Select):
        query = query.this
    anonymous = 0
    columns: list[exp.Expr] = []
    for column in query.expressions:
        if isinstance(column, exp.Dot) and isinstance(column.expression, exp.Identifier):
            columns.append(exp.alias_(column, column.expression.name, quoted=True))
        elif isinstance(column, exp.Alias | exp.Column | exp.Dot | exp.Star):
            columns.append(column)
        else:
            columns.append(exp.alias_(column, f"f{anonymous}_"))
            anonymous += 1
    query.set("expressions", columns)
