"""The rows that become of profiles; `test_pages` has the pages that hold them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.intervals import DAY, Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.profiles import Page, Profiles
from mixpanel_export.rows import Fetch, Rejected
from mixpanel_export.series import CHANGES, SNAPSHOT
from tests.bigquery_rules import accept
from tests.fakes.exporter import page_body, profile
from tests.strategies import Wild, wild_objects, wild_values

ASKED_AT = datetime(2026, 11, 22, 9, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
NAME = ObjectName(SNAPSHOT, Interval(MIDNIGHT, MIDNIGHT + DAY), 7)
SAMPLES = Path(__file__).parents[1] / "data" / "samples"


def row_of(one: Any, name: ObjectName = NAME) -> dict[str, Any]:
    """The row that BigQuery reads from what becomes of a profile."""
    profiles = Profiles(name)
    profiles.tally.as_of = "2026-11-22T09:20:00Z"
    outcome = profiles.row(one)
    assert isinstance(outcome, bytes)
    return accept(outcome, "people")


def parsed(body: bytes) -> Page:
    """The page in a body."""
    return Page.parse(body, ASKED_AT)


def exact(value: Any) -> str:
    """Text that tells 1 from 1.0 and from True, unlike `==`."""
    return json.dumps(value, sort_keys=True)


def test_a_profile_becomes_a_row() -> None:
    """Mixpanel's two fields get their columns, and everything sent is kept."""
    sent = {"$last_seen": "2026-11-22T03:04:05", "$email": "a@example.com", "n": [1, 2.5, None]}

    assert {
        "distinct_id": "someone",
        "last_seen": "2026-11-22T03:04:05",
        "as_of": "2026-11-22T09:20:00Z",
        "properties": sent,
        "_mode": "snapshot",
        "_interval_start": "2026-11-22T00:00:00Z",
        "_interval_end": "2026-11-23T00:00:00Z",
        "_version": 7,
        "_line": 1,
    } == row_of(profile("someone", **sent))


@pytest.mark.parametrize("stem", ["30_engage_results", "31_engage_page_envelope"])
def test_real_profiles_become_rows(stem: str) -> None:
    """Whole, with their ids as text and their times as they were sent."""
    sent = [json.loads(line) for line in (SAMPLES / f"{stem}.ndjson").read_bytes().splitlines()]
    profiles = [one for page in sent for one in page.get("results", [page])]

    for one in profiles:
        row = row_of(one)
        assert str(one["$distinct_id"]) == row["distinct_id"]
        assert one["$properties"] == row["properties"]
        assert one["$properties"]["$last_seen"] == row["last_seen"]


@pytest.mark.parametrize(
    ("distinct_id", "expected"),
    [
        pytest.param("$device:4f2c", "$device:4f2c", id="text"),
        pytest.param(4, "4", id="a number"),
        pytest.param(0, "0", id="zero"),
        pytest.param(2**64 - 1, str(2**64 - 1), id="a large number"),
        pytest.param(1.5, "1.5", id="a fraction"),
        pytest.param(False, "false", id="false"),
    ],
)
def test_an_id_of_any_type_becomes_text(distinct_id: object, expected: str) -> None:
    """Ids are text in BigQuery, and Mixpanel's are numbers at times."""
    assert expected == row_of(profile(distinct_id))["distinct_id"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param({"$properties": {}}, "no usable $distinct_id", id="no id"),
        pytest.param(profile(None), "no usable $distinct_id", id="a null id"),
        pytest.param(profile(""), "no usable $distinct_id", id="an empty id"),
        pytest.param({"$distinct_id": "a"}, "no `$properties`", id="no properties"),
        pytest.param(
            {"$distinct_id": "a", "$properties": []}, "no `$properties`", id="a list of properties"
        ),
        pytest.param(None, "no usable $distinct_id", id="null"),
        pytest.param(["a"], "no usable $distinct_id", id="a list"),
        pytest.param("a", "no usable $distinct_id", id="text"),
    ],
)
def test_what_is_no_profile_says_why(bad: object, reason: str) -> None:
    """It is counted, and no row; the marker alone has no id."""
    profiles = Profiles(NAME)

    assert Rejected(reason, is_event=False) == profiles.row(bad)
    assert (0, 1) == (profiles.tally.rows, profiles.tally.rejected)


