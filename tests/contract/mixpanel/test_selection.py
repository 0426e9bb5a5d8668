"""Raw export: which events a call gets, and how they change between calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import (
    OLD,
    SAMPLE_LINES,
    at,
    export,
    happen,
    lines,
    names,
    simulator,
)


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        yield mixpanel


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["a", "b", "a", "c"]),
        ({"event": '["a"]'}, ["a", "a"]),
        ({"event": '["a","c"]'}, ["a", "a", "c"]),
        ({"event": "[]"}, []),
        ({"limit": 2}, ["a", "b"]),
        ({"where": 'properties["n"] >= 2'}, ["b", "a", "c"]),
        ({"where": 'properties["n"] >= 2', "event": '["a"]'}, ["a"]),
        ({"where": 'properties["n"] >= 2', "limit": 1}, ["b"]),
        ({"where": 'event["$time"] >= datetime("2026-11-21T05:00:00")'}, ["a", "b", "a", "c"]),
        ({"where": 'event["$time"] > datetime("2026-11-21T05:00:00")'}, []),
        # There are no profiles in an export.
        ({"where": 'defined(user["$email"])'}, []),
        ({"where": ""}, ["a", "b", "a", "c"]),
    ],
)
def test_selection(
    mixpanel: MixpanelSimulator, parameters: dict[str, Any], expected: list[str]
) -> None:
    """Event names, expression and limit narrow the dates."""
    for number, name in enumerate("abac", start=1):
        happen(mixpanel, "2026-11-21T10:00:00Z", name=name, n=number)

    assert expected == names(export(mixpanel, **parameters))


def test_interval_of_processing_time(mixpanel: MixpanelSimulator) -> None:
    """Half-open intervals of processing time part the events, however late they came."""
    start, end = at("2026-11-22T08:00:00Z"), at("2026-11-22T09:00:00Z")
    millisecond = dt.timedelta(milliseconds=1)
    for name, processed in (
        ("before", start - millisecond),
        ("first", start),
        ("last", end - millisecond),
        ("after", end),
    ):
        mixpanel.ingest(OLD, name, start - dt.timedelta(days=2), processed, {})
    processing_time = 'number(properties["mp_processing_time_ms"])'
    bounds = (int(moment.timestamp() * 1000) for moment in (start, end))

    found = export(
        mixpanel,
        where="{0} >= {1} and {0} < {2}".format(processing_time, *bounds),
    )

    assert ["first", "last"] == names(found)


def test_error_while_evaluating(mixpanel: MixpanelSimulator) -> None:
    """An operand without truth value fails the call before any line is sent."""
    happen(mixpanel, "2026-11-21T10:00:00Z", plan="pro")

    response = export(mixpanel, where='properties["plan"] and true')

    assert (400, "where: expected a boolean, got 'pro'") == (
        response.status_code,
        response.json()["error"],
    )


@pytest.mark.parametrize("parameters", [{"where": "any(1)"}, {"format": "csv"}])
def test_not_emulated(mixpanel: MixpanelSimulator, parameters: dict[str, str]) -> None:
    """What the simulator does not know it does not pretend to know."""
    assert 501 == export(mixpanel, **parameters).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/export"),
        ("GET", "/api/2.0/exports"),
        ("POST", "/api/query/jql"),
        ("GET", "/api/query/insights"),
    ],
)
def test_other_endpoints(mixpanel: MixpanelSimulator, method: str, path: str) -> None:
    """JQL, reports and other methods answer 501."""
    assert 501 == requests.request(method, mixpanel.url + path, timeout=5).status_code


def test_duplicates_are_exported(mixpanel: MixpanelSimulator) -> None:
    """Raw export does not remove duplicates."""
    mixpanel.load(OLD, [SAMPLE_LINES[0]] * 2)

    found = export(mixpanel, from_date="2022-10-17", to_date="2022-10-17").content

    assert (SAMPLE_LINES[0] + b"\n") * 2 == found


def test_merge_of_identities(mixpanel: MixpanelSimulator) -> None:
    """Old rows change their owner and say so; their processing time stays."""
    happen(mixpanel, "2026-11-21T10:00:00Z", name="mine", distinct_id="$device:1")
    happen(mixpanel, "2026-11-21T10:00:00Z", name="other", distinct_id="$device:2")
    before = mixpanel.events(OLD)

    changed = mixpanel.update(
        OLD, where='properties["distinct_id"] == "$device:1"', distinct_id="user"
    )

    merged, other = lines(export(mixpanel))
    assert 1 == changed
    assert before[1] == other
    assert (
        before[0]["properties"]
        | {
            "distinct_id": "user",
            "$is_reshuffled": True,
            "$distinct_id_before_identity": "$device:1",
        }
        == merged["properties"]
    )


def test_removal(mixpanel: MixpanelSimulator) -> None:
    """Compaction and retention take rows away between two exports."""
    for number in range(3):
        happen(mixpanel, "2026-11-21T10:00:00Z", n=number)

    assert 2 == mixpanel.remove(OLD, where='properties["n"] < 2')
    assert [2] == [line["properties"]["n"] for line in lines(export(mixpanel))]
