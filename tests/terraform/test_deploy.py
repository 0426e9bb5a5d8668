"""The page on deploying says what Terraform makes, and its commands name it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local import resources, terraform_tables, views
from local.bigquery import BigQueryEmulator
from local.bundles import ROOT
from tests.functional.test_docs import DOCUMENTS, blocks, commands, names, table
from tests.sql import maintenance
from tests.terraform.runs import State

DEPLOY, OPERATIONS = ROOT / "docs/deploy.md", ROOT / "docs/operations.md"
PROJECT = "acme-analytics"
FIVE = {
    "project_id",
    "region",
    "mixpanel_project_id",
    "mixpanel_secret_id",
    "notification_emails",
}
# What commands work on besides what Terraform makes: the state's bucket, a secret of one's own,
# and a word that stands for the name of either secret.
OWN = {f"gs://{PROJECT}-terraform", "mixpanel-credentials", "SECRET"}
SHOWN = "\n".join(path.read_text() for path in DOCUMENTS)
GCLOUD = sorted(set(re.findall(r"(?:^ *\$ |`|\| )(gcloud [^`\n]+)", SHOWN, re.MULTILINE)))
# The words after which a gcloud command names what it works on.
VERBS = {"add", "create", "enable", "list", "login", "pause", "publish", "rm", "run", "update"}
# What BigQuery says of itself, the emulator does not know; the queries of docs/sql.md are asked by
# tests/sql, with rows.
ASKED_ELSEWHERE = (ROOT / "docs/sql.md").read_text()
SQL = [
    text
    for text in blocks("sql")
    if "INFORMATION_SCHEMA" not in text and text not in ASKED_ELSEWHERE
]
# The types of resources that grant something, each with what says where.
PLACES = {
    "google_artifact_registry_repository_iam_member": "repository",
    "google_bigquery_table_iam_member": "table_id",
    "google_cloud_run_service_iam_member": "service",
    "google_project_iam_member": "project",
    "google_pubsub_subscription_iam_member": "subscription",
    "google_pubsub_topic_iam_member": "topic",
    "google_secret_manager_secret_iam_member": "secret_id",
    "google_service_account_iam_member": "service_account_id",
    "google_storage_bucket_iam_member": "bucket",
}
# Tables, views and functions that documents name like an attribute of the input `mixpanel`;
# `events_typed` is the one that `mixpanel-export views generate` writes.
IN_BIGQUERY = {
    f"{resources.DATASET}.{name}"
    for name in (
        *(*resources.VIEWS, *views.function_names()),
        *(*maintenance.TABLES, "unsettled_dates", "events_typed"),
    )
}
Grant = tuple[str, str, str]


@pytest.fixture(name="state", scope="session")
def _state(states: Mapping[str, State]) -> State:
    """What an apply with the defaults makes, as if the project were that of the page."""
    values = states["defaults"].values
    project = states["defaults"].resource("google_storage_bucket.exports")["project"]
    return State(json.loads(json.dumps(values).replace(project, PROJECT)))


@pytest.fixture(name="made")
def _made(state: State) -> set[str]:
    """The names of everything that Terraform makes, as commands have them."""
    attributes = ("name", "dataset_id", "table_id", "account_id", "repository_id", "routine_id")
    return {
        each["values"][attribute]
        for each in state.everything()
        for attribute in attributes
        if isinstance(each["values"].get(attribute), str)
    }


def granted(state: State) -> Iterator[Grant]:
    """Everything that Terraform grants: who, which role, on what, in the words of the page."""
    accounts = state.resources("google_service_account").values()
    agents = state.data("google_storage_project_service_account").values()
    who = {account["member"]: f"`{account['account_id']}`" for account in accounts}
    who |= {agent["member"]: "Cloud Storage" for agent in agents}
    repositories = state.resources("google_artifact_registry_repository").values()
    where = {account["name"]: account["account_id"] for account in accounts}
    where |= {each["name"]: each["repository_id"] for each in repositories}
    for each in state.everything():
        values = each["values"]
        if each["type"] in PLACES:
            place = values[PLACES[each["type"]]]
            yield (
                "Pub/Sub" if "gcp-sa-pubsub" in values["member"] else who[values["member"]],
                f"`{values['role']}`",
                "the project" if place == PROJECT else f"`{_place(values, where, place)}`",
            )
        elif each["type"] == "google_bigquery_dataset_access":
            for view in values["view"]:
                yield f"the view `{view['table_id']}`", "reading", f"`{values['dataset_id']}`"
            for routine in values["routine"]:
                name = f"the function `{routine['routine_id']}`"
                yield name, "reading", f"`{values['dataset_id']}`"


def _place(values: Mapping[str, Any], where: Mapping[str, str], place: str) -> str:
    table = f"{values['dataset_id']}.{place}" if "table_id" in values else place
    return where.get(place, table)


def test_every_grant_is_explained(state: State) -> None:
    """The table of permissions has what Terraform grants, each once, and nothing else."""
    explained = [tuple(row[:3]) for row in table(DEPLOY, "What each permission is for")]

    assert sorted(granted(state)) == sorted(explained)


def test_every_kind_of_grant_is_looked_at(state: State) -> None:
    """A grant of a kind that this test does not know would be missing from the table unseen."""
    kinds = {each["type"] for each in state.everything() if re.search("_iam_", each["type"])}

    assert PLACES.keys() == kinds


def test_what_is_created_has_the_names_that_are_listed(made: set[str]) -> None:
    """Each name in the table is that of something that Terraform makes."""
    rows = table(DEPLOY, "What it creates")
    listed = {name.replace("<project>", PROJECT) for row in rows for name in names(row[1])}

    assert set() == listed - made - {"mixpanel/…", "mixpanel-credentials"}


def test_objects_expire_as_is_said(state: State) -> None:
    """The days of each prefix are those of the bucket's lifecycle rules."""
    said = {
        prefix: float(row[1])
        for row in table(OPERATIONS, "What must outlive what")
        for prefix in names(row[0])
        if prefix.endswith("/")
    }
    rules = state.resource("google_storage_bucket.exports")["lifecycle_rule"]
    conditions = [condition for rule in rules for condition in rule["condition"]]

    assert said == {each["matches_prefix"][0]: each["age"] for each in conditions}


