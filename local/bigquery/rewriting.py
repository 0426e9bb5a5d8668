"""What BigQuery's words mean, said in DuckDB's: one node of a statement at a time.

Inner nodes come first, so what a rewriting copies has been rewritten already.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from local.bigquery import rewriting_casts, rewriting_json, rewriting_queries, rewriting_times
from local.bigquery.errors import invalid_query, not_emulated
from local.bigquery.kinds import Kind, of_kind
from local.bigquery.macros import Rewritings, call, fail, is_nullable
from local.bigquery.store import NOW

_INT32 = range(2**31)
# Where a number is a position, a length or a part of the syntax, and no value.
_NO_VALUES = (
    exp.ApproxQuantiles,
    exp.DataType,
    exp.DataTypeParam,
    exp.Fetch,
    exp.Group,
    exp.Interval,
    exp.JSONKeysAtDepth,
    exp.Limit,
    exp.Offset,
    exp.Ordered,
    exp.Pad,
    exp.RegexpExtract,
    exp.Repeat,
    exp.Round,
    exp.SHA2,
    exp.SHA2Digest,
    exp.UnixToTime,
    exp.WindowSpec,
)
# What sqlglot puts in where INITCAP is given no delimiters.
_DELIMITERS = sqlglot.parse_one("INITCAP(a)", read="bigquery").expression
# BigQuery's functions that sqlglot does not know, and DuckDB has under the same name.
_KNOWN = frozenset({"ERROR", "IS_INF", "IS_NAN", "TO_BASE64"})


def rewrite(node: exp.Expr) -> exp.Expr:
    """The node, or what stands for it in DuckDB.

    Raises:
        ApiError: `invalidQuery` for what BigQuery refuses, 501 for what is not emulated.
    """
    rewriting = _REWRITINGS.get(type(node))
    return rewriting(node) if rewriting else node


def prepare(statement: exp.Expr) -> None:
    """Refuse functions that only DuckDB has, and mend what sqlglot reads wrongly."""
    rewriting_json.mend_literals(statement)
    for function in statement.find_all(exp.Anonymous):
        if not isinstance(function.parent, exp.Table) and function.name.upper() not in _KNOWN:
            raise not_emulated(f"function {function.name}")


def _literal(node: exp.Expr) -> exp.Expr:
    """Numbers are FLOAT64 or INT64, not DECIMAL or 32 bits wide."""
    if node.is_string:
        return node
    if not node.name.isdigit():
        return exp.cast(node.copy(), "DOUBLE")
    is_no_value = isinstance(node.parent, _NO_VALUES) or _may_be_days(node)
    if is_no_value or int(node.name) not in _INT32:
        return node
    return exp.cast(node.copy(), "BIGINT")


def _may_be_days(node: exp.Expr) -> bool:
    """A number that is added to what may be a date has to stay as it is."""
    parent = node.parent
    if not isinstance(parent, exp.Add | exp.Sub) or parent.expression is not node:
        return False
    other = parent.this
    return isinstance(other, exp.Column | exp.Date | exp.Dot | exp.Bracket) or (
        isinstance(other, exp.Cast) and other.is_type("DATE")
    )


def _division(node: exp.Expr) -> exp.Expr:
    divisor = exp.paren(node.expression.copy())
    if not (isinstance(node.expression, exp.Cast) and node.expression.this.name.strip("0.")):
        whole = exp.case().when(divisor.eq(exp.Literal.number(0)), fail("division by zero"))
        divisor = exp.paren(whole.else_(divisor.copy()))
    node.set("this", exp.paren(node.this.copy()))
    node.set("expression", divisor)
    return node


def _current(node: exp.Expr) -> exp.Expr:
    """The time of the emulator's clock, or the date in a zone, UTC by default."""
    now: exp.Expr = sqlglot.parse_one(NOW, read="duckdb")
    if isinstance(node, exp.CurrentTimestamp):
        return now
    zone = node.this.copy() if node.this else exp.Literal.string("UTC")
    return exp.cast(exp.AtTimeZone(this=now, zone=zone), "DATE")


def _concat(node: exp.Expr) -> exp.Expr:
    texts = [rewriting_casts.converted(each, Kind.TEXT, safe=False) for each in node.expressions]
    node.set("expressions", texts)
    return node


def _substring(node: exp.Expr) -> exp.Expr:
    start, length = node.args.get("start"), node.args.get("length")
    if start is None or length is None:
        return node
    return call("substring", node.this.copy(), start.copy(), length.copy())


def _initcap(node: exp.Expr) -> exp.Expr:
    if node.expression != _DELIMITERS:
        raise not_emulated("INITCAP with delimiters")
    return of_kind(call("initcap", node.this), Kind.TEXT)


def _count_if(node: exp.Expr) -> exp.Expr:
    """DuckDB's answers NULL for an empty window."""
    return exp.Count(this=exp.case().when(node.this.copy(), exp.Literal.number(1)))


def _approximate_count(node: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))


def _refused(node: exp.Expr) -> exp.Expr:
    raise not_emulated(node.sql("bigquery"))


def _safe(node: exp.Expr) -> exp.Expr:
    """`SAFE.f(x)`: the function itself has become one that answers NULL, or it is refused."""
    inner: exp.Expr = node.this
    if not is_nullable(inner):
        raise not_emulated(node.sql("bigquery"))
    return inner


def _null_literal(node: exp.Expr) -> exp.Expr:
    if any(isinstance(each, exp.Null) for each in (node.this, node.expression)):
        raise invalid_query("Operands cannot be literal NULL")
    return node


_REWRITINGS: Rewritings = {
    exp.ApproxDistinct: _approximate_count,
    exp.Concat: _concat,
    exp.CountIf: _count_if,
    exp.CurrentDate: _current,
    exp.CurrentTimestamp: _current,
    exp.Initcap: _initcap,
    exp.Literal: _literal,
    exp.SafeFunc: _safe,
    exp.Substring: _substring,
    **dict.fromkeys((exp.Div, exp.IntDiv, exp.Mod), _division),
    **dict.fromkeys((exp.EQ, exp.NEQ), _null_literal),
    **dict.fromkeys((exp.ApproxQuantiles, exp.FarmFingerprint, exp.Format, exp.JSONSet), _refused),
    **dict.fromkeys((exp.CurrentDatetime, exp.CurrentTime), _refused),
    **rewriting_casts.REWRITINGS,
    **rewriting_json.REWRITINGS,
    **rewriting_queries.REWRITINGS,
    **rewriting_times.REWRITINGS,
}
