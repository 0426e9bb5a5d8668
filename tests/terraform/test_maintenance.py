"""Scheduled queries run the scripts that tests run, as accounts that may do no more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.sql import maintenance
from tests.terraform.monitored import asked_by_alerts
from tests.terraform.runs import State

NAMES = {
    "collect_after_days": "14",
    "dataset": "web_mixpanel",
    "project_id": "acme-analytics",
    "raw_dataset": "web_mixpanel_raw",
}
# Which jobs each run asks for.
JOBS: dict[str, set[str]] = {
    "defaults": set(),
    "full": {"collect", "settle"},
    "longest": {"collect"},
}


@pytest.mark.parametrize("name", maintenance.TABLES)
def test_a_maintained_table_is_as_its_job_needs_it(name: str, states: Mapping[str, State]) -> None:
    """It has the columns and the layout that its script's tests run on; it may be deleted."""
    made = states["full"].resource(f'google_bigquery_table.maintained["{name}"]')
    table = maintenance.TABLES[name]
    partitioned = [each["field"] for each in made["time_partitioning"]]

    assert json.loads(made["schema"]) == maintenance.schema(name)
    assert (made["clustering"] or None) == table["cluster_by"]
    assert partitioned == ([table["partition_by"]] if table["partition_by"] else [])
    assert made["deletion_protection"] is False


@pytest.mark.parametrize("job", ["collect", "settle"])
def test_a_job_runs_its_script(job: str, states: Mapping[str, State]) -> None:
    """The script that tests run, with the deployment's names; where the data lie, once a day."""
    state = states["full"]
    made = state.resource(f'google_bigquery_data_transfer_config.maintenance["{job}"]')
    account = state.resource(f'google_service_account.maintenance["{job}"]')

    assert {"query": maintenance.text(job, NAMES)} == made["params"]
    assert "EU" == made["location"]
    assert account["email"] == made["service_account_name"]


def test_what_is_settled_can_be_doubted(states: Mapping[str, State]) -> None:
    """Where there is `events_settled`, a view says which days are not there as they should be."""
    made = states["full"].resource("google_bigquery_table.unsettled_dates[0]")

    assert [maintenance.text("unsettled_dates", NAMES)] == [each["query"] for each in made["view"]]
    assert ("web_mixpanel", "unsettled_dates") == (made["dataset_id"], made["table_id"])


def test_a_job_changes_its_own_tables_alone(states: Mapping[str, State]) -> None:
    """Whoever settles cannot delete a raw row, and whoever collects reads no view."""
    state = states["full"]
    access = state.resources("google_bigquery_dataset_access").values()
    accounts = {
        account["email"]: account["account_id"].removeprefix("web-")
        for account in state.resources("google_service_account").values()
    }
    granted = {
        (accounts.get(values["member"].partition(":")[2]), values["role"], where(values))
        for each in state.everything()
        if "_iam_" in each["type"]
        for values in [each["values"]]
    }
    editor, jobs = "roles/bigquery.dataEditor", "roles/bigquery.jobUser"

    assert {
        ("collect", editor, "web_mixpanel_raw.collected_dates"),
        ("collect", editor, "web_mixpanel_raw.events"),
        ("collect", jobs, "acme-analytics"),
        ("settle", editor, "web_mixpanel.events_settled"),
        ("settle", editor, "web_mixpanel.settled_dates"),
        ("settle", jobs, "acme-analytics"),
    } == {grant for grant in granted if grant[0] in {"collect", "settle"}}
    assert [("web_mixpanel", "READER", "settle")] == [
        (values["dataset_id"], values["role"], accounts[values["user_by_email"]])
        for values in access
        if values["user_by_email"] in accounts
    ]


def where(values: Mapping[str, Any]) -> str:
    """What a grant is on: a table or the project."""
    table = values.get("table_id")
    return f"{values['dataset_id']}.{table}" if table else str(values.get("project"))


@pytest.mark.parametrize(("run", "jobs"), JOBS.items())
def test_a_failed_run_is_told(run: str, jobs: set[str], states: Mapping[str, State]) -> None:
    """Of these scheduled queries, not of others in the project; and only where there are some."""
    ids = {
        f'"{made["name"].rpartition("/")[2]}"'
        for made in states[run].resources("google_bigquery_data_transfer_config").values()
    }
    asked = [query.filter for query in asked_by_alerts(states[run]) if "completed" in query.metric]

    assert len(jobs) == len(ids)
    assert [ids] * bool(jobs) == [set(re.findall(r'"[^"]+-[^"]+"', each)) for each in asked]


@pytest.mark.parametrize(("run", "jobs"), JOBS.items())
def test_transfers_are_enabled_for_jobs_alone(
    run: str, jobs: set[str], states: Mapping[str, State]
) -> None:
    """Without maintenance the API stays as it is, and nobody may sign in as another."""
    api = "bigquerydatatransfer.googleapis.com"
    services = [
        each["service"] for each in states[run].resources("google_project_service").values()
    ]
    agents = states[run].resources("google_workload_identity_service_agent").values()

    assert bool(jobs) == (api in services)
    assert bool(jobs) == any(each["parent"].endswith(api) for each in agents)
