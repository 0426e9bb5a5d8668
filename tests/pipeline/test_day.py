"""A whole day through the real functions, and that the comparison at its end would tell."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from rich.console import Console

from local import resources
from local.demo.day import SAMPLES, Demo, settings, the_day
from local.stack import MIXPANEL_PROJECT_ID
from tests.functional.running import Running, run_stack, watch

_PACE = 0.005
_HOUR_MS = 3_600_000
_FORGED = "incoming/forged.ndjson"


@dataclass
class Day:
    """The demo after its run, and what it said."""

    demo: Demo
    running: Running
    differences: int
    printed: io.StringIO

    def shown(self) -> list[dict[str, Any]]:
        return self.running.stack.query("SELECT * FROM `mixpanel.events`")

    def compare(self) -> int:
        """The demo's own comparison, once more."""
        return self.demo._compare()


@pytest.fixture(name="day", scope="module")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    directory = tmp_path_factory.mktemp("day") / "stack"
    with (
        run_stack(directory, pace=_PACE, settings=settings(the_day())) as stack,
        watch(stack) as running,
    ):
        printed = io.StringIO()
        demo = Demo(stack, the_day(), Console(file=printed, width=120))
        yield Day(demo, running, demo.run(), printed)


def test_no_difference(day: Day) -> None:
    """After a day with faults, late events and copies, analysts see what Mixpanel holds."""
    assert 0 == day.differences
    assert "0 differences" in day.printed.getvalue()
    assert len(day.shown()) > 4000


def test_faults_struck(day: Day) -> None:
    """The day was no easy one: each fault that it announces did happen, in its own hour."""
    struck = [
        (fault, int(call["query"]["where"].split()[2]) // _HOUR_MS % 24)
        for call in day.running.asked()
        for fault in call["faults"]
    ]
    finalized = [each["attributes"] for each in day.running.deliveries(resources.LANDED)]
    copies = Counter(attributes["objectId"] for attributes in finalized)

    assert [*(3 * [("status", 4)]), ("status", 6), ("cut_gzip", 8), ("status", 16)] == struck
    assert 2 == sum(count > 1 for count in copies.values())  # One twice, one loaded again.


def test_everything_healed_by_itself(day: Day) -> None:
    """No interval since the first day is missing, and no message had to be touched."""
    (line,) = day.running.logged("planner", "planned")[-1:]
    origins = Counter(
        (row["mode"], row["origin"])
        for row in day.running.stack.query("SELECT * FROM `mixpanel.loads`")
    )

    assert (1, 1) == (line["missing"], line["schedule"])  # The one that has just become due.
    assert {("recent", "schedule"), ("recent", "heal"), ("recent", "verify")} < origins.keys()
    assert {("sweep", "heal"), ("sweep", "schedule"), ("snapshot", "schedule")} < origins.keys()
    letters = day.running.dead_letters(day.running.unread_dead_letters())
    assert 2 == len([letter for letter in letters if "reason" in letter.attributes])


def exported(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Event and properties of each line as an export with `time_in_ms` gives them."""
    for line in lines:
        event = json.loads(line)
        properties = event["properties"]
        if properties.get("mp_processing_time_ms") is not None:
            in_ms = round(properties["time"] * 1000)
            yield event["event"], _text(properties | {"time": in_ms})


def _text(properties: Mapping[str, Any]) -> str:
    return json.dumps(properties, sort_keys=True)


def test_real_lines(day: Day) -> None:
    """Every real line that says when it was processed comes through, with all it holds."""
    lines = [
        line
        for path in sorted(SAMPLES.glob("*_export_*.ndjson"))
        for line in path.read_text().split("\n")
        if line
    ]
    expected = Counter(exported(lines))
    shown = Counter((row["event_name"], _text(row["properties"])) for row in day.shown())

    assert len(lines) > expected.total() > len(lines) // 2
    assert Counter() == expected - shown


def forge_copy(running: Running, row: Mapping[str, Any]) -> None:
    """Append a row to the raw table once more, as a second load of its object would."""
    added = {
        "_interval_end": row["_interval_start"] + timedelta(hours=2),
        "_mode": "recent",
        "_line": 10**6,
    }
    line = json.dumps(dict(row) | added, default=datetime.isoformat)
    running.put(_FORGED, line.encode())
    client = bigquery.Client(resources.PROJECT_ID, AnonymousCredentials())
    client.load_table_from_uri(
        f"gs://{resources.BUCKET}/{_FORGED}",
        f"{resources.RAW_DATASET}.events",
        location=resources.LOCATION,
        job_config=bigquery.LoadJobConfig(
            source_format="NEWLINE_DELIMITED_JSON",
            write_disposition="WRITE_APPEND",
            create_disposition="CREATE_NEVER",
        ),
    ).result()


def test_differences_are_found(day: Day) -> None:
    """A row that is doubled counts as a difference, and so does one that is missing."""
    some = next(row for row in day.shown() if row["insert_id"] is None)
    forge_copy(day.running, some)
    doubled = day.compare()
    moment = some["processing_time"]
    day.running.mixpanel.ingest(MIXPANEL_PROJECT_ID, "Lost", moment, moment, {})

    assert 1 == doubled
    assert 2 == day.compare()
    assert "1 rows missing" in day.printed.getvalue()
    assert "1 rows unexpected" in day.printed.getvalue()
