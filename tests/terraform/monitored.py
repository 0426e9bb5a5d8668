"""What alerts and charts ask for, and the metrics that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.terraform.runs import State

OURS = "logging.googleapis.com/user/"

_PAGES = "https://docs.cloud.google.com/monitoring/api"
_RUN, _PUBSUB = f"{_PAGES}/metrics_gcp_p_z#gcp-run", f"{_PAGES}/metrics_gcp_p_z#gcp-pubsub"
_STORAGE, _BIGQUERY, _TRANSFERS = (
    f"{_PAGES}/metrics_gcp_p_z#gcp-storage",
    f"{_PAGES}/metrics_gcp_a_b#gcp-bigquery",
    f"{_PAGES}/metrics_gcp_a_b#gcp-bigquerydatatransfer",
)


class Metric(NamedTuple):
    """A metric; which resources have it, whether it is a `gauge`, a `count` or `distribution`."""

    resources: set[str]
    kind: str
    labels: set[str]
    source: str = ""


GOOGLES = {
    "bigquery.googleapis.com/query/scanned_bytes_billed": Metric(
        {"global"}, "count", {"priority"}, _BIGQUERY
    ),
    "bigquery.googleapis.com/storage/stored_bytes": Metric(
        {"bigquery_dataset"}, "gauge", {"table"}, _BIGQUERY
    ),
    "bigquerydatatransfer.googleapis.com/transfer_config/completed_runs": Metric(
        {"bigquery_dts_config"},
        "count",
        {"completion_state", "error_code", "run_cause"},
        _TRANSFERS,
    ),
    "pubsub.googleapis.com/subscription/dead_letter_message_count": Metric(
        {"pubsub_subscription"}, "count", set(), _PUBSUB
    ),
    "pubsub.googleapis.com/subscription/num_undelivered_messages": Metric(
        {"pubsub_subscription"}, "gauge", set(), _PUBSUB
    ),
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age": Metric(
        {"pubsub_subscription"}, "gauge", set(), _PUBSUB
    ),
    "run.googleapis.com/container/billable_instance_time": Metric(
        {"cloud_run_revision"}, "count", set(), _RUN
    ),
    "run.googleapis.com/container/cpu/utilizations": Metric(
        {"cloud_run_revision"}, "distribution", set(), _RUN
    ),
    "run.googleapis.com/container/memory/utilizations": Metric(
        {"cloud_run_revision"}, "distribution", set(), _RUN
    ),
    "run.googleapis.com/request_latencies": Metric(
        {"cloud_run_revision"}, "distribution", {"response_code_class"}, _RUN
    ),
    "storage.googleapis.com/storage/v2/total_bytes": Metric(
        {"gcs_bucket"}, "gauge", {"storage_class", "type"}, _STORAGE
    ),
}
# Which resource's labels each kind of resource has
# (https://docs.cloud.google.com/monitoring/api/resources).
RESOURCE_LABELS = {
    "bigquery_dataset": {"project_id", "dataset_id"},
    "bigquery_dts_config": {"project_id", "config_id", "location"},
    "cloud_run_revision": {
        *("project_id", "service_name", "revision_name", "location", "configuration_name"),
    },
    "cloud_scheduler_job": {"project_id", "location", "job_id"},
    "gcs_bucket": {"project_id", "bucket_name", "location"},
    "global": {"project_id"},
    "pubsub_subscription": {"project_id", "subscription_id"},
}
# What makes one number of each kind of metric: for alerts, and for charts.
ALIGNERS = {
    "count": r"ALIGN_(DELTA|RATE)",
    "gauge": r"ALIGN_(MAX|MIN|MEAN)",
    "distribution": r"ALIGN_PERCENTILE_\d\d",
}
CHARTED_REDUCERS = r"REDUCE_(MEAN|PERCENTILE_\d\d)"


class Query(NamedTuple):
    """A question for one metric, of an alert or of a chart."""

    where: str
    filter: str
    aligner: str
    reducer: str
    group_by: Sequence[str]

    @property
    def metric(self) -> str:
        return self._named("metric.type")

    @property
    def resource(self) -> str:
        return self._named("resource.type")

    def labels(self, of: str) -> set[str]:
        """The labels of the metric or of the resource that it needs."""
        text = " ".join([self.filter, *self.group_by])
        return set(re.findall(rf"\b{of}\.labels?\.(\w+)", text))

    def _named(self, what: str) -> str:
        found = re.search(rf'{re.escape(what)}="([^"]+)"', self.filter)
        return found[1] if found else ""


def policies(state: State) -> list[tuple[str, Any]]:
    """The alert policies with the names of their playbooks; an absence has two policies."""
    found = state.resources("google_monitoring_alert_policy").values()
    return [(policy["user_labels"]["alert"], policy) for policy in found]


def asked_by_alerts(state: State) -> Iterator[Query]:
    for name, policy in policies(state):
        for condition in policy["conditions"]:
            for each in (*condition["condition_threshold"], *condition["condition_absent"]):
                (how,) = each["aggregations"]
                yield Query(
                    f"{name}: {condition['display_name']}",
                    each["filter"],
                    how["per_series_aligner"],
                    how["cross_series_reducer"],
                    how["group_by_fields"] or (),
                )


def charts(state: State) -> list[Any]:
    shown = state.resource("google_monitoring_dashboard.this")["dashboard_json"]
    tiles: list[Any] = json.loads(shown)["mosaicLayout"]["tiles"]
    return tiles


def asked_by_charts(state: State) -> Iterator[Query]:
    for tile in charts(state):
        for data in tile["widget"]["xyChart"]["dataSets"]:
            each = data["timeSeriesQuery"].get("timeSeriesFilter")
            if each:
                how = each["aggregation"]
                yield Query(
                    tile["widget"]["title"],
                    each["filter"],
                    how["perSeriesAligner"],
                    how["crossSeriesReducer"],
                    how.get("groupByFields", ()),
                )


def promql(state: State) -> Iterator[str]:
    """Each query in PromQL, of alerts and of charts."""
    for _, policy in policies(state):
        for condition in policy["conditions"]:
            yield from (each["query"] for each in condition["condition_prometheus_query_language"])
    for tile in charts(state):
        for data in tile["widget"]["xyChart"]["dataSets"]:
            if query := data["timeSeriesQuery"].get("prometheusQuery"):
                yield query


def known(state: State) -> dict[str, Metric]:
    """The log metrics that are made, and those of Google's that are listed here."""
    ours = {}
    for each in state.resources("google_logging_metric").values():
        (descriptor,) = each["metric_descriptor"]
        ours[OURS + each["name"]] = Metric(
            set(re.findall(r'resource\.type="(\w+)"', each["filter"])),
            "distribution" if descriptor["value_type"] == "DISTRIBUTION" else "count",
            {label["key"] for label in descriptor["labels"]},
        )
    return GOOGLES | ours
