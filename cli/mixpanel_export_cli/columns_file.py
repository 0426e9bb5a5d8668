"""The file that remembers the columns of a typed view: JSON, one entry a line, for eyes and diffs.

`[{"property": "$city", "type": "STRING", "column": "mp_city"}]`. A human may change a type or a
name, add an entry, or write null for a column that is not wanted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mixpanel_export.errors import Setup
from mixpanel_export_cli.column_names import LONGEST, is_allowed
from mixpanel_export_cli.typed_columns import EVENT_COLUMNS, TYPES, Column

_KEYS = {"property", "type", "column"}


def encode(columns: Iterable[Column]) -> str:
    """The text of the file."""
    lines = (
        json.dumps(
            {"property": each.property, "type": each.type, "column": each.name},
            ensure_ascii=False,
        )
        for each in columns
    )
    return "[\n  " + ",\n  ".join(lines) + "\n]\n"


def decode(source: str, text: str) -> list[Column]:
    """The columns in the text of a file.

    Raises:
        Setup: it holds something else; the message names the source and all that is wrong.
    """
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if not isinstance(entries, list):
        raise Setup(f"{source} holds no JSON array: mend it, or delete it to choose anew")
    problems = [problem for entry in entries for problem in _problems_of(entry)]
    if not problems:
        columns = [Column(each["property"], each["type"], each["column"]) for each in entries]
        problems = list(_clashes(columns))
    if problems:
        raise Setup("\n- ".join([f"{source} is wrong; nothing was written:", *problems]))
    return columns


def _problems_of(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        yield f"{_shown(entry)} has not exactly the keys property, type and column"
        return
    name = entry["column"]
    if not isinstance(entry["property"], str) or not _is_text(entry["property"]):
        yield f"{_shown(entry)} has a property that is no text"
    if entry["type"] not in TYPES:
        yield f"{_shown(entry)} has another type than {', '.join(TYPES)}"
    if name is not None and not (isinstance(name, str) and is_allowed(name)):
        yield (
            f"{_shown(entry)} has a column that is neither null nor a name of 1 to {LONGEST} "
            "letters, digits and _ that BigQuery allows"
        )


def _clashes(columns: Sequence[Column]) -> Iterator[str]:
    """Properties and names that are there twice; BigQuery ignores the case of names."""
    properties: set[str] = set()
    names = {name.casefold() for name in EVENT_COLUMNS}
    for column in columns:
        if column.property in properties:
            yield f"the property {column.property!r} is there twice"
        properties.add(column.property)
        if column.name is not None:
            if column.name.casefold() in names:
                yield f"the column {column.name} is there twice, or one of the view events"
            names.add(column.name.casefold())


def _is_text(value: str) -> bool:
    """Whether it can be written at all: half of a surrogate pair cannot."""
    return value.isascii() or value == value.encode("utf-8", "replace").decode()


def _shown(entry: object) -> str:
    return json.dumps(entry)
