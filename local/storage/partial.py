"""Partial responses: the `fields` parameter, such as `items(name,metadata),nextPageToken`.

Emulated because it bites: a list whose mask forgets `nextPageToken` ends after one page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.http import Json
from local.storage import errors

_ENTRY = re.compile(r"(?P<name>[\w*]+)(?:/(?P<path>.+)|\((?P<group>.+)\))?")


def select(value: Json, mask: str) -> Json:
    """The parts of a JSON value that a mask names; lists are looked through.

    Raises:
        StorageError: 400 for a mask that cannot be read.
    """
    if isinstance(value, list):
        return [select(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    chosen: dict[str, Json] = {}
    for entry in _entries(mask):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise errors.invalid(f"Invalid field selection {entry}")
        inner = match["path"] or match["group"]
        for key in value if match["name"] == "*" else [match["name"]]:
            if key in value:
                chosen[key] = select(value[key], inner) if inner else value[key]
    return chosen


def _entries(mask: str) -> Iterator[str]:
    depth = start = 0
    for position, character in enumerate(mask):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            yield mask[start:position]
            start = position + 1
    yield mask[start:]
