"""The evaluator of log metrics keeps what Cloud Logging documents of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.terraform.logs.declared import distribution, metric_resource
from tests.terraform.logs.entries import entry_of
from tests.terraform.logs.metrics import LogMetric, MetricError, Timed, percentile

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
VALUES = ("null", "true", '"x"', "[1]", '"7"', "8")


def test_what_is_no_number_is_not_recorded() -> None:
    """A distribution leaves out lines whose field is missing or null."""
    metric = LogMetric.of(distribution())
    texts = ['{"event": "n"}'] + [f'{{"event": "n", "n": {n}}}' for n in VALUES]
    lines = [Timed(NOW, entry_of(text, "fetcher")) for text in texts]

    assert [7.0, 8.0] == [point.value for point in metric.points(lines)]


def test_percentiles_are_interpolated() -> None:
    """The example of cloud.google.com/monitoring/api/v3/distribution-metrics, in small."""
    assert 15 == percentile(0.5, [11, 12], (0, 10, 20))
    assert 5 == percentile(0.25, [1, 1, 11, 11], (0, 10, 20))
    with pytest.raises(MetricError):
        percentile(0.99, [21], (0, 10, 20))
    with pytest.raises(MetricError):
        percentile(0.05, [-1], (0, 10, 20))


@pytest.mark.parametrize(
    ("buckets", "bounds"),
    [
        ({"linear_buckets": [{"num_finite_buckets": 2, "width": 5, "offset": 1}]}, (1, 6, 11)),
        (
            {"exponential_buckets": [{"num_finite_buckets": 2, "growth_factor": 3, "scale": 2}]},
            (2, 6, 18),
        ),
    ],
)
def test_buckets(buckets: dict[str, Any], bounds: tuple[float, ...]) -> None:
    """N finite buckets lie between N + 1 bounds."""
    assert bounds == LogMetric.of(distribution(bucket_options=[buckets])).bounds


METRICS = {
    "off": metric_resource(disabled=True),
    "a gauge": metric_resource(descriptor={"metric_kind": "GAUGE"}),
    "a counter of values": metric_resource(value_extractor="EXTRACT(jsonPayload.n)"),
    "a distribution of nothing": metric_resource(descriptor={"value_type": "DISTRIBUTION"}),
    "a label too many": metric_resource(label_extractors={}),
    "a number as label": metric_resource(
        descriptor={"labels": [{"key": "kind", "value_type": "INT64"}]}
    ),
    "a pattern": distribution(value_extractor='REGEXP_EXTRACT(jsonPayload.n, "(.)")'),
    "no buckets": distribution(bucket_options=[]),
}


@pytest.mark.parametrize("resource", METRICS.values(), ids=METRICS)
def test_a_metric_is_refused(resource: dict[str, Any]) -> None:
    """What Google refuses, or what is not evaluated here, is an error."""
    with pytest.raises(MetricError):
        LogMetric.of(resource)
