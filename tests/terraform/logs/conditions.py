"""Conditions of alert policies over log metrics: is one open at a moment?

Facts: googleapis google/monitoring/v3/alert.proto and
cloud.google.com/monitoring/alerts/metric-absence: only a series that has had a point since the
policy was last written can be absent.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from tests.terraform.logs.series import (
    Aggregation,
    ConditionError,
    Group,
    History,
    Selection,
    seconds,
)

MINUTE: Final = timedelta(minutes=1)
_COMPARISONS: Final = {"COMPARISON_GT": operator.gt, "COMPARISON_LT": operator.lt}
_LONGEST_SECONDS: Final = 84_600  # 23.5 hours
_ABSENT: Final = re.compile(r"absent_over_time\(([\w:]+)\{([^{}]*)\}\[(\d+)([smh])\]\)")
_SELECTOR: Final = re.compile(r'(\w+)="([^"]*)"')
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to judge at, what was recorded until then, and when the policy was written."""

    at: datetime
    history: History
    written_at: datetime

    def ago(self, time: timedelta) -> Moment:
        """The same so long before."""
        return Moment(self.at - time, self.history, self.written_at)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Open when some group of series has been beyond the threshold for all of `duration`."""

    selection: Selection
    aggregation: Aggregation
    comparison: str
    threshold: float
    duration: timedelta

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """The condition that a `condition_threshold` block makes."""
        _refuse(block, "denominator_filter", "forecast_options", "evaluation_missing_data")
        _refuse_shares(block)
        if block["comparison"] not in _COMPARISONS:
            raise ConditionError(f"{block['comparison']} is no comparison that alerts have")
        return cls(
            Selection.parse(block["filter"]),
            Aggregation.of(block["aggregations"]),
            block["comparison"],
            float(block["threshold_value"] or 0),
            seconds(block["duration"], least=0, most=_LONGEST_SECONDS),
        )

    def is_open(self, now: Moment) -> bool:
        """The aligned values of each minute count; a minute without any ends the duration."""
        minutes = range(self.duration // MINUTE + 1)
        beyond = [self._beyond(now.ago(minute * MINUTE)) for minute in minutes]
        return bool(set.intersection(*beyond))

    def _beyond(self, now: Moment) -> set[Group]:
        after = now.at - self.aggregation.period
        points = now.history.between(self.selection, after, now.at)
        metric = now.history.metric(self.selection.metric)
        is_beyond = _COMPARISONS[self.comparison]
        values = self.aggregation.values(points, metric)
        return {group for group, value in values.items() if is_beyond(value, self.threshold)}


@dataclass(frozen=True, slots=True)
class Absence:
    """Open when a series that was there, all groups taken together, has ended `duration` ago."""

    selection: Selection
    aggregation: Aggregation
    duration: timedelta

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """The condition that a `condition_absent` block makes."""
        _refuse_shares(block)
        aggregation = Aggregation.of(block["aggregations"])
        if aggregation.reducer == "REDUCE_NONE" or aggregation.group_by:
            raise ConditionError("a new revision's series would be absent from the old: reduce")
        return cls(
            Selection.parse(block["filter"]),
            aggregation,
            seconds(block["duration"], least=120, most=_LONGEST_SECONDS),
        )

    def is_open(self, now: Moment) -> bool:
        """A point is seen for the length of an alignment period, so it ends as much later."""
        ended_at = now.at - self.duration - self.aggregation.period
        was_there = now.history.between(self.selection, now.written_at, now.at)
        return bool(was_there) and not now.history.between(self.selection, ended_at, now.at)


@dataclass(frozen=True, slots=True)
class AbsentOverTime:
    """Open when PromQL's `absent_over_time` of a metric has had a value for all of `duration`.

    It has one also if the metric never had a point
    (prometheus.io/docs/prometheus/latest/querying/functions/#absent_over_time).
    """

    metric: str
    labels: Mapping[str, str]
    window: timedelta
    duration: timedelta

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """The condition that a `condition_prometheus_query_language` block makes.

        Raises:
            ConditionError: it is another query, or one that fails while the metric is new.
        """
        found = _ABSENT.fullmatch(" ".join(block["query"].split()))
        if not found:
            raise ConditionError(f"{block['query']} is not evaluated here")
        if not block["disable_metric_validation"]:
            raise ConditionError("a metric without points has no descriptor to be validated with")
        name, selector, count, unit = found.groups()
        labels = dict(_SELECTOR.findall(selector))
        if selector.count("=") != len(labels) or "monitored_resource" not in labels:
            raise ConditionError(f"{selector} must name the monitored_resource")
        window = timedelta(seconds=int(count) * _UNIT_SECONDS[unit])
        duration = seconds(block["duration"] or "0s", least=0, most=_LONGEST_SECONDS)
        return cls(name, labels, window, duration)

    def is_open(self, now: Moment) -> bool:
        """It is judged anew from when it was written, so not before `duration` after that."""
        selection, since = self._selection(now.history), now.at - self.duration
        is_absent = not now.history.between(selection, since - self.window, now.at)
        return since >= now.written_at and is_absent

    def _selection(self, history: History) -> Selection:
        """The metric whose name is spelled so in PromQL."""
        names = [name for name in history.metrics if promql_name(name) == self.metric]
        if len(names) != 1:
            raise ConditionError(f"{self.metric} is the name of {len(names)} metrics")
        spelled = {"monitored_resource": "resource.type"}
        labels = {spelled.get(k, f"resource.labels.{k}"): v for k, v in self.labels.items()}
        return Selection(names[0], frozenset(labels.items()))


def promql_name(metric: str) -> str:
    """cloud.google.com/monitoring/promql/promql-mapping."""
    domain, _, path = metric.partition("/")
    return re.sub(r"\W", "_", domain) + ":" + re.sub(r"\W", "_", path)


def _refuse(block: Mapping[str, Any], *names: str) -> None:
    if used := [name for name in names if block.get(name)]:
        raise ConditionError(f"{', '.join(used)} is not evaluated here")


def _refuse_shares(block: Mapping[str, Any]) -> None:
    if block["trigger"] and block["trigger"][0].get("count") != 1:
        raise ConditionError("one series is enough to trigger here")
