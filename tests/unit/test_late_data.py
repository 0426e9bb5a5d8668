"""How many days late each row came, counted while rows are made."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mixpanel_export.intervals import Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.rows import Fetch, Rows
from mixpanel_export.series import RECENT
from tests.fakes.exporter import event_line

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
START = datetime(2026, 11, 22, 23, tzinfo=UTC)
INTERVAL = Interval(START, START + timedelta(hours=1))


def rows_in(zone: str) -> Rows:
    """What makes the rows of this hour, of a project in that zone."""
    return Rows(ObjectName(RECENT, INTERVAL, 7), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "offset_hours"),
    [("UTC", 0), ("America/New_York", -5), ("Pacific/Kiritimati", 14), ("Etc/GMT+12", -12)],
)
@pytest.mark.parametrize(
    ("late_ms", "days"),
    [
        pytest.param(-5000, 0, id="a clock ahead"),
        pytest.param(-3 * DAY_MS, 0, id="a clock far ahead"),
        pytest.param(0, 0, id="at once"),
        pytest.param(DAY_MS - 1, 0, id="not quite a day"),
        pytest.param(DAY_MS, 1, id="a day"),
        pytest.param(2 * DAY_MS - 1, 1, id="not quite two"),
        pytest.param(5 * DAY_MS, 5, id="five"),
        pytest.param(6 * DAY_MS - 1, 5, id="not quite six"),
        pytest.param(6 * DAY_MS, 6, id="six"),
        pytest.param(6 * DAY_MS + 3 * HOUR_MS, 6, id="more"),
    ],
)
def test_a_row_is_late_by_whole_days(
    zone: str, offset_hours: int, late_ms: int, days: int
) -> None:
    """From the event's time in UTC, whatever the project's zone, to its processing."""
    rows = rows_in(zone)
    on_the_wall = INTERVAL.start_ms - late_ms + offset_hours * HOUR_MS

    outcome = rows.row(event_line(INTERVAL, "i1", time=on_the_wall))

    assert isinstance(outcome, bytes)
    assert [int(days == n) for n in range(1, 7)] == rows.tally.days_late[1:]


def test_what_is_no_row_is_not_late() -> None:
    """Lines of other intervals and rejects are counted elsewhere."""
    rows = rows_in("UTC")
    late = INTERVAL.start_ms - 2 * DAY_MS

    for line in (
        event_line(INTERVAL, "another interval's", time=late, mp_processing_time_ms=0),
        event_line(INTERVAL, "the sweep's", time=late - 30 * DAY_MS),
        event_line(INTERVAL, "timeless", time=None),
        b"<html>\n",
    ):
        rows.row(line)

    assert 0 == sum(rows.tally.days_late)


def test_the_marker_row_counts_rows_by_day_and_those_that_came_late() -> None:
    """UTC days of event time, ascending; what is not a whole day late is not counted as late."""
    rows = rows_in("America/New_York")
    wall_ms = INTERVAL.start_ms - 5 * HOUR_MS
    for late_ms in (2 * DAY_MS, 0, DAY_MS - 1, DAY_MS, 0):
        rows.row(event_line(INTERVAL, "i", time=wall_ms - late_ms))

    properties = json.loads(rows.marker(Fetch("heal", START, 1)))["properties"]

    assert 2 == properties["late_rows"]
    assert [
        {"date": "2026-11-20", "rows": 1},
        {"date": "2026-11-21", "rows": 2},
        {"date": "2026-11-22", "rows": 2},
    ] == properties["event_dates"]
