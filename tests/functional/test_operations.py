"""The page for operators and the other documents show the tool as it is."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from local.bundles import ROOT
from mixpanel_export.errors import Setup
from mixpanel_export.reconciling import Policy
from mixpanel_export.settings import PlannerSettings
from mixpanel_export_cli.app import app
from mixpanel_export_cli.calendar_lines import MARKS, MEANINGS
from mixpanel_export_cli.column_names import plain_name
from mixpanel_export_cli.deployment import Deployment
from mixpanel_export_cli.forecast import queues_of
from mixpanel_export_cli.pacing import Pace
from mixpanel_export_cli.session import COMMAND
from mixpanel_export_cli.states import State
from mixpanel_export_cli.times import lasting
from tests.functional.test_docs import DOCUMENTS, code, names, table

OPERATIONS = ROOT / "docs" / "operations.md"
REQUIRED = {
    "GCP_PROJECT_ID": "some-project",
    "EXPORT_BUCKET": "some-bucket",
    "BIGQUERY_LOCATION": "EU",
    "EXPORT_SINCE": "2026-11-21",
}
_CALL = re.compile(rf"^ *(?:\$ )?(?:\.venv/bin/)?{COMMAND}( [^|\n]+)", re.MULTILINE)


def shown_calls() -> list[str]:
    """What the documents show as a call of the tool, each without its name."""
    texts = (text for document in DOCUMENTS for text in code(document))
    return sorted({call.strip() for text in texts for call in _CALL.findall(text)})


def commands(group: typer.Typer, prefix: str = "") -> Iterator[str]:
    """Every command of the tool, in the words by which it is called."""
    for command in group.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        yield f"{prefix}{name}"
    for each in group.registered_groups:
        assert each.typer_instance
        yield from commands(each.typer_instance, f"{prefix}{each.name} ")


@pytest.fixture(name="page")
def _page() -> str:
    return OPERATIONS.read_text()


@pytest.mark.parametrize("call", shown_calls())
def test_a_call_of_the_tool_can_be_made(call: str) -> None:
    """The command is there and knows the options shown; asked for help, it does nothing."""
    result = CliRunner().invoke(app, [*shlex.split(call), "--help"])

    assert (0, "") == (result.exit_code, result.stderr)


def test_every_command_is_shown(page: str) -> None:
    """An operator finds each command of the tool on the page."""
    assert [] == [name for name in commands(app) if not re.search(rf"\b{name}\b", page)]


def test_a_deployment_has_the_outputs_that_are_listed() -> None:
    """The table names what the tool reads, and nothing else."""
    listed = {name for row in table(OPERATIONS, "Which deployment") for name in names(row[0])}
    read = {field.name for field in dataclasses.fields(Deployment)}

    assert read - {"source", "emulators"} == listed


def test_the_calendar_is_explained_as_it_is_printed(page: str) -> None:
    """The status shown has the marks of the tool with their meanings."""
    legend = [f"  {MARKS[state]} {MEANINGS[state]}" for state in State]

    assert "\n".join(legend) in page


def test_the_refusal_shown_is_the_planners() -> None:
    """An interval that cannot be kept up with is refused in the words of the page."""
    with pytest.raises(Setup) as refused:
        PlannerSettings.from_env({**REQUIRED, "INTERVAL_MINUTES": "1"})

    assert f"{COMMAND}: {refused.value}\n" in code(OPERATIONS)


def test_the_numbers_are_those_of_the_defaults(page: str) -> None:
    """How fast a backfill and a replay are follows from the default settings."""
    settings = PlannerSettings.from_env(REQUIRED)
    room = {queue.family: queue.per_hour for queue in queues_of(Policy.of(settings), ())}
    pace = Pace.beside(settings.requests_per_hour)
    replay = f"24 hours of events take {lasting(pace.duration(24))}"

    assert [str(room["export"])] == re.findall(r"With the defaults (\d+) an hour", page)
    assert f"{pace.per_hour} with the default `REQUESTS_PER_HOUR`" in page
    assert replay in page


def test_columns_are_named_as_the_examples_show() -> None:
    """The name of each property in the table follows by the rule above it."""
    examples = [[names(cell)[0] for cell in row] for row in table(OPERATIONS, "Names of columns")]

    assert [[example, plain_name(example)] for example, _ in examples] == examples
