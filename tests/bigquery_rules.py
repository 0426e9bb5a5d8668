"""What a load job of BigQuery accepts of one line, written from its documentation alone.

Strict where the documentation is: one line that breaks a rule fails a whole job. Sources:
cloud.google.com/bigquery/docs/loading-data-cloud-storage-json and
cloud.google.com/bigquery/docs/reference/standard-sql/data-types#json_type.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Never

DEEPEST = 500
_SCHEMAS = {
    path.stem: {column["name"]: column for column in json.loads(path.read_text())}
    for path in (Path(__file__).parents[1] / "terraform" / "schemas").glob("*.json")
}
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


class Refused(Exception):  # noqa: N818  (it reads as BigQuery's answer)
    """BigQuery would refuse this line."""


def accept(line: bytes, table: str = "events") -> dict[str, Any]:
    """The row that BigQuery reads from one newline-terminated line of a load into a raw table.

    Raises:
        Refused: the rule that it breaks.
    """
    if line.count(b"\n") != 1 or not line.endswith(b"\n"):
        raise Refused("not exactly one line")
    row = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    if unknown := row.keys() - _SCHEMAS[table].keys():
        raise Refused(f"unknown columns {unknown}")
    for name, column in _SCHEMAS[table].items():
        value = row.get(name)
        if value is None:
            if column["mode"] == "REQUIRED":
                raise Refused(f"{name} is required")
            continue
        _CHECKS[column["type"]](value)
    return dict(row)


def _string(value: object) -> None:
    if not isinstance(value, str):
        raise Refused(f"{value!r} is not a string")
    _text(value)


def _integer(value: object) -> None:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise Refused(f"{value!r} is not an INT64")


def _timestamp(value: object) -> None:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        raise Refused(f"{value!r} is not ISO 8601 in UTC")
    datetime.fromisoformat(value)


def _datetime(value: object) -> None:
    if not isinstance(value, str) or not _DATETIME.fullmatch(value):
        raise Refused(f"{value!r} is not a DATETIME")
    datetime.fromisoformat(value)


def _json(value: object) -> None:
    level, depth = [value], 0
    while level:
        deeper: list[object] = []
        for part in level:
            deeper += _parts(part)
        depth += any(isinstance(part, (dict, list)) for part in level)
        level = deeper
    if depth > DEEPEST:
        raise Refused(f"{depth} levels")


def _parts(value: object) -> list[object]:
    """The values one level down; checks a value that has none."""
    if isinstance(value, dict):
        for key in value:
            _text(key)
        return list(value.values())
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        _text(value)
    elif type(value) is int and not -(2**63) <= value < 2**64:
        raise Refused("an integer outside int64 and uint64")
    elif isinstance(value, float) and not math.isfinite(value):
        raise Refused("a number outside float64")
    return []


def _text(value: str) -> None:
    if any(0xD800 <= ord(c) < 0xE000 for c in value):
        raise Refused("a lone surrogate")


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(members)) != len(members):
        raise Refused("a key twice")
    return dict(members)


def _no_constant(name: str) -> Never:
    raise Refused(f"{name} is not JSON")


_CHECKS = {
    "DATETIME": _datetime,
    "INTEGER": _integer,
    "JSON": _json,
    "STRING": _string,
    "TIMESTAMP": _timestamp,
}
