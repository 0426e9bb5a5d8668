"""Functions get the settings that the code reads, and outputs tell an operator the truth."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mixpanel_export.messages import ExportRequest
from mixpanel_export.settings import (
    FetcherSettings,
    LoaderSettings,
    PlannerSettings,
    variables_of,
)
from mixpanel_export_cli.app import app
from mixpanel_export_cli.deployment import CREDENTIALS, Deployment
from tests.terraform.runs import State

RUNS = ("defaults", "full", "longest")
SETTINGS: Mapping[str, type[Any]] = {
    "planner": PlannerSettings,
    "fetcher": FetcherSettings,
    "loader": LoaderSettings,
}
# Not set means not there: a host of one's own, and a condition.
OPTIONAL = {"MIXPANEL_URL", "MIXPANEL_WHERE"}
INTERVAL = {"START": "2026-11-22T08:00:00Z", "END": "2026-11-22T09:00:00Z"}
TOOL = ("backfill_command", "drain_command", "status_command")


@pytest.fixture(name="state", params=RUNS)
def _state(request: pytest.FixtureRequest, states: Mapping[str, State]) -> State:
    return states[request.param]


@pytest.fixture(name="deployment")
def _deployment(state: State) -> Deployment:
    """What the operator's tool makes of `terraform output -json`."""
    outputs = {name: {"value": value} for name, value in state.outputs.items()}
    return Deployment.of_outputs("Terraform", outputs, {})


def config(state: State, function: str) -> Any:
    made = state.resource(f"module.{function}.google_cloudfunctions2_function.this")
    (service,) = made["service_config"]
    return service


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_has_all_its_settings(function: str, state: State) -> None:
    """Each variable that the code reads is set, and nothing else is; credentials are a secret."""
    read = {variable.name for variable in variables_of(SETTINGS[function]).values()}
    service = config(state, function)
    secrets = {each["key"]: each["version"] for each in service["secret_environment_variables"]}
    plain = dict(service["environment_variables"])

    assert "true" == plain.pop("LOG_EXECUTION_ID")
    assert state.outputs[f"{function}_environment"] == plain
    assert read - OPTIONAL <= plain.keys() | secrets.keys() <= read
    assert ({CREDENTIALS: "3"} if function == "fetcher" else {}) == secrets
    SETTINGS[function].from_env(plain | dict.fromkeys(secrets, "user:secret"))


def test_no_setting_is_empty(state: State) -> None:
    """The code takes an empty variable for one that is not set."""
    for function in SETTINGS:
        assert "" not in config(state, function)["environment_variables"].values()


@pytest.mark.parametrize("function", SETTINGS)
def test_defaults_are_those_of_the_code(function: str, states: Mapping[str, State]) -> None:
    """Who says nothing to Terraform has what the code would do by itself."""
    given = states["defaults"].outputs[f"{function}_environment"]
    defaults = {
        variable.name: variable.default
        for variable in variables_of(SETTINGS[function]).values()
        if variable.default
    }

    assert defaults == {name: given[name] for name in defaults}


def test_settings_name_what_is_made(state: State, deployment: Deployment) -> None:
    """Bucket, topics and datasets are those of this deployment."""
    topics, datasets = state.outputs["topics"], state.outputs["datasets"]
    project = state.resource("google_storage_bucket.exports")["project"]
    planner, loader, fetcher = deployment.planner, deployment.loader, deployment.fetcher()

    assert {state.outputs["export_bucket"]} == {planner.bucket, loader.bucket, fetcher.bucket}
    assert {project} == {planner.project_id, loader.project_id, fetcher.project_id}
    assert {topics["dead_letters"]} == {loader.dead_letter_topic, fetcher.dead_letter_topic}
    assert (topics["requests"], topics["landed"]) == (planner.request_topic, planner.landed_topic)
    assert (datasets["views"], datasets["raw"]) == (planner.dataset, loader.dataset)
    assert planner.sweep_days == fetcher.sweep_days


