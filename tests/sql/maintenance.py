"""The scripts of scheduled queries and their tables, as Terraform makes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.cloud import bigquery

from local.bundles import ROOT
from local.resources import table_of
from local.views import filled

_FOLDER = ROOT / "terraform" / "maintenance"
# The columns of raw events that the view `events` does not show.
_HIDDEN = {"_mode", "_interval_end", "_line"}
_DATASETS = {"raw": "raw_dataset", "views": "dataset"}

TABLES: Mapping[str, Any] = json.loads((_FOLDER / "tables.json").read_text())


def text(name: str, values: Mapping[str, str]) -> str:
    """A script, or the view `unsettled_dates`, with what stands in for each `${name}`."""
    return filled(f"maintenance/{name}.sql", values)


def schema(name: str) -> list[dict[str, Any]]:
    """The columns of a table that a job keeps."""
    if name == "events_settled":
        raw = json.loads((ROOT / "terraform" / "schemas" / "events.json").read_text())
        return [column for column in raw if column["name"] not in _HIDDEN]
    columns: list[dict[str, Any]] = json.loads((_FOLDER / f"{name}.json").read_text())
    return columns


def table(name: str, values: Mapping[str, str]) -> bigquery.Table:
    """The definition of a table that a job keeps."""
    layout = TABLES[name]
    dataset = values[_DATASETS[layout["dataset"]]]
    return table_of(f"{values['project_id']}.{dataset}.{name}", schema(name), layout)
