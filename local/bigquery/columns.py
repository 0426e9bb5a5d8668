"""Columns: BigQuery's types and modes, and the DuckDB types that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from local.bigquery.errors import invalid, not_emulated, only
from local.bigquery.store import quoted

Field = dict[str, Any]

# The API speaks legacy names even when it is spoken to in GoogleSQL.
_LEGACY = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}

DUCKDB_TYPES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
    "JSON": "JSON",
    "BYTES": "BLOB",
}

_RESULT_TYPES = {duckdb_type: name for name, duckdb_type in DUCKDB_TYPES.items()} | {
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "INTEGER": "INTEGER",
    "HUGEINT": "INTEGER",
    "UBIGINT": "INTEGER",
    '"NULL"': "INTEGER",  # BigQuery types a bare NULL as INT64.
}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_RESERVED = re.compile(
    r"_TABLE_|_FILE_|_PARTITION|_ROW_TIMESTAMP|__ROOT__|_COLIDENTIFIER|_CHANGE_(SEQUENCE_NUMBER|TYPE|TIMESTAMP)",
    re.IGNORECASE,
)
_FIELD_KEYS = frozenset({"name", "type", "mode", "description"})


def legacy_type(name: str) -> str:
    """The name that the API gives to a type of GoogleSQL."""
    return _LEGACY.get(name.upper(), name.upper())


def table_fields(fields: Iterable[Field]) -> list[Field]:
    """The columns of a new table, in the API's own words.

    Raises:
        ApiError: `invalid` for a name BigQuery refuses, 501 for a type that is not emulated.
    """
    known: dict[str, Field] = {}
    for field in fields:
        only(field, _FIELD_KEYS, "column option")
        name, mode = field["name"], field.get("mode", "NULLABLE").upper()
        kind = legacy_type(field["type"])
        if not _NAME.fullmatch(name) or _RESERVED.match(name):
            raise invalid(f'Invalid field name "{name}".')
        if name.casefold() in known:
            raise invalid(f"Field {name} already exists in schema")
        if kind not in DUCKDB_TYPES or mode not in {"NULLABLE", "REQUIRED"}:
            raise not_emulated(f"column {name} of type {kind}, mode {mode}")
        known[name.casefold()] = field | {"type": kind, "mode": mode}
    return list(known.values())


def column_definition(field: Field) -> str:
    """The column in DuckDB's CREATE TABLE."""
    suffix = " NOT NULL" if field["mode"] == "REQUIRED" else ""
    return f"{quoted(field['name'])} {DUCKDB_TYPES[field['type']]}{suffix}"


def result_field(name: str, kind: DuckDBPyType) -> Field:
    """The BigQuery column that shows a DuckDB result column.

    Raises:
        ApiError: 501 for a type that is not emulated, such as NUMERIC.
    """
    mode = "NULLABLE"
    if kind.id == "list":
        mode, kind = "REPEATED", _child(kind)
    if kind.id == "struct":
        members = [result_field(member, inner) for member, inner in _members(kind)]
        return {"name": name, "type": "RECORD", "mode": mode, "fields": members}
    if str(kind) not in _RESULT_TYPES:
        raise not_emulated(f"result column {name} of DuckDB type {kind}")
    return {"name": name, "type": _RESULT_TYPES[str(kind)], "mode": mode}


def _members(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    return [(name, inner) for name, inner in kind.children if isinstance(inner, DuckDBPyType)]


def _child(kind: DuckDBPyType) -> DuckDBPyType:
    return _members(kind)[0][1]
