"""The analysts' views and functions: Terraform's SQL, with the values it puts in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.cloud import bigquery

from local.bundles import ROOT
from mixpanel_export import variables

_TERRAFORM = ROOT / "terraform"
_PLACE = re.compile(r"\$\{(?P<name>\w+)\}")  # A lone `$` belongs to a JSON path.
_VARIABLES = (
    variables.GCP_PROJECT_ID,
    variables.RAW_DATASET,
    variables.DATASET,
    variables.TABLES,
    variables.EXPORT_SINCE,
    variables.INTERVAL_MINUTES,
    variables.SETTLE_MINUTES,
    variables.SWEEP_DAYS,
    variables.PEOPLE_SNAPSHOT_MINUTES,
    variables.PEOPLE_CHANGES_MINUTES,
    variables.HEAL_HORIZON_HOURS,
    variables.PROJECT_TIMEZONE,
)


def values_of(environment: Mapping[str, str]) -> dict[str, str]:
    """What stands in for each `${name}`, as a planner with these settings has it."""
    return {
        each.name.lower().removeprefix("gcp_"): environment.get(each.name) or each.default
        for each in _VARIABLES
    }


def fill(template: str, values: Mapping[str, str]) -> str:
    """The SQL with what stands in for each `${name}`."""
    return _PLACE.sub(lambda place: values[place["name"]], template)


def filled(file: str, values: Mapping[str, str]) -> str:
    """A file of SQL, by its path in `terraform/`, with what stands in for each `${name}`."""
    return fill(_text(file), values)


def view_names() -> list[str]:
    """Every view of the analysts' dataset; those that read another one come last."""
    names = sorted(path.stem for path in (_TERRAFORM / "views").glob("*.sql"))
    return sorted(names, key=is_derived)


def is_derived(name: str) -> bool:
    """Whether a view of the analysts' dataset reads others of it."""
    return "${dataset}" in _text(f"views/{name}.sql")


def view_query(name: str, values: Mapping[str, str]) -> str:
    """The SQL of a view of the analysts' dataset."""
    return filled(f"views/{name}.sql", values)


def function_names() -> list[str]:
    """Every table function of the analysts' dataset."""
    return sorted(_functions())


def table_function(name: str, values: Mapping[str, str]) -> bigquery.Routine:
    """The definition of a table function of the analysts' dataset."""
    routine = bigquery.Routine(f"{values['project_id']}.{values['dataset']}.{name}")
    routine.type_ = bigquery.RoutineType.TABLE_VALUED_FUNCTION
    routine.language = "SQL"
    routine.body = filled(f"table_functions/{name}.sql", values)
    routine.arguments = [
        bigquery.RoutineArgument(
            name=argument["name"],
            data_type=bigquery.StandardSqlDataType(
                bigquery.StandardSqlTypeNames[argument["type"]]
            ),
        )
        for argument in _functions()[name]["arguments"]
    ]
    return routine


def compatibility_views() -> Iterator[tuple[str, str]]:
    """Each vendor, and each view that stands in for one of its tables."""
    for path in sorted((_TERRAFORM / "compatibility").glob("*/*.sql")):
        yield path.parent.name, path.stem


def compatibility_query(vendor: str, name: str, values: Mapping[str, str]) -> str:
    """The SQL of a view that stands in for a vendor's table."""
    return filled(f"compatibility/{vendor}/{name}.sql", values)


def _functions() -> dict[str, Any]:
    functions: dict[str, Any] = json.loads(_text("table_functions.json"))
    return functions


def _text(file: str) -> str:
    return (_TERRAFORM / file).read_text(encoding="utf-8")
