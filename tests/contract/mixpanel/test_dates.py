"""Raw export: stored times, date parameters, and when events appear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import (
    NEW,
    OLD,
    at,
    export,
    happen,
    names,
    simulator,
)


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        yield mixpanel


@pytest.mark.parametrize(
    ("project", "moment", "stored"),
    [
        # Standard time: UTC-5.
        (OLD, "2026-01-15T12:00:00Z", "2026-01-15T07:00:00Z"),
        # Daylight saving: UTC-4.
        (OLD, "2026-07-15T12:00:00Z", "2026-07-15T08:00:00Z"),
        # The hour that the clock shows twice.
        (OLD, "2026-11-01T05:30:00Z", "2026-11-01T01:30:00Z"),
        (OLD, "2026-11-01T06:30:00Z", "2026-11-01T01:30:00Z"),
        # Projects made since 2023 keep UTC, whatever their zone.
        (NEW, "2026-07-15T12:00:00Z", "2026-07-15T12:00:00Z"),
    ],
)
def test_stored_time(mixpanel: MixpanelSimulator, project: int, moment: str, stored: str) -> None:
    """Old projects keep the wall clock of their zone; processing time is UTC in all."""
    happen(mixpanel, moment, project=project)

    properties = mixpanel.events(project)[0]["properties"]
    assert at(stored).timestamp() == properties["time"]
    assert at(moment).timestamp() * 1000 == properties["mp_processing_time_ms"]


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        # In New York "early" is still the 19th and "next" still the 20th.
        (OLD, ["noon", "late", "next"]),
        (NEW, ["early", "noon", "late"]),
    ],
)
def test_dates_are_those_of_the_project(
    mixpanel: MixpanelSimulator, project: int, expected: list[str]
) -> None:
    """Both dates are inclusive and bound the stored time."""
    for name, moment in (
        ("before", "2026-11-19T23:59:59Z"),
        ("early", "2026-11-20T04:59:59Z"),
        ("noon", "2026-11-20T12:00:00Z"),
        ("late", "2026-11-20T23:59:59Z"),
        ("next", "2026-11-21T04:59:59Z"),
        ("after", "2026-11-21T05:00:00Z"),
    ):
        happen(mixpanel, moment, name=name, project=project)

    day = {"from_date": "2026-11-20", "to_date": "2026-11-20"}
    found = names(export(mixpanel, project_id=project, **day))

    assert expected == found


@pytest.mark.parametrize(
    ("project", "now", "to_date", "status"),
    [
        # Until 05:00 UTC New York is a day behind: the trap for those who count in UTC.
        (OLD, "2026-11-22T00:00:00Z", "2026-11-22", 400),
        (OLD, "2026-11-22T04:59:59Z", "2026-11-22", 400),
        (OLD, "2026-11-22T04:59:59Z", "2026-11-21", 200),
        (OLD, "2026-11-22T05:00:00Z", "2026-11-22", 200),
        # In summer the trap closes at 04:00.
        (OLD, "2026-07-22T03:59:59Z", "2026-07-22", 400),
        (OLD, "2026-07-22T04:00:00Z", "2026-07-22", 200),
        (NEW, "2026-11-22T00:00:00Z", "2026-11-22", 200),
        (NEW, "2026-11-22T23:59:59Z", "2026-11-23", 400),
    ],
)
def test_to_date_is_not_later_than_today(
    mixpanel: MixpanelSimulator, project: int, now: str, to_date: str, status: int
) -> None:
    """Today is judged in the project's zone, or in UTC for new projects."""
    mixpanel.calendar.set(at(now))

    response = export(mixpanel, project_id=project, from_date="2026-07-01", to_date=to_date)

    expected = "to_date cannot be later than today" if status == 400 else ""
    assert (status, expected) == (response.status_code, response.text)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"from_date": None}, "from_date is a required parameter"),
        ({"to_date": None}, "to_date is a required parameter"),
        ({"from_date": "2026-11-23"}, "from_date cannot be later than to_date"),
        ({"from_date": "2026-1-1"}, "from_date is not a date"),
        ({"from_date": "2026-02-30"}, "from_date is not a date"),
        ({"to_date": "20261121"}, "to_date is not a date"),
        ({"limit": "100001"}, "limit is not a number from 1 to 100000"),
        ({"limit": "0"}, "limit is not a number from 1 to 100000"),
        ({"limit": "-1"}, "limit is not a number from 1 to 100000"),
        ({"time_in_ms": "maybe"}, "time_in_ms is not a boolean"),
        ({"event": "signup"}, "Invalid JSON Format: event"),
        ({"event": '"signup"'}, "Invalid JSON Format: event"),
        ({"where": "1 +"}, "where: syntax error"),
        ({"sig": "abc"}, "invalid parameter: sig"),
    ],
)
def test_bad_parameters(
    mixpanel: MixpanelSimulator, parameters: dict[str, Any], error: str
) -> None:
    """A 400 in JSON says what is wrong and repeats the request."""
    response = export(mixpanel, **parameters)

    assert 400 == response.status_code
    assert response.json()["error"].startswith(error)
    assert response.json()["request"].startswith("/api/2.0/export?")


def test_visibility_lag(mixpanel: MixpanelSimulator) -> None:
    """An event appears once the calendar has reached its processing time plus its lag."""
    moment = at("2026-11-22T10:00:00Z")
    mixpanel.ingest(OLD, "late", moment, moment, {}, visible_after_seconds=900)

    mixpanel.calendar.set(at("2026-11-22T10:14:59Z"))
    before = names(export(mixpanel))
    mixpanel.calendar.set(at("2026-11-22T10:15:00Z"))

    assert ([], ["late"]) == (before, names(export(mixpanel)))
