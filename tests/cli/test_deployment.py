"""What the tool knows about a deployment, and where it reads it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mixpanel_export.errors import Setup
from mixpanel_export_cli.app import app
from mixpanel_export_cli.deployment import (
    Deployment,
    differences,
    overrides,
    refuse_emulators,
)
from mixpanel_export_cli.sources import Source
from tests.cli.outputs import FETCHER, PLANNER, SHARED, outputs

TERRAFORM = """#!/bin/sh
[ "$*" = "output -json" ] && cat outputs.json && exit "$(cat status)"
"""


@pytest.fixture(name="here")
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, and a terraform that prints what lies in its own."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(TERRAFORM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture(name="listener")
def _listener() -> Iterator[str]:
    """Where somebody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def terraform(directory: Path, status: int = 0) -> Path:
    """A directory with applied Terraform."""
    (directory / ".terraform").mkdir(parents=True)
    (directory / "outputs.json").write_text(json.dumps(outputs(planner_url="of terraform")))
    (directory / "status").write_text(str(status))
    return directory


def stack(directory: Path, planner_url: str) -> Path:
    """A directory with the state of a local stack."""
    directory.mkdir(parents=True)
    (directory / "stack.json").write_text(json.dumps(outputs(planner_url=planner_url)))
    return directory


def test_everything_follows_from_the_outputs() -> None:
    """Names that Terraform does not set have the functions' own defaults."""
    deployment = Deployment.of_outputs("here", outputs(), {})

    assert (
        Deployment(
            "here",
            PLANNER,
            FETCHER,
            SHARED,
            "dead-letters-pull",
            str(outputs()["planner_url"]["value"]),
        )
        == deployment
    )
    assert ("export-requests", "landed-objects", timedelta(hours=1)) == (
        deployment.planner.request_topic,
        deployment.planner.landed_topic,
        deployment.planner.interval,
    )
    assert ("mixpanel_raw", "Europe/Berlin") == (
        deployment.loader.dataset,
        deployment.fetcher().project_timezone.key,
    )


def test_a_variable_is_overridden_everywhere() -> None:
    """`--set` replaces a variable of every function."""
    given = overrides(["EXPORT_BUCKET=another", "INTERVAL_MINUTES=30", "MIXPANEL_WHERE=a=b"])
    deployment = Deployment.of_outputs("here", outputs(), given)

    assert {"another"} == {
        settings.bucket
        for settings in (deployment.planner, deployment.fetcher(), deployment.loader)
    }
    assert timedelta(minutes=30) == deployment.planner.interval
    assert "a=b" == deployment.fetcher().where


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"planner_url": None}, "planner_url"),
        ({"dead_letter_subscription": 5}, "dead_letter_subscription"),
        ({"loader_environment": "text"}, "loader_environment"),
        ({"fetcher_environment": {"A": 1}}, "fetcher_environment"),
        ({"emulators": ["A"]}, "emulators"),
        (
            {"planner_environment": None, "planner_url": None},
            "planner_environment, planner_url",
        ),
    ],
    ids=["missing", "another kind", "no map", "no texts", "no variables", "all at once"],
)
def test_missing_outputs_are_all_named(changes: dict[str, object], named: str) -> None:
    """The message says which outputs are missing and where outputs come from."""
    with pytest.raises(Setup, match=f"^here lacks {named}: give .*terraform output -json"):
        Deployment.of_outputs("here", outputs(**changes), {})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("INTERVAL_MINUTE", "did you mean INTERVAL_MINUTES?"),
        ("BUCKET_EXPORT", "docs/settings.md has them all"),
        ("PATH", "docs/settings.md has them all"),
    ],
    ids=["slip", "far off", "of the shell"],
)
def test_an_override_that_no_function_reads_is_refused(name: str, hint: str) -> None:
    """It would change nothing, and nobody would notice."""
    with pytest.raises(Setup) as refused:
        overrides([f"{name}=5"])

    assert f"no function has a variable {name}: {hint}" == str(refused.value)


@pytest.mark.parametrize(
    ("variable", "lines"),
    [
        ("INTERVAL_MINUTES=60", []),
        ("EXPORT_BUCKET=some-bucket", []),
        ("INTERVAL_MINUTES=30", ["the deployment has '60'"]),
        ("EXPORT_BUCKET=other", ["the deployment has 'some-bucket'"]),
        ("SWEEP_DAYS=100", ["the deployment has '100' or '50'"]),
    ],
    ids=["default", "same", "another", "of all", "of some"],
)
def test_an_override_that_differs_is_told(variable: str, lines: list[str]) -> None:
    """What a function has not set is its default; a function that does not read it is silent."""
    given = outputs(fetcher_environment=FETCHER | {"SWEEP_DAYS": "50", "INTERVAL_MINUTES": "7"})
    told = differences(given, overrides([variable]))

    assert [f"--set {variable} is for this call only: {line}" for line in lines] == list(told)


