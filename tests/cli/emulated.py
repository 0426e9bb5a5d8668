"""A deployment of its own on the emulators, without functions: nobody lands or loads by itself.

Status counts everything that a deployment holds, so it cannot share one with other tests.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.cloud import pubsub_v1, storage

from local import resources
from local.bigquery import BigQueryEmulator
from local.metadata import MetadataServer
from local.pubsub import PubSubEmulator
from local.storage import StorageEmulator
from mixpanel_export.intervals import Interval, epoch_us, format_moment
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT
from mixpanel_export.warehouse import RawDataset
from tests.cli.calling import Tool

_SHARED = {
    "GCP_PROJECT_ID": resources.PROJECT_ID,
    "EXPORT_BUCKET": resources.BUCKET,
    "BIGQUERY_LOCATION": resources.LOCATION,
}


@dataclass(frozen=True)
class Emulated:
    """The services, and what tests do to them."""

    store: StorageEmulator
    pubsub: PubSubEmulator

    @property
    def bucket(self) -> storage.Bucket:
        """The bucket of exports."""
        bucket: storage.Bucket = storage.Client(resources.PROJECT_ID).bucket(resources.BUCKET)
        return bucket

    def land(self, interval: Interval) -> ObjectName:
        """Let an empty interval of events land."""
        name = ObjectName(RECENT, interval, epoch_us(interval.end))
        marker = {
            "_mode": RECENT.mode,
            "_interval_start": format_moment(interval.start),
            "_interval_end": format_moment(interval.end),
            "_version": name.version,
            "_line": 0,
        }
        blob = self.bucket.blob(name.path)
        blob.metadata = {"row_count": "0"}
        blob.upload_from_string(gzip.compress(json.dumps(marker).encode()))
        return name

    def load(self, names: Iterable[ObjectName]) -> None:
        """Let landed objects be loaded."""
        raw = RawDataset.connect(resources.PROJECT_ID, resources.RAW_DATASET, resources.LOCATION)
        for name in names:
            uri, job_id = f"gs://{resources.BUCKET}/{name.path}", name.job_id("test", 1)
            job = raw.start(job_id, uri, name.series.table)
            while not job.done:
                job = raw.look(job_id)
            assert (None, 1) == (job.error, job.output_rows)

    def give_up(self, data: bytes) -> None:
        """Let a message be a dead letter."""
        publisher = pubsub_v1.PublisherClient()
        topic = publisher.topic_path(resources.PROJECT_ID, resources.DEAD_LETTERS)
        publisher.publish(topic, data).result(timeout=10)
        publisher.stop()
        publisher.transport.close()

    def unread_dead_letters(self) -> int:
        """How many dead letters nobody has taken."""
        name = f"projects/{resources.PROJECT_ID}/subscriptions/{resources.DEAD_LETTERS}"
        count: int = self.pubsub.subscriptions()[name]["outstanding"]
        return count

    def objects(self) -> list[str]:
        """What lies in the bucket."""
        return [blob.name for blob in self.bucket.list_blobs()]


@contextmanager
def found_at(emulators: dict[str, str]) -> Iterator[None]:
    """Let Google's clients of this process find these emulators, whichever they found before."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in emulators.items():
            environment.setenv(name, value)
        # google-auth reads its variable only once, when it is imported.
        host = "google.auth.compute_engine._metadata._GCE_METADATA_HOST"
        environment.setattr(host, emulators["GCE_METADATA_HOST"])
        yield


@contextmanager
def emulated(directory: Path, **planner: str) -> Iterator[tuple[Emulated, Tool]]:
    """A deployment with these variables of its planner, and the tool pointed at it."""
    with ExitStack() as stack:
        metadata = stack.enter_context(MetadataServer())
        pubsub = stack.enter_context(PubSubEmulator())
        bucket = stack.enter_context(StorageEmulator())
        bigquery = stack.enter_context(BigQueryEmulator())
        emulators = {
            "PUBSUB_EMULATOR_HOST": pubsub.host,
            "STORAGE_EMULATOR_HOST": bucket.url,
            "BIGQUERY_EMULATOR_HOST": bigquery.url,
            "GOOGLE_CLOUD_PROJECT": resources.PROJECT_ID,
            **metadata.environment,
        }
        stack.enter_context(found_at(emulators))
        resources.create_topics()
        resources.create_bucket()
        resources.create_datasets()
        file = directory / "outputs.json"
        file.write_text(json.dumps(_outputs(emulators, planner)))
        yield Emulated(bucket, pubsub), Tool(file)


def _outputs(emulators: dict[str, str], planner: dict[str, str]) -> dict[str, Any]:
    values = {
        "planner_environment": _SHARED | planner,
        "fetcher_environment": _SHARED | {"MIXPANEL_PROJECT_ID": "7"},
        "loader_environment": _SHARED,
        "dead_letter_subscription": resources.DEAD_LETTERS,
        "planner_url": "http://127.0.0.1:9",
        "emulators": emulators,
    }
    return {name: {"value": value} for name, value in values.items()}
