"""The page of costs: arithmetic by hand, volumes by measuring, sizes by what Terraform makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from local import costs, volumes
from local.bundles import ROOT
from local.cost_tables import VOLUMES
from local.volumes import Fact, Volume
from mixpanel_export.deadlines import DELIVERY_SECONDS
from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, Interval, aligned
from mixpanel_export.naming import ObjectName
from mixpanel_export.rows import Rows
from mixpanel_export.series import RECENT
from mixpanel_export.settings import PlannerSettings
from tests.functional.test_docs import table
from tests.terraform.runs import State

PAGE = ROOT / "docs" / "costs.md"
REQUIRED = {
    "GCP_PROJECT_ID": "some-project",
    "EXPORT_BUCKET": "some-bucket",
    "BIGQUERY_LOCATION": "EU",
    "EXPORT_SINCE": "2026-11-21",
}
# Easy numbers: 24 intervals, 49 exports and 25 loads a day; 10^6 rows are 50 s.
EASY = Volume(1_000_000, 60)
# What the view `events` needs of each row, and what a frugal query needs of it.
KEYS = {
    *("_mode", "_interval_start", "_interval_end", "_version", "_line"),
    *("time", "event_name", "distinct_id", "insert_id", "processing_time"),
}
ASKED = {"time", "event_name"}
_EVENT_PROPERTIES = 20  # Fewer are examples in documents, not events of a client.


@pytest.mark.parametrize(
    ("item", "dollars"),
    [
        pytest.param(
            "Functions, CPU",
            0.000024
            * (
                24 * 30 * 10  # Ticks.
                + 49 * 30 * 20 + 2 * 30 * 50  # Exports, and their rows.
                + (25 * 30 * 20 + 30 * 280e6 / (10 * 2**20)) * 0.5  # Loads, and their bytes.
            ),
            id="CPU",
        ),
        pytest.param("Pub/Sub", 40 * (49 + 25) * 30 * 2000 / 2**40, id="messages"),
        pytest.param(
            "Cloud Storage, writes and lists",
            0.005 / 1000 * (24 * 30 * 15 + 49 * 30 * 4 + 2 * 30 * 280e6 / 2**23),
            id="operations",
        ),
        pytest.param("Cloud Storage, objects", 0.020 * 30 * 280e6 / 2**30, id="objects"),
        pytest.param("BigQuery, ledger", 6.25 * 24 * 30 * 20 / 2**20, id="ledger"),
        pytest.param("BigQuery, rows of 90 days", 0.02 * 90 * 1.2e9 / 2**30, id="rows"),
        pytest.param("BigQuery, older rows", 0.01 * 275 * 1.2e9 / 2**30, id="older rows"),
        pytest.param("Alerts, metrics read", 0.35 * 31, id="conditions"),
    ],
)  # fmt: skip
def test_the_arithmetic_is_right(item: str, dollars: float) -> None:
    """Each line of the bill is what a reader gets who does the sum by hand."""
    (found,) = [each for each in costs.ITEMS if each.name == item]

    assert dollars == pytest.approx(found.dollars(EASY))


def test_each_size_has_the_longest_usual_interval_that_holds_it() -> None:
    """What the page proposes can be fetched in time, and is no shorter than it must be."""
    lengths = (60, 30, 15, 10, 5)
    longest = [
        next(minutes for minutes in lengths if Volume(volume.events, minutes).fits)
        for volume in VOLUMES
    ]

    assert [volume.interval_minutes for volume in VOLUMES] == longest


@pytest.mark.parametrize("minutes", [60, 30, 15, 10, 5, 4])
def test_what_a_length_can_hold_is_its_limit(minutes: int) -> None:
    """So many events a day are fetched in time, and a million more are not."""
    most = volumes.most_events_a_day(minutes)

    assert Volume(most, minutes).fits
    assert not Volume(most + 1_000_000, minutes).fits


@pytest.mark.parametrize("minutes", [30, 15, 10, 5, 4])
def test_the_planner_needs_as_many_exports(minutes: int) -> None:
    """The page counts what the planner counts, who wants one more to spare."""
    needed = Volume(0, minutes).exports_an_hour + 1
    env = REQUIRED | {"INTERVAL_MINUTES": str(minutes), "TABLES": "events"}

    assert (
        needed
        == PlannerSettings.from_env(env | {"REQUESTS_PER_HOUR": str(needed)}).requests_per_hour
    )
    with pytest.raises(Setup, match=f"it needs {needed} export requests an hour"):
        PlannerSettings.from_env(env | {"REQUESTS_PER_HOUR": str(needed - 1)})


def test_the_numbers_in_the_text_are_those_of_the_tables() -> None:
    """What sentences say follows from the same arithmetic."""
    page, deploy = PAGE.read_text(), (ROOT / "docs" / "deploy.md").read_text()
    small, middle, large = (costs.total(volume) for volume in VOLUMES)
    spare = 40 - VOLUMES[2].exports_an_hour
    day = 1440 / VOLUMES[2].interval_minutes
    half_an_hour = costs.total(Volume(VOLUMES[0].events, 30)) - small
    (older,) = [each for each in costs.ITEMS if each.name == "BigQuery, older rows"]
    seconds = {name: VOLUMES[2].seconds(name) for name in volumes.FUNCTIONS}

    assert f"About ${small:.0f} a month at 100,000 events a day" in deploy
    assert (
        f"about ${round(middle, -1):.0f} at 10 million; about ${round(large, -2):,.0f} at"
        in deploy
    )
    assert f"{spare} of 40 exports an hour left" in page
    assert f"{spare} exports an hour: {day:.0f} intervals of a past day take" in page
    assert f"take {day / spare:.0f} hours" in page
    assert half_an_hour == pytest.approx(1, abs=0.5)
    assert "Half an hour would do as well, and costs about a dollar more." in page
    assert f"${older.dollars(VOLUMES[2]) * 365 / 275:,.0f} a month at a billion" in page
    assert f"day, ${older.dollars(VOLUMES[1]) * 365 / 275:.0f} at 10 million." in page
    assert f"{50 * seconds['fetcher'] / sum(seconds.values()):.0f} % of those of all" in page


@pytest.fixture(name="lines", scope="session")
def _lines() -> list[bytes]:
    """Published lines of events, as clients of today send them."""
    sources = sorted((ROOT / "tests/data/samples").glob("*_export_*.ndjson"))
    lines = [line for source in sources for line in source.read_bytes().splitlines()]
    return [
        line
        for line in lines
        if b"mp_processing_time_ms" in line
        and len(json.loads(line)["properties"]) >= _EVENT_PROPERTIES
    ]


def _billed_bytes(row: Mapping[str, object]) -> int:
    """What BigQuery counts of a row: a number or moment 8, JSON its text, a text 2 more.

    NULL counts nothing.

    Source: cloud.google.com/bigquery/pricing#data.
    """
    return sum(_billed(value) for value in row.values() if value is not None)


def _billed(value: object) -> int:
    if isinstance(value, dict):
        return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\dT", value):
        return 2 + len(value.encode())
    return 8


def test_the_sizes_are_those_of_published_events(lines: list[bytes]) -> None:
    """Bytes of lines and of rows on the page are within a fifth of what real lines have."""
    rows = [json.loads(_row(line)) for line in lines]
    measured = {
        volumes.LINE: mean(len(line) + 1 for line in lines),
        volumes.ROW: mean(map(_billed_bytes, rows)),
        volumes.COLUMNS: mean(_billed_bytes(row | {"properties": None}) for row in rows),
        volumes.KEYS: mean(_billed_bytes(_picked(row, KEYS)) for row in rows),
        volumes.ASKED: mean(_billed_bytes(_picked(row, ASKED)) for row in rows),
    }

    assert {fact: pytest.approx(fact.value, rel=0.2) for fact in measured} == measured


def _picked(row: Mapping[str, object], columns: Iterable[str]) -> dict[str, object]:
    return {column: row[column] for column in columns}


def test_the_keys_are_those_that_the_view_reads() -> None:
    """What the view joins by, and what it orders and tells copies by; but for `properties`."""
    schema = json.loads((ROOT / "terraform/schemas/events.json").read_text())
    text = re.sub(r"--.*", "", (ROOT / "terraform/views/events.sql").read_text())
    shown = re.sub(r"SELECT e\.\* EXCEPT \([^)]*\)", "", text)
    read = {each["name"] for each in schema if re.search(rf"\b{each['name']}\b", shown)}

    assert KEYS == read


def _row(line: bytes) -> bytes:
    processed = json.loads(line)["properties"]["mp_processing_time_ms"] / 1000
    name = ObjectName(RECENT, _day(datetime.fromtimestamp(processed, UTC)), 1)
    rows = Rows(name, ZoneInfo("UTC"))
    row = rows.row(line)
    assert isinstance(row, bytes)
    return row


def _day(moment: datetime) -> Interval:
    start = aligned(moment, DAY)
    return Interval(start, start + DAY)


def test_every_fact_is_on_the_page() -> None:
    """What the arithmetic rests on is shown, with where it is from."""
    facts = {each for each in vars(volumes).values() if isinstance(each, Fact)}

    assert {(fact.meaning, f"{fact.value:,}") for fact in facts} == {
        (row[0], row[1]) for row in table(PAGE, "What the numbers rest on")
    }
    assert DELIVERY_SECONDS == volumes.DEADLINE_SECONDS


def test_the_functions_are_as_large_as_terraform_makes_them(states: Mapping[str, State]) -> None:
    """The bill is for the instances that there are."""
    made = {
        function["name"]: function["service_config"][0]
        for function in states["defaults"].resources("google_cloudfunctions2_function").values()
    }
    gib = {"512Mi": 0.5, "1Gi": 1}
    sizes = {
        name: (float(config["available_cpu"]), gib[config["available_memory"]])
        for name, config in made.items()
    }

    assert sizes == volumes.FUNCTIONS


def test_the_alerts_are_as_many_as_terraform_makes(states: Mapping[str, State]) -> None:
    """The bill is for the conditions that there are; a grouped one looks at three series."""
    policies = states["defaults"].resources("google_monitoring_alert_policy").values()
    conditions = [condition for policy in policies for condition in policy["conditions"]]
    grouped = [each for each in conditions if '"group_by_fields": ["' in json.dumps(each)]

    assert (len(conditions), len(conditions) + 2 * len(grouped)) == volumes.ALERTS


def test_objects_are_kept_as_long_as_terraform_says(states: Mapping[str, State]) -> None:
    """The bill is for so many days of landed objects."""
    bucket = states["defaults"].resource("google_storage_bucket.exports")
    days = {
        prefix: rule["condition"][0]["age"]
        for rule in bucket["lifecycle_rule"]
        for prefix in rule["condition"][0]["matches_prefix"]
    }

    assert volumes.OBJECT_DAYS == days["events/"]
