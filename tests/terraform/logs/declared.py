"""What Terraform's state says of a metric and of conditions on it, for tests of the evaluator."""

from __future__ import annotations

from typing import Any, Final

FILTER: Final = (
    'metric.type="logging.googleapis.com/user/x/n" AND resource.type="cloud_run_revision"'
)
PROMQL: Final = (
    "absent_over_time(logging_googleapis_com:user_x_n"
    '{monitored_resource="cloud_run_revision"}[10m])'
)


def metric_resource(**changes: Any) -> dict[str, Any]:
    """A `google_logging_metric` that counts lines by their `kind`."""
    label = {"key": "kind", "value_type": "STRING", "description": ""}
    descriptor = {"metric_kind": "DELTA", "value_type": "INT64", "labels": [label]}
    resource = {
        "name": "x/n",
        "filter": 'jsonPayload.event="n"',
        "disabled": None,
        "value_extractor": None,
        "label_extractors": {"kind": "EXTRACT(jsonPayload.kind)"},
        "bucket_options": [],
        "metric_descriptor": [descriptor | changes.pop("descriptor", {})],
    }
    return resource | changes


def distribution(**changes: Any) -> dict[str, Any]:
    """One of the values of `n`."""
    bounds = {"explicit_buckets": [{"bounds": [0, 10, 20]}], "linear_buckets": []}
    return metric_resource(
        **{
            "descriptor": {"value_type": "DISTRIBUTION"},
            "value_extractor": "EXTRACT(jsonPayload.n)",
            "bucket_options": [bounds],
        }
        | changes
    )


def aggregation(**changes: Any) -> list[dict[str, Any]]:
    """How counters of all series are summed, in five minutes."""
    block = {
        "alignment_period": "300s",
        "per_series_aligner": "ALIGN_DELTA",
        "cross_series_reducer": "REDUCE_SUM",
        "group_by_fields": [],
    }
    return [block | changes]


def threshold(aggregations: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A condition on more than two."""
    block = {
        "filter": FILTER,
        "comparison": "COMPARISON_GT",
        "threshold_value": 2,
        "duration": "0s",
        "trigger": [],
        "aggregations": aggregations or aggregation(),
    }
    return {"condition_threshold": [block | changes]}


def absent(aggregations: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A condition on ten minutes without a point."""
    block = {
        "filter": FILTER,
        "duration": "600s",
        "trigger": [],
        "aggregations": aggregations or aggregation(),
    }
    return {"condition_absent": [block | changes]}


def promql(**changes: Any) -> dict[str, Any]:
    """A condition on ten empty minutes in each of ten minutes."""
    block = {"query": PROMQL, "duration": "600s", "disable_metric_validation": True}
    return {"condition_prometheus_query_language": [block | changes]}
