"""The documents say what is: commands work, links lead somewhere, tables agree with the code."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import resources
from local.bigquery import BigQueryEmulator
from local.bigquery.emulator import FAULTS as BIGQUERY_FAULTS
from local.bundles import ROOT
from local.faults import Faults
from local.mixpanel import Settings
from local.mixpanel.calls import FAULT_KINDS as MIXPANEL_FAULTS
from local.pubsub.emulator import FAULT_KINDS as PUBSUB_FAULTS
from local.storage.operations import FAULTS as STORAGE_FAULTS
from mixpanel_export import delivery
from mixpanel_export.errors import ExportError
from mixpanel_export.messages import ORIGINS, ExportRequest
from mixpanel_export.rows import Tally

ARCHITECTURE, CONTRACTS = ROOT / "docs/architecture.md", ROOT / "docs/contracts.md"
LOCAL_STACK = ROOT / "docs/local-stack.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("terraform/*.md")])
FAULTS = {
    "Pub/Sub": PUBSUB_FAULTS,
    "Cloud Storage": STORAGE_FAULTS,
    "BigQuery": BIGQUERY_FAULTS,
    "the Mixpanel simulator": MIXPANEL_FAULTS,
}
EMULATORS = {
    "pubsub": PUBSUB_FAULTS,
    "storage": STORAGE_FAULTS,
    "bigquery": BIGQUERY_FAULTS,
    "mixpanel": MIXPANEL_FAULTS,
}

_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"(?:tests|shared|cli|local|functions|terraform|docs|\.ci|\.github)/[\w./*-]+")
# Git does not keep them: each operator writes their own.
_OPERATORS = {"terraform/backend.hcl", "terraform/terraform.tfvars"}
_START_SECONDS = 30


def blocks(kind: str) -> list[str]:
    """The fenced blocks of all documents that are marked as this kind."""
    return [
        text
        for document in DOCUMENTS
        for _, info, text in _FENCE.findall(document.read_text())
        if info == kind
    ]


def commands(kind: str) -> list[str]:
    """The commands in these blocks, each of one line."""
    return [line[2:] for text in blocks(kind) for line in text.splitlines() if line[:2] == "$ "]


def code(document: Path) -> list[str]:
    """Everything in a document that is set as code."""
    text = document.read_text()
    fenced = [body for _, _, body in _FENCE.findall(text)]
    return fenced + _SPAN.findall(_FENCE.sub("", text))


def table(document: Path, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without the line of column names."""
    below = re.split(rf"^#+ {heading}\n", document.read_text(), flags=re.MULTILINE)[1]
    found = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", below, re.MULTILINE)
    assert found
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()
    ]


