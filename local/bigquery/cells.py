"""Cells: DuckDB's values as BigQuery writes them in JSON rows."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any

from local.bigquery.columns import Field
from local.bigquery.errors import invalid_query

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_INT64 = range(-(2**63), 2**63)


def encode_row(values: Sequence[Any], fields: Sequence[Field]) -> dict[str, Any]:
    """A row as `{"f": [{"v": ...}]}`, every scalar a string; timestamps count microseconds."""
    return {"f": [{"v": _cell(value, field)} for value, field in zip(values, fields, strict=True)]}


def _cell(value: Any, field: Field) -> Any:
    if field["mode"] == "REPEATED":
        # BigQuery has no NULL array in a result, only an empty one, and no NULL in an array.
        if value and None in value:
            name = field["name"]
            raise invalid_query(f"Array cannot have a null element; error in writing field {name}")
        return [{"v": _element(item, field)} for item in value or []]
    return _element(value, field)


def _element(value: Any, field: Field) -> Any:
    if value is None:
        return None
    if field["type"] == "RECORD":
        return encode_row([value[inner["name"]] for inner in field["fields"]], field["fields"])
    return _SCALARS.get(field["type"], str)(value)


def _integer(value: int) -> str:
    if value not in _INT64:
        raise invalid_query("int64 overflow")
    return str(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


_SCALARS: dict[str, Callable[[Any], str]] = {
    "BOOLEAN": lambda value: "true" if value else "false",
    "BYTES": lambda value: base64.b64encode(value).decode(),
    "DATE": lambda value: str(value.isoformat()),
    "DATETIME": lambda value: str(value.isoformat()),
    "FLOAT": _float,
    "INTEGER": _integer,
    "TIMESTAMP": lambda value: str((value - _EPOCH) // _MICROSECOND),
}
