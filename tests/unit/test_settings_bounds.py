"""How far each setting may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mixpanel_export.settings import FetcherSettings, LoaderSettings, PlannerSettings

Settings = type[PlannerSettings] | type[FetcherSettings] | type[LoaderSettings]
ENV = {
    "GCP_PROJECT_ID": "some-project",
    "EXPORT_BUCKET": "some-exports",
    "BIGQUERY_LOCATION": "EU",
    "EXPORT_SINCE": "2026-03-01",
    "MIXPANEL_PROJECT_ID": "12345",
    "MIXPANEL_CREDENTIALS": "user:secret",
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MIDNIGHT = datetime(2009, 1, 1, tzinfo=UTC)
# What is just allowed in each variable with bounds, and what the field is then.
GOOD: list[tuple[Settings, str, str, str, object]] = [
    (PlannerSettings, "TABLES", "events", "tables", ("events",)),
    (PlannerSettings, "TABLES", "people", "tables", ("people",)),
    (PlannerSettings, "TABLES", "people, events", "tables", ("events", "people")),
    (PlannerSettings, "EXPORT_SINCE", "2009-01-01", "export_since", MIDNIGHT),
    (
        PlannerSettings,
        "EXPORT_SINCE",
        "2024-02-29",
        "export_since",
        datetime(2024, 2, 29, tzinfo=UTC),
    ),
    (PlannerSettings, "INTERVAL_MINUTES", "1440", "interval", 24 * HOUR),
    (PlannerSettings, "INTERVAL_MINUTES", "4", "interval", 4 * MINUTE),
    (PlannerSettings, "SETTLE_MINUTES", "0", "settle", timedelta(0)),
    (PlannerSettings, "SETTLE_MINUTES", "1439", "settle", 1439 * MINUTE),
    (PlannerSettings, "VERIFY_AFTER_HOURS", "0", "verify_after", None),
    (PlannerSettings, "VERIFY_AFTER_HOURS", "1", "verify_after", HOUR),
    (PlannerSettings, "VERIFY_AFTER_HOURS", "166", "verify_after", 166 * HOUR),
    (PlannerSettings, "SWEEP_DAYS", "0", "sweep_days", 0),
    (PlannerSettings, "SWEEP_DAYS", "8", "sweep_days", 8),
    (PlannerSettings, "SWEEP_DAYS", "1000", "sweep_days", 1000),
    (PlannerSettings, "PEOPLE_SNAPSHOT_MINUTES", "2", "people_snapshot", 2 * MINUTE),
    (PlannerSettings, "PEOPLE_CHANGES_MINUTES", "0", "people_changes", None),
    (PlannerSettings, "PEOPLE_CHANGES_MINUTES", "1440", "people_changes", 24 * HOUR),
    (PlannerSettings, "HEAL_AFTER_MINUTES", "30", "heal_after", 30 * MINUTE),
    (PlannerSettings, "HEAL_AFTER_MINUTES", "1440", "heal_after", 24 * HOUR),
    (PlannerSettings, "RELOAD_AFTER_MINUTES", "10", "reload_after", 10 * MINUTE),
    (PlannerSettings, "RELOAD_AFTER_MINUTES", "1440", "reload_after", 24 * HOUR),
    (PlannerSettings, "HEAL_HORIZON_HOURS", "26", "heal_horizon", 26 * HOUR),
    (PlannerSettings, "HEAL_HORIZON_HOURS", "744", "heal_horizon", 744 * HOUR),
    (PlannerSettings, "REQUESTS_PER_HOUR", "4", "requests_per_hour", 4),
    (PlannerSettings, "REQUESTS_PER_HOUR", "1000", "requests_per_hour", 1000),
    (FetcherSettings, "SWEEP_DAYS", "0", "sweep_days", 0),
    (FetcherSettings, "SWEEP_DAYS", "8", "sweep_days", 8),
    (FetcherSettings, "LAST_SEEN_OVERLAP_HOURS", "0", "last_seen_overlap", timedelta(0)),
    (FetcherSettings, "LAST_SEEN_OVERLAP_HOURS", "168", "last_seen_overlap", 168 * HOUR),
    (FetcherSettings, "PROJECT_TIMEZONE", "UTC", "project_timezone", ZoneInfo("UTC")),
    (LoaderSettings, "ENVIRONMENT", "a" * 31, "environment", "a" * 31),
]


@pytest.mark.parametrize(
    ("settings", "name", "value", "field", "expected"),
    [pytest.param(*case, id=f"{case[0].__name__}-{case[1]}-{case[2]}") for case in GOOD],
)
def test_a_value_at_a_bound_is_taken(
    settings: Settings, name: str, value: str, field: str, expected: object
) -> None:
    """What is just allowed becomes a field, in the unit that the variable's name says."""
    assert expected == getattr(settings.from_env(ENV | {name: value}), field)
