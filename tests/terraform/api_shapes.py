"""Which arguments of a resource exclude or need one another, where no schema says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Values = Mapping[str, Any]

_DOCS: Final = "https://docs.cloud.google.com"
_PROVIDER: Final = "https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources"
_POLICIES: Final = f"{_DOCS}/monitoring/api/ref_v3/rest/v3/projects.alertPolicies"
_LOG_METRICS: Final = f"{_DOCS}/logging/docs/reference/v2/rest/v2/projects.metrics"
_MINUTE: Final = 60

# What a channel of each type is told in the open, and what it is told in secret.
_CHANNELS: Final[Mapping[str, tuple[set[str], set[str]]]] = {
    "email": ({"email_address"}, set()),
    "pagerduty": (set(), {"service_key_wo"}),
    "slack": ({"channel_name"}, {"auth_token_wo"}),
}
_BUCKET_KINDS: Final = ("explicit_buckets", "exponential_buckets", "linear_buckets")
_GRANTEES: Final = ("user_by_email", "group_by_email", "domain", "special_group", "iam_member")
_SHARED: Final = ("view", "dataset", "routine")
_MOST_LABELS: Final = 10
_ALONE: Final = (
    "condition_matched_log",
    "condition_monitoring_query_language",
    "condition_prometheus_query_language",
    "condition_sql",
)


class Shape(NamedTuple):
    """What holds of each resource of a type, and the page that says so."""

    kind: str
    says: str
    holds: Callable[[Values], bool]
    source: str


def given(values: Values, *names: str) -> list[str]:
    """Which of these arguments and blocks a resource has."""
    return [name for name in names if values.get(name) not in (None, [], {}, "", False)]


def _one_source(values: Values) -> bool:
    (build,) = values["build_config"]
    (source,) = build["source"]
    return len(given(source, "storage_source", "repo_source")) == 1


def _one_update_policy(values: Values) -> bool:
    (build,) = values["build_config"]
    return len(given(build, "automatic_update_policy", "on_deploy_update_policy")) == 1


def _one_way_of_delivery(values: Values) -> bool:
    ways = given(values, "push_config", "bigquery_config", "cloud_storage_config")
    return len(ways) <= 1 and not (ways and values["enable_exactly_once_delivery"])


def _one_target(values: Values) -> bool:
    targets = given(values, "http_target", "pubsub_target", "app_engine_http_target")
    tokens = [given(each, "oauth_token", "oidc_token") for each in values["http_target"]]
    return len(targets) == 1 and all(len(token) == 1 for token in tokens)


def _one_kind_of_condition(values: Values) -> bool:
    kinds = [
        [name for name in condition if name.startswith("condition_") and condition[name]]
        for condition in values["conditions"]
    ]
    return all(len(kind) == 1 for kind in kinds)


def _alone(values: Values) -> bool:
    blocks = values["conditions"]
    return len(blocks) == 1 or not any(given(block, *_ALONE) for block in blocks)


def _missing_data_is_waited_for(values: Values) -> bool:
    thresholds = [each for block in values["conditions"] for each in block["condition_threshold"]]
    return all(
        int(each["duration"].removesuffix("s")) >= _MINUTE
        for each in thresholds
        if each["evaluation_missing_data"]
    )


def _reminds_its_own_channels(values: Values) -> bool:
    return all(
        set(reminder["notification_channel_names"]) <= set(values["notification_channels"])
        for strategy in values["alert_strategy"]
        for reminder in strategy["notification_channel_strategy"]
    )


def _distribution_of_a_value(values: Values) -> bool:
    (descriptor,) = values["metric_descriptor"]
    needed = [descriptor["value_type"] == "DISTRIBUTION"] * 2
    return needed == [bool(values["value_extractor"]), bool(values["bucket_options"])]


def _one_kind_of_buckets(values: Values) -> bool:
    return all(len(given(each, *_BUCKET_KINDS)) == 1 for each in values["bucket_options"])


def _labels_are_extracted(values: Values) -> bool:
    (descriptor,) = values["metric_descriptor"]
    declared = [label["key"] for label in descriptor["labels"]]
    return len(declared) <= _MOST_LABELS and set(declared) == set(values["label_extractors"] or {})


def _channel_has_its_labels(values: Values) -> bool:
    in_the_open, in_secret = _CHANNELS[values["type"]]
    secrets = [
        name.removesuffix("_version")
        for block in values["sensitive_labels"]
        for name in block
        if block[name] is not None
    ]
    return set(values["labels"] or {}) == in_the_open and set(secrets) == in_secret


def _one_grantee(values: Values) -> bool:
    people, things = given(values, *_GRANTEES), given(values, *_SHARED)
    return len(people) + len(things) == 1 and bool(people) == bool(values["role"])


def _view_or_table(values: Values) -> bool:
    is_view = bool(values["view"])
    of_tables = given(values, "clustering", "time_partitioning", "encryption_configuration")
    legacy = [each["use_legacy_sql"] for each in values["view"]]
    partitioned = given(values, "time_partitioning", "range_partitioning")
    return not (is_view and of_tables) and not any(legacy) and len(partitioned) <= (not is_view)


def _script_without_destination(values: Values) -> bool:
    of_results = given(values, "destination_dataset_id", "data_refresh_window_days")
    return not of_results and set(values["params"]) == {"query"}


def _rules_are_bounded(values: Values) -> bool:
    conditions = [each for rule in values["lifecycle_rule"] for each in rule["condition"]]
    return all(each["matches_prefix"] and each["age"] for each in conditions)


SHAPES: Final = (
    Shape(
        "google_cloudfunctions2_function",
        "answers HTTP: a trigger of its own would have a subscription that nobody can set up",
        lambda values: not values["event_trigger"],
        "https://github.com/hashicorp/terraform-provider-google/issues/25069",
    ),
    Shape(
        "google_cloudfunctions2_function",
        "has one source",
        _one_source,
        f"{_PROVIDER}/cloudfunctions2_function",
    ),
    Shape(
        "google_cloudfunctions2_function",
        "is patched in one way",
        _one_update_policy,
        f"{_PROVIDER}/cloudfunctions2_function",
    ),
    Shape(
        "google_pubsub_subscription",
        "delivers in one way, and pushes at least once",
        _one_way_of_delivery,
        f"{_DOCS}/pubsub/docs/exactly-once-delivery",
    ),
    Shape(
        "google_cloud_scheduler_job",
        "calls one target, with one token",
        _one_target,
        f"{_DOCS}/scheduler/docs/reference/rest/v1/projects.locations.jobs",
    ),
    Shape(
        "google_monitoring_alert_policy",
        "has conditions of one kind each",
        _one_kind_of_condition,
        _POLICIES,
    ),
    Shape(
        "google_monitoring_alert_policy",
        "has nothing beside a condition in PromQL, or of another kind that must be alone",
        _alone,
        f"{_DOCS}/monitoring/promql/create-promql-alerts",
    ),
    Shape(
        "google_monitoring_alert_policy",
        "waits before it judges missing data",
        _missing_data_is_waited_for,
        _POLICIES,
    ),
    Shape(
        "google_monitoring_alert_policy",
        "reminds channels that it has",
        _reminds_its_own_channels,
        _POLICIES,
    ),
    Shape(
        "google_logging_metric",
        "is a distribution of a value, in buckets, or a count",
        _distribution_of_a_value,
        _LOG_METRICS,
    ),
    Shape("google_logging_metric", "has buckets of one kind", _one_kind_of_buckets, _LOG_METRICS),
    Shape("google_logging_metric", "extracts its labels", _labels_are_extracted, _LOG_METRICS),
    Shape(
        "google_monitoring_notification_channel",
        "has the labels of its type, secrets by write-only arguments with a version",
        _channel_has_its_labels,
        f"{_DOCS}/monitoring/alerts/using-channels-api",
    ),
    Shape(
        "google_bigquery_dataset_access",
        "lets in one grantee, with a role, or one view without",
        _one_grantee,
        f"{_DOCS}/bigquery/docs/reference/rest/v2/datasets",
    ),
    Shape(
        "google_bigquery_dataset",
        "lists no access itself: it would take away what is granted beside it",
        lambda values: not values["access"],
        f"{_PROVIDER}/bigquery_dataset_access",
    ),
    Shape(
        "google_bigquery_table",
        "is a view in standard SQL or a table, which is partitioned in one way at most",
        _view_or_table,
        f"{_DOCS}/bigquery/docs/reference/rest/v2/tables",
    ),
    Shape(
        "google_bigquery_data_transfer_config",
        "names its tables in its script, and no destination",
        _script_without_destination,
        f"{_DOCS}/bigquery/docs/scheduling-queries",
    ),
    Shape(
        "google_storage_bucket",
        "deletes by age and under a prefix only",
        _rules_are_bounded,
        f"{_DOCS}/storage/docs/lifecycle",
    ),
    Shape(
        "google_storage_bucket",
        "has one kind of permissions",
        lambda values: values["uniform_bucket_level_access"] is True,
        f"{_DOCS}/storage/docs/uniform-bucket-level-access",
    ),
    Shape(
        "google_secret_manager_secret",
        "is kept in one way",
        lambda values: len(given(values["replication"][0], "auto", "user_managed")) == 1,
        f"{_DOCS}/secret-manager/docs/reference/rest/v1/projects.secrets",
    ),
    Shape(
        "google_artifact_registry_repository",
        "cleans up by one condition each",
        lambda values: all(
            len(given(policy, "condition", "most_recent_versions")) == 1
            for policy in values["cleanup_policies"]
        ),
        f"{_DOCS}/artifact-registry/docs/repositories/cleanup-policy",
    ),
)
