"""Pub/Sub, from the reader's side: the pull subscription of dead letters, and permissions.

A letter that is held comes back when it is let go, or after ten minutes when nobody does: what
this process loses by dying is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1.types import PubsubMessage

from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner_retry, translated
from mixpanel_export.messages import Message
from mixpanel_export_cli.letters import Letter

_HELD_SECONDS = 600  # The longest (cloud.google.com/pubsub/docs/lease-management).
_PULL_SECONDS = 5.0
_MOST_AT_ONCE = 1000
# A pull may bring nothing although there is something.
_EMPTY_PULLS = 2
_RETRY = inner_retry(
    exceptions.Aborted,
    exceptions.InternalServerError,
    exceptions.ServiceUnavailable,
    exceptions.Unknown,
    initial=0.1,
    maximum=10.0,
)


class DeadLetters:
    """The pull subscription of one deployment."""

    def __init__(self, client: pubsub_v1.SubscriberClient, project_id: str, name: str) -> None:
        self._client, self._path = client, client.subscription_path(project_id, name)
        self._held: dict[str, str] = {}

    @classmethod
    def connect(cls, project_id: str, name: str) -> Self:
        """The subscription, reached with the operator's own credentials."""
        with translated("connecting to Pub/Sub"):
            return cls(pubsub_v1.SubscriberClient(), project_id, name)

    @contextmanager
    def held(self) -> Iterator[list[Letter]]:
        """All letters, oldest first; those not removed meanwhile are let go at the end.

        Raises:
            Transient, Setup: the subscription cannot be read.
        """
        letters: dict[str, Letter] = {}
        try:
            empty = 0
            while empty < _EMPTY_PULLS:
                received = self._pull()
                known = len(letters)
                letters |= {letter.message_id: letter for letter in received}
                empty = 0 if len(letters) > known else empty + 1
            yield sorted(letters.values(), key=lambda letter: letter.message.published_at)
        finally:
            self._keep(list(self._held.values()), seconds=0)
            self._held.clear()

    def remove(self, letter: Letter) -> None:
        """Take a held letter out for good.

        Raises:
            Transient, Setup: it is not certain that it is gone.
        """
        with translated("acknowledging a dead letter"):
            self._client.acknowledge(
                subscription=self._path,
                ack_ids=[self._held[letter.message_id]],
                retry=_RETRY,
                timeout=INNER_RETRY_SECONDS,
            )
        del self._held[letter.message_id]

    def _pull(self) -> list[Letter]:
        with translated(f"pulling from {self._path}"):
            try:
                response = self._client.pull(
                    subscription=self._path,
                    max_messages=_MOST_AT_ONCE,
                    retry=None,
                    timeout=_PULL_SECONDS,
                )
            except exceptions.DeadlineExceeded:
                return []
        received = response.received_messages
        self._held |= {each.message.message_id: each.ack_id for each in received}
        self._keep([each.ack_id for each in received], seconds=_HELD_SECONDS)
        return [Letter(_message(each.message)) for each in received]

    def _keep(self, ack_ids: list[str], *, seconds: int) -> None:
        for first in range(0, len(ack_ids), _MOST_AT_ONCE):
            with translated(f"holding messages of {self._path}"):
                self._client.modify_ack_deadline(
                    subscription=self._path,
                    ack_ids=ack_ids[first : first + _MOST_AT_ONCE],
                    ack_deadline_seconds=seconds,
                    retry=_RETRY,
                    timeout=INNER_RETRY_SECONDS,
                )


def granted(resource: str, permissions: Sequence[str]) -> list[str]:
    """Which of these permissions the operator has on a topic or subscription.

    One that does not exist grants nothing.

    Raises:
        Transient, Setup: Pub/Sub does not tell.
    """
    with translated(f"asking for permissions on {resource}"):
        client = pubsub_v1.SubscriberClient()
        with client:
            request = {"resource": resource, "permissions": list(permissions)}
            answer = client.test_iam_permissions(request=request, timeout=INNER_RETRY_SECONDS)
            return list(answer.permissions)


def _message(message: PubsubMessage) -> Message:
    return Message(
        data=bytes(message.data),
        attributes=dict(message.attributes),
        message_id=message.message_id,
        published_at=message.publish_time,  # type: ignore[arg-type]  # It comes as a datetime.
    )
