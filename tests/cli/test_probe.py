"""What one cheap call asks Mixpanel for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from mixpanel_export.intervals import HOUR
from mixpanel_export_cli.deployment import Deployment
from mixpanel_export_cli.probe import newest_hour, parameters
from tests.cli.outputs import FETCHER, outputs

MOMENTS = [datetime(2026, 7, day, hour, 59, tzinfo=UTC) for day in (1, 31) for hour in range(24)]
ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]


def asked(zone: str, now: datetime) -> dict[str, str]:
    """The parameters with this setting of the zone."""
    environment = FETCHER | {"PROJECT_TIMEZONE": zone}
    deployment = Deployment.of_outputs("here", outputs(fetcher_environment=environment), {})
    return parameters(deployment.fetcher(), newest_hour(now, timedelta(minutes=15)))


@pytest.mark.parametrize("now", MOMENTS[:24:7], ids=str)
def test_the_setting_does_not_change_what_is_asked(now: datetime) -> None:
    """It is what is to be tried, so a wrong one must not spoil the attempt."""
    assert asked("Pacific/Kiritimati", now) == asked("Etc/GMT+12", now)


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_days_fit_every_zone(now: datetime) -> None:
    """`to_date` is nowhere later than today, and no event of the hour is on a later day."""
    given, hour = asked("UTC", now), newest_hour(now, timedelta(minutes=15))

    assert given["to_date"] <= min(f"{now.astimezone(zone):%Y-%m-%d}" for zone in ZONES)
    assert given["to_date"] >= max(f"{hour.end.astimezone(zone):%Y-%m-%d}" for zone in ZONES)
    assert given["from_date"] <= min(f"{hour.start.astimezone(zone):%Y-%m-%d}" for zone in ZONES)


@pytest.mark.parametrize(("minutes", "hours_ago"), [(15, 26), (27 * 60, 27)])
def test_the_hour_has_settled(minutes: int, hours_ago: int) -> None:
    """However long that takes."""
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    hour = newest_hour(noon, timedelta(minutes=minutes))

    assert (noon - hours_ago * HOUR, HOUR) == (hour.end, hour.length)
