"""Typed views as an operator has them written, on a deployment of its own."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local import resources
from mixpanel_export.intervals import DAY, Interval, aligned, format_moment
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT
from mixpanel_export.warehouse import RawDataset
from tests.cli.calling import Tool
from tests.cli.emulated import Emulated, emulated

ROOT = Path(__file__).resolve().parents[2]
TODAY = aligned(datetime.now(UTC), DAY)


def event(age: timedelta, **properties: Any) -> dict[str, Any]:
    """An event that happened so long before this day."""
    return {"time": format_moment(TODAY - age), "event_name": "Paid", "properties": properties}


@pytest.fixture(name="services", scope="module")
def _services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulated, Tool]]:
    with emulated(tmp_path_factory.mktemp("deployment"), EXPORT_SINCE="2026-01-01") as services:
        rows = [
            event(DAY, **{"$city": "Berlin", "price": 5, "is_trial": True, "rare": 1}),
            event(2 * DAY, **{"$city": "Paris", "price": 7.5, "items": [{"sku": "a"}]}),
            event(40 * DAY, price="7", ancient="x"),
        ]
        load(services[0], rows)
        yield services


def load(services: Emulated, events: list[dict[str, Any]]) -> None:
    """Let the events of an interval be loaded, as the loader does it."""
    interval = Interval(TODAY - DAY, TODAY)
    name = ObjectName(RECENT, interval, 7)
    frame = {
        "_mode": RECENT.mode,
        "_interval_start": format_moment(interval.start),
        "_interval_end": format_moment(interval.end),
        "_version": 7,
    }
    marker = {"_line": 0, "properties": {"row_count": len(events)}}
    rows = [marker, *({"_line": line} | row for line, row in enumerate(events, 1))]
    lines = "\n".join(json.dumps(row | frame) for row in rows)
    services.bucket.blob(name.path).upload_from_string(gzip.compress(lines.encode()))
    raw = RawDataset.connect(resources.PROJECT_ID, resources.RAW_DATASET, resources.LOCATION)
    job = raw.start("job", f"gs://{resources.BUCKET}/{name.path}", "events")
    while not job.done:
        job = raw.look("job")
    assert (None, len(rows)) == (job.error, job.output_rows)


@pytest.fixture(name="tool")
def _tool(services: tuple[Emulated, Tool]) -> Tool:
    return services[1]


@pytest.fixture(name="terraform")
def _terraform(tmp_path: Path) -> Path:
    """A Terraform directory of an operator's own, in which nothing was generated yet."""
    views = tmp_path / "views"
    views.mkdir()
    shutil.copy(ROOT / "terraform" / "views" / "property_catalog.sql", views)
    return tmp_path


def contents(terraform: Path) -> dict[str, str]:
    """What was generated."""
    return {path.name: path.read_text() for path in sorted(terraform.glob("views/events_typed*"))}


def test_columns_follow_from_the_events(tool: Tool, terraform: Path) -> None:
    """Of the last four weeks; what is older has none."""
    words = ("views", "generate", "--yes", "--directory", str(terraform), "--min-share", "0.5")
    called = tool(*words)

    assert 0 == called.status
    wrote = [line for line in called.lines if not line.startswith("wrote ")]
    assert [
        "mp_city STRING from '$city'",
        "is_trial BOOL from 'is_trial'",
        "items JSON from 'items'",
        "price FLOAT64 from 'price'",
        "rare FLOAT64 from 'rare'",
    ] == wrote
    assert {"events_typed.columns.json", "events_typed.sql"} == set(contents(terraform))
    assert (
        '  {"property": "is_trial", "type": "BOOL", "column": "is_trial"},\n'
        in contents(terraform)["events_typed.columns.json"]
    )


def test_what_is_current_stays_as_it_is(tool: Tool, terraform: Path) -> None:
    """A second call writes nothing, and a check finds nothing."""
    words = ("views", "generate", "--yes", "--directory", str(terraform))
    tool(*words)
    before = contents(terraform)
    again, checked = tool(*words), tool(*words, "--check")

    expected = (0, ["nothing to write: 5 columns, as in the files"])
    assert expected == (again.status, again.lines)
    assert expected == (checked.status, checked.lines)
    assert before == contents(terraform)


