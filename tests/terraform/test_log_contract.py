"""Log metrics and alerts of Terraform, judged by the lines that the running functions write.

The lines come from one story on one local stack; each test puts them on a timeline of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from mixpanel_export.intervals import DAY, HOUR, MINUTE
from tests.terraform.logs.chronicle import record, timeline
from tests.terraform.logs.comparisons import Path, has, value_at
from tests.terraform.logs.entries import entry_of
from tests.terraform.logs.expected import (
    ABSENT,
    COUNTED,
    FOREIGN_CONDITIONS,
    FOREIGN_METRICS,
    FOREIGN_QUERIES,
    OUTAGE,
    POINTS,
    VALUED,
    Counted,
)
from tests.terraform.logs.filters import Filter
from tests.terraform.logs.judging import NOW, Judge, spread
from tests.terraform.logs.metrics import Point, Timed
from tests.terraform.logs.playbooks import queries
from tests.terraform.logs.recording import placed
from tests.terraform.logs.series import History
from tests.terraform.logs.story import APPLIED_AT, ENDED_AT
from tests.terraform.runs import State

_EVENT: Path = ("jsonPayload", "event")
# How far back the conditions look that need no line ever.
_PROMQL_WINDOW = 10 * MINUTE
_ORDERING = ("<", "<=", ">", ">=")


@pytest.fixture(name="judge", scope="module")
def _judge(states: Mapping[str, State], tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge.of(states["defaults"], record(tmp_path_factory.mktemp("chronicle")))


def test_every_metric_is_provoked(judge: Judge) -> None:
    """A new metric needs lines that it counts, or is of lines that Google writes."""
    assert POINTS.keys() | FOREIGN_METRICS == judge.metrics.keys()


@pytest.mark.parametrize("name", POINTS)
def test_a_metric_counts_what_happened(name: str, judge: Judge) -> None:
    """Its filter picks the lines of its incident, and in ordinary times only what is ordinary."""
    source, count, is_ordinary = POINTS[name]
    incident = placed(judge.chronicle.lines(source), NOW)

    assert count == len(list(judge.metrics[name].points(incident)))
    assert is_ordinary == any(judge.metrics[name].points(timeline(judge.chronicle.ordinary)))


@pytest.mark.parametrize("name", POINTS)
def test_a_metric_names_events_that_are_written(name: str, judge: Judge) -> None:
    """Each event in its filter is one that a function in its filter has written."""
    found = judge.metrics[name].filter
    picked = {line.event for line in judge.chronicle.lines() if found.matches(line.entry)}

    assert found.named(_EVENT)
    assert set(found.named(_EVENT)) == picked


@pytest.mark.parametrize("name", POINTS)
def test_a_metric_reads_fields_that_are_written(name: str, judge: Judge) -> None:
    """What it compares or extracts is in each line of the event, and a number where it must be."""
    metric = judge.metrics[name]
    named = set(metric.filter.named(_EVENT))
    entries = [line.entry for line in judge.chronicle.lines() if line.event in named]
    compared = [each for each in metric.filter.comparisons() if each.path != _EVENT]
    numbers = {metric.value} if metric.value else set[Path]()
    numbers |= {each.path for each in compared if each.operator in _ORDERING}
    paths = numbers | {each.path for each in compared} | set(metric.labels.values())

    assert [] == [path for path in paths for entry in entries if not has(entry, path)]
    for path in numbers:
        types = {type(value_at(entry, path)) for entry in entries} - {type(None)}
        assert types
        assert types <= {int, float}


def test_a_report_without_records_is_a_report(judge: Judge) -> None:
    """`retrieved: 0 records` is written for an interval without events, and counts as well."""
    empty = judge.chronicle.events("ordinary", "retrieved", row_count=0)

    assert {"retrieved: 0 records"} == {line.payload["message"] for line in empty}
    assert len(empty) == len(list(judge.metrics["retrieved"].points(placed(empty, NOW))))


def test_every_condition_is_tested(judge: Judge) -> None:
    """A new condition needs a test here, or is of a metric of Google's."""
    tested = [(each.alert, each.condition) for each in COUNTED.values()] + list(OUTAGE)
    tested += [(alert, "") for alerts in VALUED.values() for alert in alerts if alert != "budget"]
    tested += [("budget", "query requests"), ("planner_calls", "")]
    tested += [(alert, "") for alert in ABSENT]
    foreign = {
        name: sorted(policy.foreign) for name, policy in judge.policies.items() if policy.foreign
    }
    untested = [
        (policy.name, condition)
        for policy in judge.policies.values()
        for condition in policy.conditions
        if not any(policy.name == alert and part in condition for alert, part in tested)
    ]

    assert [] == untested
    assert FOREIGN_CONDITIONS == foreign


