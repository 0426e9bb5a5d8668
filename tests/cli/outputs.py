"""The outputs of a made-up deployment, as `terraform output -json` prints them."""

from __future__ import annotations

from typing import Any

SHARED = {
    "GCP_PROJECT_ID": "some-project",
    "EXPORT_BUCKET": "some-bucket",
    "BIGQUERY_LOCATION": "EU",
}
PLANNER = SHARED | {"EXPORT_SINCE": "2026-01-01", "REQUESTS_PER_HOUR": "40"}
FETCHER = SHARED | {"MIXPANEL_PROJECT_ID": "7", "PROJECT_TIMEZONE": "Europe/Berlin"}


def outputs(**values: Any) -> dict[str, Any]:
    """The outputs, some of them replaced; None leaves one out."""
    all_values = {
        "planner_environment": PLANNER,
        "fetcher_environment": FETCHER,
        "loader_environment": SHARED,
        "dead_letter_subscription": "dead-letters-pull",
        "planner_url": "https://planner.example.com",
    } | values
    return {
        name: {"sensitive": False, "type": "string", "value": value}
        for name, value in all_values.items()
        if value is not None
    }
