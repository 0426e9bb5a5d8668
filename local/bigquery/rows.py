"""Rows of a load job: newline-delimited JSON, held to the table's columns before DuckDB sees it.

Stricter than BigQuery where BigQuery converts: strings for FLOAT64 and BOOL, numbers for
TIMESTAMP, DATETIME and STRING, months, days and hours of one digit, and field names in another
case are refused here.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from local.bigquery import json_text
from local.bigquery.columns import Field
from local.bigquery.errors import not_emulated

Json = Any

_JSON_DEPTH = 500
_JSON_INTEGERS = range(-(2**63), 2**64)
_INT64 = range(-(2**63), 2**63)
_INTEGER_TEXT = re.compile(r"[+-]?\d{1,19}")
# Only a line with so many digits in a row can hold an integer beyond 64 bits, which orjson
# would make a float. Searching a translated line is ten times faster than a regular expression.
_LONG_NUMBER = b"0" * 19
_DIGITS_TO_ZERO = bytes.maketrans(b"0123456789", b"0" * 10)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# A clock without a zone: one in the text is refused, not dropped
# (cloud.google.com/bigquery/docs/reference/standard-sql/data-types#datetime_type).
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)?")
_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.\d{1,6})? ?(?:Z|UTC|([+-]\d\d:\d\d))?)?"
)


class RowError(Exception):
    """A row that BigQuery would not take, and where it starts in the object."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows of an object, one in a line, how many there are, and the bytes of the longest."""

    data: bytes
    rows: int
    longest: int


class RowReader:
    """Says yes or no to every row of an object, for one table."""

    def __init__(self, fields: list[Field]) -> None:
        self._names = frozenset(field["name"] for field in fields)
        self._columns = [
            (field["name"], _test(field), field["mode"] == "REQUIRED") for field in fields
        ]
        self._has_json = any(field["type"] == "JSON" for field in fields)
        self._kinds = {field["name"]: field["type"].lower() for field in fields}

    def check(self, data: bytes) -> Checked:
        """The rows of an object, all of which fit the table; JSON in its one way of writing.

        Raises:
            RowError: the first row that does not, with BigQuery's reason.
        """
        lines = []
        longest = position = 0
        for line in data.split(b"\n"):
            if line and not line.isspace():
                try:
                    row = self._check_line(line)
                    checked = json_text.rewritten(line, row) if self._has_json else line
                except ValueError as error:
                    raise RowError(str(error), position) from error
                lines.append(checked)
                longest = max(longest, len(checked))
            position += len(line) + 1
        return Checked(b"\n".join(lines), len(lines), longest)

    def _check_line(self, line: bytes) -> dict[str, Json]:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"Parser terminated before end of string: {error}") from error
        if type(row) is not dict:
            raise ValueError("Expected a JSON object in each row")
        if not self._names.issuperset(row):
            unknown = min(row.keys() - self._names)
            raise ValueError(f"No such field: {unknown}.")
        for name, test, required in self._columns:
            value = row.get(name)
            if value is None:
                if required:
                    raise ValueError(_missing(name, present=name in row))
            elif not test(value):
                raise ValueError(
                    f"Could not convert value to {self._kinds[name]}."
                    f" Field: {name}; Value: {value!s:.100}"
                )
        if line.count(b"{") + line.count(b"[") > _JSON_DEPTH or _LONG_NUMBER in line.translate(
            _DIGITS_TO_ZERO
        ):
            self._check_json(line, row)
        return row

    def _check_json(self, line: bytes, row: dict[str, Json]) -> None:
        """Hold JSON columns to BigQuery's limits; slow, so only for rows that may break them."""
        for name, value in row.items():
            if _depth(value) > _JSON_DEPTH:
                raise ValueError(f"JSON nesting depth exceeds {_JSON_DEPTH}. Field: {name}")
        json.loads(line, parse_int=_json_integer)


def _missing(name: str, *, present: bool) -> str:
    if present:
        return f"Only optional fields can be set to NULL. Field: {name}; Value: NULL"
    return f"Missing required field: {name}."


def _json_integer(digits: str) -> int:
    if int(digits) not in _JSON_INTEGERS:
        raise ValueError(f"Cannot store the number {digits} in JSON: out of range")
    return int(digits)


def _depth(value: Json) -> int:
    """How deep arrays and objects are nested, counted level by level."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        children = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for each in children for child in each]
    return depth


def _test(field: Field) -> Callable[[Json], bool]:
    if field["type"] not in _TESTS:
        raise not_emulated(f"load jobs into {field['type']} columns")
    return _TESTS[field["type"]]


def _is_json(_value: Json) -> bool:
    """Any value; the limits of JSON are checked for the row as a whole."""
    return True


def _is_string(value: Json) -> bool:
    return type(value) is str


def _is_integer(value: Json) -> bool:
    if type(value) is str:
        return bool(_INTEGER_TEXT.fullmatch(value)) and int(value) in _INT64
    return type(value) is int and value in _INT64


def _is_float(value: Json) -> bool:
    return type(value) in {int, float}


def _is_boolean(value: Json) -> bool:
    return type(value) is bool


def _is_date(value: Json) -> bool:
    return type(value) is str and bool(_DATE.fullmatch(value)) and _parses(value)


def _is_datetime(value: Json) -> bool:
    return type(value) is str and bool(_DATETIME.fullmatch(value)) and _parses(value)


def _is_timestamp(value: Json) -> bool:
    return type(value) is str and _is_timestamp_text(value)


# The interval of a load is the same in every row.
@lru_cache(maxsize=4096)
def _is_timestamp_text(value: str) -> bool:
    match = _TIMESTAMP.fullmatch(value)
    if not match:
        return False
    date, time, offset = match.groups()
    return _parses(f"{date}T{time or '00:00:00'}{offset or ''}")


def _parses(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_TESTS: dict[str, Callable[[Json], bool]] = {
    "JSON": _is_json,
    "STRING": _is_string,
    "INTEGER": _is_integer,
    "FLOAT": _is_float,
    "BOOLEAN": _is_boolean,
    "DATE": _is_date,
    "DATETIME": _is_datetime,
    "TIMESTAMP": _is_timestamp,
}
