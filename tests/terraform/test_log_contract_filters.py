"""The evaluator of filters keeps what Cloud Logging documents of its query language."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.terraform.logs.comparisons import FilterError
from tests.terraform.logs.entries import entry_of
from tests.terraform.logs.filters import Filter

ENTRY: dict[str, Any] = {
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "fetcher"}},
    "severity": "WARNING",
    "labels": {"execution_id": "x"},
    "jsonPayload": {
        "event": "Retrieved",
        "status": 500,
        "days": "10",
        "done": True,
        "error": None,
        "inner": {"seconds": 1.5},
        "frames": ["a"],
    },
}
HOLDS = {
    "a type": 'resource.type="cloud_run_revision"',
    "text without quotes": "resource.labels.service_name = fetcher",
    "any letter case": 'jsonPayload.event="RETRIEVED"',
    "another text": 'jsonPayload.event!="loaded"',
    "a part of a text": 'jsonPayload.event:"triev"',
    "a pattern": 'resource.labels.service_name=~"etch..$"',
    "a number": "jsonPayload.status>=500",
    "a number in quotes": 'jsonPayload.status<"500.5"',
    "a number within": "jsonPayload.inner.seconds = 1.5",
    "text compared as text": 'jsonPayload.days < "6"',
    "true": "jsonPayload.done=TRUE",
    "a severity": "severity>=warning AND severity<ERROR",
    "null": "jsonPayload.error=NULL_VALUE",
    "a field that is there": "jsonPayload.error:*",
    "a quoted name": 'labels."execution_id"="x"',
    "one of two values": 'jsonPayload.event=("loaded" OR "retrieved")',
    "all parts of a text": 'jsonPayload.event:("ret" AND "eved")',
    "lines": 'severity=WARNING\n-- a comment = ("\njsonPayload.status=500',
    "OR before AND": "severity=WARNING OR severity=INFO AND jsonPayload.status=500",
    "NOT before OR": "NOT severity=WARNING OR jsonPayload.status=500",
    "parentheses": "NOT (severity=WARNING AND jsonPayload.status=1)",
    "NOT of a missing field": "NOT jsonPayload.nothing=1",
}
FAILS = {
    "another value": 'resource.labels.service_name="fetch"',
    "a missing field": "jsonPayload.nothing=1",
    "a missing field that differs": "jsonPayload.nothing!=1",
    "a missing field below a value": "jsonPayload.status.code=500",
    "a missing field that is asked for": "jsonPayload.nothing:*",
    "a pattern in other letters": 'jsonPayload.event=~"retrieved"',
    "no number": 'jsonPayload.status!="many"',
    "null and a number": "jsonPayload.error<1",
    "a number that is not null": "jsonPayload.status=NULL_VALUE",
    "OR before AND": "severity=WARNING OR severity=INFO AND jsonPayload.status=1",
    "neither true nor false": 'jsonPayload.done="yes"',
}
ERRORS = {
    "nothing": "",
    "a text alone": '"retrieved"',
    "small letters": "severity=WARNING and severity=WARNING",
    "an unknown field": "thud=1",
    "a field below text": "severity.x=1",
    "a whole payload": "jsonPayload:x",
    "a pattern that must not match": 'jsonPayload.event!~"re.*"',
    "a pattern of a number": 'jsonPayload.status=~"5.."',
    "a function": 'log_id("run")',
    "a dot without quotes": "resource.labels.service_name=a.b",
    "an open parenthesis": "(severity=WARNING",
    "a parenthesis too many": "severity=WARNING)",
    "no value": "severity=",
    "an operator too many": "severity==WARNING",
    "no such severity": "severity>=LOUD",
    "an order of truth": "jsonPayload.done>false",
    "a part of a number": "jsonPayload.status:5",
    "a list": "jsonPayload.frames=a",
    "null by another operator": "jsonPayload.error!=NULL_VALUE",
    "a star by another operator": "jsonPayload.error=*",
    "20,001 characters": "severity=WARNING" + 19_985 * " ",
}


@pytest.mark.parametrize("text", HOLDS.values(), ids=HOLDS)
def test_it_holds(text: str) -> None:
    """A filter picks the entries that Cloud Logging would."""
    assert Filter.parse(text).matches(ENTRY)


@pytest.mark.parametrize("text", FAILS.values(), ids=FAILS)
def test_it_does_not_hold(text: str) -> None:
    """A filter leaves out the entries that Cloud Logging would."""
    assert not Filter.parse(text).matches(ENTRY)


@pytest.mark.parametrize("text", ERRORS.values(), ids=ERRORS)
def test_it_is_refused(text: str) -> None:
    """What is wrong, or not known here, is an error and not just false."""
    with pytest.raises(FilterError):
        Filter.parse(text).matches(ENTRY)


@given(st.lists(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1), min_size=1))
def test_operators_bind_as_documented(table: list[list[tuple[bool, bool]]]) -> None:
    """Without parentheses a filter is an AND of ORs of comparisons, each perhaps negated."""
    comparisons = {True: "severity=WARNING", False: "severity=INFO"}
    ors = [
        " OR ".join(("NOT " if negated else "") + comparisons[holds] for negated, holds in row)
        for row in table
    ]
    expected = all(any(negated != holds for negated, holds in row) for row in table)

    assert expected == Filter.parse(" AND ".join(ors)).matches(ENTRY)
    assert expected == Filter.parse("\n".join(ors)).matches(ENTRY)


def test_what_it_names() -> None:
    """The values of a field are found wherever they stand in a filter."""
    found = Filter.parse(
        'NOT jsonPayload.event="a" OR jsonPayload.event=("b" OR "c") severity=INFO'
    )

    assert ["a", "b", "c"] == found.named(("jsonPayload", "event"))


def test_a_structured_line() -> None:
    """A line of JSON becomes a payload without what the agent takes out."""
    line = (
        '{"severity": "INFO", "event": "loaded", "message": "m", '
        '"logging.googleapis.com/labels": {"execution_id": "x"}}'
    )
    entry = entry_of(line, "loader", "00002-xyz")

    assert {"event": "loaded", "message": "m"} == entry["jsonPayload"]
    assert ("INFO", {"execution_id": "x"}) == (entry["severity"], entry["labels"])
    assert "loader" == entry["resource"]["labels"]["service_name"]
    assert "loader-00002-xyz" == entry["resource"]["labels"]["revision_name"]


def test_a_line_of_text() -> None:
    """A line that is no JSON has no payload for a filter to look into."""
    entry = entry_of("Traceback (most recent call last):", "loader")

    assert "jsonPayload" not in entry
    assert ("DEFAULT", "Traceback (most recent call last):") == (
        entry["severity"],
        entry["textPayload"],
    )


@pytest.mark.parametrize(
    "line",
    [
        '{"severity": "LOUD"}',
        '{"time": "2026-11-22T08:00:00Z"}',
        '{"logging.googleapis.com/insertId": "x"}',
        '{"seconds": NaN}',
    ],
)
def test_a_line_that_means_something_else(line: str) -> None:
    """A field that the agent would take for its own is no field of ours."""
    with pytest.raises(ValueError, match=r"mean|JSON"):
        entry_of(line, "loader")
