"""Moments as an operator writes and reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export_cli import times

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture(name="india")
def _india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in India."""
    with monkeypatch.context() as environment:
        environment.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T08:00:00Z",
        "2026-11-22T08:00Z",
        "2026-11-22 08:00",
        "2026-11-22T13:30+05:30",
        "2026-11-22T03:00:00-05:00",
    ],
)
def test_one_moment_in_many_forms(text: str) -> None:
    """Without an offset it is UTC."""
    assert EIGHT == times.moment(text)


def test_a_day_is_its_beginning() -> None:
    """In UTC, like everything without an offset."""
    assert datetime(2026, 11, 22, tzinfo=UTC) == times.moment("2026-11-22")


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "08:00", "2026-13-01", "0001-01-01T00:00+14:00", "9999-12-31T23:00-05:00"],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """It says how to write one."""
    with pytest.raises(Setup, match="is no moment: write 2026-11-22T08:00Z"):
        times.moment(text)


@pytest.mark.parametrize("end", ["2026-11-22T08:00Z", "2026-11-22T07:59Z"])
def test_a_span_has_a_length(end: str) -> None:
    """An empty one is a slip."""
    with pytest.raises(Setup, match="is not after START"):
        times.span("2026-11-22T08:00Z", end)


@pytest.mark.usefixtures("india")
def test_both_zones_are_shown() -> None:
    """UTC first, then that of the machine, each with its date."""
    evening = EIGHT + timedelta(hours=12)

    assert "2026-11-22 20:00 UTC (2026-11-23 01:30 IST)" == times.shown(evening)


@pytest.mark.usefixtures("india")
def test_the_end_of_time_is_shown_in_one_zone() -> None:
    """In India it is outside of the calendar."""
    assert "9999-12-31 23:00 UTC" == times.shown(times.moment("9999-12-31T23:00Z"))
    with pytest.raises(Setup, match="END 9999-12-31 22:00 UTC is not after START 9999-12-31 23"):
        times.span("9999-12-31T23:00Z", "9999-12-31T22:00Z")


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 min"),
        (timedelta(seconds=1), "1 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(minutes=59, seconds=1), "1 h 00 min"),
        (timedelta(hours=30, minutes=5), "30 h 05 min"),
        (timedelta(days=2), "48 h 00 min"),
        (timedelta(days=2, minutes=5), "2 days 1 h"),
        (timedelta(days=20, hours=23, seconds=1), "21 days"),
        (timedelta(hours=-2, minutes=5), "0 min"),
    ],
)
def test_how_long_it_lasts(span: timedelta, text: str) -> None:
    """Rounded up, so that a promise is kept; what a clock makes negative is nothing."""
    assert text == times.lasting(span)


def test_how_long_ago_it_was() -> None:
    """A clock that is ahead brings news from the future."""
    assert ["0 min ago", "1 h 00 min ago", "in the future"] == [
        times.ago(EIGHT - timedelta(hours=hours), EIGHT) for hours in (0, 1, -1)
    ]
