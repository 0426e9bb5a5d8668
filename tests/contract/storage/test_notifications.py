"""Notifications: configured through Google's client, published in order and at least once."""

from __future__ import annotations

import json
import queue
from typing import Any

import pytest
from google.api_core import exceptions

from local.storage import StorageEmulator
from tests.contract.storage.conftest import Publish

DEADLINE_SECONDS = 5


class Topic:
    """Where notifications arrive; it refuses as many of them first as `failures` says."""

    def __init__(self) -> None:
        self.failures = 0
        self._arrived: queue.SimpleQueue[tuple[str, bytes, dict[str, str]]] = queue.SimpleQueue()

    def publish(self, topic: str, data: bytes, attributes: dict[str, str]) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("Pub/Sub is away")
        self._arrived.put((topic, data, attributes))

    def next(self) -> tuple[str, bytes, dict[str, str]]:
        return self._arrived.get(timeout=DEADLINE_SECONDS)

    def next_event(self) -> tuple[str, str]:
        """Type and object of the next notification."""
        attributes = self.next()[2]
        return attributes["eventType"], attributes["objectId"]


@pytest.fixture(name="topic")
def _topic() -> Topic:
    return Topic()


@pytest.fixture(name="publish")
def _publish(topic: Topic) -> Publish:
    return topic.publish


def notify(bucket: Any, *event_types: str, **options: Any) -> Any:
    """Create a configuration like the one that Terraform makes."""
    config = bucket.notification(
        topic_name="landed",
        topic_project="project",
        event_types=list(event_types) or None,
        payload_format="JSON_API_V1",
        **options,
    )
    config.create()
    return config


def test_configurations(bucket: Any) -> None:
    """Configurations can be created, listed, read and deleted."""
    config = notify(
        bucket,
        "OBJECT_FINALIZE",
        blob_name_prefix="events/",
        custom_attributes={"env": "test"},
    )
    (listed,) = bucket.list_notifications()
    read = bucket.get_notification(config.notification_id)

    assert ("landed", "project") == (listed.topic_name, listed.topic_project)
    for seen in (listed, read):
        assert (["OBJECT_FINALIZE"], "events/", "JSON_API_V1", {"env": "test"}) == (
            seen.event_types,
            seen.blob_name_prefix,
            seen.payload_format,
            seen.custom_attributes,
        )
    config.delete()
    assert not config.exists()
    assert [] == list(bucket.list_notifications())


@pytest.mark.parametrize(
    "options",
    [
        {"event_types": ["OBJECT_EATEN"]},
        {"payload_format": "XML"},
        {"custom_attributes": {str(number): "" for number in range(11)}},
        {"topic_name": None},
    ],
    ids=lambda options: next(iter(options)),
)
def test_bad_configurations(bucket: Any, options: dict[str, Any]) -> None:
    """A configuration that Google would not take is a 400."""
    defaults = {"topic_name": "landed", "topic_project": "project"}

    with pytest.raises(exceptions.BadRequest):
        bucket.notification(**(defaults | options)).create()


def test_message(bucket: Any, topic: Topic) -> None:
    """A message has the documented attributes and the object's resource as data."""
    config = notify(bucket, custom_attributes={"env": "test"})
    blob = bucket.blob("events/1.gz")
    blob.metadata = {"rows": "5"}
    blob.upload_from_string("content")

    name, data, attributes = topic.next()
    resource = json.loads(data)

    assert "projects/project/topics/landed" == name
    assert {
        "env": "test",
        "notificationConfig": (
            f"projects/_/buckets/landing/notificationConfigs/{config.notification_id}"
        ),
        "eventType": "OBJECT_FINALIZE",
        "payloadFormat": "JSON_API_V1",
        "bucketId": "landing",
        "objectId": "events/1.gz",
        "objectGeneration": str(blob.generation),
        "eventTime": resource["timeCreated"],
    } == attributes
    assert ("events/1.gz", str(blob.generation), "7", {"rows": "5"}) == (
        resource["name"],
        resource["generation"],
        resource["size"],
        resource["metadata"],
    )


