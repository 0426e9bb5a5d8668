"""What Google's APIs take as the values of single attributes, where no schema says so.

By the page that says it. An attribute that is not here may be anything, as far as the checks
without a cloud know. Where we want less than the API takes, the rule is ours, with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.terraform.api_values import Holds, at_most, labels, number, one_of, seconds, text

_DOCS: Final = "https://docs.cloud.google.com"
_PROVIDER: Final = "https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources"
_DAY: Final = 86_400

_FUNCTION: Final = "google_cloudfunctions2_function"
_SERVICE: Final = f"{_FUNCTION}.service_config"
_SUBSCRIPTION: Final = "google_pubsub_subscription"
_JOB: Final = "google_cloud_scheduler_job"
_METRIC: Final = "google_logging_metric"
_POLICY: Final = "google_monitoring_alert_policy"
_THRESHOLD: Final = f"{_POLICY}.conditions.condition_threshold"
_ABSENT: Final = f"{_POLICY}.conditions.condition_absent"
_PROMQL: Final = f"{_POLICY}.conditions.condition_prometheus_query_language"
_CHANNEL: Final = "google_monitoring_notification_channel"
_ROUTINE: Final = "google_bigquery_routine"
_TRANSFER: Final = "google_bigquery_data_transfer_config"
_REPOSITORY: Final = "google_artifact_registry_repository"

# `goog` begins names of Google's own.
_topic = text(r"(?!goog)[A-Za-z][A-Za-z0-9_.~+%-]{2,254}")
_service = text(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
_account_id = text(r"projects/[^/]+/serviceAccounts/[^/]+")
_email = text(r"[^@\s:]+@[^@\s:]+\.iam\.gserviceaccount\.com")
_key = text(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_location = text(r"EU|US|[a-z]+-[a-z]+\d+")
_percentiles = ("PERCENTILE_99", "PERCENTILE_95", "PERCENTILE_50", "PERCENTILE_05")
_aligner = one_of(*(f"ALIGN_{word}" for word in ("DELTA", "RATE", "MIN", "MAX", *_percentiles)))
_reducer = one_of(*(f"REDUCE_{word}" for word in ("MEAN", "MIN", "MAX", "SUM", *_percentiles)))

GRANTS: Final = (
    "google_artifact_registry_repository_iam_member",
    "google_bigquery_table_iam_member",
    "google_cloud_run_service_iam_member",
    "google_kms_crypto_key_iam_member",
    "google_project_iam_member",
    "google_pubsub_subscription_iam_member",
    "google_pubsub_topic_iam_member",
    "google_secret_manager_secret_iam_member",
    "google_service_account_iam_member",
    "google_storage_bucket_iam_member",
)
LABELLED: Final = (
    "google_artifact_registry_repository",
    "google_bigquery_dataset",
    "google_bigquery_table",
    "google_cloudfunctions2_function",
    "google_pubsub_subscription",
    "google_pubsub_topic",
    "google_secret_manager_secret",
    "google_storage_bucket",
)

BY_PAGE: Final[Mapping[str, Mapping[str, Holds]]] = {
    f"{_DOCS}/iam/docs/reference/rest/v1/projects.serviceAccounts/create": {
        "google_service_account.account_id": text(r"[a-z][-a-z0-9]{4,28}[a-z0-9]"),
        "google_service_account.display_name": text(r".+", 100),
        "google_service_account.description": text(r".+", 256),
    },
    # Members are accounts, of ours or of Google's services: never a person, never everybody.
    f"{_DOCS}/iam/docs/principal-identifiers": {
        f"{kind}.member": text(r"serviceAccount:[^@\s:]+@[^@\s:]+\.gserviceaccount\.com")
        for kind in GRANTS
    },
    # Never a basic role: these have no service in their name.
    f"{_DOCS}/iam/docs/roles-overview": {
        f"{kind}.role": text(r"roles/[a-z]+\.[A-Za-z]+") for kind in GRANTS
    },
    f"{_DOCS}/iam/docs/reference/rest/v1/Expr": {
        "google_project_iam_member.condition.title": text(r".+", 100),
        "google_project_iam_member.condition.expression": text(r".+", 1_000),
    },
    f"{_PROVIDER}/google_service_account_iam": {
        "google_service_account_iam_member.service_account_id": _account_id,
    },
    f"{_DOCS}/iam/docs/reference/workloadidentity/rest/v1/projects.locations.serviceProducers": {
        "google_workload_identity_service_agent.parent": text(
            r"projects/\d+/locations/global/serviceProducers/[a-z]+\.googleapis\.com"
        ),
    },
    f"{_PROVIDER}/google_project_service": {
        "google_project_service.service": text(r"[a-z]+\.googleapis\.com"),
    },
    f"{_DOCS}/resource-manager/docs/labels-overview": {
        f"{kind}.labels": labels for kind in LABELLED
    },
    f"{_DOCS}/kms/docs/getting-resource-ids": {
        "google_bigquery_dataset.default_encryption_configuration.kms_key_name": _key,
        "google_bigquery_table.encryption_configuration.kms_key_name": _key,
        "google_kms_crypto_key_iam_member.crypto_key_id": _key,
        "google_pubsub_topic.kms_key_name": _key,
        "google_storage_bucket.encryption.default_kms_key_name": _key,
    },
    # The name of a function is that of its Cloud Run service, too.
    f"{_DOCS}/run/docs/deploying": {
        f"{_FUNCTION}.name": _service,
        "google_cloud_run_service_iam_member.service": _service,
    },
    f"{_DOCS}/functions/docs/runtime-support": {
        f"{_FUNCTION}.build_config.runtime": text(r"python3(10|11|12|13|14)"),
    },
    f"{_DOCS}/functions/docs/reference/rest/v2/projects.locations.functions": {
        f"{_FUNCTION}.build_config.entry_point": text(r"[A-Za-z_][A-Za-z0-9_]*"),
        f"{_FUNCTION}.build_config.service_account": _account_id,
        # Ours: nobody outside of the project calls a function.
        f"{_SERVICE}.ingress_settings": one_of("ALLOW_INTERNAL_ONLY"),
        f"{_SERVICE}.available_memory": text(r"\d+(k|M|G|Mi|Gi)?"),
        f"{_SERVICE}.available_cpu": text(r"\d+(\.\d+)?|\d+m"),
        f"{_SERVICE}.timeout_seconds": number(1, 3_600),
        f"{_SERVICE}.max_instance_count": number(1, 1_000),
        f"{_SERVICE}.max_instance_request_concurrency": number(1, 1_000),
        f"{_SERVICE}.service_account_email": _email,
    },
    # "due to a known limitation, only project number is supported by this field"
    f"{_PROVIDER}/cloudfunctions2_function": {
        f"{_SERVICE}.secret_environment_variables.project_id": text(r"\d+"),
    },
    # Ours: `latest` would be whichever there was when an instance started.
    f"{_DOCS}/run/docs/configuring/services/secrets": {
        f"{_SERVICE}.secret_environment_variables.version": text(r"\d+"),
    },
    f"{_DOCS}/secret-manager/docs/reference/rest/v1/projects.secrets": {
        "google_secret_manager_secret.secret_id": text(r"[A-Za-z0-9_-]{1,255}"),
    },
    f"{_DOCS}/pubsub/docs/pubsub-basics#resource_names": {
        "google_pubsub_topic.name": _topic,
        f"{_SUBSCRIPTION}.name": _topic,
    },
    f"{_DOCS}/pubsub/docs/reference/rest/v1/projects.subscriptions": {
        f"{_SUBSCRIPTION}.ack_deadline_seconds": number(10, 600),
        f"{_SUBSCRIPTION}.message_retention_duration": seconds(600, 31 * _DAY),
        # Ours: any other would delete a subscription that is quiet for long.
        f"{_SUBSCRIPTION}.expiration_policy.ttl": one_of(""),
        f"{_SUBSCRIPTION}.push_config.push_endpoint": text(r"https://[^/\s]+"),
        f"{_SUBSCRIPTION}.push_config.oidc_token.service_account_email": _email,
        f"{_SUBSCRIPTION}.retry_policy.minimum_backoff": seconds(0, 600),
        f"{_SUBSCRIPTION}.retry_policy.maximum_backoff": seconds(0, 600),
        f"{_SUBSCRIPTION}.dead_letter_policy.max_delivery_attempts": number(5, 100),
    },
    f"{_DOCS}/scheduler/docs/reference/rest/v1/projects.locations.jobs": {
        f"{_JOB}.name": text(r"[A-Za-z\d_-]{1,500}"),
        f"{_JOB}.attempt_deadline": seconds(15, 1_800),
        f"{_JOB}.http_target.http_method": one_of("POST"),
        f"{_JOB}.http_target.uri": text(r"https://[^/\s]+"),
        f"{_JOB}.http_target.oidc_token.service_account_email": _email,
        f"{_JOB}.retry_config.retry_count": number(0, 5),
        f"{_JOB}.retry_config.max_doublings": number(0, 16),
        f"{_JOB}.retry_config.min_backoff_duration": seconds(0, 3_600),
        f"{_JOB}.retry_config.max_backoff_duration": seconds(0, 3_600),
        # Ours: any other zone may skip an hour.
        f"{_JOB}.time_zone": one_of("Etc/UTC"),
    },
    f"{_DOCS}/scheduler/docs/configuring/cron-job-schedules": {
        f"{_JOB}.schedule": text(r"\d+(,\d+)* \* \* \* \*"),
    },
    f"{_DOCS}/storage/docs/buckets#naming": {
        "google_storage_bucket.name": text(
            r"(?!goog)(?!.*google)[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]"
        ),
    },
    f"{_DOCS}/storage/docs/objects#naming": {
        "google_storage_bucket_object.name": text(r"[^\r\n]+", 1_024),
    },
    f"{_DOCS}/storage/docs/locations": {
        "google_storage_bucket.location": _location,
    },
    # Ours: nothing of a bucket is ever public.
    f"{_DOCS}/storage/docs/public-access-prevention": {
        "google_storage_bucket.public_access_prevention": one_of("enforced"),
    },
    f"{_DOCS}/storage/docs/soft-delete": {
        "google_storage_bucket.soft_delete_policy.retention_duration_seconds": lambda value: (
            value == 0 or 7 * _DAY <= value <= 90 * _DAY
        ),
    },
    f"{_DOCS}/storage/docs/lifecycle": {
        "google_storage_bucket.lifecycle_rule.action.type": one_of("Delete"),
        "google_storage_bucket.lifecycle_rule.condition.age": number(1, 36_500),
        "google_storage_bucket.lifecycle_rule.condition.matches_prefix": at_most(
            50, text(r"[a-z]+/")
        ),
    },
    f"{_DOCS}/storage/docs/json_api/v1/notifications": {
        "google_storage_notification.event_types": at_most(4, one_of("OBJECT_FINALIZE")),
        "google_storage_notification.payload_format": one_of("JSON_API_V1", "NONE"),
    },
    f"{_DOCS}/bigquery/docs/datasets#dataset-naming": {
        "google_bigquery_dataset.dataset_id": text(r"[A-Za-z0-9_]{1,1024}"),
    },
    f"{_DOCS}/bigquery/docs/locations": {
        "google_bigquery_dataset.location": _location,
    },
    f"{_DOCS}/bigquery/docs/reference/rest/v2/datasets": {
        "google_bigquery_dataset_access.role": one_of("READER", "WRITER", "OWNER"),
    },
    f"{_DOCS}/bigquery/docs/reference/rest/v2/tables": {
        "google_bigquery_table.table_id": text(r"[A-Za-z0-9_]{1,1024}"),
        "google_bigquery_table.clustering": at_most(4, text(r"\w+")),
        "google_bigquery_table.time_partitioning.type": one_of("DAY", "HOUR", "MONTH", "YEAR"),
    },
    f"{_DOCS}/bigquery/docs/reference/rest/v2/routines": {
        f"{_ROUTINE}.routine_id": text(r"[A-Za-z_][A-Za-z0-9_]*", 256),
        f"{_ROUTINE}.routine_type": one_of("TABLE_VALUED_FUNCTION"),
        f"{_ROUTINE}.language": one_of("SQL"),
        f"{_ROUTINE}.arguments.name": text(r"[A-Za-z_][A-Za-z0-9_]*", 128),
        f"{_ROUTINE}.arguments.data_type": text(r'\{"typeKind":"[A-Z0-9]+"\}'),
    },
    f"{_DOCS}/bigquery/docs/reference/datatransfer/rest/v1/projects.locations.transferConfigs": {
        f"{_TRANSFER}.data_source_id": one_of("scheduled_query"),
        f"{_TRANSFER}.display_name": text(r".+", 1_024),
        f"{_TRANSFER}.location": _location,
        f"{_TRANSFER}.schedule": text(r"every day [0-2]\d:[0-5]\d"),
        f"{_TRANSFER}.service_account_name": _email,
        f"{_TRANSFER}.encryption_configuration.kms_key_name": _key,
    },
    f"{_DOCS}/artifact-registry/docs/reference/rest/v1/projects.locations.repositories": {
        f"{_REPOSITORY}.repository_id": text(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"),
        f"{_REPOSITORY}.format": one_of("DOCKER"),
        f"{_REPOSITORY}.cleanup_policies.action": one_of("KEEP", "DELETE"),
        f"{_REPOSITORY}.cleanup_policies.condition.older_than": seconds(1, 10_000 * _DAY),
    },
    f"{_DOCS}/logging/docs/reference/v2/rest/v2/projects.metrics": {
        f"{_METRIC}.name": text(r"(?!/)[A-Za-z0-9_\-.,+!*',()%/]+", 100),
        f"{_METRIC}.description": text(r".+", 8_000),
        f"{_METRIC}.filter": text(r".+", 20_000),
        f"{_METRIC}.value_extractor": text(r"EXTRACT\(jsonPayload\.\w+\)"),
        f"{_METRIC}.metric_descriptor.metric_kind": one_of("DELTA"),
        f"{_METRIC}.metric_descriptor.value_type": one_of("INT64", "DISTRIBUTION"),
        f"{_METRIC}.metric_descriptor.labels.key": text(r"[a-z][a-z0-9_]*", 100),
        f"{_METRIC}.metric_descriptor.labels.value_type": one_of("STRING", "BOOL", "INT64"),
        f"{_METRIC}.bucket_options.explicit_buckets.bounds": lambda bounds: (
            1 <= len(bounds) <= 200 and bounds == sorted(set(bounds))
        ),
    },
    f"{_DOCS}/monitoring/api/ref_v3/rest/v3/projects.alertPolicies": {
        f"{_POLICY}.display_name": text(r".+", 512),
        f"{_POLICY}.combiner": one_of("OR", "AND", "AND_WITH_MATCHING_RESOURCE"),
        f"{_POLICY}.severity": one_of("CRITICAL", "ERROR", "WARNING"),
        f"{_POLICY}.user_labels": labels,
        f"{_POLICY}.conditions": lambda conditions: 1 <= len(conditions) <= 6,
        f"{_POLICY}.conditions.display_name": text(r".+", 512),
        f"{_POLICY}.documentation.content": lambda content: 0 < len(content.encode()) <= 8_192,
        f"{_POLICY}.documentation.mime_type": one_of("text/markdown"),
        f"{_POLICY}.documentation.subject": text(r"[^\n]+", 255),
        f"{_POLICY}.documentation.links": at_most(3, bool),
        f"{_POLICY}.documentation.links.display_name": text(r".+", 63),
        f"{_POLICY}.documentation.links.url": text(r"https://[^\s\"]+", 2_083),
        f"{_POLICY}.alert_strategy.notification_channel_strategy.renotify_interval": seconds(
            1_800, _DAY
        ),
        f"{_THRESHOLD}.comparison": one_of("COMPARISON_GT", "COMPARISON_LT"),
        f"{_THRESHOLD}.duration": seconds(0, 84_600, 60),
        f"{_THRESHOLD}.filter": text(r'metric\.type="[^"]+" AND resource\.type="[^"]+".*', 2_048),
        f"{_THRESHOLD}.aggregations.alignment_period": seconds(60, 90_000, 60),
        f"{_THRESHOLD}.aggregations.per_series_aligner": _aligner,
        f"{_THRESHOLD}.aggregations.cross_series_reducer": _reducer,
        f"{_THRESHOLD}.aggregations.group_by_fields": at_most(
            5, text(r"(metric|resource)\.label\.\w+")
        ),
        f"{_ABSENT}.filter": text(r'metric\.type="[^"]+" AND resource\.type="[^"]+"', 2_048),
        f"{_ABSENT}.aggregations.alignment_period": seconds(60, 90_000, 60),
        f"{_ABSENT}.aggregations.per_series_aligner": _aligner,
        f"{_ABSENT}.aggregations.cross_series_reducer": _reducer,
        f"{_PROMQL}.duration": seconds(0, 84_600, 60),
        f"{_PROMQL}.evaluation_interval": seconds(30, 84_600, 30),
        f"{_PROMQL}.alert_rule": text(r"[a-zA-Z_][a-zA-Z0-9_]*"),
    },
    f"{_DOCS}/monitoring/alerts/metric-absence": {
        f"{_ABSENT}.duration": seconds(120, 84_600, 60),
    },
    f"{_DOCS}/monitoring/quotas": {
        f"{_POLICY}.notification_channels": at_most(16, bool),
        f"{_POLICY}.alert_strategy.auto_close": seconds(1_800, 7 * _DAY),
    },
    f"{_DOCS}/monitoring/api/ref_v3/rest/v3/projects.notificationChannels": {
        f"{_CHANNEL}.display_name": text(r".+", 512),
        f"{_CHANNEL}.type": one_of("email", "slack", "pagerduty"),
        f"{_CHANNEL}.user_labels": labels,
    },
    "https://registry.terraform.io/providers/hashicorp/time/latest/docs/resources/sleep": {
        "time_sleep.create_duration": text(r"\d+(ms|s|m|h)"),
    },
}

# Types of which nothing has a form that could be wrong.
WITHOUT_RULES: Final = frozenset({"google_monitoring_dashboard", "time_static"})
