"""A published message, the same in every delivery of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from google.pubsub_v1 import types


@dataclass(frozen=True, slots=True)
class Message:
    """What the publisher sent plus what Pub/Sub added: an id and the time, in UTC, whole ms."""

    message_id: str
    publish_time: datetime
    data: bytes
    attributes: dict[str, str]
    ordering_key: str

    @property
    def publish_timestamp(self) -> str:
        """The publish time as RFC 3339 with milliseconds and `Z`."""
        return self.publish_time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def to_rpc(self) -> types.PubsubMessage:
        return types.PubsubMessage(
            message_id=self.message_id,
            publish_time=self.publish_time,
            data=self.data,
            attributes=self.attributes,
            ordering_key=self.ordering_key,
        )