def test_the_tool_reads_the_outputs(state: State, deployment: Deployment) -> None:
    """It finds the dead letters and the planner where they are."""
    letters = state.resource("google_pubsub_subscription.dead_letters")

    assert letters["name"] == deployment.dead_letter_subscription
    assert config(state, "planner")["uri"] == deployment.planner_url


def test_what_is_said_arrives(states: Mapping[str, State]) -> None:
    """Each attribute becomes the setting of its name."""
    environments = [states["full"].outputs[f"{name}_environment"] for name in SETTINGS]
    given = {name: value for each in environments for name, value in each.items()}

    assert {
        "BIGQUERY_LOCATION": "EU",
        "ENVIRONMENT": "web",
        "EXPORT_SINCE": "2025-01-01",
        "HEAL_AFTER_MINUTES": "120",
        "HEAL_HORIZON_HOURS": "240",
        "INTERVAL_MINUTES": "15",
        "LAST_SEEN_OVERLAP_HOURS": "12",
        "MIXPANEL_PROJECT_ID": "1234567",
        "MIXPANEL_REGION": "eu",
        "MIXPANEL_URL": "https://mixpanel.example.com",
        "MIXPANEL_WHERE": 'properties["$os"] != "bot"',
        "PEOPLE_CHANGES_MINUTES": "60",
        "PEOPLE_SNAPSHOT_MINUTES": "720",
        "PROJECT_TIMEZONE": "UTC",
        "RELOAD_AFTER_MINUTES": "30",
        "REQUESTS_PER_HOUR": "50",
        "SETTLE_MINUTES": "20",
        "SWEEP_DAYS": "400",
        "TABLES": "events,people",
        "VERIFY_AFTER_HOURS": "48",
    }.items() <= given.items()


def test_the_replay_command_asks_for_an_interval(state: State, tmp_path: Path) -> None:
    """Typed in a shell it publishes a replay to the topic of requests, by gcloud alone."""
    said = published(state.outputs["replay_command"], tmp_path, INTERVAL)
    (message,) = [word.partition("=")[2] for word in said if word.startswith("--message=")]
    request = ExportRequest.decode(message.encode(), {})
    project = state.resource("google_storage_bucket.exports")["project"]

    assert ["pubsub", "topics", "publish", state.outputs["topics"]["requests"]] == said[:4]
    assert f"--project={project}" in said
    assert ("replay", "events", "recent") == (
        request.origin,
        request.series.table,
        request.series.mode,
    )
    assert list(INTERVAL.values()) == [json.loads(message)[name] for name in ("start", "end")]


def test_the_replay_command_needs_its_interval(
    states: Mapping[str, State], tmp_path: Path
) -> None:
    """Without START and END nothing is published."""
    command = states["defaults"].outputs["replay_command"]

    with pytest.raises(subprocess.CalledProcessError):
        published(command, tmp_path, {"START": INTERVAL["START"]})


def published(command: str, directory: Path, variables: Mapping[str, str]) -> list[str]:
    """What gcloud is called with when the command is typed."""
    gcloud = directory / "gcloud"
    gcloud.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    gcloud.chmod(0o755)
    env = {"PATH": f"{directory}:{os.defpath}", **variables}
    done = subprocess.run(
        ["bash", "-c", command], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("output", TOOL)
def test_a_command_of_the_tool_exists(output: str, states: Mapping[str, State]) -> None:
    """With all its options, so asked for help it gives it; and where `make install` puts it."""
    tool, *arguments = shlex.split(states["defaults"].outputs[output])
    asked = CliRunner().invoke(app, [*arguments, "--help"])
    unknown = CliRunner().invoke(app, [*arguments, "--no-such-option", "--help"])

    assert ".venv/bin/mixpanel-export" == tool
    assert ["--terraform", "terraform"] == arguments[:2]
    assert 0 == asked.exit_code, asked.output
    assert 0 != unknown.exit_code


def test_every_command_is_checked(states: Mapping[str, State]) -> None:
    """A new command among the outputs needs a test here."""
    commands = {name for name in states["defaults"].outputs if name.endswith("_command")}

    assert {*TOOL, "replay_command"} == commands
