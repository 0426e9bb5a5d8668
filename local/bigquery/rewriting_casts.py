"""CAST and SAFE_CAST: text is converted by BigQuery's rules, which are stricter than DuckDB's."""

from __future__ import annotations

from sqlglot import exp

from local.bigquery.errors import not_emulated
from local.bigquery.kinds import Kind, kind_of, of_kind
from local.bigquery.macros import Rewritings, call, nullable, strict

_MACROS = {
    Kind.BIGINT: ("int64", "Bad int64 value: "),
    Kind.DOUBLE: ("float64", "Bad double value: "),
    Kind.BOOLEAN: ("bool", "Bad bool value: "),
    Kind.DATE: ("date", "Invalid date: "),
    Kind.TIMESTAMP: ("datetime", "Invalid datetime string: "),
    Kind.TIMESTAMPTZ: ("timestamp", "Invalid timestamp: "),
}
# Conversions that always succeed, and mean the same in DuckDB.
_PLAIN = {
    Kind.TEXT: {Kind.TEXT, Kind.BIGINT, Kind.BOOLEAN, Kind.DATE},
    Kind.DOUBLE: {Kind.DOUBLE, Kind.BIGINT},
    Kind.DATE: {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ},
    Kind.TIMESTAMP: {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ},
    Kind.TIMESTAMPTZ: {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ},
}


def _cast(node: exp.Expr) -> exp.Expr:
    if node.args.get("format"):
        raise not_emulated("CAST with FORMAT")
    value, to = node.this, Kind(node.args["to"].this)
    if node.meta.get("exact") or isinstance(value, exp.Null | exp.Placeholder):
        return node
    if to is not Kind.TEXT and to not in _MACROS:
        return node
    return converted(value, to, safe=isinstance(node, exp.TryCast))


def converted(value: exp.Expr, to: Kind, *, safe: bool) -> exp.Expr:
    """The value as another type: an error, or if it is safe NULL, if there is no such value."""
    kind = kind_of(value)
    if kind is to and to is Kind.TEXT:
        return value.copy()
    if kind in _PLAIN.get(to, ()):
        return nullable(exp.Cast(this=value.copy(), to=exp.DataType(this=to)))
    if to is Kind.TEXT:
        return nullable(of_kind(call("as_string", value), to))
    macro, message = _MACROS[to]
    made = call(f"{macro}_of_text" if kind is Kind.TEXT else f"as_{macro}", value)
    return of_kind(nullable(made) if safe else strict(value, made, message), to)


REWRITINGS: Rewritings = {exp.Cast: _cast, exp.TryCast: _cast}
