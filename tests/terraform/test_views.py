"""Views and table functions are those that the tests run on, and may read what they read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest

from local import resources, views
from tests.terraform.runs import State

RUNS = ("defaults", "full", "longest")
# Which read other views, as their text says; the others read the raw tables.
DERIVED = [name for name in resources.VIEWS if views.is_derived(name)]
BASE = sorted(set(resources.VIEWS) - set(DERIVED))
OF_VENDORS = list(views.compatibility_views())
VENDORS = {
    "airbyte": "airbyte_mixpanel",
    "fivetran": "mixpanel",
    "mixpanel": "mixpanel_export",
    "singer": "tap_mixpanel",
}


@pytest.fixture(name="run", params=RUNS)
def _run(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(name="state")
def _state(run: str, states: Mapping[str, State]) -> State:
    return states[run]


@pytest.fixture(name="values")
def _values(state: State) -> dict[str, str]:
    return values_of(state)


def values_of(state: State) -> dict[str, str]:
    """What stands in for each `${name}`, by the environments of the functions."""
    names = [f"{name}_environment" for name in ("loader", "fetcher", "planner")]
    return views.values_of(
        {key: value for name in names for key, value in state.outputs[name].items()}
    )


@pytest.mark.parametrize("name", resources.VIEWS)
def test_a_view_is_that_of_the_emulator(
    name: str, state: State, values: Mapping[str, str]
) -> None:
    """Its SQL has one definition, into which the deployment's names and settings are put."""
    kind = "derived_view" if name in DERIVED else "view"
    made = state.resource(f'google_bigquery_table.{kind}["{name}"]')

    assert [views.view_query(name, values)] == [view["query"] for view in made["view"]]
    assert state.outputs["datasets"]["views"] == made["dataset_id"]


@pytest.mark.parametrize("name", views.function_names())
def test_a_table_function_is_that_of_the_emulator(
    name: str, state: State, values: Mapping[str, str]
) -> None:
    """So has a function, and its arguments are in their order."""
    made = state.resource(f'google_bigquery_routine.table_function["{name}"]')
    routine = views.table_function(name, values)

    assert (routine.body, routine.type_, routine.language) == (
        made["definition_body"],
        made["routine_type"],
        made["language"],
    )
    assert [(each.name, each.data_type.to_api_repr()) for each in routine.arguments] == [
        (each["name"], json.loads(each["data_type"])) for each in made["arguments"]
    ]
    assert routine.project == made["project"]
    assert (routine.dataset_id, routine.routine_id) == (made["dataset_id"], made["routine_id"])


@pytest.mark.parametrize(("vendor", "name"), OF_VENDORS)
def test_a_compatibility_view_is_that_of_the_emulator(
    vendor: str, name: str, states: Mapping[str, State]
) -> None:
    """It reads the analysts' dataset of its deployment, and is in the dataset that was named."""
    state = states["full"]
    made = state.resource(f'google_bigquery_table.compatibility_view["{vendor}/{name}"]')
    query = views.compatibility_query(vendor, name, values_of(state))

    assert [query] == [view["query"] for view in made["view"]]
    assert VENDORS[vendor] == made["dataset_id"]
    assert VENDORS == state.outputs["compatibility_datasets"]


def test_a_view_says_what_it_shows(state: State) -> None:
    """The console shows the first sentence of the comment that begins its file."""
    shown = {
        values["table_id"]: values["description"]
        for values in state.resources("google_bigquery_table").values()
        if values["view"]
    }

    assert shown["events"].startswith("One row per event: ")
    assert [] == [name for name, text in shown.items() if not re.fullmatch(r"[A-Z].*\.", text)]


def shared(state: State, kind: str) -> list[tuple[str, str, str, str]]:
    """On which dataset each view or function may read, by `view` or `routine`."""
    return sorted(
        (
            access["dataset_id"],
            each["project_id"],
            each["dataset_id"],
            each.get("table_id") or each["routine_id"],
        )
        for access in state.resources("google_bigquery_dataset_access").values()
        for each in access[kind]
    )


def test_what_reads_the_raw_tables_may(run: str, state: State) -> None:
    """Base views and functions are authorised on them, one by one; vendors' on the views."""
    datasets = state.outputs["datasets"]
    raw, analysts = datasets["raw"], datasets["views"]
    project = state.resource("google_storage_bucket.exports")["project"]
    of_vendors = OF_VENDORS if run == "full" else []

    assert shared(state, "view") == sorted(
        [
            *((raw, project, analysts, name) for name in BASE),
            *((analysts, project, VENDORS[vendor], name) for vendor, name in of_vendors),
        ]
    )
    assert shared(state, "routine") == [
        (raw, project, analysts, name) for name in views.function_names()
    ]
