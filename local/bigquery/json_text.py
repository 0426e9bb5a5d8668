"""JSON in one way of writing, as BigQuery keeps it: members sorted, the first of the same key.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#json_type.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

Json = Any


def canonical(text: str | bytes) -> str:
    """The text of the same value.

    Raises:
        ValueError: it is no JSON.
    """
    value = json.loads(text, object_pairs_hook=_first_members, parse_constant=_refuse)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def rewritten(line: bytes, row: dict[str, Json]) -> bytes:
    """A row of a load job, parsed already, with all its JSON in that way of writing.

    Raises:
        ValueError: a column occurs twice.
    """
    try:
        text = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # Nested deeper than it writes.
        return canonical(line).encode()
    # The last of several members with the same key has won, if there were any.
    if text.count(b'":') == line.count(b'":'):
        return text
    names = [name for name, _value in json.loads(line, object_pairs_hook=list)]
    if len(set(names)) < len(names):
        raise ValueError("duplicate key in a row")
    return canonical(line).encode()


def _first_members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    return dict(reversed(pairs))


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")
