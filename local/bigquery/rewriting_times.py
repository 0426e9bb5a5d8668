"""Dates and times: their types, their parts, and what lies between two of them."""

from __future__ import annotations

import re

from sqlglot import exp

from local.bigquery.errors import invalid_query, not_emulated
from local.bigquery.kinds import Kind, of_kind
from local.bigquery.macros import Rewritings, call, nullable, strict
from local.bigquery.rewriting_casts import converted

_MICROSECONDS = {
    "MICROSECOND": 1,
    "MILLISECOND": 1_000,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}
_PARTS = {
    "YEAR": "year",
    "QUARTER": "quarter",
    "MONTH": "month",
    "DAY": "day",
    "DAYOFYEAR": "doy",
    "ISOYEAR": "isoyear",
    "ISOWEEK": "week",
    "HOUR": "hour",
    "MINUTE": "minute",
    "SECOND": "second",
}
_SMALL_PARTS = {"MILLISECOND": 1_000, "MICROSECOND": 1_000_000}
_WEEKS = {"WEEK": "%U", "WEEK(SUNDAY)": "%U", "WEEK(MONDAY)": "%W"}
# Directives that mean the same in both, after sqlglot's translation of BigQuery's own.
_FORMAT = re.compile(r"([^%]|%[YmdHMSfjybBaApIUWGVuw%])*")


def _unit(node: exp.Expr) -> str:
    unit = node.args.get("unit")
    return unit.sql("bigquery").upper() if unit else "DAY"


def _of_dates(node: exp.Expr) -> exp.Expr:
    """A function of a date answers a date, as in BigQuery; DuckDB's would answer a time."""
    return exp.func("cast_to_type", node.copy(), node.this.copy())


def _shift_timestamp(node: exp.Expr) -> exp.Expr:
    if (unit := _unit(node)) not in _MICROSECONDS:
        raise invalid_query(
            f"{_name(node)} does not support the {unit} date part when the argument is"
            " TIMESTAMP type"
        )
    return node


def _name(node: exp.Expr) -> str:
    return "TIMESTAMP_ADD" if isinstance(node, exp.TimestampAdd) else "TIMESTAMP_SUB"


def _timestamp_diff(node: exp.Expr) -> exp.Expr:
    if (unit := _unit(node)) not in _MICROSECONDS:
        raise invalid_query(f"TIMESTAMP_DIFF does not support the {unit} date part")
    whole = exp.Literal.number(_MICROSECONDS[unit])
    return of_kind(call("timestamp_diff", node.this, node.expression, whole), Kind.BIGINT)


def _datetime_diff(node: exp.Expr) -> exp.Expr:
    if "WEEK" in _unit(node):
        raise not_emulated(node.sql("bigquery"))
    return node


def _extract(node: exp.Expr) -> exp.Expr:
    part, value = node.this.sql("bigquery").upper(), node.expression.copy()
    if part == "DATE":
        return exp.cast(value, "DATE")
    if part in _WEEKS:
        text = exp.func("strftime", value, exp.Literal.string(_WEEKS[part]))
        return exp.cast(text, "BIGINT")
    if part == "DAYOFWEEK":
        return exp.paren(_part("dow", value) + 1)
    if part in _SMALL_PARTS:
        unit = exp.Literal.number(_SMALL_PARTS[part])
        return exp.paren(exp.Mod(this=_part(part.lower(), value), expression=unit))
    if part not in _PARTS:
        raise not_emulated(node.sql("bigquery"))
    return _part(_PARTS[part], value)


def _part(name: str, value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="date_part", expressions=[exp.Literal.string(name), value])


def _format(node: exp.Expr) -> exp.Expr:
    """FORMAT_TIMESTAMP, FORMAT_DATETIME and FORMAT_DATE."""
    _check_format(node)
    value = node.this
    if zone := node.args.get("zone"):
        value = call("datetime_in", value.this, zone.copy())
    elif isinstance(value, exp.TsOrDsToTimestamp | exp.TsOrDsToDatetime | exp.TsOrDsToDate):
        value = value.this
    text = exp.Anonymous(this="strftime", expressions=[value.copy(), node.args["format"].copy()])
    return of_kind(text, Kind.TEXT)


def _parse(node: exp.Expr) -> exp.Expr:
    """PARSE_TIMESTAMP, PARSE_DATETIME and PARSE_DATE."""
    _check_format(node)
    zone = node.args.get("zone")
    node.set("zone", None)
    parsed: exp.Expr = node.copy()
    if isinstance(node, exp.StrToTime):
        utc = zone.copy() if zone else exp.Literal.string("UTC")
        parsed = exp.Anonymous(this="timezone", expressions=[utc, parsed])
    if isinstance(node.parent, exp.SafeFunc):
        return nullable(exp.Anonymous(this="TRY", expressions=[parsed]))
    return parsed


def _check_format(node: exp.Expr) -> None:
    template = node.args["format"]
    if not template.is_string or not _FORMAT.fullmatch(template.name):
        raise not_emulated(f"the format of {node.sql('bigquery')}")


def _timestamp(node: exp.Expr) -> exp.Expr:
    if zone := node.args.get("zone"):
        made = call("timestamp_in", node.this, zone.copy())
        return strict(node.this, made, "Invalid timestamp: ")
    return converted(node.this, Kind.TIMESTAMPTZ, safe=isinstance(node.parent, exp.SafeFunc))


def _date(node: exp.Expr) -> exp.Expr:
    if node.expressions:
        raise not_emulated(node.sql("bigquery"))
    if zone := node.args.get("zone"):
        return call("date_in", node.this, zone.copy())
    return converted(node.this, Kind.DATE, safe=False)


def _datetime(node: exp.Expr) -> exp.Expr:
    zone = node.args.get("expression")
    if zone is None:
        return converted(node.this, Kind.TIMESTAMP, safe=False)
    if isinstance(node.this, exp.Date) or zone.args.get("to"):
        raise not_emulated(node.sql("bigquery"))
    return call("datetime_in", node.this, zone.copy())


def _from_number(node: exp.Expr) -> exp.Expr:
    """DuckDB answers a time without a zone."""
    return exp.cast(node.copy(), "TIMESTAMPTZ")


def _date_from_number(node: exp.Expr) -> exp.Expr:
    return exp.cast(node.copy(), "DATE")


REWRITINGS: Rewritings = {
    exp.Date: _date,
    exp.DateAdd: _of_dates,
    exp.DateFromUnixDate: _date_from_number,
    exp.DateSub: _of_dates,
    exp.DateTrunc: _of_dates,
    exp.Datetime: _datetime,
    exp.DatetimeDiff: _datetime_diff,
    exp.Extract: _extract,
    exp.ParseDatetime: _parse,
    exp.StrToDate: _parse,
    exp.StrToTime: _parse,
    exp.TimeToStr: _format,
    exp.Timestamp: _timestamp,
    exp.TimestampAdd: _shift_timestamp,
    exp.TimestampDiff: _timestamp_diff,
    exp.TimestampSub: _shift_timestamp,
    exp.TsOrDsToDatetime: _datetime,
    exp.UnixToTime: _from_number,
}
