from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mixpanel_export.intervals import Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.rows import Fetch, Rejected, Rows
from mixpanel_export.series import RECENT
from tests.bigquery_rules import accept

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = Interval(EIGHT, EIGHT + timedelta(hours=1))
EASTERN = ZoneInfo("America/New_York")
SENT = {
    "time": 1795316460.25,  # 03:01:00.25 on the wall in New York.
    "distinct_id": "someone",
    "$device_id": "device",
    "$insert_id": "insert-1",
    "$user_id": "user",
    "mp_processing_time_ms": HOUR.start_ms + 61_500,
    "plan": {"name": "pro", "seats": [1, 2.5, None]},
}


def line(event: object = "Signed up", **changes: object) -> bytes:
    """An exported line with some properties changed; Ellipsis removes one."""
    properties = {k: v for k, v in (SENT | changes).items() if v is not ...}
    return json.dumps({"event": event, "properties": properties}).encode()


def rows_of(*lines: bytes) -> tuple[Rows, list[bytes | Rejected | None]]:
    """The outcomes of these lines, with the rows they were made by."""
    rows = Rows(ObjectName(RECENT, HOUR, 7), EASTERN)
    return rows, [rows.row(one) for one in lines]


def row_of(one: bytes) -> dict[str, Any]:
    """The row that BigQuery reads from what becomes of a line."""
    _, (outcome,) = rows_of(one)
    assert isinstance(outcome, bytes)
    return accept(outcome)


def test_a_line_becomes_a_row() -> None:
    """Mixpanel's fields get their columns, times are UTC, and everything sent is kept."""
    assert {
        "time": "2026-11-22T08:01:00.250Z",
        "event_name": "Signed up",
        "distinct_id": "someone",
        "device_id": "device",
        "user_id": "user",
        "insert_id": "insert-1",
        "processing_time": "2026-11-22T08:01:01.500Z",
        "properties": SENT,
        "_mode": "recent",
        "_interval_start": "2026-11-22T08:00:00Z",
        "_interval_end": "2026-11-22T09:00:00Z",
        "_version": 7,
        "_line": 1,
    } == row_of(line())


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("distinct_id", "distinct_id"),
        ("$device_id", "device_id"),
        ("$user_id", "user_id"),
        ("$insert_id", "insert_id"),
    ],
)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("$device:4f2c", "$device:4f2c", id="text"),
        pytest.param(77473, "77473", id="a number"),
        pytest.param(1.5, "1.5", id="a fraction"),
        pytest.param(0, "0", id="zero"),
        pytest.param(False, "false", id="false"),
        pytest.param(["a", {"b": 1}], '["a",{"b":1}]', id="a list"),
        pytest.param(None, None, id="null"),
        pytest.param(..., None, id="absent"),
    ],
)
def test_an_id_of_any_type_becomes_text(
    key: str, column: str, value: object, expected: str | None
) -> None:
    """Ids are text in BigQuery, whatever a client library sent; null and absent are NULL."""
    assert expected == row_of(line(**{key: value}))[column]


def test_only_an_empty_insert_id_is_none() -> None:
    """Duplicates are told by insert_id, so "" must not make strangers equal; others keep it."""
    empty = {"distinct_id": "", "$device_id": "", "$user_id": "", "$insert_id": ""}

    row = row_of(line(**empty))

    assert None is row["insert_id"]
    assert ["", "", ""] == [row["distinct_id"], row["device_id"], row["user_id"]]
    assert SENT | empty == row["properties"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param("", "", id="empty"),
        pytest.param(7, "7", id="a number"),
        pytest.param(["a"], '["a"]', id="a list"),
    ],
)
def test_an_event_may_have_any_name(event: object, expected: str) -> None:
    """A name that is no text is still a name."""
    assert expected == row_of(line(event))["event_name"]


@pytest.mark.parametrize(("levels", "converted"), [(499, 0), (500, 1)])
def test_the_depth_limit_is_that_of_the_properties(levels: int, converted: int) -> None:
    """They are one level around their values, and the line around them does not count."""
    nested = b"[" * levels + b"]" * levels
    rows, (outcome,) = rows_of(line(plan="nested").replace(b'"nested"', nested))

    assert isinstance(outcome, bytes)
    accept(outcome)
    assert converted == rows.tally.converted


@pytest.mark.parametrize(
    ("offset", "inside"),
    [
        pytest.param(-1, False, id="a millisecond too early"),
        pytest.param(0, True, id="the start, inclusive"),
        pytest.param(3_599_999, True, id="the last millisecond"),
        pytest.param(3_600_000, False, id="the end, exclusive"),
    ],
)
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(int, id="whole"),
        pytest.param(float, id="float"),
        pytest.param(str, id="text, which number() casts"),
        pytest.param(lambda ms: f"{ms / 1e12!r}e12", id="text with an exponent"),
    ],
)
def test_only_the_interval_passes(offset: int, inside: bool, written: Any) -> None:
    """The filter that was asked of Mixpanel is applied again, to the millisecond."""
    rows, (outcome,) = rows_of(line(mp_processing_time_ms=written(HOUR.start_ms + offset)))

    assert inside == isinstance(outcome, bytes)
    assert (int(inside), int(not inside), 0) == (
        rows.tally.rows,
        rows.tally.outside,
        rows.tally.rejected,
    )


