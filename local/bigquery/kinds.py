"""What shows of the type of an expression: DuckDB alone knows that of a column."""

from __future__ import annotations

from sqlglot import exp

Kind = exp.DType

_TEXTS = (
    exp.Concat,
    exp.GroupConcat,
    exp.Lower,
    exp.RegexpExtract,
    exp.RegexpReplace,
    exp.Replace,
    exp.Trim,
    exp.Upper,
)
_NUMBERS = (
    exp.Count,
    exp.CountIf,
    exp.DenseRank,
    exp.Length,
    exp.Rank,
    exp.RowNumber,
    exp.UnixMicros,
    exp.UnixMillis,
    exp.UnixSeconds,
)


def of_kind(value: exp.Expr, kind: Kind) -> exp.Expr:
    """The expression, marked with its type."""
    value.meta["kind"] = kind
    return value


def kind_of(value: exp.Expr) -> Kind | None:
    """The type of the expression, if it shows."""
    if kind := value.meta.get("kind"):
        return Kind(kind)
    if isinstance(value, exp.Cast | exp.TryCast):
        return Kind(value.to.this)
    if isinstance(value, exp.Paren | exp.Window):
        return kind_of(value.this)
    if value.is_string or isinstance(value, _TEXTS):
        return Kind.TEXT
    return Kind.BIGINT if isinstance(value, _NUMBERS) else None


def is_json(value: exp.Expr) -> bool:
    """Whether it shows that the expression is JSON."""
    return kind_of(value) is Kind.JSON


def are_texts(array: exp.Expr) -> bool:
    """Whether it shows that an array holds text only."""
    items = array.expressions if isinstance(array, exp.Array) else []
    return bool(items) and all(kind_of(item) is Kind.TEXT for item in items)
