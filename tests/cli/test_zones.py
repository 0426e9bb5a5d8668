"""Whether events tell that the setting of the project's zone is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mixpanel_export.intervals import epoch_ms
from mixpanel_export_cli.zones import Stamp, stamps, zone_finding

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)
WINTER = datetime(2026, 12, 1, 12, tzinfo=UTC)
MINUTE_MS = 60_000


def received(moment: datetime, zone: str, *minutes_late: float) -> list[Stamp]:
    """Events of a project in this zone, each so many minutes late."""
    found = []
    for number, late in enumerate(minutes_late):
        at = moment + timedelta(seconds=number)
        offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
        happened = at - timedelta(minutes=late)
        found.append(Stamp(epoch_ms(happened + offset), epoch_ms(at)))
    return found


@pytest.mark.parametrize("moment", [SUMMER, WINTER], ids=["summer", "winter"])
@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia"]
)
def test_the_right_zone(zone: str, moment: datetime) -> None:
    """Events sent a moment after they happened show the zone's offset of that season."""
    finding = zone_finding(received(moment, zone, 0, 0.1, 0.2, 0.3, 1), ZoneInfo(zone))

    assert "ok" == finding.level, finding


def test_a_wrong_zone() -> None:
    """The finding names both offsets, zones that fit, and what to do after the change."""
    events = received(WINTER, "America/New_York", 0, 0, 0.5, 1, 2)
    finding = zone_finding(events, ZoneInfo("Europe/Berlin"))

    assert ("problem", "zone of the project") == (finding.level, finding.subject)
    assert (
        "Europe/Berlin is at UTC+01:00, but events are at UTC-05:00: "
        "event times in BigQuery are wrong by the difference"
    ) == finding.said
    assert "PROJECT_TIMEZONE" in finding.todo
    assert "(now at UTC-05:00: America/New_York)" in finding.todo
    assert "then replay" in finding.todo


def test_utc_is_suggested_to_new_projects() -> None:
    """A project made since 2023 stores UTC, the default setting notwithstanding."""
    finding = zone_finding(received(SUMMER, "UTC", *[0] * 9), ZoneInfo("America/New_York"))

    assert "(now at UTC+00:00: UTC)" in finding.todo


def test_a_zone_without_daylight_saving_differs_in_one_season_only() -> None:
    """The offset is compared at the moment of the events, not in general."""
    zone = ZoneInfo("Etc/GMT+5")
    levels = [
        zone_finding(received(moment, "America/New_York", *[0] * 5), zone).level
        for moment in (WINTER, SUMMER)
    ]

    assert ["ok", "problem"] == levels


def test_late_events_do_not_disturb() -> None:
    """Less than half of the events may be late by any time."""
    finding = zone_finding(
        received(WINTER, "UTC", 0, 0, 0, 0, 60, 7000, 300), ZoneInfo("Europe/London")
    )

    assert "ok" == finding.level


@pytest.mark.parametrize("minutes_ahead", [7 * 60 + 15, -13 * 60, 10 * 24 * 60])
def test_where_no_zone_is_nothing_can_be_told(minutes_ahead: float) -> None:
    """Clocks of senders may all be wrong by the same; no zone is to be suggested then."""
    finding = zone_finding(received(WINTER, "UTC", *[-minutes_ahead] * 9), ZoneInfo("UTC"))

    assert "warning" == finding.level
    assert "where no zone is, so they cannot tell it" in finding.said


@pytest.mark.parametrize(
    ("late", "said"),
    [
        ((), "0 events are too few"),
        ((0, 0, 0, 0), "4 events are too few"),
        ((0, 0, 100, 200, 300, 7000), "came late"),
    ],
    ids=["none", "few", "late"],
)
def test_too_little_to_tell(late: tuple[float, ...], said: str) -> None:
    """It is better to say nothing than to name a wrong zone."""
    finding = zone_finding(received(WINTER, "UTC", *late), ZoneInfo("Europe/Berlin"))

    assert "warning" == finding.level
    assert said in finding.said


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({"time": 1_800_000_000, "$mp_api_timestamp_ms": 1_800_000_000_500}, 1),
        ({"time": 1_800_000_000_250, "$mp_api_timestamp_ms": 1_800_000_000_500}, 1),
        ({"time": 1_800_000_000, "$mp_api_timestamp_ms": 1_800_000_000_500, "$import": True}, 0),
        ({"time": 1_800_000_000}, 0),
        ({"time": "soon", "$mp_api_timestamp_ms": 1_800_000_000_500}, 0),
        ({}, 0),
    ],
    ids=["seconds", "milliseconds", "imported", "no receipt", "no time", "nothing"],
)
def test_events_that_tell(event: dict[str, Any], found: int) -> None:
    """Imported events and those without both times say nothing."""
    assert found == len(stamps([{"event": "x", "properties": event}]))
    assert [] == stamps([{"event": "x"}, {"properties": None}])
