"""Query parameters: `@name` and `?`, handed to DuckDB as values, never pasted into the text."""

from __future__ import annotations

import base64
from typing import Any

import sqlglot
from sqlglot import exp

from local.bigquery import json_text
from local.bigquery.columns import DUCKDB_TYPES
from local.bigquery.errors import invalid_query, not_emulated

Json = Any

_SCALARS = frozenset(
    {"STRING", "INT64", "FLOAT64", "BOOL", "TIMESTAMP", "DATE", "DATETIME", "JSON", "BYTES"}
)
_DUCKDB_NAMES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}


class Parameters:
    """The parameters of one query; `values` holds those that `bind` has met."""

    def __init__(self, parameters: list[Json]) -> None:
        self._known = {
            each.get("name") or _positional(position): (f"value{position}", each)
            for position, each in enumerate(parameters)
        }
        self.values: dict[str, Json] = {}

    def bind(self, node: exp.Expr) -> exp.Expr:
        """The node, or DuckDB's typed parameter in place of BigQuery's."""
        if not isinstance(node, exp.Parameter):
            return node
        if node.name not in self._known:
            raise invalid_query(f"Query parameter '{node.name}' not found")
        key, parameter = self._known[node.name]
        kind = parameter["parameterType"]
        self.values[key] = _value(kind, parameter.get("parameterValue", {}))
        to = exp.DataType.build(_type(kind), dialect="duckdb")
        return exp.Cast(this=exp.Placeholder(this=key), to=to)


def numbered(text: str) -> str:
    """The query with its `?`, which count in the order of the text, given names by number."""
    marks = [
        token
        for token in sqlglot.tokenize(text, read="bigquery")
        if token.token_type is sqlglot.TokenType.PLACEHOLDER
    ]
    for position, mark in reversed(list(enumerate(marks))):
        text = f"{text[: mark.start]}@{_positional(position)}{text[mark.end + 1 :]}"
    return text


def _positional(position: int) -> str:
    return f"positional_{position}"


def _type(kind: Json) -> str:
    if kind["type"] == "ARRAY":
        return f"{_type(kind['arrayType'])}[]"
    if kind["type"] == "STRUCT":
        fields = (f'"{inner["name"]}" {_type(inner["type"])}' for inner in kind["structTypes"])
        return f"STRUCT({', '.join(fields)})"
    if kind["type"] not in _SCALARS:
        raise not_emulated(f"query parameters of type {kind['type']}")
    return DUCKDB_TYPES[_DUCKDB_NAMES.get(kind["type"], kind["type"])]


def _value(kind: Json, value: Json) -> Json:
    if kind["type"] == "ARRAY":
        return [_value(kind["arrayType"], item) for item in value.get("arrayValues", [])]
    if kind["type"] == "STRUCT":
        members = value["structValues"]
        return {
            inner["name"]: _value(inner["type"], members[inner["name"]])
            for inner in kind["structTypes"]
        }
    text = value.get("value")
    if kind["type"] == "BYTES" and text is not None:
        return base64.b64decode(text)
    if kind["type"] == "JSON" and text is not None:
        return json_text.canonical(text)
    return text