@pytest.mark.parametrize(
    ("bad", "reason", "is_event"),
    [
        pytest.param(b"", "not JSON", False, id="empty"),
        pytest.param(line()[:-1], "not JSON", False, id="cut by a byte"),
        pytest.param(b"terminated early", "not JSON", False, id="a notice"),
        pytest.param(b"{" * 10_000, "not JSON", False, id="very deep"),
        pytest.param(b"null", "no `event` with `properties`", False, id="null"),
        pytest.param(b"[]", "no `event` with `properties`", False, id="a list"),
        pytest.param(b"NaN", "no `event` with `properties`", False, id="NaN"),
        pytest.param(
            b'{"error":"Timeout Error."}', "no `event` with `properties`", False, id="an error"
        ),
        pytest.param(b'{"event":"a"}', "no `event` with `properties`", False, id="no properties"),
        pytest.param(
            b'{"event":"a","properties":[]}',
            "no `event` with `properties`",
            False,
            id="properties are a list",
        ),
        pytest.param(line(None), "no `event` with `properties`", False, id="no name"),
        *(
            pytest.param(
                line(mp_processing_time_ms=value), "no usable mp_processing_time_ms", True, id=name
            )
            for name, value in {
                "processing time absent": ...,
                "processing time null": None,
                "processing time true": True,
                "processing time in words": "soon",
                "processing time NaN": float("nan"),
                "processing time infinite": float("inf"),
                "processing time a list": [HOUR.start_ms],
            }.items()
        ),
        *(
            pytest.param(line(time=value), "no usable time", True, id=name)
            for name, value in {
                "time absent": ...,
                "time null": None,
                "time true": True,
                "time as text": "1795316460",
                "time NaN": float("nan"),
                "time after year 9999": 10**15,
                "time absurd": 1e300,
                "time beyond int64": 2**64,
            }.items()
        ),
    ],
)
def test_a_line_that_is_no_row_says_why(bad: bytes, reason: str, is_event: bool) -> None:
    """Every way of not being a row has its reason, and whether it may be the end of a cut."""
    rows, (outcome,) = rows_of(bad)

    assert Rejected(reason, is_event) == outcome
    assert (0, 0, 1) == (rows.tally.rows, rows.tally.outside, rows.tally.rejected)


def test_outside_comes_before_a_bad_time() -> None:
    """A line of another interval is that interval's business, even if its time is unusable."""
    _, (outcome,) = rows_of(line(mp_processing_time_ms=HOUR.end_ms, time=None))

    assert None is outcome


def test_lines_are_numbered_without_gaps() -> None:
    """The nth row has line n, whatever was left out between."""
    _, outcomes = rows_of(line(), b"", line(), line(mp_processing_time_ms=0), line())

    found = [accept(outcome)["_line"] for outcome in outcomes if isinstance(outcome, bytes)]

    assert [1, 2, 3] == found


def test_the_marker_tells_what_was_fetched() -> None:
    """Line 0 of each file has no event, and the whole account of the export as properties."""
    early = line(time=1795316400, number=2**64)
    rows, _ = rows_of(line(), early, b"", line(mp_processing_time_ms=0), line(time=None))

    marker = accept(rows.marker(Fetch("heal", EIGHT + timedelta(hours=2), 2.5)))

    properties = marker.pop("properties")
    assert {
        **dict.fromkeys(
            ["time", "event_name", "distinct_id", "device_id", "user_id", "insert_id"]
        ),
        "processing_time": None,
        "_mode": "recent",
        "_interval_start": "2026-11-22T08:00:00Z",
        "_interval_end": "2026-11-22T09:00:00Z",
        "_version": 7,
        "_line": 0,
    } == marker
    assert f"{rows.tally.digest:032x}" == properties.pop("digest")
    assert {
        "row_count": 2,
        "rejected": 2,
        "outside": 1,
        "converted": 1,
        "min_time": "2026-11-22T08:00:00.000Z",
        "max_time": "2026-11-22T08:01:00.250Z",
        "fetched_at": "2026-11-22T10:00:00Z",
        "origin": "heal",
        "seconds": 2.5,
        "late_rows": 0,
        "event_dates": [{"date": "2026-11-22", "rows": 2}],
    } == properties


def test_an_empty_interval_is_a_marker_alone() -> None:
    """Loaded with 0 rows differs from never loaded."""
    rows, _ = rows_of()

    marker = accept(rows.marker(Fetch("schedule", EIGHT, 2.5)))

    facts = {key: marker["properties"][key] for key in ("row_count", "min_time", "digest")}
    assert {"row_count": 0, "min_time": None, "digest": "0" * 32} == facts
