"""What must be there before something else is, is made before it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.terraform.runs import State

# What would be refused, or would fail for some minutes, if it were made too early. All in one
# deployment with everything that can be said.
ORDER = {
    'google_storage_notification.landed["events/"]': {
        "google_pubsub_topic_iam_member.storage_publishes"
    },
    'google_storage_notification.landed["people/"]': {
        "google_pubsub_topic_iam_member.storage_publishes"
    },
    "module.fetch_trigger.google_pubsub_subscription.push": {
        "module.fetch_trigger.google_service_account_iam_member.push_tokens",
        "module.fetcher.google_cloud_run_service_iam_member.invoker",
    },
    "module.load_trigger.google_pubsub_subscription.push": {
        "module.load_trigger.google_service_account_iam_member.push_tokens",
        "module.loader.google_cloud_run_service_iam_member.invoker",
    },
    "module.fetch_trigger.google_service_account_iam_member.push_tokens": {
        "google_workload_identity_service_agent.pubsub"
    },
    "google_pubsub_topic_iam_member.pubsub_gives_up": {
        "google_workload_identity_service_agent.pubsub"
    },
    # Nobody keeps what is published before there is a subscription.
    "google_cloud_scheduler_job.tick": {
        "google_storage_notification.landed",
        "module.fetch_trigger.google_pubsub_subscription.push",
        "module.load_trigger.google_pubsub_subscription.push",
        "module.planner.google_cloud_run_service_iam_member.invoker",
    },
    "module.fetcher.google_cloudfunctions2_function.this": {
        "google_secret_manager_secret_iam_member.fetcher",
        "time_sleep.build_grants",
    },
    "module.loader.google_cloudfunctions2_function.this": {"time_sleep.build_grants"},
    "module.planner.google_cloudfunctions2_function.this": {"time_sleep.build_grants"},
    "time_sleep.build_grants": {
        "google_artifact_registry_repository_iam_member.build",
        "google_project_iam_member.build_logs",
        "google_project_iam_member.build_reads_copy",
        "google_storage_bucket_iam_member.build",
    },
    'google_monitoring_alert_policy.this["freshness"]': {"time_sleep.log_metrics"},
    "time_sleep.log_metrics": {"google_logging_metric.this"},
    "google_storage_bucket.exports": {"time_sleep.key_grants"},
    'google_pubsub_topic.this["requests"]': {"time_sleep.key_grants"},
    "google_bigquery_dataset.raw": {"time_sleep.key_grants"},
    "google_bigquery_dataset.views": {"time_sleep.key_grants"},
    'google_bigquery_table.raw["events"]': {"time_sleep.key_grants"},
    "time_sleep.key_grants[0]": {"google_kms_crypto_key_iam_member.agents"},
    'google_kms_crypto_key_iam_member.agents["pubsub"]': {
        "google_workload_identity_service_agent.pubsub"
    },
    'google_bigquery_table.view["events"]': {"google_bigquery_table.raw"},
    'google_bigquery_dataset_access.authorized_view["events"]': {"google_bigquery_table.view"},
    'google_bigquery_routine.table_function["events_between"]': {"google_bigquery_table.raw"},
    'google_bigquery_dataset_access.authorized_function["events_between"]': {
        "google_bigquery_routine.table_function"
    },
    'google_bigquery_table.derived_view["property_catalog"]': {"google_bigquery_table.view"},
    'google_bigquery_table.compatibility_view["fivetran/event"]': {
        "google_bigquery_routine.table_function",
        "google_bigquery_table.derived_view",
        "google_bigquery_table.view",
    },
    'google_bigquery_dataset.compatibility["fivetran"]': {"time_sleep.key_grants"},
    "google_bigquery_table.unsettled_dates[0]": {
        "google_bigquery_table.maintained",
        "google_bigquery_table.view",
    },
    'google_bigquery_data_transfer_config.maintenance["settle"]': {
        "google_bigquery_dataset_access.authorized_function",
        "google_bigquery_dataset_access.authorized_view",
        "google_bigquery_dataset_access.settle_reads",
        "google_bigquery_table.maintained",
        "google_bigquery_table.unsettled_dates",
        "time_sleep.maintenance_grants",
    },
    'time_sleep.maintenance_grants["collect"]': {
        "google_bigquery_table_iam_member.maintenance_changes",
        "google_project_iam_member.maintenance_jobs",
        "google_service_account_iam_member.maintenance_tokens",
    },
    'google_service_account_iam_member.maintenance_tokens["settle"]': {
        "google_workload_identity_service_agent.transfers"
    },
}


@pytest.mark.parametrize("later", ORDER)
def test_what_is_needed_comes_first(later: str, states: Mapping[str, State]) -> None:
    """Terraform waits for it, whatever the order of files."""
    resources = {each["address"]: each for each in states["full"].everything()}

    assert set() == ORDER[later] - set(resources[later]["depends_on"])


def test_everything_waits_for_its_api(states: Mapping[str, State]) -> None:
    """In a new project nothing is called before the APIs are enabled, and have had a minute."""
    early = [
        each["address"]
        for each in states["full"].everything()
        if each["type"].startswith("google_")
        and each["mode"] == "managed"
        and each["type"] != "google_project_service"
        and "time_sleep.services" not in each.get("depends_on", [])
    ]
    waits = next(
        each for each in states["full"].everything() if each["address"] == "time_sleep.services"
    )

    assert [] == early
    assert "google_project_service.this" in waits["depends_on"]
