"""What Terraform makes in the cloud, made on the emulators, through Google's own clients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, pubsub_v1, storage
from google.protobuf import duration_pb2

from local import views
from local.bundles import ROOT
from mixpanel_export.series import TABLES

PROJECT_ID = "local-project"
BUCKET = "local-exports"
LOCATION = "EU"
EXPORT_SINCE = "2026-11-01"
RAW_DATASET, DATASET = "mixpanel_raw", "mixpanel"
REQUESTS, LANDED, DEAD_LETTERS = "export-requests", "landed-objects", "dead-letters"
VIEWS = views.view_names()

_ACK_SECONDS = 600
_BACKOFF_SECONDS = (60, 600)
_DELIVERY_ATTEMPTS = 20
_TERRAFORM = ROOT / "terraform"
# By the day of which column each table is partitioned, and by which columns it is clustered.
_LAYOUT = json.loads((_TERRAFORM / "tables.json").read_text())


def create_topics() -> None:
    """Topics, and the subscription that keeps dead letters until somebody reads them."""
    publisher, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    for topic in (REQUESTS, LANDED, DEAD_LETTERS):
        publisher.create_topic(name=publisher.topic_path(PROJECT_ID, topic))
    subscriber.create_subscription(
        name=subscriber.subscription_path(PROJECT_ID, DEAD_LETTERS),
        topic=publisher.topic_path(PROJECT_ID, DEAD_LETTERS),
    )


def create_push_subscription(topic: str, endpoint: str) -> None:
    """A subscription that pushes to a function, with backoff and dead letters."""
    publisher, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    shortest, longest = (duration_pb2.Duration(seconds=s) for s in _BACKOFF_SECONDS)
    subscriber.create_subscription(
        request={
            "name": subscriber.subscription_path(PROJECT_ID, topic),
            "topic": publisher.topic_path(PROJECT_ID, topic),
            "ack_deadline_seconds": _ACK_SECONDS,
            "push_config": {"push_endpoint": endpoint},
            "retry_policy": {"minimum_backoff": shortest, "maximum_backoff": longest},
            "dead_letter_policy": {
                "dead_letter_topic": publisher.topic_path(PROJECT_ID, DEAD_LETTERS),
                "max_delivery_attempts": _DELIVERY_ATTEMPTS,
            },
        }
    )


def create_bucket() -> None:
    """The export bucket, and its notifications about every new object of a table, no other."""
    client = storage.Client(PROJECT_ID)
    bucket = client.create_bucket(BUCKET)
    for table in TABLES:
        bucket.notification(
            topic_name=LANDED,
            topic_project=PROJECT_ID,
            event_types=["OBJECT_FINALIZE"],
            blob_name_prefix=f"{table}/",
            payload_format="JSON_API_V1",
        ).create()


def create_datasets(environment: Mapping[str, str] | None = None) -> None:
    """Datasets, raw tables, and the views and functions over them, as the environment wants."""
    client = bigquery.Client(PROJECT_ID, AnonymousCredentials())
    for dataset in (RAW_DATASET, DATASET):
        made = bigquery.Dataset(f"{PROJECT_ID}.{dataset}")
        made.location = LOCATION
        client.create_dataset(made)
    for name in TABLES:
        client.create_table(raw_table(name))
    for name in VIEWS:
        view = bigquery.Table(f"{PROJECT_ID}.{DATASET}.{name}")
        view.view_query = view_query(name, environment=environment)
        client.create_table(view)
    for name in views.function_names():
        client.create_routine(views.table_function(name, view_values(PROJECT_ID, environment)))


def raw_table(name: str, project_id: str = PROJECT_ID) -> bigquery.Table:
    """The definition of a raw table."""
    schema = json.loads((_TERRAFORM / "schemas" / f"{name}.json").read_text())
    return table_of(f"{project_id}.{RAW_DATASET}.{name}", schema, _LAYOUT[name])


def table_of(
    name: str, schema: Iterable[dict[str, Any]], layout: Mapping[str, Any]
) -> bigquery.Table:
    """The definition of a table with these columns, by day and clustered as the layout says."""
    fields = [bigquery.SchemaField.from_api_repr(field) for field in schema]
    table = bigquery.Table(name, fields)
    if layout["partition_by"]:
        table.time_partitioning = bigquery.TimePartitioning(field=layout["partition_by"])
    table.clustering_fields = layout["cluster_by"]
    return table


def view_query(
    name: str, project_id: str = PROJECT_ID, environment: Mapping[str, str] | None = None
) -> str:
    """The SQL of a view, with the values that Terraform puts in."""
    return views.view_query(name, view_values(project_id, environment))


def view_values(project_id: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What stands in for each `${name}` of the views' SQL."""
    settings = {"EXPORT_SINCE": EXPORT_SINCE} | dict(environment or {})
    return views.values_of(settings | {"GCP_PROJECT_ID": project_id})
