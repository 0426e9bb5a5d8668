"""Tables, views and buckets are those that the tests run on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from google.cloud import bigquery

from local import resources
from local.bundles import ROOT
from mixpanel_export.series import TABLES
from tests.sql import maintenance
from tests.terraform.runs import State
from tests.terraform.test_maintenance import JOBS
from tests.terraform.test_views import OF_VENDORS, VENDORS

RUNS = ("defaults", "full", "longest")
KEY = "projects/acme-keys/locations/europe/keyRings/data/cryptoKeys/mixpanel"


@pytest.fixture(name="run", params=RUNS)
def _run(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(name="state")
def _state(run: str, states: Mapping[str, State]) -> State:
    return states[run]


def tables(state: State, resource: str) -> dict[str, Any]:
    """The tables or views that one block of Terraform makes, by name."""
    return {
        values["table_id"]: values
        for address, values in state.resources("google_bigquery_table").items()
        if address.startswith(f"google_bigquery_table.{resource}[")
    }


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_that_of_the_emulator(name: str, state: State) -> None:
    """Columns, partitions and clusters have one definition."""
    made = state.resource(f'google_bigquery_table.raw["{name}"]')
    (partitioning,) = made["time_partitioning"]
    local = resources.raw_table(name)
    columns = {column.name: column.field_type for column in local.schema}
    file = ROOT / "terraform" / "schemas" / f"{name}.json"

    assert json.loads(file.read_text()) == json.loads(made["schema"])
    assert [column.to_api_repr() for column in local.schema] == [
        bigquery.SchemaField.from_api_repr(column).to_api_repr()
        for column in json.loads(made["schema"])
    ]
    assert local.clustering_fields == made["clustering"]
    assert (local.time_partitioning.field, local.time_partitioning.type_) == (
        partitioning["field"],
        partitioning["type"],
    )
    assert columns.keys() >= {*made["clustering"], partitioning["field"]}
    assert "TIMESTAMP" == columns[partitioning["field"]]
    assert made["require_partition_filter"] is False
    assert made["dataset_id"] == state.outputs["datasets"]["raw"]


def test_all_tables_and_views_are_made(run: str, state: State) -> None:
    """Those of the emulator, those of jobs and vendors that are asked for, and no others."""
    made = state.resources("google_bigquery_table").values()
    places = {"raw": [*TABLES], "views": [*resources.VIEWS]}
    for name, table in maintenance.TABLES.items():
        places[table["dataset"]] += [name] if table["job"] in JOBS[run] else []
    places["views"] += ["unsettled_dates"] if "settle" in JOBS[run] else []
    of_vendors = [(VENDORS[vendor], name) for vendor, name in OF_VENDORS]

    assert sorted((each["dataset_id"], each["table_id"]) for each in made) == sorted(
        [(state.outputs["datasets"][kind], name) for kind, all_ in places.items() for name in all_]
        + (of_vendors if run == "full" else [])
    )


def test_data_lie_in_one_place(state: State) -> None:
    """BigQuery loads from a bucket of the same place, and jobs must name it."""
    datasets = state.resources("google_bigquery_dataset").values()
    places = {each["location"] for each in datasets}
    places.add(state.resource("google_storage_bucket.exports")["location"])
    environments = ("planner_environment", "loader_environment")

    assert len(places) == 1
    assert places == {state.outputs[name]["BIGQUERY_LOCATION"] for name in environments}


@pytest.mark.parametrize(("run", "is_kept"), [("defaults", True), ("full", False)])
def test_data_are_protected_until_told_otherwise(
    run: str, is_kept: bool, states: Mapping[str, State]
) -> None:
    """Terraform refuses to delete raw tables and the secret; it never empties anything."""
    state = states[run]
    protected = [
        *(state.resource(f'google_bigquery_table.raw["{name}"]') for name in TABLES),
        *state.resources("google_secret_manager_secret").values(),
    ]
    datasets = state.resources("google_bigquery_dataset").values()

    assert {is_kept} == {each["deletion_protection"] for each in protected}
    assert {False} == {each["delete_contents_on_destroy"] for each in datasets}
    assert state.resource("google_storage_bucket.exports")["force_destroy"] is False


def test_rows_stay_unless_told_otherwise(states: Mapping[str, State]) -> None:
    """Events never expire; people do where `retention.people_days` says so."""
    kept = {
        run: {
            name: states[run].resource(f'google_bigquery_table.raw["{name}"]')[
                "time_partitioning"
            ][0]["expiration_ms"]
            for name in TABLES
        }
        for run in ("defaults", "full")
    }

    # What is not said is 0 in a test, and nothing at all in the cloud.
    assert {"events": 0, "people": 0} == kept["defaults"]
    assert {"events": 0, "people": 730 * 86_400_000} == kept["full"]


def test_what_holds_data_is_encrypted_with_the_key(states: Mapping[str, State]) -> None:
    """With a key of the operator's own: bucket, topics, datasets and tables; without it none."""
    full, defaults = (holding_data(states[run]) for run in ("full", "defaults"))

    assert [KEY] * (8 + 4 + 3 + 2) == list(map(key, full))
    assert [None] * 8 == list(map(key, defaults))


def holding_data(state: State) -> list[Mapping[str, Any]]:
    return [
        state.resource("google_storage_bucket.exports"),
        *state.resources("google_pubsub_topic").values(),
        *state.resources("google_bigquery_dataset").values(),
        *tables(state, "raw").values(),
        *tables(state, "maintained").values(),
        *state.resources("google_bigquery_data_transfer_config").values(),
    ]


def key(values: Mapping[str, Any]) -> str | None:
    """The key that a resource names, in itself or in the one block that is for it."""
    blocks = ("encryption", "encryption_configuration", "default_encryption_configuration")
    named = [values, *(block for name in blocks for block in values.get(name, []))]
    found = [each.get("kms_key_name") or each.get("default_kms_key_name") for each in named]
    return next(filter(None, found), None)


def test_objects_are_kept_as_long_as_is_said(states: Mapping[str, State]) -> None:
    """Each prefix that the code writes to has its days, a second look's note its horizon's."""
    rules = states["full"].resource("google_storage_bucket.exports")["lifecycle_rule"]
    conditions = [condition for rule in rules for condition in rule["condition"]]

    assert {
        "confirmed/": 11,
        "events/": 60,
        "incoming/": 1,
        "people/": 60,
        "plans/": 7,
        "rejects/": 180,
    } == {each["matches_prefix"][0]: each["age"] for each in conditions}
