"""The real Terraform on stub providers: it refuses what the true schema does not have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import mirror, program
from tests.terraform.program import BUILD, Terraform

_HEADER = """
terraform {
  required_providers {
    archive = { source = "hashicorp/archive" }
    google  = { source = "hashicorp/google" }
    time    = { source = "hashicorp/time" }
  }
}
"""
_RIGHT = """
resource "google_pubsub_topic" "right" {
  name   = "right"
  labels = { a = "b" }
}

resource "google_pubsub_subscription" "right" {
  ack_deadline_seconds = 600
  name                 = "right"
  topic                = google_pubsub_topic.right.id

  retry_policy {
    minimum_backoff = "60s"
  }
}

data "archive_file" "right" {
  output_path = "right.zip"
  type        = "zip"

  source {
    content  = "a"
    filename = "b"
  }
}

resource "time_static" "right" {}
"""
_SUBSCRIPTION = """
resource "google_pubsub_subscription" "{}" {{
  name = "wrong"
  {}
}}
"""
_TEST = """
mock_provider "archive" {}
mock_provider "google" {}
mock_provider "time" {}

run "right" {
  assert {
    condition     = google_pubsub_subscription.right.topic == google_pubsub_topic.right.id
    error_message = "The subscription must be one of the topic."
  }
}
"""
# What is wrong, and what Terraform must say of it. Each is in a file of its own.
WRONG = {
    "argument_that_there_is_not": (
        'topic = "topic"\n  ack_deadline = 600',
        'argument named "ack_deadline" is not expected',
    ),
    "missing_argument": ("", '"topic" is required'),
    "block_that_there_is_not": (
        'topic = "topic"\n  retries {}',
        'Blocks of type "retries" are not expected',
    ),
    "block_where_an_argument_belongs": (
        'topic = "topic"\n  labels {}',
        'Blocks of type "labels" are not expected',
    ),
    "argument_where_a_block_belongs": (
        'topic = "topic"\n  push_config = "https://example.com"',
        'argument named "push_config" is not expected',
    ),
    "block_twice": (
        'topic = "topic"\n  retry_policy {}\n  retry_policy {}',
        'No more than 1 "retry_policy" blocks are allowed',
    ),
    "another_type": (
        'topic = "topic"\n  ack_deadline_seconds = "soon"',
        "a number is required",
    ),
    "missing_argument_in_a_block": (
        'topic = "topic"\n  push_config {}',
        '"push_endpoint" is required',
    ),
    "another_type_in_a_block": (
        'topic = "topic"\n  dead_letter_policy {\n    max_delivery_attempts = "many"\n  }',
        "a number is required",
    ),
}
_EPHEMERAL = """
variable "key" {
  ephemeral = true
  type      = string
}

resource "google_monitoring_notification_channel" "right" {
  type = "pagerduty"

  sensitive_labels {
    service_key_wo = var.key
  }
}

resource "google_pubsub_topic" "wrong" {
  name = var.key
}
"""
_NO_ACTION = """
resource "google_storage_bucket" "wrong" {
  location = "EU"
  name     = "wrong"

  lifecycle_rule {
    condition {}
  }
}
"""


@pytest.fixture(name="terraform", scope="module")
def _terraform() -> Terraform:
    return Terraform(program.command(), mirror.stubs(BUILD, "not asked").environment)


@pytest.fixture(name="initialised", scope="module")
def _initialised(tmp_path_factory: pytest.TempPathFactory, terraform: Terraform) -> Path:
    directory = tmp_path_factory.mktemp("initialised")
    (directory / "main.tf").write_text(_HEADER + _RIGHT)
    prepared = terraform.run(directory, "init")
    assert 0 == prepared.code, prepared.text
    return directory


def complaints(terraform: Terraform, directory: Path) -> dict[str, str]:
    """What Terraform complains of, by the stem of the file."""
    answer: Any = json.loads(terraform.run(directory, "validate", "-json").output)
    said: dict[str, str] = {}
    for each in answer["diagnostics"]:
        file = Path(each["range"]["filename"]).stem
        said[file] = said.get(file, "") + f"{each['summary']}: {each['detail']}\n"
    return said


@pytest.fixture(name="of_wrong", scope="module")
def _of_wrong(
    terraform: Terraform, initialised: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("wrong") / "wrong"
    shutil.copytree(initialised, directory, symlinks=True)
    for name, (arguments, _) in WRONG.items():
        (directory / f"{name}.tf").write_text(_SUBSCRIPTION.format(name, arguments))
    return complaints(terraform, directory)


def test_what_the_schema_has_is_valid(terraform: Terraform, initialised: Path) -> None:
    """Right arguments and blocks are no reason to complain."""
    assert {} == complaints(terraform, initialised)


@pytest.mark.parametrize("name", WRONG)
def test_what_the_schema_has_not_is_refused(of_wrong: dict[str, str], name: str) -> None:
    """Terraform itself finds each mistake, where it is."""
    assert WRONG[name][1] in of_wrong.get(name, "nothing")


def test_only_what_is_wrong_is_refused(of_wrong: dict[str, str]) -> None:
    """A complaint is about a mistake, never about what stands beside it."""
    assert WRONG.keys() == of_wrong.keys()


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        (_EPHEMERAL, 'Ephemeral values are not valid for "name"'),
        (_NO_ACTION, 'At least 1 "action" blocks are required'),
        ('resource "google_pubsub_subject" "s" {}', 'type "google_pubsub_subject"'),
        ('provider "google" {\n  projekt = "p"\n}', 'argument named "projekt" is not expected'),
    ],
    ids=[
        "a secret that would be kept",
        "a missing block",
        "an unknown resource",
        "an unknown provider's argument",
    ],
)
def test_the_rest_is_refused(
    terraform: Terraform, initialised: Path, tmp_path: Path, configuration: str, complaint: str
) -> None:
    """Secrets go into write-only arguments alone; types and providers are known, too."""
    directory = tmp_path / "wrong"
    shutil.copytree(initialised, directory, symlinks=True)
    (directory / "wrong.tf").write_text(configuration)
    said = complaints(terraform, directory)

    assert ["wrong"] == list(said)
    assert complaint in said["wrong"]
    assert 1 == said["wrong"].count(": ")


def test_mocks_stand_in_for_a_cloud(
    terraform: Terraform, initialised: Path, tmp_path: Path
) -> None:
    """`terraform test` applies and removes resources of a stub, when its provider is mocked."""
    directory = tmp_path / "tested"
    shutil.copytree(initialised, directory, symlinks=True)
    (directory / "right.tftest.hcl").write_text(_TEST)

    assert "1 passed, 0 failed" in terraform.run(directory, "test").text


def test_a_stub_reaches_no_cloud(terraform: Terraform, initialised: Path) -> None:
    """Without mocks nothing is created: a stub refuses what would need a cloud."""
    applied = terraform.run(initialised, "apply", "-auto-approve")

    assert 1 == applied.code
    assert "plugin" in applied.text.lower()