def test_a_check_shows_what_is_new_and_writes_nothing(tool: Tool, terraform: Path) -> None:
    """An older event brings a property, and a type that a column does not show."""
    words = ("views", "generate", "--yes", "--directory", str(terraform))
    tool(*words)
    before = contents(terraform)
    since = f"{TODAY - 41 * DAY:%Y-%m-%d}"
    checked = tool(*words, "--since", since, "--check")

    assert 1 == checked.status
    added = [line for line in checked.out.splitlines() if line.startswith("+ ")]
    value = "properties['ancient']"
    text = f"IFNULL(JSON_VALUE({value}), NULLIF(TO_JSON_STRING({value}), 'null'))"
    assert [
        '+  {"property": "ancient", "type": "STRING", "column": "ancient"},',
        f"+  {text} AS `ancient`,",
    ] == added
    assert [] == [line for line in checked.out.splitlines() if line.startswith("- ")]
    assert "price is FLOAT64, but 'price' is string, too" in checked.err
    assert before == contents(terraform)


def test_what_a_human_wrote_stays(tool: Tool, terraform: Path) -> None:
    """A type, a name, a column that is not wanted, and one that nobody has seen."""
    memory = terraform / "views" / "events_typed.columns.json"
    entries: list[dict[str, Any]] = [
        {"property": "price", "type": "INT64", "column": "Euro"},
        {"property": "rare", "type": "STRING", "column": None},
        {"property": "never", "type": "DATE", "column": "euro_2"},
    ]
    memory.write_text(json.dumps(entries))
    tool("views", "generate", "--yes", "--directory", str(terraform))

    written = json.loads(memory.read_text())
    expected = sorted(entries, key=lambda entry: str(entry["property"]))
    assert expected == [entry for entry in written if entry in entries]
    assert ["$city", "is_trial", "items", "never", "price", "rare"] == [
        entry["property"] for entry in written
    ]
    assert "AS `Euro`" in contents(terraform)["events_typed.sql"]
    assert "rare" not in contents(terraform)["events_typed.sql"]


def test_events_without_a_frequent_property_have_no_typed_view(
    tool: Tool, terraform: Path
) -> None:
    """Nothing happened since today."""
    since = f"{TODAY:%Y-%m-%d}"
    called = tool("views", "generate", "--yes", "--directory", str(terraform), "--since", since)

    assert (0, ["nothing to write: no property has a share of 0.01"]) == (
        called.status,
        called.lines,
    )
    assert {} == contents(terraform)


@pytest.mark.parametrize(
    ("words", "memory", "said"),
    [
        ([], None, "nothing was done: give --yes"),
        (["--yes", "--since", "noon"], None, "--since is 'noon'; allowed: a day"),
        (["--yes"], "{}", "events_typed.columns.json holds no JSON array"),
        (["--yes"], "\xff", "events_typed.columns.json cannot be read (UnicodeDecodeError)"),
        (
            ["--yes", "--directory", "nowhere"],
            None,
            "nowhere/views/property_catalog.sql is missing",
        ),
    ],
    ids=["nobody agrees", "no day", "no list", "no text", "no directory"],
)
def test_what_cannot_be_done_is_refused(
    tool: Tool, terraform: Path, words: list[str], memory: str | None, said: str
) -> None:
    """In one message, and nothing is written."""
    if memory is not None:
        path = terraform / "views" / "events_typed.columns.json"
        path.write_text(memory, encoding="latin-1")
    refused = tool("views", "generate", "--directory", str(terraform), *words)

    assert 2 == refused.status
    assert said in refused.err
    assert not (terraform / "views" / "events_typed.sql").exists()


def test_a_directory_that_cannot_be_written_is_named(tool: Tool, terraform: Path) -> None:
    """As when somebody made a directory of that name."""
    (terraform / "views" / "events_typed.sql").mkdir()
    refused = tool("views", "generate", "--yes", "--directory", str(terraform))

    assert 2 == refused.status
    assert "events_typed.sql cannot be read (IsADirectoryError)" in refused.err


def test_a_deployment_that_cannot_be_read_is_refused(
    tool: Tool, terraform: Path, tmp_path: Path
) -> None:
    """As with a wrong dataset; the message says what was tried."""
    called = tool(
        "--set", "DATASET=nowhere", "views", "generate", "--yes", "--directory", str(terraform)
    )

    assert 2 == called.status
    assert "reading the catalog of properties was refused" in called.err
    assert {} == contents(terraform)
