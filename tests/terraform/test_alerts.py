"""Alerts look at metrics that exist, reach whom they should, and say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.bundles import ROOT
from tests.functional.test_docs import names, table
from tests.terraform.monitored import (
    ALIGNERS,
    CHARTED_REDUCERS,
    RESOURCE_LABELS,
    Metric,
    Query,
    asked_by_alerts,
    asked_by_charts,
    charts,
    known,
    policies,
    promql,
)
from tests.terraform.runs import State

PLAYBOOKS = ROOT / "docs" / "playbooks"
RUNS = ("defaults", "full", "longest")
GIVEN, GIVEN_CRITICAL = (f"projects/acme-analytics/notificationChannels/{n}" for n in (1, 2))


def channels(state: State, kind: str) -> set[str]:
    found = state.resources("google_monitoring_notification_channel").values()
    return {channel["id"] for channel in found if channel["type"] == kind}


@pytest.fixture(name="state", params=RUNS)
def _state(request: pytest.FixtureRequest, states: Mapping[str, State]) -> State:
    return states[request.param]


def test_alerts_ask_for_metrics_that_exist(state: State) -> None:
    """Each condition names a metric of ours or of Google's, on a resource that has it."""
    metrics = known(state)
    for query in asked_by_alerts(state):
        expect_known(query, metrics)
        assert re.fullmatch(ALIGNERS[metrics[query.metric].kind], query.aligner), query.where
        # Each revision, and each label, has a series of its own.
        assert query.reducer != "REDUCE_NONE", query.where


def test_charts_ask_for_metrics_that_exist(state: State) -> None:
    """So does each chart; of distributions it makes a number at the latest across series."""
    metrics = known(state)
    for query in asked_by_charts(state):
        expect_known(query, metrics)
        kind = metrics[query.metric].kind
        assert re.fullmatch(ALIGNERS[kind], query.aligner) or (
            kind == "distribution" and re.fullmatch(CHARTED_REDUCERS, query.reducer)
        ), query.where


def expect_known(query: Query, metrics: Mapping[str, Metric]) -> None:
    """The metric is there, on this resource, and with these labels."""
    assert query.metric in metrics, query.where
    assert query.resource in metrics[query.metric].resources, query.where
    assert query.labels("metric") <= metrics[query.metric].labels, query.where
    assert query.labels("resource") <= RESOURCE_LABELS[query.resource], query.where


def test_promql_asks_for_metrics_that_exist(state: State) -> None:
    """The first / of a metric's type is a colon there, and what is no letter an underscore.

    Source: docs.cloud.google.com/stackdriver/docs/managed-prometheus/promql-mapping.
    """
    metrics = {
        ":".join(re.sub(r"\W", "_", part) for part in type_.split("/", 1)): metric.kind
        for type_, metric in known(state).items()
    }
    queries = list(promql(state))

    assert queries
    for query in queries:
        asked = re.findall(r"(\w*:\w+)(\{monitored_resource=)?", query)
        assert asked, query
        for name, narrowed in asked:
            whole = re.sub(r"_(sum|count|bucket)$", "", name)
            kind = metrics.get(name) or metrics.get(whole)
            # Of a distribution there are only its parts.
            assert kind == ("count" if name in metrics else "distribution"), query
            # A metric of logs may belong to several kinds of resources.
            assert narrowed, query


def test_charts_fit_their_grid(state: State) -> None:
    """No chart is beyond the dashboard's columns, and no two are on one place."""
    taken = {
        (tile.get("xPos", 0) + column, tile.get("yPos", 0) + row)
        for tile in charts(state)
        for column in range(tile["width"])
        for row in range(tile["height"])
    }

    assert sum(tile["width"] * tile["height"] for tile in charts(state)) == len(taken)
    assert {column for column, _ in taken} <= set(range(48))


