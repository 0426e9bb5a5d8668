from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, Interval
from mixpanel_export.queries import Project, Turn
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from tests.strategies import ZONES, intervals

EASTERN = "America/New_York"
HOUR = timedelta(hours=1)
BEGIN = datetime(2026, 11, 22, 15, tzinfo=UTC)
TODAY = Interval(BEGIN.replace(hour=0), BEGIN.replace(hour=0) + DAY)


def project(
    zone: str = EASTERN,
    *,
    where: str | None = None,
    sweep_days: int = 100,
    overlap: timedelta = DAY,
) -> Project:
    """A project in this zone."""
    return Project(
        export_url="https://data.example.com",
        query_url="https://example.com",
        project_id="12345",
        zone=ZoneInfo(zone),
        sweep_days=sweep_days,
        last_seen_overlap=overlap,
        where=where,
    )


def query(
    start: str, now: str, *, zone: str = EASTERN, length: timedelta = HOUR
) -> dict[str, str]:
    """The parameters for an interval that starts on this day and hour, asked at that one."""
    begin = datetime.fromisoformat(f"{start}:00Z")
    interval = Interval(begin, begin + length)
    return project(zone).export(RECENT, interval, datetime.fromisoformat(f"{now}:00Z"))


@pytest.mark.parametrize(
    ("asked", "from_date", "to_date"),
    [
        pytest.param(
            query("2026-11-22T15:00", "2026-11-22T16:15"),
            "2026-11-15",
            "2026-11-22",
            id="midday: today, and the lookback and one before it",
        ),
        pytest.param(
            query("2026-11-22T15:00", "2026-12-22T16:15"),
            "2026-11-15",
            "2026-11-23",
            id="a backfill: the day after it too",
        ),
        pytest.param(
            query("2026-11-22T02:00", "2026-11-22T03:15"),
            "2026-11-15",
            "2026-11-21",
            id="the trap: 02:00 UTC is yesterday in New York",
        ),
        pytest.param(
            query("2026-11-22T03:00", "2026-11-22T04:59"),
            "2026-11-15",
            "2026-11-21",
            id="23:59 in New York",
        ),
        pytest.param(
            query("2026-11-22T04:00", "2026-11-22T05:00"),
            "2026-11-15",
            "2026-11-22",
            id="midnight in New York: today has changed, the interval is of yesterday",
        ),
        pytest.param(
            query("2026-07-22T03:00", "2026-07-22T04:00"),
            "2026-07-15",
            "2026-07-22",
            id="midnight in New York comes at 04:00 UTC in summer",
        ),
        pytest.param(
            query("2026-11-22T02:00", "2026-11-22T03:15", zone="UTC"),
            "2026-11-15",
            "2026-11-22",
            id="a newer project, in UTC",
        ),
        pytest.param(
            query("2026-11-22T20:00", "2026-11-22T21:15", zone="Asia/Kolkata"),
            "2026-11-15",
            "2026-11-23",
            id="India is a day ahead",
        ),
        pytest.param(
            query("2026-11-22T00:00", "2026-11-25T00:00", length=24 * HOUR),
            "2026-11-15",
            "2026-11-23",
            id="a whole day in UTC is two days in New York",
        ),
    ],
)
def test_the_dates_are_days_of_the_project(
    asked: dict[str, str], from_date: str, to_date: str
) -> None:
    """They reach back far enough for late events, and never beyond the project's today."""
    assert (from_date, to_date) == (asked["from_date"], asked["to_date"])


def test_the_condition_is_the_interval_in_milliseconds() -> None:
    """Half-open, on processing time, in UTC whatever the project's zone."""
    processed = 'number(properties["mp_processing_time_ms"])'

    assert {
        "project_id": "12345",
        "from_date": "2026-11-15",
        "to_date": "2026-11-22",
        "where": f"{processed} >= 1795359600000 and {processed} < 1795363200000",
        "time_in_ms": "true",
    } == query("2026-11-22T15:00", "2026-11-22T16:15")


def test_a_sweep_reaches_back_from_where_the_lookback_ends() -> None:
    """The same condition, over older event days; the last one is a margin."""
    processed = 'number(properties["mp_processing_time_ms"])'

    assert {
        "project_id": "12345",
        "from_date": "2026-08-14",
        "to_date": "2026-11-16",
        "where": f"{processed} >= {TODAY.start_ms} and {processed} < {TODAY.end_ms}",
        "time_in_ms": "true",
    } == project().export(SWEEP, TODAY, TODAY.end)


def test_a_sweep_that_is_turned_off_is_a_setting() -> None:
    """Somebody asked for what the settings do not allow; it says which."""
    with pytest.raises(Setup, match="SWEEP_DAYS is 0: set it"):
        project(sweep_days=0).export(SWEEP, TODAY, TODAY.end)


@pytest.mark.parametrize("series", [RECENT, SWEEP], ids=str)
def test_the_users_condition_is_joined_as_a_whole(series: Series) -> None:
    """In parentheses, as its own `or` would bind less than our `and`."""
    where = 'event == "a" or event == "b"'

    asked = project(where=where).export(series, TODAY, TODAY.end)

    plain = project().export(series, TODAY, TODAY.end)
    assert plain | {"where": f"({where}) and {plain['where']}"} == asked


def test_a_snapshot_is_everybody() -> None:
    """No condition, not even the user's, which is about events."""
    assert {"page_size": "2000"} == project(where='event == "a"').engage(SNAPSHOT, TODAY, None)


@pytest.mark.parametrize(
    ("overlap", "since", "until"),
    [
        pytest.param(DAY, "2026-11-21T15:00:00", "2026-11-23T16:00:00", id="a day"),
        pytest.param(HOUR * 0, "2026-11-22T15:00:00", "2026-11-22T16:00:00", id="none"),
    ],
)
def test_changes_are_those_last_seen_around_the_interval(
    overlap: timedelta, since: str, until: str
) -> None:
    """As text, which sorts like time; wider, because nobody knows the zone."""
    asked = project(where='event == "a"', overlap=overlap).engage(
        CHANGES, Interval(BEGIN, BEGIN + HOUR), None
    )

    seen = 'properties["$last_seen"]'
    where = f'{seen} >= "{since}" and {seen} < "{until}"'
    assert {"page_size": "2000", "where": where} == asked


@pytest.mark.parametrize("series", [SNAPSHOT, CHANGES], ids=str)
def test_a_further_page_is_asked_for_in_its_session(series: Series) -> None:
    """With all that page 0 was asked with."""
    first = project().engage(series, TODAY, None)

    further = project().engage(series, TODAY, Turn(3, "1234567890-EXAMPL"))

    assert first | {"page": "3", "session_id": "1234567890-EXAMPL"} == further


@given(intervals(), st.timedeltas(timedelta(0), timedelta(days=400)), st.sampled_from(ZONES))
def test_the_dates_hold_every_event_that_may_be_in_the_interval(
    interval: Interval, later: timedelta, zone: str
) -> None:
    """The days of the wall clock from six days before the interval until its end."""
    info = ZoneInfo(zone)
    now = interval.end + later

    asked = project(zone).export(RECENT, interval, now)

    first, last = date.fromisoformat(asked["from_date"]), date.fromisoformat(asked["to_date"])
    assert first < (interval.start - timedelta(days=5)).astimezone(info).date()
    assert last <= now.astimezone(info).date()
    assert last >= (interval.end - timedelta(milliseconds=1)).astimezone(info).date()
    assert (interval.end - interval.start).days + 11 > (last - first).days
