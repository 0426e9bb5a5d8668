"""The planner's next tick as the operator sees it: what is asked, what it costs, what waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval
from mixpanel_export.messages import ExportRequest
from mixpanel_export.plans import Plan, Plans
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from mixpanel_export_cli.plan import as_json, lines_of, near
from mixpanel_export_cli.previewing import (
    Preview,
    call_of,
    preview,
)
from tests.cli.pasts import NOW, TODAY, Past, hour, machine_in, project


@pytest.fixture(name="_new_york", autouse=True)
def _new_york() -> Iterator[None]:
    """The operator's machine stands in New York."""
    with machine_in("America/New_York"):
        yield


def preview_of(past: Past, at: datetime = NOW) -> Preview:
    """The tick at this moment."""
    return preview(past.onlooker.look(at), project(MIXPANEL_WHERE='properties["a"] == 1'), at)


@pytest.fixture(name="past")
def _past() -> Past:
    """Everything is to be done at once, and the budget is small."""
    past = Past(
        TABLES="events,people",
        EXPORT_SINCE="2026-11-21",
        VERIFY_AFTER_HOURS="23",
        HEAL_HORIZON_HOURS="25",
        REQUESTS_PER_HOUR="4",
    )
    for start in range(11, 24):
        past.load(hour(start, TODAY - DAY))
    for start in range(8):
        past.load(hour(start))
    past.land(hour(8))
    past.ask("heal", 50 * MINUTE, hour(9))
    return past


def test_the_whole_text(past: Past) -> None:
    """The most urgent first; what waits is counted, with its bounds."""
    assert """\
A tick at 2026-11-22 11:16 UTC (2026-11-22 06:16 EST): 4 requests, 10 waiting, 1 announced again. \
Nothing is published now.
1. schedule of events
  from  2026-11-22 10:00 UTC (2026-11-22 05:00 EST)
  to    2026-11-22 11:00 UTC (2026-11-22 06:00 EST)
  GET   https://data.mixpanel.com/api/2.0/export?project_id=7&from_date=2026-11-15&to_date=\
2026-11-22&time_in_ms=true
  where (properties["a"] == 1) and number(properties["mp_processing_time_ms"]) >= 1795341600000 \
and number(properties["mp_processing_time_ms"]) < 1795345200000
2. schedule of people snapshot
  from  2026-11-21 00:00 UTC (2026-11-20 19:00 EST)
  to    2026-11-22 00:00 UTC (2026-11-21 19:00 EST)
  POST  https://mixpanel.com/api/query/engage?project_id=7
3. verify of events
  from  2026-11-21 11:00 UTC (2026-11-21 06:00 EST)
  to    2026-11-21 12:00 UTC (2026-11-21 07:00 EST)
  GET   https://data.mixpanel.com/api/2.0/export?project_id=7&from_date=2026-11-14&to_date=\
2026-11-22&time_in_ms=true
  where (properties["a"] == 1) and number(properties["mp_processing_time_ms"]) >= 1795258800000 \
and number(properties["mp_processing_time_ms"]) < 1795262400000
4. heal of events
  from  2026-11-21 10:00 UTC (2026-11-21 05:00 EST)
  to    2026-11-21 11:00 UTC (2026-11-21 06:00 EST)
  GET   https://data.mixpanel.com/api/2.0/export?project_id=7&from_date=2026-11-14&to_date=\
2026-11-22&time_in_ms=true
  where (properties["a"] == 1) and number(properties["mp_processing_time_ms"]) >= 1795255200000 \
and number(properties["mp_processing_time_ms"]) < 1795258800000
waiting for budget: 10 backfill of events
  from 2026-11-21 00:00 UTC (2026-11-20 19:00 EST)
  to   2026-11-21 10:00 UTC (2026-11-21 05:00 EST)
announced again: events/date=2026-11-22/20261122T080000Z_20261122T090000Z/\
1795338960000000.ndjson.gz
  landed 2026-11-22 09:17 UTC (2026-11-22 04:17 EST)
cost: 3 export requests, after 1 in the last hour, of 4 an hour; waiting: 10
cost: 1 query request (people: one more for each further page), after 0 in the last hour, \
of 4 an hour; waiting: 0""" == "\n".join(lines_of(preview_of(past)))


def test_the_whole_json() -> None:
    """The keys that the module promises, all of them, and nothing that JSON cannot say."""
    past = Past(REQUESTS_PER_HOUR="4")
    for start in range(5):
        past.load(hour(start))
    path = past.land(hour(8)).path
    events = {"table": "events", "mode": "recent"}

    content = json.loads(json.dumps(as_json(preview_of(past))))
    assert ["schedule", "heal", "heal", "heal"] == [
        request["origin"] for request in content["requests"]
    ]
    del content["requests"][1:]
    assert {
        "at": "2026-11-22T11:16:00Z",
        "open_plan": None,
        "requests": [
            {
                **events,
                "start": "2026-11-22T10:00:00Z",
                "end": "2026-11-22T11:00:00Z",
                "origin": "schedule",
                "method": "GET",
                "url": "https://data.mixpanel.com/api/2.0/export?project_id=7"
                "&from_date=2026-11-15&to_date=2026-11-22&time_in_ms=true",
                "where": '(properties["a"] == 1) and '
                'number(properties["mp_processing_time_ms"]) >= 1795341600000 and '
                'number(properties["mp_processing_time_ms"]) < 1795345200000',
            }
        ],
        "waiting": [
            {
                **events,
                "start": "2026-11-22T05:00:00Z",
                "end": "2026-11-22T06:00:00Z",
                "origin": "heal",
            }
        ],
        "reloads": [{"path": path, "landed_at": "2026-11-22T09:17:00Z"}],
        "budget": [{"family": "export", "spent": 0, "asked": 4, "waiting": 1, "limit": 4}],
    } == content


