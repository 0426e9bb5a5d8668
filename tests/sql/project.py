"""The project that all engines of these tests have: what Terraform makes, and its SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from local import views
from mixpanel_export.series import TABLES
from tests.sql import maintenance

Json = Any

PROJECT, RAW, DATASET = "shop", "mixpanel_raw", "mixpanel"
TERRAFORM = Path(__file__).parents[2] / "terraform"
# The settings of a planner; one zone that is not UTC shows where the zone of the project counts.
SETTINGS = {
    "GCP_PROJECT_ID": PROJECT,
    "RAW_DATASET": RAW,
    "DATASET": DATASET,
    "TABLES": ",".join(TABLES),
    "EXPORT_SINCE": "2026-11-01",
    "PROJECT_TIMEZONE": "America/New_York",
}
VALUES = views.values_of(SETTINGS)


def raw_schemas() -> dict[str, list[Json]]:
    """The fields of each raw table, by `dataset.table`."""
    return {
        f"{RAW}.{table}": json.loads((TERRAFORM / "schemas" / f"{table}.json").read_text())
        for table in TABLES
    }


def view_queries() -> dict[str, str]:
    """The SQL of each view by `dataset.view`: the base, what is derived of it, compatibility."""
    queries = {f"{DATASET}.{name}": views.view_query(name, VALUES) for name in views.view_names()}
    return queries | {
        f"{DATASET}_{vendor}.{name}": views.compatibility_query(vendor, name, VALUES)
        for vendor, name in views.compatibility_views()
    }


def table_functions() -> dict[str, bigquery.Routine]:
    """Each table function, by `dataset.function`."""
    return {
        f"{DATASET}.{name}": views.table_function(name, VALUES) for name in views.function_names()
    }


def job_schemas() -> dict[str, list[Json]]:
    """The fields of each table that a scheduled query keeps, by `dataset.table`."""
    datasets = {"raw": RAW, "views": DATASET}
    return {
        f"{datasets[layout['dataset']]}.{name}": maintenance.schema(name)
        for name, layout in maintenance.TABLES.items()
    }


def job_views() -> dict[str, str]:
    """The SQL of the view of what is not settled, by `dataset.view`."""
    return {f"{DATASET}.unsettled_dates": job_texts()["unsettled_dates"]}


def places() -> dict[str, str]:
    """Each table that holds rows, as `dataset.table`, by its name."""
    return {name.partition(".")[2]: name for name in (*raw_schemas(), *job_schemas())}


def job_texts() -> dict[str, str]:
    """The SQL of each file of maintenance: scripts, and a view of what they have not done."""
    folder = TERRAFORM / "maintenance"
    values = VALUES | {"collect_after_days": "7"}
    return {path.stem: maintenance.text(path.stem, values) for path in folder.glob("*.sql")}
