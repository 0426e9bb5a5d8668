"""Types and values: as a schema and Python have them, and as GoogleSQL's protocol has them."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.sql.server import Message, message, values

Json = Any

_FIRST_DAY = dt.date(1970, 1, 1)
# By the names of SQL and, where a schema has others, by these.
_KINDS = {
    "BOOL": "BOOL",
    "BOOLEAN": "BOOL",
    "BYTES": "BYTES",
    "DATE": "DATE",
    "DATETIME": "DATETIME",
    "FLOAT64": "DOUBLE",
    "FLOAT": "DOUBLE",
    "INT64": "INT64",
    "INTEGER": "INT64",
    "JSON": "JSON",
    "STRING": "STRING",
    "TIMESTAMP": "TIMESTAMP",
}


def scalar(kind: str) -> Message:
    """A type by its name: one that is no array and no struct."""
    return message("TypeProto")(type_kind=values("TypeKind")[f"TYPE_{_KINDS[kind]}"])


def array_of(element: Message) -> Message:
    """The type of an array of such elements."""
    made = message("TypeProto")(type_kind=values("TypeKind")["TYPE_ARRAY"])
    made.array_type.element_type.CopyFrom(element)
    return made


def struct_of(columns: Mapping[str, Message]) -> Message:
    """The type of a struct, such as the row of a FOR."""
    made = message("TypeProto")(type_kind=values("TypeKind")["TYPE_STRUCT"])
    for name, kind in columns.items():
        made.struct_type.field.add(field_name=name, field_type=kind)
    return made


def name_of(kind: Message) -> str:
    """The type as SQL writes it."""
    word = _word(kind)
    if word == "ARRAY":
        return f"ARRAY<{name_of(kind.array_type.element_type)}>"
    if word == "STRUCT":
        fields = (f"{f.field_name} {name_of(f.field_type)}" for f in kind.struct_type.field)
        return f"STRUCT<{', '.join(fields)}>"
    return next((name for name, known in _KINDS.items() if known == word), word)


def parameter(value: Json) -> tuple[Message, Message]:
    """The type and the value of a query parameter, which says by its Python type what it is."""
    if isinstance(value, list):
        elements = [parameter(each) for each in value]
        kind = array_of(elements[0][0] if elements else scalar("STRING"))
        return kind, encoded(kind, value)
    for python, name in _PARAMETERS.items():
        if type(value) is python:
            return scalar(name), encoded(scalar(name), value)
    raise TypeError(f"a parameter of {type(value).__name__}")


def encoded(kind: Message, value: Json) -> Message:
    """The value as the protocol has it: Python's own, or one of a row of NDJSON.

    Times may be ISO 8601; without a zone they are UTC. None is NULL, of JSON columns as well.
    """
    made = message("ValueProto")()
    if value is None:
        return made
    word = _word(kind)
    if word == "ARRAY":
        inner = kind.array_type.element_type
        made.array_value.SetInParent()
        made.array_value.element.extend(encoded(inner, each) for each in value)
    elif word == "STRUCT":
        fields = kind.struct_type.field
        made.struct_value.SetInParent()
        made.struct_value.field.extend(
            encoded(each.field_type, value[each.field_name]) for each in fields
        )
    elif word in _WRITERS:
        _WRITERS[word](made, value)
    else:
        setattr(made, f"{word.lower()}_value", value)
    return made


def decoded(kind: Message, value: Message) -> Json:
    """The value as Google's client gives it: times with their zone UTC, JSON read, NULL None."""
    if value.WhichOneof("value") is None:
        return None
    word = _word(kind)
    if word == "ARRAY":
        inner = kind.array_type.element_type
        return [decoded(inner, each) for each in value.array_value.element]
    if word == "STRUCT":
        fields = zip(kind.struct_type.field, value.struct_value.field, strict=True)
        return {field.field_name: decoded(field.field_type, each) for field, each in fields}
    if word in _READERS:
        return _READERS[word](value)
    return getattr(value, f"{word.lower()}_value")


@functools.cache
def _words() -> dict[int, str]:
    return {number: name.removeprefix("TYPE_") for name, number in values("TypeKind").items()}


def _word(kind: Message) -> str:
    return _words()[kind.type_kind]


def _write_json(made: Message, value: Json) -> None:
    made.json_value = json.dumps(value)


def _write_timestamp(made: Message, value: Json) -> None:
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    made.timestamp_value.FromDatetime(moment.replace(tzinfo=None))


def _write_date(made: Message, value: Json) -> None:
    day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    made.date_value = (day - _FIRST_DAY).days


def _write_datetime(made: Message, value: Json) -> None:
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    bits = shift = 0
    for part, width in _PARTS:
        bits |= getattr(moment, part) << shift
        shift += width
    made.datetime_value.bit_field_datetime_seconds = bits
    made.datetime_value.nanos = moment.microsecond * 1000


def _read_datetime(value: Message) -> dt.datetime:
    bits, parts = value.datetime_value.bit_field_datetime_seconds, {}
    for part, width in _PARTS:
        parts[part] = bits & ((1 << width) - 1)
        bits >>= width
    moment = dt.datetime(**parts, tzinfo=dt.UTC).replace(tzinfo=None)
    return moment.replace(microsecond=value.datetime_value.nanos // 1000)


# How many bits each part of a DATETIME takes, from the lowest.
_PARTS = (("second", 6), ("minute", 6), ("hour", 5), ("day", 5), ("month", 4), ("year", 14))
_PARAMETERS = {
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    str: "STRING",
    dt.datetime: "TIMESTAMP",
    dt.date: "DATE",
}
_WRITERS: dict[str, Callable[[Message, Json], None]] = {
    "DATE": _write_date,
    "DATETIME": _write_datetime,
    "JSON": _write_json,
    "TIMESTAMP": _write_timestamp,
}
_READERS: dict[str, Callable[[Message], Json]] = {
    "DATE": lambda value: _FIRST_DAY + dt.timedelta(days=value.date_value),
    "DATETIME": _read_datetime,
    "JSON": lambda value: json.loads(value.json_value),
    "TIMESTAMP": lambda value: value.timestamp_value.ToDatetime(tzinfo=dt.UTC),
}