def test_events(bucket: Any, topic: Topic) -> None:
    """Creations, copies, compositions, updates and deletions are told in their order."""
    notify(bucket)
    blob = bucket.blob("a")
    blob.upload_from_string("1")
    blob.metadata = {"rows": "1"}
    blob.patch()
    bucket.copy_blob(blob, bucket, "b")
    bucket.blob("c").rewrite(blob)
    bucket.blob("d").compose([blob])
    with bucket.blob("e").open("wb") as writer:
        writer.write(b"1")
    blob.delete()

    assert [
        ("OBJECT_FINALIZE", "a"),
        ("OBJECT_METADATA_UPDATE", "a"),
        ("OBJECT_FINALIZE", "b"),
        ("OBJECT_FINALIZE", "c"),
        ("OBJECT_FINALIZE", "d"),
        ("OBJECT_FINALIZE", "e"),
        ("OBJECT_DELETE", "a"),
    ] == [topic.next_event() for _ in range(7)]


def test_compose_metadata(bucket: Any, topic: Topic) -> None:
    """The finalize notification of a composite shows the metadata set on the destination."""
    part = bucket.blob("part")
    part.upload_from_string("part")
    notify(bucket, "OBJECT_FINALIZE")
    whole = bucket.blob("whole")
    whole.metadata = {"rows": "9"}
    whole.content_type = "application/gzip"
    whole.compose([part, part], if_generation_match=0)

    resource = json.loads(topic.next()[1])

    assert ({"rows": "9"}, 2, "application/gzip") == (
        resource["metadata"],
        resource["componentCount"],
        resource["contentType"],
    )


def test_overwrite(bucket: Any, topic: Topic) -> None:
    """Replacing an object tells of the new generation and of the end of the old one."""
    notify(bucket)
    old, new = bucket.blob("a"), bucket.blob("a")
    old.upload_from_string("old")
    new.upload_from_string("new")

    created, finalized, deleted = (topic.next()[2] for _ in range(3))

    assert "overwroteGeneration" not in created
    assert (str(new.generation), str(old.generation)) == (
        finalized["objectGeneration"],
        finalized["overwroteGeneration"],
    )
    assert ("OBJECT_DELETE", str(old.generation), str(new.generation)) == (
        deleted["eventType"],
        deleted["objectGeneration"],
        deleted["overwrittenByGeneration"],
    )


def test_filters(bucket: Any, topic: Topic) -> None:
    """A configuration hears only of its event types and its prefix, others of theirs."""
    notify(bucket, "OBJECT_FINALIZE", blob_name_prefix="events/")
    notify(bucket, "OBJECT_DELETE")
    for name in ("people/1", "events/1"):
        blob = bucket.blob(name)
        blob.upload_from_string("")
        blob.delete()

    assert [
        ("OBJECT_DELETE", "people/1"),
        ("OBJECT_FINALIZE", "events/1"),
        ("OBJECT_DELETE", "events/1"),
    ] == [topic.next_event() for _ in range(3)]


def test_publishing_retries(bucket: Any, topic: Topic) -> None:
    """A notification is published again until that succeeds, and the next ones wait for it."""
    notify(bucket)
    topic.failures = 2
    bucket.blob("a").upload_from_string("")
    bucket.blob("b").upload_from_string("")

    assert ["a", "b"] == [topic.next_event()[1] for _ in range(2)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "duplicate_notification"}, ["a", "a", "b"]),
        ({"kind": "drop_notification"}, ["b"]),
        ({"kind": "delay_notification", "seconds": 0.2}, ["b", "a"]),
    ],
    ids=["duplicate", "drop", "delay"],
)
def test_faults(
    bucket: Any,
    topic: Topic,
    emulator: StorageEmulator,
    fault: dict[str, Any],
    expected: list[str],
) -> None:
    """A notification can be doubled, lost, or held back until others have overtaken it."""
    notify(bucket)
    match = {"name": "a", "event_type": "OBJECT_FINALIZE", "bucket": "landing"}
    emulator.faults.add(match=match, **fault)
    for name in ("a", "b", "last"):
        bucket.blob(name).upload_from_string("")

    arrived = [topic.next_event()[1] for _ in range(len(expected) + 1)]
    assert expected == [name for name in arrived if name != "last"]