@pytest.mark.parametrize(
    ("last_seen", "expected"),
    [
        pytest.param("2026-11-22T08:00:00", "2026-11-22T08:00:00", id="as documented"),
        pytest.param("0001-01-01T00:00:00", "0001-01-01T00:00:00", id="the first"),
        pytest.param("2024-02-29T23:59:59", "2024-02-29T23:59:59", id="a leap day"),
        pytest.param("2023-02-29T23:59:59", None, id="no leap day"),
        pytest.param("0000-01-01T00:00:00", None, id="no year 0"),
        pytest.param("2026-11-22T24:00:00", None, id="no hour 24"),
        pytest.param("2026-11-22T23:59:60", None, id="a leap second"),
        pytest.param("2026-11-22 08:00:00", None, id="a blank"),
        pytest.param("2026-11-22T08:00:0\u0665", None, id="an Arabic digit"),
        pytest.param("2026-W47-7T08:00:00", None, id="a week"),
        pytest.param("2026-11-22T08:00:00Z", None, id="a zone"),
        pytest.param("2026-11-22T08:00:00.500000", None, id="a fraction"),
        pytest.param("2026-11-22", None, id="a day"),
        pytest.param("yesterday", None, id="words"),
        pytest.param("", None, id="empty"),
        pytest.param(1795334400, None, id="a number"),
        pytest.param(None, None, id="null"),
    ],
)
def test_last_seen_is_what_was_sent_or_null(last_seen: object, expected: str | None) -> None:
    """Only the documented form is a DATETIME; whatever it is stays in the properties."""
    row = row_of(profile("a", **{"$last_seen": last_seen}))

    assert expected == row["last_seen"]
    assert {"$last_seen": last_seen} == row["properties"]


def test_last_seen_may_be_absent() -> None:
    """Then it is NULL."""
    assert None is row_of(profile("a"))["last_seen"]


def test_the_marker_tells_what_was_fetched() -> None:
    """No id, line 0, and the whole account with the moment whose state the rows show."""
    profiles = Profiles(NAME)
    profiles.tally.as_of = "2026-11-22T09:20:00Z"
    profiles.row(profile("a"))
    profiles.row(profile(""))

    marker = accept(profiles.marker(Fetch("heal", ASKED_AT + timedelta(seconds=30), 30)), "people")

    properties = marker.pop("properties")
    assert {
        "distinct_id": None,
        "last_seen": None,
        "as_of": None,
        "_mode": "snapshot",
        "_interval_start": "2026-11-22T00:00:00Z",
        "_interval_end": "2026-11-23T00:00:00Z",
        "_version": 7,
        "_line": 0,
    } == marker
    assert profiles.tally.digest_text == properties.pop("digest")
    assert {
        "row_count": 1,
        "rejected": 1,
        "outside": 0,
        "converted": 0,
        "min_time": None,
        "max_time": None,
        "as_of": "2026-11-22T09:20:00Z",
        "fetched_at": "2026-11-22T09:20:30Z",
        "origin": "heal",
        "seconds": 30,
    } == properties


@given(st.lists(st.tuples(wild_values, wild_objects), max_size=3))
def test_any_profiles_become_rows_that_bigquery_takes(wild: list[tuple[Wild, Wild]]) -> None:
    """Values are made safe as those of events are, whatever page they come in."""
    results = ",".join(
        f'{{"$distinct_id":{who.text},"$properties":{what.text}}}' for who, what in wild
    )
    body = f'{{"results":[{results}],"status":"ok","session_id":"s","page_size":3}}'
    profiles = Profiles(NAME)

    page = parsed(body.encode())

    assert sum(who.converted + what.converted for who, what in wild) == page.converted
    for (who, what), one in zip(wild, page.profiles, strict=True):
        outcome = profiles.row(one)
        if who.kept is None or who.kept == "":
            assert isinstance(outcome, Rejected)
        else:
            assert isinstance(outcome, bytes)
            row = accept(outcome, "people")
            assert exact(what.kept) == exact(row["properties"])
            is_text = isinstance(who.kept, str)
            found = row["distinct_id"] if is_text else json.loads(row["distinct_id"])
            assert exact(who.kept) == exact(found)


@pytest.mark.parametrize(("levels", "converted"), [(499, 0), (500, 1), (2000, 1)])
def test_the_depth_limit_is_that_of_the_properties(levels: int, converted: int) -> None:
    """The levels of the page around them do not count."""
    nested = b"[" * levels + b"]" * levels
    page = parsed(page_body(profile("a", plan="nested")).replace(b'"nested"', nested))

    row_of(page.profiles[0])

    assert converted == page.converted


def test_a_page_of_many_profiles_is_not_deep() -> None:
    """More braces than there may be levels: nothing is turned into text."""
    many = [profile(n, plan={"seats": [n]}) for n in range(5000)]

    page = parsed(page_body(*many))

    assert (many, 0) == (page.profiles, page.converted)


def test_the_digest_tells_profiles_apart_and_knows_no_series() -> None:
    """As for events: it sums what the rows hold."""
    other = ObjectName(CHANGES, NAME.interval, 8)
    digests = []
    for name, profiles in [
        (NAME, [profile("a"), profile("b", n=1)]),
        (other, [profile("b", n=1), profile("a")]),
        (NAME, [profile("a"), profile("b", n=2)]),
    ]:
        made = Profiles(name)
        for one in profiles:
            made.row(one)
        digests.append(made.tally.digest_text)

    assert digests[0] == digests[1] != digests[2]
