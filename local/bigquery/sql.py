"""GoogleSQL in, DuckDB SQL out: one statement at a time, every table name checked.

sqlglot does the translation. What it would translate wrongly is rewritten here first or refused
with 501: decimals, timestamps without a zone, dates with a time, division by zero,
`WITH OFFSET`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import sqlglot
from sqlglot import exp

from local.bigquery.errors import invalid_query, not_emulated
from local.bigquery.parameters import Parameters
from local.bigquery.store import NOW

Json = Any

_DATES = (exp.Date, exp.LastDay, exp.StrToDate)


class Names(Protocol):
    """Who knows which tables there are."""

    def resolve(self, project: str | None, dataset: str, table: str) -> None:
        """Raise `notFound` unless there is such a table or view."""


@dataclass(slots=True)
class Translation:
    """A statement DuckDB can run, and the values of its parameters."""

    sql: str
    values: dict[str, Json]


def parse(text: str) -> exp.Expr:
    """The one statement in the text.

    Raises:
        ApiError: `invalidQuery` for a syntax error, 501 for scripts and for statements other
            than SELECT, INSERT, UPDATE, DELETE and CREATE TABLE or VIEW.
    """
    try:
        statements = [each for each in sqlglot.parse(text, read="bigquery") if each]
    except sqlglot.errors.SqlglotError as error:
        raise invalid_query(f"Syntax error: {str(error).splitlines()[0]}") from error
    if not statements:
        raise invalid_query("Syntax error: Unexpected end of script")
    if len(statements) > 1:
        raise not_emulated("scripts of several statements")
    statement = statements[0]
    if isinstance(statement, exp.Create) and statement.kind in {"TABLE", "VIEW"}:
        return statement
    if isinstance(statement, exp.Query | exp.Insert | exp.Update | exp.Delete):
        return statement
    raise not_emulated(f"statement {text.strip()[:60]!r}")


def translate(
    statement: exp.Expr,
    names: Names,
    *,
    default_dataset: str | None = None,
    parameters: Parameters | None = None,
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
    _qualify(statement, names, default_dataset)
    bound = parameters or Parameters([])
    # Children first, so that what is copied into a replacement has been rewritten already.
    for node in reversed(list(statement.walk())):
        replacement = _rewrite(bound.bind(node))
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
        if isinstance(column, exp.Alias | exp.Column | exp.Dot | exp.Star):
            columns.append(column)
        else:
            columns.append(exp.alias_(column, f"f{anonymous}_"))
            anonymous += 1
    query.set("expressions", columns)


def _qualify(statement: exp.Expr, names: Names, default_dataset: str | None) -> None:
    """Reduce every table name to dataset and table, which is what DuckDB calls it."""
    known = {cte.alias.casefold() for cte in statement.find_all(exp.CTE)}
    for table in list(statement.find_all(exp.Table)):
        parts = [part.name for part in table.parts]
        if not isinstance(table.this, exp.Identifier) or len(parts) > 3:
            raise not_emulated(f"table expression {table.sql('bigquery')}")
        if len(parts) == 1 and parts[0].casefold() in known:
            continue
        name, dataset, project = table.name, table.db or default_dataset, table.catalog or None
        if not dataset:
            raise invalid_query(
                f'Table "{name}" must be qualified with a dataset (e.g. dataset.table).'
            )
        if "INFORMATION_SCHEMA" in name.upper() or set(name) & set("*$"):
            raise not_emulated(f"table {name}")
        names.resolve(project, dataset, name)
        table.set("this", exp.to_identifier(name, quoted=True))
        table.set("db", exp.to_identifier(dataset, quoted=True))
        table.set("catalog", None)


def _rewrite(node: exp.Expr) -> exp.Expr:
    """Give a node the meaning it has in BigQuery where DuckDB's differs."""
    if isinstance(node, exp.Unnest) and node.args.get("offset"):
        raise not_emulated("UNNEST ... WITH OFFSET")
    if isinstance(node, exp.Literal) and not node.is_string and not node.name.isdigit():
        return exp.cast(node.copy(), "DOUBLE")  # 1.5 is a FLOAT64, not a DECIMAL
    if isinstance(node, exp.UnixToTime | exp.StrToTime):
        return exp.cast(node.copy(), "TIMESTAMPTZ")  # DuckDB answers a time without a zone
    if isinstance(node, exp.CurrentTimestamp | exp.CurrentDate):
        return _current(node)
    if isinstance(node, exp.CurrentDatetime | exp.CurrentTime):
        raise not_emulated(node.sql("bigquery"))
    if isinstance(node, exp.DateAdd | exp.DateSub | exp.DateTrunc):
        return _as_date(node)
    if isinstance(node, exp.Div | exp.IntDiv | exp.Mod):
        node.set("expression", _or_error_if_zero(node.expression))
    return node


def _current(node: exp.CurrentTimestamp | exp.CurrentDate) -> exp.Expr:
    """The time of the emulator's clock, or the date in a zone, UTC by default."""
    now: exp.Expr = sqlglot.parse_one(NOW, read="duckdb")
    if isinstance(node, exp.CurrentTimestamp):
        return now
    zone = node.this.copy() if node.this else exp.Literal.string("UTC")
    return exp.cast(exp.AtTimeZone(this=now, zone=zone), "DATE")


def _as_date(node: exp.Expr) -> exp.Expr:
    """A DATE, as in BigQuery, of a DATE; DuckDB would answer with a time, a DATETIME.

    Some of these functions take times as well, so the argument must show that it is a date.
    """
    date = node.this
    if not (isinstance(date, _DATES) or (isinstance(date, exp.Cast) and date.is_type("DATE"))):
        raise not_emulated(f"{node.sql('bigquery')} without DATE(...) around its argument")
    return exp.cast(node.copy(), "DATE")


def _or_error_if_zero(divisor: exp.Expr) -> exp.Expr:
    if isinstance(divisor, exp.Literal) and divisor.name.strip("0."):
        return divisor
    guarded = exp.paren(divisor.copy())
    failure = exp.func("error", exp.Literal.string("division by zero"))
    return exp.paren(
        exp.case().when(guarded.eq(exp.Literal.number(0)), failure).else_(guarded.copy())
    )