@pytest.mark.parametrize("query", queries().values(), ids=queries())
def test_a_query_of_a_playbook_names_what_is_written(query: str, judge: Judge) -> None:
    """Who pastes it asks for events that are written, and for fields that they have."""
    if any(mark in query for mark in FOREIGN_QUERIES):
        return
    found, lines = Filter.parse(query), judge.chronicle.lines()
    named = set(found.named(_EVENT))
    about = [line for line in lines if not named or line.event in named]
    paths = {each.path for each in found.comparisons()}

    assert named <= {line.event for line in about}
    assert [] == [path for path in paths if not any(has(line.entry, path) for line in about)]


def test_ordinary_time_is_ordinary(judge: Judge) -> None:
    """It has everything that a healthy deployment does, and nothing else."""
    lines = judge.chronicle.lines("ordinary")
    healthy = {"planned", "freshness", "mixpanel_response", "retrieved", "loaded"}
    modes = {line.payload["mode"] for line in lines if line.event == "retrieved"}
    quiet = ("DEBUG", "INFO")

    assert [] == [line.text for line in lines if line.entry["severity"] not in quiet]
    assert healthy | {"late_data", "confirmed"} == {line.event for line in lines}
    assert {"recent", "sweep", "snapshot"} == modes


def test_ordinary_time_is_silent(judge: Judge) -> None:
    """From the first apply on, while a day is caught up with, nobody is told of anything."""
    ordinary = timeline(judge.chronicle.ordinary)
    told = {alert: judge.opens(alert, ordinary, APPLIED_AT, ENDED_AT) for alert in judge.policies}

    assert {alert: {} for alert in judge.policies} == told


@pytest.mark.parametrize("case", COUNTED.values(), ids=COUNTED)
def test_enough_lines_open_an_alert(case: Counted, judge: Judge) -> None:
    """So many lines within the time open it; one fewer, or the same over a longer time, do not."""
    lines = judge.chronicle.events(case.source, case.event, **case.fields)
    within = case.minutes * MINUTE
    told = judge.told(spread(lines, case.enough, within - 2 * MINUTE))
    fewer = judge.told(spread(lines, case.enough - 1, within - 2 * MINUTE))
    slower = judge.told(spread(lines, case.enough, within + 2 * MINUTE))

    assert [case.alert] == list(told)
    assert [True] == [case.condition in condition for condition in told[case.alert]]
    assert {} == fewer
    assert ({} if case.enough > 1 else told) == slower


def test_three_500s(judge: Judge) -> None:
    """Three answers of 500 are told, with the good answer that came after them."""
    lines = judge.chronicle.lines("three 500s")
    statuses = [line.payload["status"] for line in lines if line.event == "mixpanel_response"]

    assert [500, 500, 500, 200] == statuses
    assert {"mixpanel_5xx"} == judge.told(placed(lines, NOW, MINUTE)).keys()


def test_two_500s(judge: Judge) -> None:
    """Two answers of 500, and the good one after them, are not told."""
    lines = judge.chronicle.lines("two 500s")
    statuses = [line.payload["status"] for line in lines if line.event == "mixpanel_response"]

    assert [500, 500, 200] == statuses
    assert {} == judge.told(placed(lines, NOW, timedelta(seconds=10)))


def test_three_500s_over_eleven_minutes(judge: Judge) -> None:
    """Three answers of 500 that are no three within five minutes are not told."""
    lines = judge.chronicle.events("three 500s", "mixpanel_response", status=500)

    assert {} == judge.told(spread(lines, 3, 11 * MINUTE))


def test_three_500s_of_three_revisions(judge: Judge) -> None:
    """A deployment in the middle of an outage of Mixpanel's hides nothing."""
    lines = judge.chronicle.events("three 500s", "mixpanel_response", status=500)
    entries = [entry_of(each.text, "fetcher", f"0000{n}") for n, each in enumerate(lines)]

    assert {"mixpanel_5xx"} == judge.told([Timed(NOW, entry) for entry in entries]).keys()


