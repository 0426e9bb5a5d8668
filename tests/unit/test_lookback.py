"""Each event is in exactly one of its interval and its day's sweep."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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


MILLISECOND = timedelta(milliseconds=1)
SETTLED = timedelta(minutes=15)


@dataclass(frozen=True)
class Event:
    """When it happened on the project's clock, and was processed; Mixpanel's days may be off."""

    wall: datetime
    processed: datetime
    days_off: int

    def is_row(self, series: Series, interval: Interval, zone: ZoneInfo) -> bool:
        """Whether it is a row of this series, if an export brings it."""
        times = {"time": epoch_ms(self.wall), "mp_processing_time_ms": epoch_ms(self.processed)}
        line = json.dumps({"event": "Paid", "properties": times}).encode()
        return isinstance(Rows(ObjectName(series, interval, 1), zone).row(line), bytes)

    def day(self, now: datetime, zone: ZoneInfo) -> date:
        """The day Mixpanel has it under; none is later than today, unless it is dated ahead."""
        day = self.wall.date() + timedelta(days=self.days_off)
        is_ahead = self.wall > on_the_clock(self.processed, zone)
        return day if is_ahead else min(day, now.astimezone(zone).date())

    def is_in(
        self, series: Series, interval: Interval, zone: ZoneInfo, after: timedelta = SETTLED
    ) -> bool:
        """Whether an export, so long after the interval's end, brings it, and it is a row."""
        now = interval.end + after
        asked = project(zone).export(series, interval, now)
        day = self.day(now, zone).isoformat()
        is_scanned = asked["from_date"] <= day <= asked["to_date"]
        return is_scanned and self.is_row(series, interval, zone)


def on_the_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the project's clock shows, as `time` has it: as if it were UTC."""
    return moment.astimezone(zone).replace(tzinfo=UTC)


def around(moment: datetime, length: timedelta) -> tuple[Interval, Interval]:
    """The interval and the day that hold this moment."""
    start, midnight = aligned(moment, length), aligned(moment, DAY)
    return Interval(start, start + length), Interval(midnight, midnight + DAY)


UNTIL_NOW = LOOKBACK + 2 * DAY  # Or longer ago: what has not happened yet is dated ahead.
# From the bound between the two: at it, a day around it, all that a sweep reaches, and now.
distances = (
    st.sampled_from([-DAY - MILLISECOND, -DAY, -MILLISECOND, timedelta(0), DAY - MILLISECOND, DAY])
    | st.timedeltas(-DAY, DAY)
    | st.timedeltas(-DAY * (SWEEP_DAYS - 8), UNTIL_NOW)
    | st.timedeltas(LOOKBACK - DAY, UNTIL_NOW)
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
    interval, day = around(processed, length)
    wall = min(day.start - LOOKBACK + distance, on_the_clock(processed, info))
    event = Event(wall, processed, days_off)

    is_recent, is_swept = event.is_in(RECENT, interval, info), event.is_in(SWEEP, day, info)

    assert 1 == is_recent + is_swept
    assert is_swept == (distance < timedelta(0))


@given(
    processed=moments(1991),
    ahead=st.sampled_from([MILLISECOND, timedelta(hours=1), DAY, 2 * DAY])
    | st.timedeltas(MILLISECOND, 7 * DAY),
    after=st.sampled_from([SETTLED, DAY, 2 * DAY, 14 * DAY]),
    length=st.sampled_from(LENGTHS),
    zone=st.sampled_from(ZONES),
    days_off=st.sampled_from([-1, 0, 1]),
)
def test_an_event_dated_ahead_is_its_intervals_once_its_day_has_come(
    *,
    processed: datetime,
    ahead: timedelta,
    after: timedelta,
    length: timedelta,
    zone: str,
    days_off: int,
) -> None:
    """Never the sweep's; a second look finds what the first one could not be shown yet.

    Mixpanel is asked for no day later than its today, nor later than the one after the
    interval: it takes no event that is more than an hour ahead
    (docs.mixpanel.com/reference/import-events).
    """
    info = ZoneInfo(zone)
    interval, day = around(processed, length)
    event = Event(on_the_clock(processed, info) + ahead, processed, days_off)
    now = interval.end + after
    last = min(now.astimezone(info).date(), interval.end.astimezone(info).date() + DAY)

    assert event.is_row(RECENT, interval, info)
    assert not event.is_row(SWEEP, day, info)
    assert (event.day(now, info) <= last) == event.is_in(RECENT, interval, info, after)


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