def test_another_moment_is_planned_as_if_nothing_happened_until_then(past: Past) -> None:
    """Tomorrow's tick finds today's gaps, and more of them."""
    tomorrow = NOW + DAY
    calls = preview_of(past, tomorrow).calls

    assert Interval(tomorrow.replace(minute=0) - HOUR, tomorrow.replace(minute=0)) == (
        calls[0].request.interval
    )
    assert "to_date=2026-11-23" in calls[0].url


def test_an_open_plan_is_waited_for() -> None:
    """The call that makes it still publishes, or has died; after ten minutes that is certain."""
    past = Past()
    request = ExportRequest(RECENT, hour(10), "schedule")
    made_at = NOW - 4 * MINUTE
    Plans(past.bucket).begin(Plan(7, made_at, made_at, (request,), ()))

    assert (
        "plan 7 is open since 2026-11-22 11:12 UTC (2026-11-22 06:12 EST): "
        "the planner waits until 2026-11-22 11:22 UTC (2026-11-22 06:22 EST)"
    ) == list(lines_of(preview_of(past)))[1]
    assert {"number": 7, "since": "2026-11-22T11:12:00Z", "until": "2026-11-22T11:22:00Z"} == (
        as_json(preview_of(past))["open_plan"]
    )
    assert None is as_json(preview_of(past, made_at + 10 * MINUTE))["open_plan"]


@pytest.mark.parametrize("days", [-367, 367])
def test_a_moment_too_far_away_is_refused(days: int) -> None:
    """Until then everything would be a gap."""
    with pytest.raises(Setup, match=r"^--at is 202[57]-11-.*; allowed: at most a year from now$"):
        near(NOW + days * DAY, NOW)


@pytest.mark.parametrize("days", [-366, 0, 366])
def test_a_moment_within_a_year_is_planned_for(days: int) -> None:
    """In both directions."""
    assert NOW + days * DAY == near(NOW + days * DAY, NOW)


@pytest.mark.parametrize(
    ("series", "method", "url", "where"),
    [
        (
            SWEEP,
            "GET",
            (
                "https://data-eu.mixpanel.com/api/2.0/export?project_id=7"
                "&from_date=2026-08-13&to_date=2026-11-15&time_in_ms=true"
            ),
            (
                'number(properties["mp_processing_time_ms"]) >= 1795219200000 and '
                'number(properties["mp_processing_time_ms"]) < 1795305600000'
            ),
        ),
        (
            SNAPSHOT,
            "POST",
            "https://eu.mixpanel.com/api/query/engage?project_id=7",
            None,
        ),
        (
            CHANGES,
            "POST",
            "https://eu.mixpanel.com/api/query/engage?project_id=7",
            (
                'properties["$last_seen"] >= "2026-11-20T00:00:00" and '
                'properties["$last_seen"] < "2026-11-23T00:00:00"'
            ),
        ),
    ],
    ids=["sweep", "snapshot", "changes"],
)
def test_each_series_asks_its_own_question(
    series: Series, method: str, url: str, where: str | None
) -> None:
    """The hosts are the region's, and nothing of the credentials is in it."""
    interval = Interval(TODAY - DAY, TODAY)
    request = ExportRequest(series, interval, "heal")
    call = call_of(request, project(MIXPANEL_REGION="eu"), NOW)

    assert (method, url, where) == (call.method, call.url, call.where)


def test_functions_that_disagree_are_told() -> None:
    """A sweep that the planner wants and the fetcher refuses is no preview but a setting."""
    request = ExportRequest(SWEEP, Interval(TODAY - DAY, TODAY), "heal")

    with pytest.raises(Setup, match="SWEEP_DAYS is 0"):
        call_of(request, project(SWEEP_DAYS="0"), NOW)


def test_looking_ahead_changes_nothing(past: Past) -> None:
    """A preview writes no plan and publishes no message."""
    before = dict(past.bucket.objects)
    past.journal.entries.clear()
    preview_of(past)

    assert before == past.bucket.objects
    assert [
        "read backfill.json",
        "listed plans/",
        "read plans/00000001.json",
        "listed events/date=2026-11-21/ to 2026-11-22",
        "listed people/snapshot/date=2026-11-21/ to 2026-11-22",
        "listed confirmed/events/date=2026-11-21/ to 2026-11-22",
        "read the ledger",
    ] == past.journal.entries
