"""Metrics of Cloud Logging: the points that log entries become.

Facts: googleapis google/logging/v2/logging_metrics.proto and
cloud.google.com/logging/docs/logs-based-metrics.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self, get_args

from tests.terraform.logs.comparisons import Entry, Path, value_at
from tests.terraform.logs.filters import Filter

Kind = Literal["INT64", "DISTRIBUTION"]
_EXTRACT: Final = re.compile(r"EXTRACT\(([A-Za-z]\w*(?:\.\w+)+)\)")


class MetricError(ValueError):
    """A metric that Google would refuse, or one that is not evaluated here."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A log entry at its time."""

    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class Point:
    """What one entry adds to a time series of a metric: 1 to a counter.

    The series is named by the labels of the metric and of the entry's resource, such as
    `metric.labels.status` and `resource.labels.service_name`.
    """

    at: datetime
    value: float
    series: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LogMetric:
    """A metric as Terraform declares it; `value` and `labels` say where an entry has them.

    `bounds` are those between the buckets of a distribution.
    """

    name: str
    filter: Filter
    kind: Kind
    value: Path | None
    labels: Mapping[str, Path]
    bounds: tuple[float, ...]

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> Self:
        """The metric that a `google_logging_metric` makes.

        Raises:
            MetricError: it is disabled, of an unknown kind, or half of it is missing.
        """
        (descriptor,) = resource["metric_descriptor"]
        name, kind = resource["name"], descriptor["value_type"]
        if resource["disabled"] or descriptor["metric_kind"] != "DELTA":
            raise MetricError(f"{name} is disabled, or of another kind than DELTA")
        extractor = resource["value_extractor"]
        if kind not in get_args(Kind) or (kind == "DISTRIBUTION") != bool(extractor):
            raise MetricError(f"{name} is a {kind}: a distribution, and nothing else, extracts")
        extractors = resource["label_extractors"] or {}
        declared = {label["key"]: label["value_type"] for label in descriptor["labels"] or ()}
        if declared != dict.fromkeys(extractors, "STRING"):
            raise MetricError(f"{name} does not extract just the labels it declares as STRING")
        return cls(
            name=name,
            filter=Filter.parse(resource["filter"]),
            kind=kind,
            value=_path(extractor) if extractor else None,
            labels={label: _path(text) for label, text in extractors.items()},
            bounds=_bounds(resource["bucket_options"]) if extractor else (),
        )

    @property
    def type(self) -> str:
        """The name by which Cloud Monitoring knows it."""
        return f"logging.googleapis.com/user/{self.name}"

    def points(self, timed: Iterable[Timed]) -> Iterator[Point]:
        """What these entries add; one without the number to extract adds nothing."""
        for each in timed:
            if not self.filter.matches(each.entry):
                continue
            value = 1.0 if self.value is None else _number(value_at(each.entry, self.value))
            if value is not None:
                yield Point(each.at, value, self._series(each.entry))

    def _series(self, entry: Entry) -> dict[str, str]:
        """A label that the entry does not have is empty."""
        resource = entry["resource"]
        labels = {label: _text(value_at(entry, path)) for label, path in self.labels.items()}
        return (
            {f"metric.labels.{label}": text for label, text in labels.items()}
            | {f"resource.labels.{label}": text for label, text in resource["labels"].items()}
            | {"resource.type": resource["type"]}
        )


def percentile(share: float, values: list[float], bounds: tuple[float, ...]) -> float:
    """The value below which this share of a distribution lies, as far as its buckets tell.

    Only counts in buckets are stored; within one, values are taken to be spread evenly
    (cloud.google.com/monitoring/api/v3/distribution-metrics).

    Raises:
        MetricError: it lies beyond the outermost bounds, where nothing is known of it.
    """
    wanted, below = share * len(values), 0
    edges = (float("-inf"), *bounds, float("inf"))
    for low, high in itertools.pairwise(edges):
        here = sum(low <= value < high for value in values)
        if here and below + here >= wanted:
            if low not in bounds or high not in bounds:
                raise MetricError(f"a value lies outside of {bounds[0]} to {bounds[-1]}")
            return low + (high - low) * (wanted - below) / here
        below += here
    raise MetricError("nothing has no percentiles")


def _path(extractor: str) -> Path:
    found = _EXTRACT.fullmatch(extractor)
    if not found:
        raise MetricError(f"{extractor} is not evaluated here")
    return tuple(found[1].split("."))


def _number(value: object) -> float | None:
    """What converts to a double is recorded, anything else is not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _bounds(options: list[Mapping[str, Any]] | None) -> tuple[float, ...]:
    """As google/api/distribution.proto defines them, under `BucketOptions`."""
    kinds = [(name, kind[0]) for name, kind in (options or [{}])[0].items() if kind]
    match kinds:
        case [("explicit_buckets", buckets)]:
            return tuple(float(bound) for bound in buckets["bounds"])
        case [("linear_buckets", buckets)]:
            steps = range(int(buckets["num_finite_buckets"]) + 1)
            return tuple(float(buckets["offset"] + buckets["width"] * step) for step in steps)
        case [("exponential_buckets", buckets)]:
            steps = range(int(buckets["num_finite_buckets"]) + 1)
            return tuple(buckets["scale"] * buckets["growth_factor"] ** step for step in steps)
        case _:
            raise MetricError("a distribution names its buckets, of one kind")
