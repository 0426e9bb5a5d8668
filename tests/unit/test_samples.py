"""Real lines of Mixpanel's export, as published by others; see the README beside them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mixpanel_export.intervals import Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.rows import Rejected, Rows
from mixpanel_export.series import RECENT
from tests.bigquery_rules import accept

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
# The zone of the project that each export line comes from, by the README or, where that only
# knows the offset, by the season. None: the line has no processing time.
ZONES: dict[str, list[str | None]] = {
    "01_export_flutter_ist_2022": ["Asia/Kolkata"] * 5,
    "03_export_web_ist_2025": ["Asia/Kolkata"] * 2,
    "04_export_reactnative_utc_2025": ["UTC"],
    "07_export_openapi_docs_eastern_2020": ["America/New_York"] * 2,
    "08_export_web_misc_2015_2026": ["America/Los_Angeles", "UTC", "America/Denver", None],
    "09_export_numetric_2017": [None] * 7,
    "10_docs_hotshard_events": [None] * 2,
}
NO_EXPORTS = {"20_jql_events_rows_2020": 12, "30_engage_results": 4, "31_engage_page_envelope": 1}


def lines(stem: str) -> list[bytes]:
    """The lines of one file."""
    return (SAMPLES / f"{stem}.ndjson").read_bytes().splitlines()


def hour_of(ms: int) -> Interval:
    """The hour in which this was processed."""
    start = datetime.fromtimestamp(ms / 1000, UTC).replace(minute=0, second=0, microsecond=0)
    return Interval(start, start + timedelta(hours=1))


def named(interval: Interval) -> ObjectName:
    """The first version of an interval of events."""
    return ObjectName(RECENT, interval, 1)


USABLE = [
    pytest.param(line, zone, id=f"{stem[:2]}-{at}")
    for stem, zones in ZONES.items()
    for at, (line, zone) in enumerate(zip(lines(stem), zones, strict=True), 1)
    if zone
]


def test_every_sample_is_covered() -> None:
    """A new file needs its zones, or the word that it holds no events."""
    counts = {stem: len(zones) for stem, zones in ZONES.items()} | NO_EXPORTS

    assert {path.stem: len(lines(path.stem)) for path in SAMPLES.glob("*.ndjson")} == counts


@pytest.mark.parametrize(("line", "zone"), USABLE)
def test_a_real_line_becomes_a_row_of_its_hour(line: bytes, zone: str) -> None:
    """It is accepted, whole, and its event time in UTC is shortly before Mixpanel got it."""
    sent = json.loads(line)
    properties = sent["properties"]
    processed_ms = properties["mp_processing_time_ms"]

    outcome = Rows(named(hour_of(processed_ms)), ZoneInfo(zone)).row(line)

    assert isinstance(outcome, bytes)
    row = accept(outcome)
    assert properties == row["properties"]
    assert sent["event"] == row["event_name"]
    received = properties.get("$mp_api_timestamp_ms", processed_ms)
    delay = received / 1000 - datetime.fromisoformat(row["time"]).timestamp()
    # Phones keep events for a while; a wrong zone would be off by at least half an hour. The
    # one imported event was a day old.
    longest = 86_400 if properties.get("$import") else 1_200
    assert 0 <= delay <= longest


@pytest.mark.parametrize(("line", "zone"), USABLE)
def test_a_real_line_is_left_to_its_own_hour(line: bytes, zone: str) -> None:
    """The hours before and after it count it as outside."""
    hour = hour_of(json.loads(line)["properties"]["mp_processing_time_ms"])
    hours = [
        Interval(hour.start + step, hour.end + step)
        for step in (timedelta(hours=-1), timedelta(hours=1))
    ]

    assert [None, None] == [Rows(named(other), ZoneInfo(zone)).row(line) for other in hours]


def test_real_lines_without_processing_time_are_rejected() -> None:
    """Events of 2015 and 2017, and hot shards, cannot be placed: they are kept as rejects."""
    old = [
        line
        for stem, zones in ZONES.items()
        for line, zone in zip(lines(stem), zones, strict=True)
        if zone is None
    ]
    rows = Rows(named(hour_of(0)), ZoneInfo("UTC"))

    outcomes = {rows.row(line) for line in old}

    assert {Rejected("no usable mp_processing_time_ms", is_event=True)} == outcomes
    assert len(old) == rows.tally.rejected == 10


@pytest.mark.parametrize("stem", NO_EXPORTS)
def test_rows_of_other_apis_are_rejected_not_lost(stem: str) -> None:
    """What JQL and engage answer is no export line, and is told apart from one."""
    rows = Rows(named(hour_of(0)), ZoneInfo("UTC"))

    outcomes = {rows.row(line) for line in lines(stem)}

    assert {Rejected("no `event` with `properties`", is_event=False)} == outcomes
    assert NO_EXPORTS[stem] == rows.tally.rejected
