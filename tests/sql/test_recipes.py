"""What docs/sql.md advises about gaps and touched days, run as it is written there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError

from tests.contract.bigquery.loading import make_dataset
from tests.sql.engines import EmulatorEngine, Engine
from tests.sql.raw_rows import loaded
from tests.sql.server import Refused

Json = Any

DOCUMENT = (Path(__file__).parents[2] / "docs/sql.md").read_text(encoding="utf-8")
FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
MISSING = "Events since 2026-11-16 are missing"


def recipes(section: str) -> list[str]:
    """The statements and scripts of the section about a view, in their order."""
    text = DOCUMENT.partition(f"\n### {section}\n")[2]
    return re.findall(r"```sql\n(.+?)```", re.split(r"\n##+ ", text)[0], re.DOTALL)


def day(mode: str, start: datetime, version: int, *times: str) -> list[Json]:
    """One version of a day, with an event at each of these times."""
    rows = [{"time": time, "event_name": "opened"} for time in times]
    dates = sorted({time[:10] for time in times})
    return loaded(
        mode,
        start.isoformat(),
        (start + DAY).isoformat(),
        version,
        rows,
        event_dates=[{"date": each, "rows": sum(each == t[:10] for t in times)} for each in dates],
    )


def days(mode: str, until: datetime) -> list[Json]:
    """Every day since the first that is wanted, without an event."""
    count = (until - FIRST_DAY) // DAY
    return [row for n in range(count) for row in day(mode, FIRST_DAY + n * DAY, 1)]


COMPLETE = [
    *days("recent", MIDNIGHT - DAY),
    *day("recent", MIDNIGHT - DAY, 1, "2026-11-20T08:00:00Z", "2026-11-22T08:00:00Z"),
    *days("sweep", MIDNIGHT - DAY),
]
INCOMPLETE = [row for row in COMPLETE if not row["_interval_start"].startswith("2026-11-17")]
LONG_AGO = [row for row in COMPLETE if not row["_interval_start"].startswith("2026-11-03")]
REPORT = [{"day": date(2026, 11, 20), "events": 1}, {"day": date(2026, 11, 22), "events": 1}]


@pytest.mark.parametrize("rows", [COMPLETE, LONG_AGO], ids=["nothing is missing", "long ago"])
def test_a_report_is_made_when_nothing_of_its_time_is_missing(
    engine: Engine, rows: list[Json]
) -> None:
    """A gap that ends before the report begins does not matter."""
    engine.hold("events", rows)
    engine.now = MIDNIGHT + timedelta(minutes=20)

    _, query, _ = recipes("gaps")
    assert REPORT == engine.query(query)


def test_a_report_refuses_while_something_is_missing(engine: Engine) -> None:
    """Its error says what, and where to look."""
    engine.hold("events", INCOMPLETE)
    engine.now = MIDNIGHT + timedelta(minutes=20)

    _, query, _ = recipes("gaps")
    with pytest.raises((Refused, GoogleAPICallError), match=MISSING):
        engine.query(query)


def test_a_script_refuses_as_well(emulator: EmulatorEngine) -> None:
    """An assertion before the report ends the script."""
    script, _, _ = recipes("gaps")
    emulator.now = MIDNIGHT + timedelta(minutes=20)
    emulator.hold("events", INCOMPLETE)
    with pytest.raises(GoogleAPICallError, match=MISSING):
        emulator.query(script)

    emulator.hold("events", COMPLETE)
    assert REPORT == emulator.query(script)


def test_the_ledger_tells_how_far_the_present_reaches(engine: Engine) -> None:
    """What has been loaded last, whether or not something is missing before it."""
    engine.hold("events", INCOMPLETE)

    _, _, query = recipes("gaps")
    assert [{"loaded_until": MIDNIGHT}] == engine.query(query)


@pytest.fixture(name="reports")
def _reports(emulator: EmulatorEngine) -> Iterator[EmulatorEngine]:
    """A dataset of somebody's own, with the tables that the recipe begins with."""
    make_dataset(emulator.client, "reports")
    tables, _ = recipes("touched_dates")
    for statement in tables.split(";\n"):
        if statement.strip():
            emulator.query(statement)
    yield emulator
    emulator.client.delete_dataset("reports", delete_contents=True)


# What is loaded between two runs: a day and its sweep; nothing; a replay that loses a day and a
# version that comes too late; the next day, and a sweep without events in place of one with some.
STEPS = [
    [
        *day("recent", MIDNIGHT, 2, "2026-11-22T08:00:00Z", "2026-11-20T08:00:00Z"),
        *day("sweep", MIDNIGHT, 2, "2026-10-01T08:00:00Z"),
    ],
    [],
    [
        *day("recent", MIDNIGHT, 4, "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"),
        *day("recent", MIDNIGHT, 1, "2026-11-19T08:00:00Z"),
        *day("recent", MIDNIGHT, 3, "2026-11-18T08:00:00Z"),
    ],
    [*day("recent", MIDNIGHT + DAY, 5, "2026-11-22T08:00:00Z"), *day("sweep", MIDNIGHT, 6)],
]


def test_a_table_of_your_own_is_kept_by_the_days_that_changed(reports: EmulatorEngine) -> None:
    """After each run it is what a query of everything would give."""
    _, script = recipes("touched_dates")
    rows: list[Json] = []
    for step in STEPS:
        rows += step
        reports.hold("events", rows)
        reports.query(script)

        everything = reports.query(
            "SELECT DATE(time) AS event_date, event_name, COUNT(*) AS events"
            " FROM mixpanel.events GROUP BY DATE(time), event_name ORDER BY event_date"
        )
        kept = reports.query("SELECT * FROM reports.events_by_day ORDER BY event_date")
        assert everything == kept
        assert everything
    assert [{"run_count": len(STEPS)}] == reports.query("SELECT run_count FROM reports.runs")