@pytest.mark.parametrize("document", [DEPLOY, ROOT / "README.md"], ids=lambda path: path.name)
def test_five_inputs_are_enough(document: Path) -> None:
    """The lines to write hold the five inputs, and every input that has no default is one."""
    first = shown_inputs(document)
    required = {each.name for each in terraform_tables.inputs() if each.default is None}

    assert first.keys() == FIVE
    assert required <= FIVE


def shown_inputs(document: Path) -> dict[str, Any]:
    """The values of the first inputs that a document shows, as it has them in quotes."""
    texts = re.findall(r"```hcl\n(.*?)```", document.read_text(), re.DOTALL)
    values: dict[str, Any] = next(hcl2.loads(text) for text in texts if "project_id" in text)
    return {
        name: value.strip('"') if isinstance(value, str) else value
        for name, value in values.items()
    }


def test_inputs_that_are_shown_exist() -> None:
    """Each assignment and each `input.attribute` in the documents is one of Terraform."""
    known = {each.name for each in terraform_tables.inputs()}
    attributes = {
        f"{each.name}.{member.name}"
        for each in terraform_tables.inputs()
        for member in terraform_tables.attributes(each.type)
    }
    dotted = set(re.findall(r"`([a-z_]+\.[a-z_]+)\b[^`/]*`", SHOWN))
    shown = {name for name in dotted - IN_BIGQUERY if name.partition(".")[0] in known}
    assigned = {name for text in blocks("hcl") for name in hcl2.loads(text)}

    assert set() == shown - attributes
    assert assigned <= known | {"bucket"}


def test_outputs_that_are_shown_exist() -> None:
    """Each output that a command or the tool's table names is one of Terraform."""
    known = terraform_tables.outputs().keys()
    shown = {name for line in commands("console") for name in re.findall(r"-raw (\w+)", line)}
    read = {name for row in table(OPERATIONS, "Which deployment") for name in names(row[0])}

    assert set() == (shown | read) - known


def test_there_are_commands_and_queries() -> None:
    """A pattern that finds none would leave nothing to the tests below, and nobody would see."""
    assert GCLOUD
    assert SQL


@pytest.mark.parametrize("line", GCLOUD)
def test_a_command_names_what_terraform_makes(line: str, made: set[str]) -> None:
    """What a gcloud command works on is there after an apply with the values of the page."""
    words = shlex.split(line)
    named = set(operands(words))
    wholes = {name.removesuffix("/**") for name in named if not name.endswith(".googleapis.com")}

    assert option(words, "project") <= {PROJECT}
    assert option(words, "location") <= {shown_inputs(DEPLOY)["region"]}
    assert wholes <= made | OWN | {f"gs://{name}" for name in made}


def operands(words: list[str]) -> list[str]:
    """What a gcloud command names after its verb; before it there are names of groups."""
    plain = [word for word in words if not word.startswith("--")]
    verb = max(number for number, word in enumerate(plain) if word in VERBS)
    return plain[verb + 1 :]


def option(words: list[str], name: str) -> set[str]:
    """The values that a command gives to an option."""
    return {word.partition("=")[2] for word in words if word.startswith(f"--{name}=")}


@pytest.fixture(name="warehouse")
def _warehouse(monkeypatch: pytest.MonkeyPatch) -> Iterator[bigquery.Client]:
    """The tables and views, without rows."""
    with BigQueryEmulator() as emulator:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
        resources.create_datasets()
        yield bigquery.Client(resources.PROJECT_ID, AnonymousCredentials())


@pytest.mark.parametrize("query", SQL, ids=lambda text: text.replace("\n", " "))
def test_a_query_can_be_asked(query: str, warehouse: bigquery.Client) -> None:
    """Who pastes a query gets an answer."""
    asked = query.replace(PROJECT, resources.PROJECT_ID)

    assert [] == list(warehouse.query_and_wait(asked))