@pytest.mark.parametrize(
    ("emulators", "env", "text"),
    [
        ({}, {}, None),
        ({}, {"PUBSUB_EMULATOR_HOST": ""}, None),
        ({"PUBSUB_EMULATOR_HOST": "x"}, {"PUBSUB_EMULATOR_HOST": "y"}, None),
        (
            {},
            {"STORAGE_EMULATOR_HOST": "y", "PUBSUB_EMULATOR_HOST": "x"},
            "PUBSUB_EMULATOR_HOST, STORAGE_EMULATOR_HOST is set, .*some-project.*: unset it",
        ),
    ],
    ids=["clean", "empty", "local", "left over"],
)
def test_emulators_of_the_shell_are_refused(
    emulators: dict[str, str], env: dict[str, str], text: str | None
) -> None:
    """A real deployment would be looked for in an emulator, and be found empty."""
    deployment = Deployment.of_outputs("here", outputs(emulators=emulators), {})
    if text is None:
        refuse_emulators(deployment, env)
    else:
        with pytest.raises(Setup, match=text):
            refuse_emulators(deployment, env)


@pytest.mark.parametrize("text", ["", "A", "=b", "a=b", "A B=c"])
def test_an_override_is_a_name_and_a_value(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(Setup, match="NAME=VALUE, such as INTERVAL_MINUTES=30"):
        overrides([text])


def test_credentials_do_not_come_from_the_command_line() -> None:
    """A command line is seen by others; the refusal does not repeat the secret."""
    with pytest.raises(Setup, match="export it") as refused:
        overrides(["MIXPANEL_CREDENTIALS=user:hidden"])

    assert "hidden" not in str(refused.value)


def test_credentials_come_from_the_operator_only() -> None:
    """Those that the function has are not looked at, even if an output holds them."""
    leaked = FETCHER | {"MIXPANEL_CREDENTIALS": "the:function's"}
    deployment = Deployment.of_outputs("here", outputs(fetcher_environment=leaked), {})

    assert "mine" == deployment.fetcher("mine:own").credentials.username
    assert "unknown" == deployment.fetcher().credentials.username


def test_a_file_is_read(here: Path) -> None:
    """`--outputs` names a file and is taken before everything else."""
    (here / "saved.json").write_text(json.dumps(outputs()))
    source = Source("saved.json", terraform(here / "terraform"), here)

    assert ("saved.json", outputs()) == source.read()


def test_standard_input_is_read() -> None:
    """`terraform output -json | mixpanel-export --outputs - ...` needs no file."""
    words = ["replay", "people", "2026-03-02", "2026-03-03", "--mode", "changes"]
    called = CliRunner().invoke(app, ["--outputs", "-", *words], input=json.dumps(outputs()))

    assert 2 == called.exit_code
    assert [
        "deployment: standard input, project some-project, bucket some-bucket",
        (
            "mixpanel-export: people changes is off in this deployment: choose another --mode, "
            "or turn it on"
        ),
    ] == called.stderr.splitlines()


def test_terraform_is_asked(here: Path) -> None:
    """`--terraform` names the directory in which Terraform tells its outputs."""
    directory = terraform(here / "elsewhere")
    where, read = Source(terraform=directory).read()

    assert (f"`terraform output` in {directory}", "of terraform") == (
        where,
        read["planner_url"]["value"],
    )


def test_a_running_stack_comes_before_terraform(here: Path, listener: str) -> None:
    """Nothing said means the stack in build/up that runs, else ./terraform if it has state."""
    terraform(here / "terraform")
    assert "of terraform" == Source().read()[1]["planner_url"]["value"]

    state = stack(here / "build" / "up", listener)
    assert ("the local stack in build/up", listener) == (
        Source().read()[0],
        Source().read()[1]["planner_url"]["value"],
    )
    assert f"the local stack in {state}" == Source(stack=state).read()[0]


def unlistened() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (Source(), "no deployment is known: give --outputs FILE"),
        (Source(outputs="none.json"), "none.json cannot be read .FileNotFoundError.: check"),
        (Source(outputs="text"), "text holds no JSON object: give the text of `terraform"),
        (Source(outputs="list"), "list holds no JSON object"),
        (Source(outputs="binary"), "binary cannot be read"),
        (Source(terraform=Path("nowhere")), "did not run: is terraform installed"),
        (Source(terraform=Path("failing")), "`terraform output` in failing failed; run it there"),
        (
            Source(stack=Path("nowhere")),
            "no local stack runs in nowhere: start one with `make up`",
        ),
        (Source(stack=Path("ended")), "no local stack runs in ended"),
        (Source(stack=Path("damaged")), "no local stack runs in damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_explained(here: Path, source: Source, text: str) -> None:
    """Each message says what is missing and what to do."""
    (here / "text").write_text("Warning: no outputs")
    (here / "list").write_text("[]")
    (here / "binary").write_bytes(b"\xff\xfe")
    terraform(here / "failing", status=1)
    stack(here / "ended", unlistened())
    stack(here / "damaged", "x")
    (here / "damaged" / "stack.json").write_text("{")

    with pytest.raises(Setup, match=text):
        source.read()


def test_a_stack_that_ended_is_passed_over(here: Path) -> None:
    """What a killed stack left behind is no stack."""
    stack(here / "build" / "up", unlistened())
    terraform(here / "terraform")

    assert "of terraform" == Source().read()[1]["planner_url"]["value"]