def names(cell: str) -> list[str]:
    """What a cell sets as code."""
    return _SPAN.findall(cell)


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(name="workplace")
def _workplace(tmp_path: Path) -> Path:
    """A directory in which commands find what they find in the repository, and may leave dirt."""
    for name in ("local", "shared", "terraform"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.fixture(name="warehouse")
def _warehouse(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database file that a demo leaves, without rows."""
    file = workplace / "build" / "demo" / "warehouse.duckdb"
    file.parent.mkdir(parents=True)
    with BigQueryEmulator(database=file) as emulator:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
        resources.create_datasets()
    return file


@pytest.mark.parametrize("command", commands("console runnable"))
def test_a_runnable_command_runs(command: str, workplace: Path, warehouse: Path) -> None:
    """What a reader may type as it stands ends well."""
    assert warehouse.exists()
    done = subprocess.run(
        ["bash", "-c", command], cwd=workplace, capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_emulators_start_as_described(workplace: Path) -> None:
    """Each emulator starts alone with the options shown, says where it listens, and stops."""
    started = {}
    for command in commands("console starts"):
        line = re.sub(r"(--(?:admin-)?port) \d+", r"\1 0", command)
        name = re.findall(r"-m local\.(\w+)", line)[0]
        started[name] = subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=workplace, stdout=subprocess.PIPE, text=True
        )
    said, codes = {}, {}
    for name, process in started.items():
        with process:
            assert process.stdout
            said[name] = process.stdout.readline().partition("http")[0]
            process.send_signal(signal.SIGTERM)
            codes[name] = process.wait(timeout=_START_SECONDS)

    assert {path.parent.name for path in ROOT.glob("local/*/__main__.py")} == started.keys()
    assert {name: f"{name} listening on " for name in started} == said
    assert dict.fromkeys(started, 0) == codes


@pytest.mark.parametrize("command", commands("console faults"))
def test_a_fault_is_one_of_its_emulator(command: str) -> None:
    """A fault shown is posted to the emulator that knows its kind."""
    found = re.fullmatch(r"curl -X POST http://127.0.0.1:(\d+)/_admin/faults -d '(.*)'", command)
    assert found
    lines = commands("console starts")
    (line,) = [each for each in lines if re.search(rf"port {found[1]}\b", each)]
    kinds = EMULATORS[re.findall(r"-m local\.(\w+)", line)[0]]

    Faults(kinds).add(**json.loads(found[2]))


@pytest.mark.parametrize("emulator", FAULTS)
def test_every_kind_of_fault_is_described(emulator: str) -> None:
    """The table of an emulator's faults has those it knows, and no others."""
    described = [
        name for row in table(LOCAL_STACK, f"Faults of {emulator}") for name in names(row[0])
    ]

    assert sorted(FAULTS[emulator]) == sorted(described)


def test_the_simulators_switches_exist() -> None:
    """The command that lifts the limits names switches of the simulator."""
    (body,) = re.findall(r"/_admin/settings -d '(.*)'", LOCAL_STACK.read_text())
    settings = Settings()
    settings.change(json.loads(body))

    assert Settings() != settings


def test_the_request_by_hand_is_a_replay() -> None:
    """Who copies the command publishes a request that the fetcher understands."""
    (body,) = re.findall(r"--message='(.*)'", CONTRACTS.read_text())

    assert "replay" == ExportRequest.decode(body.encode(), {}).origin


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_exists(document: Path) -> None:
    """Its commands are in the Makefile, its links have an end, its files are there."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for text in code(document) for name in re.findall(r"\bmake ([a-z-]+)", text)}
    files = {span for span in _SPAN.findall(document.read_text()) if _FILE.fullmatch(span)}

    assert set() == named - targets
    assert [] == list(broken_links(document))
    assert [] == [name for name in sorted(files - _OPERATORS) if not any(ROOT.glob(name))]


def broken_links(document: Path) -> Iterator[str]:
    """Links of a document to files or headings that are not there."""
    for link in _LINK.findall(_FENCE.sub("", document.read_text())):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def test_log_events_are_as_described() -> None:
    """Each event that the code writes is in the table, and no other is."""
    written = {event for _, event in delivery._REPORTED_AS.values()}
    # Which argument names the event.
    place = {"log": 1, "_log": 1, "_report": 0, "_report_facts": 0}
    for source in (ROOT / "shared/mixpanel_export").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "attr", getattr(called, "id", ""))
            if isinstance(node, ast.Call) and name in place:
                argument = node.args[place[name]]
                parts = [each for each in ast.walk(argument) if isinstance(each, ast.Constant)]
                written.update(str(part.value) for part in parts)
    described = [names(row[0])[0] for row in table(CONTRACTS, "Log events")]

    assert sorted(written) == sorted(described)


def test_answers_are_as_described() -> None:
    """Each class of error is in the table with its status."""
    rows = {row[0].strip("`"): row[2] for row in table(ARCHITECTURE, "Answers")}
    statuses = {error.__name__: int(error.status) for error in ExportError.__subclasses__()}

    assert statuses == {name: int(rows[name][:3]) for name in rows if name in statuses}


def test_every_row_of_what_may_fail_is_tested() -> None:
    """The numbers of the failure table are those that tests carry."""
    sources = [
        ROOT / "tests/pipeline" / f"test_{name}.py" for name in ("failures", "failed_loads")
    ]
    numbered = re.compile(r"^def test_(\d\d)_", re.MULTILINE)
    tested = {int(number) for path in sources for number in numbered.findall(path.read_text())}

    assert sorted(tested) == [int(row[0]) for row in table(ARCHITECTURE, "What may fail")]


def test_formats_are_as_described() -> None:
    """Columns, metadata and origins have the names that the code gives them."""
    schema = json.loads((ROOT / "terraform/schemas/events.json").read_text())
    columns = {name: row[1] for row in table(CONTRACTS, "Row") for name in names(row[0])}
    metadata = [name for row in table(CONTRACTS, "Object") for name in names(row[0])]
    (origins,) = (
        names(row[1])
        for row in table(CONTRACTS, "Attributes of a request")
        if row[0] == "`origin`"
    )

    assert {field["name"]: field["type"] for field in schema} == columns
    facts = Tally(as_of="2026-11-22T08:00:00Z").facts()
    assert [*facts, "origin", "seconds", "upload"] == metadata
    assert set(ORIGINS) == set(origins)


def test_actions_are_pinned() -> None:
    """CI runs the one command that holds everything, with actions that cannot change."""
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    pinned = re.findall(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)

    assert text.count("uses:") == len(pinned)
    assert re.findall(r"run: (.*)", text) == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
