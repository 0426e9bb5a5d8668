"""Which properties have a column of their own, of which type; no input or output.

A column is chosen once. From then on the file that remembers it decides, whatever the catalog
says: a human may have changed it, and queries may read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

from mixpanel_export_cli.column_names import free_name

EVENT_COLUMNS = (
    "time",
    "event_name",
    "distinct_id",
    "device_id",
    "user_id",
    "insert_id",
    "processing_time",
    "properties",
    "_interval_start",
    "_version",
)
"""The columns of the view `events`."""

# What has a column in the view `events` already.
_HELD = frozenset(
    ["time", "distinct_id", "$device_id", "$user_id", "$insert_id", "mp_processing_time_ms"]
)
_NOTHING = frozenset(["null"])
_NESTED = frozenset(["array", "object"])
_TYPE_OF = {frozenset(["number"]): "FLOAT64", frozenset(["boolean"]): "BOOL"}
# The types of JSON whose every value such a column may show; others are NULL there, or may be.
_SHOWN = MappingProxyType(
    {
        "STRING": frozenset(["string", "number", "boolean", "array", "object"]),
        "JSON": frozenset(["string", "number", "boolean", "array", "object"]),
        "FLOAT64": frozenset(["number"]),
        "INT64": frozenset(["number"]),
        "BOOL": frozenset(["boolean"]),
        "TIMESTAMP": frozenset(["string"]),
        "DATETIME": frozenset(["string"]),
        "DATE": frozenset(["string"]),
    }
)
TYPES = tuple(_SHOWN)
"""The types that a column may have."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property as the catalog has it: the JSON types seen, and its share of all events."""

    name: str
    types: AbstractSet[str]
    share: float


@dataclass(frozen=True, slots=True)
class Column:
    """The column of a property; without a name the property is to have none."""

    property: str
    type: str
    name: str | None


def chosen(catalog: Iterable[Property], kept: Iterable[Column], min_share: float) -> list[Column]:
    """What is kept, and a column for each other property of at least this share of the events.

    In the order of the properties' names, so that a difference shows only what is new.
    """
    columns = {column.property: column for column in kept}
    taken = {name.casefold() for name in EVENT_COLUMNS}
    taken |= {column.name.casefold() for column in columns.values() if column.name}
    for each in sorted(catalog, key=lambda each: each.name):
        if each.share >= min_share and each.name not in _HELD and each.name not in columns:
            name = free_name(each.name, taken)
            columns[each.name] = Column(each.name, type_of(each.types), name)
            taken.add(name)
    return [column for _, column in sorted(columns.items())]


def type_of(types: AbstractSet[str]) -> str:
    """The type for a property whose values have these JSON types; null says nothing.

    Text stays text, also where it is a moment: nothing but a human knows whether all of it is.
    """
    seen = frozenset(types - _NOTHING)
    if seen and seen <= _NESTED:
        return "JSON"
    return _TYPE_OF.get(seen, "STRING")


def remarks(catalog: Iterable[Property], columns: Sequence[Column]) -> Iterator[str]:
    """A line for each column that is blind to some type of its property's values."""
    by_property = {column.property: column for column in columns if column.name}
    for each in sorted(catalog, key=lambda each: each.name):
        column = by_property.get(each.name)
        unseen = column and sorted(each.types - _NOTHING - _SHOWN[column.type])
        if column and unseen:
            types = " and ".join(unseen)
            yield (
                f"{column.name} is {column.type}, but {each.name!r} is {types}, too: NULL there, "
                "unless it reads as one; STRING shows all"
            )