@pytest.mark.parametrize(("alert", "condition"), OUTAGE)
def test_an_outage_is_told(alert: str, condition: str, judge: Judge) -> None:
    """Late data are told with the first tick that sees them too late."""
    ticks = [*judge.chronicle.ordinary, *judge.chronicle.outage]
    opened = judge.opens(alert, timeline(ticks), APPLIED_AT, ticks[-1].at)
    (opened_at,) = [at for name, at in opened.items() if name.startswith(condition)]

    assert ENDED_AT + OUTAGE[alert, condition] * HOUR == opened_at


@pytest.mark.parametrize("case", VALUED, ids=lambda case: f"{case[2]} {case[3]}")
def test_a_number_opens_an_alert(case: tuple[str, str, str, int], judge: Judge) -> None:
    """A line with this number in the field that decides opens these alerts, and no other."""
    source, event, name, number = case
    line = judge.chronicle.events(source, event)[0].saying(**{name: number})

    assert VALUED[case] == judge.told(placed([line], NOW)).keys()


def test_failed_calls_of_the_planner(judge: Judge) -> None:
    """Three errors that Cloud Scheduler logs within two ticks are told; two are not."""
    labels = {"project_id": "some-project", "location": "europe-west1", "job_id": "planner"}
    resource = {"type": "cloud_scheduler_job", "labels": labels}
    entry = {"resource": resource, "severity": "ERROR"}
    failed = [Timed(NOW + n * HOUR, entry) for n in range(3)]

    assert {"planner_calls"} == judge.told(failed).keys()
    assert {} == judge.told(failed[:2])


@pytest.mark.parametrize("alert", ABSENT)
def test_silence_is_told(alert: str, judge: Judge) -> None:
    """After the last line it takes the window, and what metrics take, until somebody is told."""
    function, event, minutes = ABSENT[alert]
    (line, *_) = judge.chronicle.events("ordinary", event)
    due = NOW + 23 * HOUR + minutes * MINUTE
    opened = judge.opens(alert, spread([line], 24, 23 * HOUR), NOW, due + HOUR)

    assert function == line.function
    assert 2 == len(opened)
    assert all(due <= at <= due + 10 * MINUTE for at in opened.values())


@pytest.mark.parametrize("alert", ABSENT)
@pytest.mark.parametrize("ago", [None, HOUR, DAY], ids=["never", "an hour ago", "a day ago"])
def test_silence_that_began_before_is_told(
    ago: timedelta | None, alert: str, judge: Judge
) -> None:
    """A policy made or edited after the last line, or before the first, tells of the silence."""
    _, event, minutes = ABSENT[alert]
    lines = judge.chronicle.events("ordinary", event)[:1]
    before = placed(lines, NOW - ago) if ago else []
    opened = judge.opens(alert, before, NOW, NOW + 4 * HOUR)

    assert [NOW + minutes * MINUTE - _PROMQL_WINDOW] == list(opened.values())


@pytest.mark.parametrize("alert", ABSENT)
def test_a_deployment_is_no_silence(alert: str, judge: Judge) -> None:
    """When a new revision goes on where the old one ended, nobody is told."""
    function, event, _ = ABSENT[alert]
    (line, *_) = judge.chronicle.events("ordinary", event)
    revisions = 3 * ["00001-abc"] + 9 * ["00002-xyz"]
    entries = [entry_of(line.text, function, revision) for revision in revisions]
    timed = [Timed(NOW + n * HOUR, entry) for n, entry in enumerate(entries)]

    assert {} == judge.opens(alert, timed, NOW, timed[-1].at)


def test_hours_without_events_are_no_silence(judge: Judge) -> None:
    """A project without any event is quiet, and so is its alert."""
    empty = judge.chronicle.events("ordinary", "retrieved", row_count=0)
    day = spread(empty, 24, 23 * HOUR)

    assert {} == judge.opens("not_retrieved", day, NOW, day[-1].at)


@pytest.mark.parametrize("alert", ABSENT)
def test_points_that_say_nothing_are_silence(alert: str, judge: Judge) -> None:
    """Were a counter to go on with points of 0, the silence would be told all the same."""
    _, event, minutes = ABSENT[alert]
    metric, series = judge.metrics[event], {"resource.type": "cloud_run_revision"}
    zeros = [(metric.type, Point(NOW + n * MINUTE, 0.0, series)) for n in range(minutes)]
    past = History(judge.metrics.values(), zeros)
    opened = judge.policies[alert].opens(past, NOW, NOW + minutes * MINUTE)

    assert [True] == [name.startswith("0 lines") for name in opened]
