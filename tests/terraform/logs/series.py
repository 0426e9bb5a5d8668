"""From points to the values that a condition judges: filtered, aligned, reduced.

Facts: googleapis google/monitoring/v3/common.proto (which aligner and which reducer take which
kind of value), cloud.google.com/monitoring/api/v3/filters, and
cloud.google.com/monitoring/alerts/concepts-indepth: the alignment period slides on by a minute.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from tests.terraform.logs.metrics import Kind, LogMetric, Point, Timed, percentile

_TERM: Final = re.compile(r'([a-z_]+(?:\.[a-z_]+)+) ?= ?"([^"\\]*)"')
_PERCENTILE: Final = re.compile(r"ALIGN_PERCENTILE_(\d\d)")
_REDUCERS: Final[Mapping[str, Callable[[Iterable[float]], float]]] = {
    "REDUCE_SUM": sum,
    "REDUCE_MAX": max,
    "REDUCE_MIN": min,
}

Group = tuple[tuple[str, str], ...]


class ConditionError(ValueError):
    """A condition that Google would refuse, or one that is not evaluated here."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which time series a condition looks at: of one metric, with these labels."""

    metric: str
    labels: frozenset[tuple[str, str]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The selection of a condition's filter: equalities joined by AND.

        Raises:
            ConditionError: it is anything else, or lacks the metric's or the resource's type.
        """
        terms = [_TERM.fullmatch(term.strip()) for term in text.split(" AND ")]
        if None in terms:
            raise ConditionError(f"{text} is not evaluated here")
        wanted = {_normal(term[1]): term[2] for term in terms if term}
        if len(wanted) != len(terms) or not {"metric.type", "resource.type"} <= wanted.keys():
            raise ConditionError(f"{text} must have one metric.type and one resource.type")
        return cls(wanted.pop("metric.type"), frozenset(wanted.items()))

    def picks(self, point: Point) -> bool:
        return self.labels <= point.series.items()


@dataclass(frozen=True, slots=True)
class Aggregation:
    """How the points of one period become one value for each group of time series."""

    period: timedelta
    aligner: str
    reducer: str
    group_by: tuple[str, ...]

    @classmethod
    def of(cls, blocks: Sequence[Mapping[str, Any]]) -> Self:
        """The aggregation in a condition; it has one.

        Raises:
            ConditionError: it has another number, or a period that alerts do not take.
        """
        if len(blocks) != 1:
            raise ConditionError("a condition has one aggregation here")
        (block,) = blocks
        return cls(
            seconds(block["alignment_period"], least=60, most=90_000),
            block["per_series_aligner"],
            block["cross_series_reducer"] or "REDUCE_NONE",
            tuple(_normal(field) for field in block["group_by_fields"] or ()),
        )

    def values(self, points: Iterable[Point], metric: LogMetric) -> dict[Group, float]:
        """One value for each group of time series with points among these.

        Raises:
            ConditionError: the metric has no such values.
        """
        series: dict[Group, list[float]] = defaultdict(list)
        for point in points:
            series[tuple(sorted(point.series.items()))].append(point.value)
        groups: dict[Group, list[float]] = defaultdict(list)
        for key, values in series.items():
            groups[self._group(key)].append(self._aligned(values, metric))
        return {group: self._reduced(values) for group, values in groups.items()}

    def _group(self, series: Group) -> Group:
        if self.reducer == "REDUCE_NONE":
            return series
        if missing := set(self.group_by) - dict(series).keys():
            raise ConditionError(f"there is no {min(missing)} to group by")
        return tuple((key, text) for key, text in series if key in self.group_by)

    def _aligned(self, values: list[float], metric: LogMetric) -> float:
        kinds: dict[str, Kind] = {"ALIGN_DELTA": "INT64", "ALIGN_SUM": "INT64"}
        if kinds.get(self.aligner) == metric.kind:
            return sum(values)
        share = _PERCENTILE.fullmatch(self.aligner)
        if share and metric.kind == "DISTRIBUTION":
            return percentile(int(share[1]) / 100, values, metric.bounds)
        raise ConditionError(f"{self.aligner} of {metric.name} is no number known here")

    def _reduced(self, values: list[float]) -> float:
        if self.reducer == "REDUCE_NONE":
            return values[0]
        if self.reducer not in _REDUCERS:
            raise ConditionError(f"{self.reducer} is not evaluated here")
        return _REDUCERS[self.reducer](values)


class History:
    """Everything that the log metrics have recorded, by the type of each metric."""

    def __init__(self, metrics: Iterable[LogMetric], points: Iterable[tuple[str, Point]]) -> None:
        self.metrics = {metric.type: metric for metric in metrics}
        self._points: dict[str, list[Point]] = defaultdict(list)
        for name, point in sorted(points, key=lambda each: each[1].at):
            self._points[name].append(point)
        self._selected: dict[Selection, list[Point]] = {}

    @classmethod
    def of(cls, metrics: Iterable[LogMetric], timed: Sequence[Timed]) -> Self:
        """What these metrics have recorded after these entries."""
        known = list(metrics)
        return cls(known, [(each.type, point) for each in known for point in each.points(timed)])

    def metric(self, name: str) -> LogMetric:
        """The metric of a type.

        Raises:
            ConditionError: nobody makes it.
        """
        if name not in self.metrics:
            raise ConditionError(f"there is no metric {name}")
        return self.metrics[name]

    def between(self, selection: Selection, after: datetime, until: datetime) -> list[Point]:
        """The points of a selection in (after, until]."""
        self.metric(selection.metric)
        if selection not in self._selected:
            every = self._points[selection.metric]
            self._selected[selection] = [point for point in every if selection.picks(point)]
        points = self._selected[selection]
        first, end = (bisect_right(points, at, key=lambda each: each.at) for at in (after, until))
        return points[first:end]


def seconds(text: str, *, least: int, most: int) -> timedelta:
    """A duration as the API writes it: a multiple of a minute, within bounds.

    Raises:
        ConditionError: it is not.
    """
    found = re.fullmatch(r"(\d+)s", text)
    if not found or int(found[1]) % 60 or not least <= int(found[1]) <= most:
        raise ConditionError(f"{text} is no multiple of 60s from {least}s to {most}s")
    return timedelta(seconds=int(found[1]))


def _normal(field: str) -> str:
    """`metric.label.x` and `metric.labels.x` are the same (monitoring/api/v3/filters)."""
    return re.sub(r"^(metric|resource)\.label\.", r"\1.labels.", field)
