"""The evaluator of metrics and alerts keeps what Cloud Monitoring documents of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.terraform.logs.declared import (
    FILTER,
    PROMQL,
    absent,
    aggregation,
    distribution,
    metric_resource,
    promql,
    threshold,
)
from tests.terraform.logs.entries import entry_of
from tests.terraform.logs.metrics import LogMetric, Timed
from tests.terraform.logs.policies import Policy
from tests.terraform.logs.series import ConditionError, History

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def policy(*conditions: dict[str, Any], **changes: Any) -> Policy:
    blocks = [{"display_name": str(n)} | block for n, block in enumerate(conditions)]
    resource = {
        "user_labels": {"alert": "a"},
        "enabled": None,
        "combiner": "OR",
        "conditions": blocks,
    }
    return Policy.of(resource | changes)


def line(minutes: float, revision: str = "1", **fields: Any) -> Timed:
    """A line `n`, so long after now."""
    text = '{"event": "n", ' + ", ".join(f'"{k}": {v}' for k, v in fields.items()) + "}"
    text = text.replace(", }", "}")
    return Timed(NOW + minutes * MINUTE, entry_of(text, "fetcher", revision))


def opened(
    condition: dict[str, Any],
    *lines: Timed,
    metric: Mapping[str, Any] | None = None,
    minutes: int = 60,
) -> float | None:
    """After how many minutes the condition opens first, if it does."""
    past = History.of([LogMetric.of(metric or metric_resource())], lines)
    first = policy(condition).opens(past, NOW, NOW + minutes * MINUTE)
    return (first["0"] - NOW) / MINUTE if first else None


def test_a_period_slides() -> None:
    """Three lines within five minutes count together, wherever the minutes begin."""
    assert 8 == opened(threshold(), line(4), line(6), line(8))
    assert None is opened(threshold(), line(4), line(6), line(9))


def test_series_are_reduced() -> None:
    """Lines of three revisions are three for the sum, and one each for itself."""
    lines = [line(1, revision) for revision in "abc"]

    assert 1 == opened(threshold(), *lines)
    assert None is opened(threshold(aggregation(cross_series_reducer="REDUCE_MAX")), *lines)
    assert None is opened(threshold(aggregation(cross_series_reducer=None)), *lines)


def test_groups_are_kept_apart() -> None:
    """With a group for each value of a label, only equal ones count together."""
    grouped = threshold(aggregation(group_by_fields=["metric.label.kind"]))
    mixed = [line(1, kind=n) for n in (1, 1, 2)]

    assert None is opened(grouped, *mixed)
    assert 2 == opened(grouped, *mixed, line(2, kind=1))


def test_a_filter_selects_series() -> None:
    """Labels in a condition's filter leave out the other series; a missing label is empty."""
    ones = threshold(filter=f'{FILTER} AND metric.labels.kind="1"')
    none = threshold(filter=f'{FILTER} AND metric.labels.kind=""')
    lines = [line(1, kind=1), line(1, kind=1), line(1)]

    assert None is opened(ones, *lines)
    assert 2 == opened(ones, *lines, line(2, kind=1))
    assert None is opened(none, *lines)


def test_a_duration_must_last() -> None:
    """With a duration the threshold is passed at each minute of it."""
    lasting = threshold(duration="180s", threshold_value=0)

    assert 4 == opened(lasting, line(1))
    assert None is opened(threshold(duration="360s", threshold_value=0), line(1))


def test_nothing_is_not_below() -> None:
    """A counter without points has no value that could be too small."""
    assert None is opened(threshold(comparison="COMPARISON_LT", threshold_value=1))


def test_a_percentile() -> None:
    """The percentile of one value lies in its bucket, so only bounds make it certain."""
    p99 = aggregation(per_series_aligner="ALIGN_PERCENTILE_99")

    assert 1 == opened(threshold(p99, threshold_value=10), line(1, n=10), metric=distribution())
    assert None is opened(threshold(p99, threshold_value=10), line(1, n=9), metric=distribution())


