"""Shapes of queries: UNNEST, aggregates with LIMIT, and what GROUP BY groups by."""

from __future__ import annotations

from sqlglot import exp

from local.bigquery.errors import not_emulated
from local.bigquery.macros import Rewritings


def _unnest(node: exp.Expr) -> exp.Expr:
    """UNNEST, whose offset is a column beside the elements, as are the members of STRUCTs."""
    array, offset = node.expressions[0], node.args.get("offset")
    structs = _has_structs(array)
    if not structs and not offset:
        return node
    alias = node.args.get("alias")
    name = next(
        (each.name for each in ([*alias.columns, alias.this] if alias else []) if each), ""
    )
    elements = _elements(array, structs=structs)
    columns = [elements if structs else exp.alias_(elements, name or "_element", quoted=True)]
    if offset:
        if structs and name and _is_used_whole(node, name):
            raise not_emulated(f"STRUCT {name} of UNNEST ... WITH OFFSET as a whole")
        place = offset.name if isinstance(offset, exp.Identifier) else "offset"
        columns.append(exp.alias_(_positions(array), place, quoted=True))
    return exp.select(*columns).subquery(name if structs and name else None)


def _elements(array: exp.Expr, *, structs: bool) -> exp.Expr:
    depth = exp.Kwarg(this=exp.var("max_depth"), expression=exp.Literal.number(2))
    arguments = [array.copy(), depth] if structs else [array.copy()]
    return exp.Anonymous(this="unnest", expressions=arguments)


def _is_used_whole(node: exp.Expr, name: str) -> bool:
    columns = node.root().find_all(exp.Column)
    return any(each.name == name and not each.table for each in columns)


def _positions(array: exp.Expr) -> exp.Expr:
    first = exp.Literal.number(1)
    places = exp.Anonymous(this="generate_subscripts", expressions=[array.copy(), first])
    return exp.cast(exp.Sub(this=places, expression=first.copy()), "BIGINT")


def _has_structs(array: exp.Expr) -> bool:
    """Whether it shows that the elements are STRUCTs, whose members become columns."""
    if isinstance(array, exp.Cast):
        inner = array.to.expressions
        return bool(inner) and inner[0].is_type(exp.DataType.Type.STRUCT)
    return isinstance(array, exp.Array) and any(
        isinstance(each, exp.Struct) for each in array.expressions
    )


def _array_agg(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.IgnoreNulls):
        return node
    return _sliced(node, node)


def _ignore_nulls(node: exp.Expr) -> exp.Expr:
    aggregate = node.this
    if not isinstance(aggregate, exp.ArrayAgg):
        return node
    value = aggregate.this
    while isinstance(value, exp.Limit | exp.Order):
        value = value.this
    if isinstance(value, exp.Distinct):
        value = value.expressions[0]
    present = exp.Where(this=exp.not_(exp.Is(this=value.copy(), expression=exp.Null())))
    return _sliced(aggregate, exp.Filter(this=aggregate.copy(), expression=present))


def _sliced(aggregate: exp.Expr, made: exp.Expr) -> exp.Expr:
    """ARRAY_AGG with LIMIT: the first items of all."""
    limit = aggregate.this
    if not isinstance(limit, exp.Limit):
        return made
    inner = made if isinstance(made, exp.ArrayAgg) else made.this
    inner.set("this", limit.this.copy())
    bounds = [exp.Literal.number(1), limit.expression.copy()]
    return exp.Anonymous(this="list_slice", expressions=[made.copy(), *bounds])


def _string_agg(node: exp.Expr) -> exp.Expr:
    if node.find(exp.Limit):
        raise not_emulated("STRING_AGG with LIMIT")
    return node


def _select(node: exp.Expr) -> exp.Expr:
    grouped = node.args.get("group")
    for column in grouped.expressions if grouped else []:
        if isinstance(column, exp.Column) and not column.table:
            column.replace(_meant(column, node.expressions))
    if any(isinstance(each, exp.Star) for each in node.expressions):
        _check_star(node)
    return node


def _meant(column: exp.Column, selected: list[exp.Expr]) -> exp.Expr:
    """An alias of the SELECT list comes before a column of FROM in GROUP BY."""
    for place, each in enumerate(selected, 1):
        if isinstance(each, exp.Alias) and each.alias.casefold() == column.name.casefold():
            stars = any(before.is_star for before in selected[:place])
            return each.this.copy() if stars else exp.Literal.number(place)
    return column


def _check_star(node: exp.Expr) -> None:
    """`*` shows the members of STRUCTs, which only some arrays are seen to have."""
    for unnested in node.find_all(exp.Unnest):
        array = unnested.expressions[0]
        if unnested.parent_select is node and not isinstance(array, exp.Array | exp.Func):
            raise not_emulated("SELECT * with UNNEST of what may hold STRUCTs")


REWRITINGS: Rewritings = {
    exp.ArrayAgg: _array_agg,
    exp.GroupConcat: _string_agg,
    exp.IgnoreNulls: _ignore_nulls,
    exp.Select: _select,
    exp.Unnest: _unnest,
}
