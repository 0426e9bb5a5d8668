"""The request message on topic `export-requests`, and the push envelope messages arrive in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from reprlib import repr as brief
from typing import Any, Literal, Self, get_args

from mixpanel_export.errors import NotOurs, Poison
from mixpanel_export.intervals import Interval, epoch_us, format_moment, parse_moment
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import Series

MESSAGE_VERSION = 1
Origin = Literal["schedule", "heal", "backfill", "verify", "replay"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

_LONGEST_COUNT = 18
_NEEDED = frozenset({"version", "table", "start", "end"})
_KEYS = _NEEDED | {"mode"}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One wish: one interval of one series.

    `origin` tells why it was asked: `replay` and `verify` fetch again what has landed before,
    the others do not.
    """

    series: Series
    interval: Interval
    origin: Origin

    @property
    def data(self) -> bytes:
        """The body of the message: the truth."""
        body = {"version": MESSAGE_VERSION} | self._subject
        return json.dumps(body, separators=(",", ":")).encode()

    @property
    def attributes(self) -> dict[str, str]:
        """What filters and eyes read; only `origin` is not repeated from the body."""
        return self._subject | {"origin": self.origin}

    @property
    def _subject(self) -> dict[str, str]:
        mode = {} if self.series.is_default else {"mode": self.series.mode}
        return {
            "table": self.series.table,
            **mode,
            "start": format_moment(self.interval.start),
            "end": format_moment(self.interval.end),
        }

    @classmethod
    def decode(cls, data: bytes, attributes: dict[str, str]) -> Self:
        """The request in a message; one without an `origin` attribute is a replay.

        Raises:
            Poison: the message is not a request of this version; it says which part is wrong.
        """
        body = _json_object(data, "the message body")
        if unknown := sorted(body.keys() - _KEYS):
            raise Poison(
                f"unknown key {brief(unknown[0])}: a request has {', '.join(sorted(_KEYS))}"
            )
        if missing := sorted(_NEEDED - body.keys()):
            raise Poison(f"key {missing[0]!r} is missing from the request")
        if body["version"] is True or body["version"] != MESSAGE_VERSION:
            raise Poison(f"request version {brief(body['version'])} is not {MESSAGE_VERSION}")
        try:
            series = Series.named(body["table"], body.get("mode"))
            interval = Interval.parse(_text(body, "start"), _text(body, "end"))
        except ValueError as error:
            raise Poison(str(error)) from None
        origin = attributes.get("origin", "replay")
        if origin not in ORIGINS:
            raise Poison(f"unknown origin {brief(origin)}: known are {', '.join(ORIGINS)}")
        return cls(series, interval, origin)


@dataclass(frozen=True, slots=True)
class Message:
    """A Pub/Sub message as a push subscription delivers it."""

    data: bytes
    attributes: dict[str, str]
    message_id: str
    published_at: datetime
    delivery_attempt: int | None = None

    @property
    def version(self) -> int:
        """Publish time in microseconds: the same on every redelivery, newer on a replay."""
        return epoch_us(self.published_at)

    @classmethod
    def from_push(cls, body: bytes) -> Self:
        """The message in the body of a wrapped push request.

        Source: cloud.google.com/pubsub/docs/push#receive_push; `data` is absent from a message
        of attributes only, `deliveryAttempt` from a subscription without a dead-letter topic.

        Raises:
            Poison: this is not such a body.
        """
        envelope = _json_object(body, "the push request")
        message = envelope.get("message")
        if not isinstance(message, dict):
            raise Poison("the push request holds no `message`: is the subscription wrapped push?")
        attempt = envelope.get("deliveryAttempt")
        try:
            return cls(
                data=base64.b64decode(message.get("data") or "", validate=True),
                attributes={str(k): str(v) for k, v in (message.get("attributes") or {}).items()},
                message_id=str(message["messageId"]),
                published_at=parse_moment(message["publishTime"]),
                delivery_attempt=attempt if isinstance(attempt, int) else None,
            )
        except KeyError as error:
            raise Poison(f"the push request's message has no {error}") from None
        except (binascii.Error, ValueError, TypeError, AttributeError) as error:
            raise Poison(f"the push request's message is malformed: {error}") from None


@dataclass(frozen=True, slots=True)
class LandedObject:
    """What a storage notification says: an export has landed, with this many rows."""

    name: ObjectName
    bucket: str
    row_count: int

    @property
    def uri(self) -> str:
        """Without a generation: BigQuery refuses one, so objects are never overwritten."""
        return f"gs://{self.bucket}/{self.name.path}"

    @property
    def data(self) -> bytes:
        """The body of a notification, as far as `decode` reads it."""
        return json.dumps({"metadata": {"row_count": str(self.row_count)}}).encode()

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of a notification, as far as `decode` reads them."""
        return {
            "eventType": "OBJECT_FINALIZE",
            "payloadFormat": "JSON_API_V1",
            "bucketId": self.bucket,
            "objectId": self.name.path,
        }

    @classmethod
    def decode(cls, message: Message, bucket: str) -> Self:
        """The landed object in a notification about `bucket`, with payload JSON_API_V1.

        Source: cloud.google.com/storage/docs/pubsub-notifications#attributes

        Raises:
            NotOurs: another kind of event, another bucket, or an object we did not name.
            Poison: the object carries no row count to check the load against.
        """
        attributes = message.attributes
        if attributes.get("eventType") != "OBJECT_FINALIZE":
            raise NotOurs(f"notification of type {attributes.get('eventType')!r}")
        if attributes.get("bucketId") != bucket:
            raise NotOurs(f"notification about bucket {attributes.get('bucketId')!r}")
        name = ObjectName.parse(attributes.get("objectId", ""))
        metadata = _json_object(message.data, "the notification").get("metadata")
        rows = row_count(metadata if isinstance(metadata, dict) else {})
        if rows is None:
            raise Poison(f"object {name.path} carries no row_count: replay its interval")
        return cls(name, bucket, rows)


def row_count(metadata: Mapping[str, object]) -> int | None:
    """How many rows an object holds according to its metadata; None if that does not say."""
    rows = metadata.get("row_count")
    if not isinstance(rows, str) or not rows.isdecimal() or len(rows) > _LONGEST_COUNT:
        return None
    return int(rows)


def _json_object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Poison(f"{what} is not JSON") from None
    if not isinstance(value, dict):
        raise Poison(f"{what} is JSON, but not an object")
    return value


def _text(body: dict[str, Any], key: str) -> str:
    value = body[key]
    if not isinstance(value, str):
        raise Poison(f"{key} must be text such as 2026-11-22T08:00:00Z, not {brief(value)}")
    return value
