"""Each event is in exactly one of its interval and its day's sweep."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.intervals import DAY, Interval, aligned, epoch_ms
from mixpanel_export.lookback import LOOKBACK, first_event_day
from mixpanel_export.naming import ObjectName
from mixpanel_export.queries import Project
from mixpanel_export.rows import Rejected, Rows
from mixpanel_export.series import RECENT, SWEEP, Series
from tests.bigquery_rules import accept
from tests.strategies import LENGTHS, ZONES, moments

SWEEP_DAYS = 100


def project(zone: ZoneInfo) -> Project:
    """A project in this zone."""
    return Project(
        export_url="https://export",
        query_url="https://query",
        project_id="1",
        zone=zone,
        sweep_days=SWEEP_DAYS,
        last_seen_overlap=DAY,
    )


@dataclass(frozen=True)
class Event:
    """When it happened on the project's clock, and was processed; Mixpanel's days may be off."""

    wall: datetime
    processed: datetime
    days_off: int

    def is_in(self, series: Series, interval: Interval, zone: ZoneInfo) -> bool:
        """Whether an export brings this event, and it is a row of it."""
        now = interval.end + timedelta(minutes=15)
        asked = project(zone).export(series, interval, now)
        day = self.wall.date() + timedelta(days=self.days_off)
        scanned = min(day, now.astimezone(zone).date()).isoformat()
        times = {"time": epoch_ms(self.wall), "mp_processing_time_ms": epoch_ms(self.processed)}
        line = json.dumps({"event": "Paid", "properties": times}).encode()
        row = Rows(ObjectName(series, interval, 1), zone).row(line)
        return asked["from_date"] <= scanned <= asked["to_date"] and isinstance(row, bytes)


MILLISECOND = timedelta(milliseconds=1)
# From the bound between the two: at it, a day around it, and all that a sweep reaches.
distances = (
    st.sampled_from([-DAY - MILLISECOND, -DAY, -MILLISECOND, timedelta(0), DAY - MILLISECOND, DAY])
    | st.timedeltas(-DAY, DAY)
    | st.timedeltas(-DAY * (SWEEP_DAYS - 8), DAY * 5)
)


@given(
    moments(1991),
    distances,
    st.sampled_from(LENGTHS),
    st.sampled_from(ZONES),
    st.sampled_from([-1, 0, 1]),
)
def test_every_event_is_in_its_interval_or_in_its_days_sweep(
    processed: datetime, distance: timedelta, length: timedelta, zone: str, days_off: int
) -> None:
    """Never in both, never in none: for any length, zone, and idea that Mixpanel has of a day."""
    info = ZoneInfo(zone)
    start, midnight = aligned(processed, length), aligned(processed, DAY)
    interval, day = Interval(start, start + length), Interval(midnight, midnight + DAY)
    event = Event(midnight - LOOKBACK + distance, processed, days_off)

    is_recent, is_swept = event.is_in(RECENT, interval, info), event.is_in(SWEEP, day, info)

    assert 1 == is_recent + is_swept
    assert is_swept == (distance < timedelta(0))


@given(moments(), st.sampled_from(LENGTHS))
def test_the_bound_is_the_same_all_day(moment: datetime, length: timedelta) -> None:
    """So a change of the interval's length moves no event from a sweep or into one."""
    start = aligned(moment, length)

    assert moment.date() - LOOKBACK == first_event_day(Interval(start, start + length))


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OF_NOON = {
    RECENT: Interval(NOON, NOON + timedelta(hours=1)),
    SWEEP: Interval(NOON - DAY / 2, NOON + DAY / 2),
}
FIRST_DAY_MS = epoch_ms(datetime(2026, 11, 16, tzinfo=UTC))


def outcome(series: Series, time: object) -> bytes | Rejected | None:
    """What becomes of an event of this time, processed at noon, of a project in New York."""
    times = {"time": time, "mp_processing_time_ms": epoch_ms(NOON)}
    line = json.dumps({"event": "Paid", "properties": times}).encode()
    return Rows(ObjectName(series, OF_NOON[series], 7), ZoneInfo("America/New_York")).row(line)


@pytest.mark.parametrize(
    ("offset", "series", "other"),
    [
        pytest.param(-1, SWEEP, RECENT, id="the last millisecond of the day before"),
        pytest.param(0, RECENT, SWEEP, id="midnight, six days before the interval's day"),
    ],
)
@pytest.mark.parametrize("unit", [1, 1000], ids=["milliseconds", "seconds"])
def test_the_bound_is_midnight_on_the_projects_clock(
    offset: int, series: Series, other: Series, unit: int
) -> None:
    """A day of New York, as `time` shows it, not of UTC."""
    time = (FIRST_DAY_MS + offset) / unit

    found = outcome(series, time)

    assert isinstance(found, bytes)
    row = accept(found)
    assert (series.mode, "2026-11-16T0") == (row["_mode"], row["time"][:12])
    assert None is outcome(other, time)


def test_a_time_before_the_calendar_is_the_sweeps_to_reject() -> None:
    """It lies before every day, however little use it is."""
    assert None is outcome(RECENT, -(10**14))
    assert Rejected("no usable time", is_event=True) == outcome(SWEEP, -(10**14))
