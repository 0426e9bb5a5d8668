"""Pub/Sub notifications: who wants to hear of which event, and the message they get."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from local.http import Json
from local.storage import errors
from local.storage.buckets import Bucket, Buckets

_TOPIC = re.compile(r"//pubsub\.googleapis\.com/(projects/[^/]+/topics/[^/]+)")
_EVENT_TYPES = {"OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_METADATA_UPDATE", "OBJECT_ARCHIVE"}
_PAYLOAD_FORMATS = {"JSON_API_V1", "NONE"}
_FIELDS = ("topic", "payload_format", "event_types", "object_name_prefix", "custom_attributes")
_MOST_CUSTOM_ATTRIBUTES = 10
_MOST_CONFIGS = 100


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a generation; `resource` is the object as of then."""

    type: str
    resource: dict[str, Json]
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notification:
    """One message for one topic."""

    topic: str
    data: bytes
    attributes: dict[str, str]


def notifications(bucket: Bucket, event: Event) -> Iterator[Notification]:
    """The messages that a bucket's configurations make of an event."""
    for config in bucket.notification_configs.values():
        if event.type not in config.get("event_types", _EVENT_TYPES):
            continue
        if not event.resource["name"].startswith(config.get("object_name_prefix", "")):
            continue
        yield _notification(config, event)


def _notification(config: Mapping[str, Json], event: Event) -> Notification:
    resource = event.resource
    attributes = {
        "notificationConfig": (
            f"projects/_/buckets/{resource['bucket']}/notificationConfigs/{config['id']}"
        ),
        "eventType": event.type,
        "payloadFormat": config["payload_format"],
        "bucketId": resource["bucket"],
        "objectId": resource["name"],
        "objectGeneration": resource["generation"],
        "eventTime": resource["updated"],
    }
    with_payload = config["payload_format"] == "JSON_API_V1"
    return Notification(
        topic=config["topic"].removeprefix("//pubsub.googleapis.com/"),
        data=json.dumps(resource).encode() if with_payload else b"",
        attributes=config.get("custom_attributes", {}) | attributes | event.attributes,
    )


class NotificationConfigs:
    """The configurations of all buckets."""

    def __init__(self, buckets: Buckets, url: str) -> None:
        self._buckets = buckets
        self._url = url
        self._last_id = 0

    def create(self, bucket_name: str, body: Mapping[str, Json]) -> Json:
        _validate(body)
        with self._buckets.lock:
            configs = self._buckets[bucket_name].notification_configs
            if len(configs) >= _MOST_CONFIGS:
                raise errors.invalid(f"At most {_MOST_CONFIGS} notification configs per bucket")
            self._last_id += 1
            number = str(self._last_id)
            path = f"/storage/v1/b/{bucket_name}/notificationConfigs/{number}"
            configs[number] = {key: body[key] for key in _FIELDS if body.get(key)} | {
                "kind": "storage#notification",
                "id": number,
                "etag": number,
                "selfLink": f"{self._url}{path}",
            }
            return configs[number]

    def list(self, bucket_name: str) -> Json:
        with self._buckets.lock:
            found = list(self._buckets[bucket_name].notification_configs.values())
        return {"kind": "storage#notifications"} | ({"items": found} if found else {})

    def get(self, bucket_name: str, number: str) -> Json:
        with self._buckets.lock:
            config = self._buckets[bucket_name].notification_configs.get(number)
        if config is None:
            raise _no_such_config(bucket_name, number)
        return config

    def delete(self, bucket_name: str, number: str) -> None:
        with self._buckets.lock:
            if self._buckets[bucket_name].notification_configs.pop(number, None) is None:
                raise _no_such_config(bucket_name, number)


def _validate(body: Mapping[str, Json]) -> None:
    if not _TOPIC.fullmatch(body.get("topic") or ""):
        raise errors.invalid(f"Invalid Google Cloud Pub/Sub topic: {body.get('topic')}")
    if body.get("payload_format") not in _PAYLOAD_FORMATS:
        raise errors.invalid(f"Invalid payload format: {body.get('payload_format')}")
    for event_type in body.get("event_types") or ():
        if event_type not in _EVENT_TYPES:
            raise errors.invalid(f"Invalid event type: {event_type}")
    if len(body.get("custom_attributes") or ()) > _MOST_CUSTOM_ATTRIBUTES:
        raise errors.invalid(f"At most {_MOST_CUSTOM_ATTRIBUTES} custom attributes per config")


def _no_such_config(bucket_name: str, number: str) -> errors.StorageError:
    message = f"The specified notification {bucket_name}/{number} does not exist."
    return errors.StorageError(404, "notFound", message)
