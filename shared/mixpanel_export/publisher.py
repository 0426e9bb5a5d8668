"""Pub/Sub: requests for exports, and dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import TimeoutError as ConfirmationTimeout
from typing import Protocol, Self

from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.publisher.futures import Future

from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner_retry, translated
from mixpanel_export.errors import ExportError, Transient

_LONGEST_REASON = 1024  # Bytes of an attribute's value (cloud.google.com/pubsub/quotas).
_RESERVED_PREFIX = "goog"
_RETRY = inner_retry(
    exceptions.Aborted,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.ServiceUnavailable,
    exceptions.Unknown,
    initial=0.1,
    maximum=10.0,
)


class Outgoing(Protocol):
    """A message to publish."""

    @property
    def data(self) -> bytes:
        """Its body."""

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes."""


class Topic:
    """One topic; a message counts as published when Pub/Sub has confirmed it."""

    def __init__(self, client: pubsub_v1.PublisherClient, project_id: str, topic: str) -> None:
        self._client, self._topic = client, client.topic_path(project_id, topic)

    @classmethod
    def connect(cls, project_id: str, topic: str) -> Self:
        """The topic, reached with the function's own credentials."""
        with translated("connecting to Pub/Sub"):
            return cls(pubsub_v1.PublisherClient(), project_id, topic)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish all of them, however many fail, and wait until each is confirmed.

        Raises:
            Transient, Setup: some were not; publishing them again is harmless.
        """
        futures = [self._send(message.data, message.attributes) for message in messages]
        failures = [failure for failure in map(self._failure, futures) if failure]
        if failures:
            text = f"{len(failures)} of {len(futures)} messages were not published"
            raise type(failures[0])(f"{text}: {failures[0]}")

    def park(self, data: bytes, attributes: dict[str, str], reason: str) -> None:
        """Publish a message as a dead letter, with `reason` as one more attribute.

        Raises:
            Transient, Setup: it is not confirmed, so the message must not be acknowledged.
        """
        kept = {k: v for k, v in attributes.items() if not k.startswith(_RESERVED_PREFIX)}
        short = reason.encode()[:_LONGEST_REASON].decode(errors="ignore")
        if failure := self._failure(self._send(data, kept | {"reason": short})):
            raise failure

    def _send(self, data: bytes, attributes: dict[str, str]) -> Future:
        timeout = INNER_RETRY_SECONDS
        return self._client.publish(self._topic, data, retry=_RETRY, timeout=timeout, **attributes)

    def _failure(self, future: Future) -> ExportError | None:
        try:
            with translated(f"publishing to {self._topic}"):
                future.result(timeout=INNER_RETRY_SECONDS)
        except ExportError as error:
            return error
        except ConfirmationTimeout:
            return Transient(f"publishing to {self._topic} was not confirmed in time")
        return None