@pytest.mark.parametrize(
    ("run", "waits"),
    [
        (
            "defaults",
            {
                "freshness": {9900, 108_900, 151_200},
                "gaps": {21_600},
                "not_retrieved": {8100, 7500},
                "planner_silent": {7800, 7200},
            },
        ),
        (
            "full",
            {
                "freshness": {3900, 6600, 55_200, 151_200},
                "gaps": {10_800},
                "not_retrieved": {2700, 2100},
                "planner_silent": {4200, 3600},
            },
        ),
        (
            "longest",
            {
                "freshness": {108_900, 151_200},
                "gaps": {21_600},
                "planner_silent": {7800, 7200},
            },
        ),
    ],
)
def test_windows_are_the_derived_ones(
    run: str, waits: Mapping[str, set[int]], states: Mapping[str, State]
) -> None:
    """For hours, for quarters of an hour, and for days, where an absence would be too long."""
    found: dict[str, set[int]] = {}
    for name, policy in policies(states[run]):
        if name in {"freshness", "gaps", "not_retrieved", "planner_silent"}:
            found.setdefault(name, set()).update(waited(policy))

    assert waits == found


def waited(policy: Mapping[str, Any]) -> Iterator[int]:
    """The bounds of ages, and how long an absence lasts."""
    for condition in policy["conditions"]:
        for each in condition["condition_threshold"]:
            if each["comparison"] == "COMPARISON_GT":
                yield int(each["threshold_value"])
            else:
                yield int(each["aggregations"][0]["alignment_period"].removesuffix("s"))
        for kind in ("condition_absent", "condition_prometheus_query_language"):
            yield from (int(each["duration"].removesuffix("s")) for each in condition[kind])


@pytest.mark.parametrize("run", RUNS)
def test_whoever_is_to_hear_of_it_does(run: str, states: Mapping[str, State]) -> None:
    """Everybody of everything; PagerDuty, and channels for it, of what is critical alone."""
    state = states[run]
    everybody = channels(state, "email") | channels(state, "slack")
    paged = channels(state, "pagerduty")
    if run == "full":
        everybody, paged = everybody | {GIVEN}, paged | {GIVEN_CRITICAL}
        assert (4, 2) == (len(everybody), len(paged))
    if run == "longest":
        everybody = {"projects/p/notificationChannels/1"}

    assert everybody
    for name, policy in policies(state):
        is_critical = policy["severity"] == "CRITICAL"
        reminders = policy["alert_strategy"][0]["notification_channel_strategy"]
        told = set(policy["notification_channels"])
        assert told == (everybody | paged if is_critical else everybody), name
        # PagerDuty has escalation policies of its own. The hops' alerts are never critical.
        reminded = [set(each["notification_channel_names"]) for each in reminders]
        assert reminded == ([everybody] if is_critical else []), name


def test_severities_are_those_of_the_index(states: Mapping[str, State]) -> None:
    """The index of playbooks lists every alert with its severity; settings replace single ones.

    That on maintenance is there where maintenance is.
    """
    index = {names(row[0])[0]: row[1] for row in table(PLAYBOOKS / "README.md", "Playbooks")}
    replaced = {"bugs": "CRITICAL", "delivery_loader": "WARNING", "gaps": "ERROR"}
    severities = {
        run: {name: policy["severity"] for name, policy in policies(states[run])}
        for run in ("defaults", "full")
    }

    assert index.items() - severities["defaults"].items() == {("maintenance", "WARNING")}
    assert severities["defaults"].items() <= index.items()
    assert index | replaced == severities["full"]


def test_every_alert_says_what_to_do(state: State) -> None:
    """Its notification is a playbook, which the index links."""
    pages = {path.name: path.read_text() for path in PLAYBOOKS.glob("*.md")}
    index = dict(re.findall(r"\| \[`(\w+)`\]\((\w+\.md)\)", pages.pop("README.md")))
    said = {name: policy["documentation"][0]["content"] for name, policy in policies(state)}

    assert {name: pages[index[name]] for name in said} == said
    assert pages.keys() == set(index.values())


def test_the_old_alerts_are_there(states: Mapping[str, State]) -> None:
    """What the replaced system told of: 5xx, no more exports, and each function's limits."""
    state = states["defaults"]
    asked: dict[str, set[str]] = {}
    for query in asked_by_alerts(state):
        asked.setdefault(query.where.partition(":")[0], set()).add(query.metric.rpartition("/")[2])

    assert {"mixpanel_5xx"} == asked["mixpanel_5xx"]
    assert {"retrieved"} == asked["not_retrieved"]
    assert {"utilizations", "request_latencies"} == asked["function_limits"]
