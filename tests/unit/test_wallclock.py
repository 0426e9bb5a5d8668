from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.intervals import epoch_ms
from mixpanel_export.wallclock import WallClock, milliseconds
from tests.strategies import ZONES, moments

MINUTE = timedelta(minutes=1)


def iso(moment: datetime) -> str:
    """How a moment is written in a row."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(moment: datetime, zone: ZoneInfo) -> int:
    """What Mixpanel stores for a moment: the zone's wall clock as if it were UTC."""
    return epoch_ms(moment.astimezone(zone).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        pytest.param("America/New_York", date(2026, 3, 8), id="an hour is skipped"),
        pytest.param("America/New_York", date(2026, 11, 1), id="an hour comes twice"),
        pytest.param("Australia/Lord_Howe", date(2026, 10, 4), id="half an hour is skipped"),
        pytest.param("Australia/Lord_Howe", date(2026, 4, 5), id="half an hour comes twice"),
        pytest.param("America/Sao_Paulo", date(2018, 11, 4), id="there is no midnight"),
        pytest.param("America/Sao_Paulo", date(2018, 2, 17), id="an hour before midnight, twice"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), id="a whole day is skipped"),
    ],
)
def test_every_minute_around_a_change_is_right(zone: str, day: date) -> None:
    """Against plain zoneinfo: each minute comes back, of two the first, none raises."""
    info = ZoneInfo(zone)
    clock = WallClock(info)
    start = datetime(day.year, day.month, day.day, tzinfo=info).astimezone(UTC) - 24 * 60 * MINUTE
    first_shown: dict[int, datetime] = {}
    for n in range(4 * 24 * 60):
        first_shown.setdefault(shown(start + n * MINUTE, info), start + n * MINUTE)
    offset_before = start.astimezone(info).utcoffset()
    assert offset_before is not None

    for wall_ms in range(min(first_shown), max(first_shown), 60_000):
        skipped = datetime.fromtimestamp(wall_ms / 1000, UTC) - offset_before
        assert iso(first_shown.get(wall_ms, skipped)) == clock.to_utc(wall_ms)


def test_the_two_changes_of_new_york_in_words() -> None:
    """01:30 in autumn is the summer-time one, 02:30 in spring is read in winter time."""
    clock = WallClock(ZoneInfo("America/New_York"))
    autumn = epoch_ms(datetime(2026, 11, 1, 1, 30, tzinfo=UTC))
    spring = epoch_ms(datetime(2026, 3, 8, 2, 30, tzinfo=UTC))

    assert "2026-11-01T05:30:00.000Z" == clock.to_utc(autumn)
    assert "2026-03-08T07:30:00.000Z" == clock.to_utc(spring)


@given(st.sampled_from(ZONES), moments())
def test_it_inverts_what_mixpanel_did(zone: str, moment: datetime) -> None:
    """A moment shown on the wall comes back; the second of two equal hours as the first."""
    info = ZoneInfo(zone)
    there = moment.astimezone(info)

    found = WallClock(info).to_utc(shown(moment, info))

    assert iso(there.replace(fold=0)) == found
    if not there.fold:
        assert iso(moment) == found


@given(st.integers(-(10**16), 10**16) | st.integers(), st.sampled_from(ZONES))
def test_no_number_raises(wall_ms: int, zone: str) -> None:
    """Any number of milliseconds is a moment of the years 1 to 9999, or none."""
    found = WallClock(ZoneInfo(zone)).to_utc(wall_ms)

    if found is not None:
        assert 24 == len(found)
        assert datetime.fromisoformat(found).tzinfo == UTC


@pytest.mark.parametrize(
    ("wall", "zone", "expected"),
    [
        pytest.param(
            datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
            "UTC",
            "9999-12-31T23:59:00.000Z",
            id="last",
        ),
        pytest.param(
            datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "America/New_York", None, id="after it"
        ),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), "UTC", "0001-01-01T00:00:00.000Z", id="first"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), "Asia/Kolkata", None, id="before it"),
    ],
)
def test_moments_outside_the_calendar_are_none(
    wall: datetime, zone: str, expected: str | None
) -> None:
    """BigQuery's timestamps end with the year 9999, and so do ours."""
    assert expected == WallClock(ZoneInfo(zone)).to_utc(epoch_ms(wall))


def test_it_stays_right_when_it_forgets() -> None:
    """More different minutes than it remembers change nothing but its speed."""
    info = ZoneInfo("America/New_York")
    clock = WallClock(info)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    minutes = [start + n * MINUTE for n in range(21_000)] + [start]

    found = [clock.to_utc(shown(minute, info)) for minute in minutes]

    assert list(map(iso, minutes)) == found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(1602611311, 1602611311000, id="whole seconds"),
        pytest.param(1721228056.002, 1721228056002, id="seconds with a fraction"),
        pytest.param(1704784217.602, 1704784217602, id="a fraction that floats cannot hold"),
        pytest.param(1618716477000, 1618716477000, id="milliseconds"),
        pytest.param(1618716477000.0, 1618716477000, id="milliseconds as a float"),
        pytest.param(99_999_999_999, 99_999_999_999_000, id="the last that counts as seconds"),
        pytest.param(100_000_000_000, 100_000_000_000, id="the first that counts as ms"),
        pytest.param(0, 0, id="1970"),
        pytest.param(-86400, -86400000, id="1969, in seconds"),
        pytest.param(-100_000_000_000, -100_000_000_000, id="1966, in ms"),
        pytest.param(None, None, id="null"),
        pytest.param("1602611311", None, id="text"),
        pytest.param(True, None, id="true is no second 1"),
        pytest.param([1602611311], None, id="a list"),
        pytest.param(float("nan"), None, id="NaN"),
        pytest.param(float("inf"), None, id="Infinity"),
    ],
)
def test_a_time_is_read_in_each_of_its_units(value: object, expected: int | None) -> None:
    """Seconds, fractions of them and milliseconds all become whole milliseconds."""
    assert expected == milliseconds(value)


@given(st.integers(0, 10**11 * 1000 - 1000))
def test_a_fraction_keeps_its_milliseconds(ms: int) -> None:
    """Seconds written with three decimals give exactly these milliseconds."""
    assert ms == milliseconds(ms / 1000)
