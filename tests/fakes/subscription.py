"""Pub/Sub, from the subscriber's side: push, at least once, in any order.

Sources: cloud.google.com/pubsub/docs/push, cloud.google.com/storage/docs/pubsub-notifications.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime

from mixpanel_export.intervals import format_moment
from mixpanel_export.messages import Message

ACKNOWLEDGING = frozenset({102, 200, 201, 202, 204})


@dataclass(slots=True)
class Posted:
    """A message in a subscription, with how often it was delivered."""

    message: Message
    deliveries: int = 0

    def push(self) -> bytes:
        """The body of its next push request."""
        self.deliveries += 1
        return push_body(self.message, self.deliveries)


def push_body(message: Message, attempt: int | None = None) -> bytes:
    """A message as a push subscription sends it; `attempt` needs a dead-letter policy."""
    wrapped: dict[str, object] = {
        "messageId": message.message_id,
        "publishTime": format_moment(message.published_at),
    }
    if message.data:
        wrapped["data"] = base64.b64encode(message.data).decode()
    if message.attributes:
        wrapped["attributes"] = message.attributes
    envelope = {"message": wrapped, "subscription": "projects/p/subscriptions/s"}
    counted = {} if attempt is None else {"deliveryAttempt": attempt}
    return json.dumps(envelope | counted).encode()


def notification(
    path: str, metadata: dict[str, str], message_id: str, published_at: datetime
) -> Message:
    """What Cloud Storage publishes when an object appears in bucket `landing`."""
    resource = {"kind": "storage#object", "name": path, "metadata": metadata}
    attributes = {
        "eventType": "OBJECT_FINALIZE",
        "payloadFormat": "JSON_API_V1",
        "bucketId": "landing",
        "objectId": path,
        "objectGeneration": "1",
    }
    return Message(json.dumps(resource).encode(), attributes, message_id, published_at)


class FakeSubscription:
    """Holds each message until one of its deliveries is acknowledged.

    A message may be delivered again while an earlier delivery runs, and, rarely, after it was
    acknowledged. After `max_deliveries` it is given up on: a dead letter.
    """

    def __init__(self, max_deliveries: int) -> None:
        self._max_deliveries = max_deliveries
        self.waiting: dict[str, Posted] = {}
        self.acknowledged: dict[str, Posted] = {}
        self.given_up: dict[str, Posted] = {}

    def post(self, message: Message) -> None:
        """Take a message that was published."""
        self.waiting[message.message_id] = Posted(message)

    def answered(self, posted: Posted, status: int) -> None:
        """Take the answer to a delivery."""
        message_id = posted.message.message_id
        if status in ACKNOWLEDGING:
            self.waiting.pop(message_id, None)
            self.acknowledged[message_id] = posted
        else:
            self.unanswered(posted)

    def unanswered(self, posted: Posted) -> None:
        """A delivery was refused, or its deadline passed."""
        message_id = posted.message.message_id
        if message_id in self.waiting and posted.deliveries >= self._max_deliveries:
            self.given_up[message_id] = self.waiting.pop(message_id)