def test_an_absence_needs_a_line_before() -> None:
    """It opens a duration, and the period of a point, after the last line, if there was one."""
    assert 20 == opened(absent(), line(5))
    assert None is opened(absent())
    assert None is opened(absent(), line(-1))
    assert None is opened(absent(), *(line(n) for n in range(0, 61, 10)))


def test_promql_needs_no_line() -> None:
    """It opens once the window was empty for the duration, which begins with the policy."""
    assert 10 == opened(promql())
    assert 10 == opened(promql(), line(-10))
    assert 25 == opened(promql(), line(5))
    assert None is opened(promql(), *(line(n) for n in range(-5, 61, 15)))


def test_metrics_of_google_are_listed() -> None:
    """A condition on something that no line tells is known by its metric."""
    foreign = 'metric.type="run.googleapis.com/request_count" AND resource.type="x"'
    found = policy(threshold(), threshold(filter=foreign))

    assert ["0"] == list(found.conditions)
    assert ["run.googleapis.com/request_count"] == found.foreign


REFUSED = {
    "a part of a text": threshold(filter=FILTER.replace("=", "!=", 1)),
    "OR": threshold(filter=FILTER.replace("AND", "OR")),
    "no resource": threshold(filter=FILTER.partition(" AND ")[0]),
    "at least": threshold(comparison="COMPARISON_GE"),
    "half a minute": threshold(duration="30s"),
    "a period of half a minute": threshold(aggregation(alignment_period="30s")),
    "two aggregations": threshold(aggregation() + aggregation()),
    "a share of series": threshold(trigger=[{"percent": 50, "count": None}]),
    "a forecast": threshold(forecast_options=[{"forecast_horizon": "3600s"}]),
    "an absence of a day": absent(duration="86400s"),
    "an absence of each revision": absent(aggregation(cross_series_reducer="REDUCE_NONE")),
    "another query": promql(query="vector(1)"),
    "a query without a resource": promql(query=PROMQL.replace("monitored_resource", "job")),
    "a query that needs the metric": promql(disable_metric_validation=False),
    "a line": {"condition_matched_log": [{"filter": "severity=ERROR"}]},
    "two kinds": threshold() | absent(),
}


@pytest.mark.parametrize("condition", REFUSED.values(), ids=REFUSED)
def test_a_condition_is_refused(condition: dict[str, Any]) -> None:
    """What Google refuses, or what is not evaluated here, is an error."""
    with pytest.raises(ConditionError):
        policy(condition)


MISMATCHED = {
    "a count of points": threshold(aggregation(per_series_aligner="ALIGN_COUNT")),
    "a mean": threshold(aggregation(per_series_aligner="ALIGN_MEAN")),
    "a percentile of a counter": threshold(aggregation(per_series_aligner="ALIGN_PERCENTILE_99")),
    "an unknown reducer": threshold(aggregation(cross_series_reducer="REDUCE_COUNT")),
    "an unknown group": threshold(aggregation(group_by_fields=["metric.labels.x"])),
    "another metric": threshold(filter=FILTER.replace("x/n", "x/m")),
    "another metric in PromQL": promql(query=PROMQL.replace("x_n", "x_m")),
}


@pytest.mark.parametrize("condition", MISMATCHED.values(), ids=MISMATCHED)
def test_a_condition_does_not_fit_the_metric(condition: dict[str, Any]) -> None:
    """A counter has a sum in each period and nothing else, and it must be there."""
    with pytest.raises(ConditionError):
        opened(condition, line(0))


@pytest.mark.parametrize("changes", [{"enabled": False}, {"combiner": "AND"}])
def test_a_policy_is_refused(changes: dict[str, Any]) -> None:
    """A policy that is off, or combines otherwise, is not evaluated here."""
    with pytest.raises(ConditionError):
        policy(threshold(), **changes)


def test_promql_is_alone_in_its_policy() -> None:
    """Monitoring refuses a policy that has PromQL beside another condition."""
    with pytest.raises(ConditionError, match="only condition"):
        policy(promql(), threshold())
