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
    "text", ["", "yesterday", "08:00", "2026-13-01", "0001-01-01T00:00+14:00"]
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


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 min"),
        (timedelta(seconds=1), "1 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(minutes=59, seconds=1), "1 h 00 min"),
        (timedelta(days=2, minutes=5), "48 h 05 min"),
    ],
)
def test_how_long_it_lasts(span: timedelta, text: str) -> None:
    """Rounded up, so that a promise is kept."""
    assert text == times.lasting(span)
