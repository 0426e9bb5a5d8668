"""JSON: values, elements, conversions and text."""

from __future__ import annotations

import re

from sqlglot import exp

from local.bigquery import json_text
from local.bigquery.errors import invalid_query, not_emulated
from local.bigquery.kinds import Kind, are_texts, is_json, kind_of, of_kind
from local.bigquery.macros import Rewritings, call, fail, nullable, strict

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$ -]*")
_ANY_DEPTH = 500  # As deep as JSON may be nested.
_SIMPLE: dict[type[exp.Expr], tuple[str, Kind]] = {
    exp.JSONType: ("json_type", Kind.TEXT),
    exp.LaxBool: ("lax_bool", Kind.BOOLEAN),
    exp.LaxFloat64: ("lax_float64", Kind.DOUBLE),
    exp.LaxInt64: ("lax_int64", Kind.BIGINT),
    exp.LaxString: ("lax_string", Kind.TEXT),
}
_EXACT: dict[type[exp.Expr], tuple[str, str, Kind]] = {
    exp.JSONBool: ("json_bool", "a boolean", Kind.BOOLEAN),
    exp.Float64: ("json_float64", "a number", Kind.DOUBLE),
    exp.Int64: ("json_int64", "an integer", Kind.BIGINT),
    exp.String: ("string_of", "a string", Kind.TEXT),
}
_BY_PATH: dict[type[exp.Expr], str] = {
    exp.JSONExtract: "json_query",
    exp.JSONExtractArray: "json_query_array",
    exp.JSONExtractScalar: "json_value",
    exp.JSONValueArray: "json_value_array",
}


def mend_literals(statement: exp.Expr) -> None:
    """Let `JSON` belong to its text alone: sqlglot reads `JSON '{}'['a']` as JSON ('{}'['a'])."""
    for node in list(statement.find_all(exp.ParseJSON)):
        literal = node.this
        while isinstance(literal, exp.Bracket | exp.Dot):
            literal = literal.this
        if node.args.get("is_literal") and literal is not node.this:
            literal.replace(exp.ParseJSON(this=literal.copy(), is_literal=True))
            node.replace(node.this)


def _json(value: exp.Expr) -> exp.Expr:
    return of_kind(value, Kind.JSON)


def _by_path(node: exp.Expr) -> exp.Expr:
    path = node.args.get("expression")
    if not isinstance(path, exp.JSONPath | None):
        raise not_emulated(f"the JSON path {path.sql('bigquery')}")
    text = path.sql("duckdb")[1:-1].replace("''", "'") if path else "$"
    if isinstance(node, exp.JSONExtract) and is_json(node.this):
        return _at(node.this, text)
    made = call(_BY_PATH[type(node)], node.this, exp.Literal.string(text))
    return of_kind(made, Kind.TEXT) if isinstance(node, exp.JSONExtractScalar) else made


def _simple(node: exp.Expr) -> exp.Expr:
    macro, kind = _SIMPLE[type(node)]
    return of_kind(call(macro, node.this), kind)


def _keys(node: exp.Expr) -> exp.Expr:
    depth = node.args.get("expression")
    if node.args.get("mode") or isinstance(depth, exp.Kwarg):
        raise not_emulated(node.sql("bigquery"))
    levels = depth.copy() if depth else exp.Literal.number(_ANY_DEPTH)
    if isinstance(levels, exp.Literal) and levels.name == "0":
        raise invalid_query("max_depth must be positive.")
    if not isinstance(levels, exp.Literal):
        raise not_emulated(node.sql("bigquery"))
    return call("json_keys", node.this, levels)


def _exact(node: exp.Expr) -> exp.Expr:
    if node.args.get("zone"):
        raise not_emulated("STRING with a zone")
    macro, what, kind = _EXACT[type(node)]
    made = of_kind(call(macro, node.this), kind)
    if isinstance(node.parent, exp.SafeFunc):
        return nullable(made)
    return strict(node.this, made, f"The provided JSON input is not {what}: ")


def _parse(node: exp.Expr) -> exp.Expr:
    text = node.this
    if isinstance(node.parent, exp.SafeFunc):
        tried = exp.TryCast(this=text.copy(), to=exp.DataType.build("JSON"))
        return nullable(_json(tried))
    if text.is_string:
        try:
            text = exp.Literal.string(json_text.canonical(text.name))
        except ValueError as error:
            raise invalid_query(f"Invalid input to PARSE_JSON: {error}") from error
    return _json(exp.cast(text.copy(), "JSON"))


def _format(node: exp.Expr) -> exp.Expr:
    """`TO_JSON` and `TO_JSON_STRING`."""
    if node.args.get("to_json"):
        return _json(call("to_json", node.this))
    value = node.this
    if kind_of(value) in {Kind.JSON, Kind.TEXT} or are_texts(value):
        text = value.copy() if is_json(value) else exp.func("to_json", value.copy())
        nothing = exp.Literal.string("null")
        made: exp.Expr = exp.func("coalesce", exp.cast(text, "VARCHAR"), nothing)
    else:
        made = call("to_json_string", value)
    return of_kind(made, Kind.TEXT)


def _element(node: exp.Expr) -> exp.Expr:
    """`json['key']`, `json[0]` and `array[OFFSET(0)]`, which look alike."""
    value, index = node.this, node.expressions[0]
    if len(node.expressions) > 1:
        raise not_emulated(node.sql("bigquery"))
    if index.is_string and _PLAIN_KEY.fullmatch(index.name):
        return _at(value, f'$."{index.name}"')
    is_position = isinstance(index, exp.Cast | exp.Literal | exp.Add | exp.Sub | exp.Neg)
    if node.args.get("safe") or (is_position and not index.is_string and not is_json(value)):
        return _item(node, value, index)
    return _json(call("json_element", value, index))


def _member(node: exp.Expr) -> exp.Expr:
    """`json.key`, which DuckDB knows of columns only."""
    if not is_json(node.this) or not isinstance(node.expression, exp.Identifier):
        return node
    return _at(node.this, f'$."{node.expression.name}"')


def _at(value: exp.Expr, path: str) -> exp.Expr:
    return _json(exp.func("json_extract", value.copy(), exp.Literal.string(path)))


def _item(node: exp.Expr, value: exp.Expr, index: exp.Expr) -> exp.Expr:
    offset = node.args.get("offset") or 0
    place = index.copy() if offset else exp.paren(index.copy() + 1)
    item = exp.func("list_extract", value.copy(), place)
    outside = exp.or_(
        exp.LT(this=place.copy(), expression=exp.Literal.number(1)),
        exp.GT(this=place.copy(), expression=exp.func("len", value.copy())),
    )
    if node.args.get("safe"):
        return exp.paren(exp.case().when(exp.not_(exp.paren(outside)), item))
    is_confused = exp.func("typeof", value.copy()).eq(exp.Literal.string("JSON"))
    failure = exp.case().when(is_confused, fail("not emulated: a number as key of JSON"))
    failure = failure.when(outside, fail("Array index is out of bounds"))
    within = exp.Is(this=exp.paren(failure), expression=exp.Null())
    return exp.paren(exp.case().when(within, item))


REWRITINGS: Rewritings = {
    exp.Bracket: _element,
    exp.Dot: _member,
    exp.JSONFormat: _format,
    exp.JSONKeysAtDepth: _keys,
    exp.ParseJSON: _parse,
    **dict.fromkeys(_BY_PATH, _by_path),
    **dict.fromkeys(_EXACT, _exact),
    **dict.fromkeys(_SIMPLE, _simple),
}
