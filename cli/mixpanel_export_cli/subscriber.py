"""Pub/Sub, from the reader's side: the pull subscription of dead letters, and permissions.

Who receives a letter leases it: nobody else sees it until it is let go or the lease ends. So
what this process loses by dying is nothing. Acknowledging a letter whose lease has ended seems to
succeed and does nothing (cloud.google.com/pubsub/docs/lease-management), so the leases are watched
here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1.types import PubsubMessage, ReceivedMessage

from mixpanel_export.clock import SystemClock
from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner_retry, translated
from mixpanel_export.deadlines import Clock
from mixpanel_export.errors import ExportError, Transient
from mixpanel_export.messages import Message
from mixpanel_export_cli.letters import Letter

LEASE_SECONDS = 600  # The longest (cloud.google.com/pubsub/docs/lease-management).
_LOOK_SECONDS = 60
_RENEW_SECONDS = 120
_CERTAIN_SECONDS = LEASE_SECONDS - 2 * INNER_RETRY_SECONDS  # To publish it, and to remove it.
_PULL_SECONDS = 5.0
_MOST_AT_ONCE = 1000
# A pull may bring nothing although there is something.
_EMPTY_PULLS = 2
_CLOCK = SystemClock()
_RETRY = inner_retry(
    exceptions.Aborted,
    exceptions.InternalServerError,
    exceptions.ServiceUnavailable,
    exceptions.Unknown,
    initial=0.1,
    maximum=10.0,
)


@dataclass(frozen=True, slots=True)
class _Lease:
    """The hold on one letter, since a moment on each of two clocks.

    One of them stands still while the machine sleeps, the other may be set.
    """

    ack_id: str
    since: tuple[datetime, float]

    def age(self, clock: Clock) -> float:
        """Seconds, rather too many than too few."""
        now, monotonic = self.since
        return max((clock.now() - now).total_seconds(), clock.monotonic() - monotonic)


class DeadLetters:
    """The pull subscription of one deployment."""

    def __init__(
        self, client: pubsub_v1.SubscriberClient, project_id: str, name: str, clock: Clock
    ) -> None:
        self._client, self._path = client, client.subscription_path(project_id, name)
        self._clock = clock
        self._held: dict[str, _Lease] = {}

    @classmethod
    def connect(cls, project_id: str, name: str, clock: Clock = _CLOCK) -> Self:
        """The subscription, reached with the operator's own credentials."""
        with translated("connecting to Pub/Sub"):
            return cls(pubsub_v1.SubscriberClient(), project_id, name, clock)

    def glimpse(self) -> int:
        """How many letters there are at least: as many as one answer brings, let go at once.

        Raises:
            Transient, Setup: the subscription cannot be read.
        """
        with self._letting_go():
            return next((len(got) for _ in range(_EMPTY_PULLS) if (got := self._pull())), 0)

    def look(self) -> list[Letter]:
        """All letters that nobody else holds, oldest first; let go at once.

        Raises:
            Transient, Setup: the subscription cannot be read.
        """
        with self._letting_go():
            return self._pull_all(_LOOK_SECONDS)

    @contextmanager
    def held(self, ids: Collection[str]) -> Iterator[list[Letter]]:
        """The letters with these ids that nobody else holds, oldest first.

        They are held until they are removed, or let go at the end.

        Raises:
            Transient, Setup: the subscription cannot be read.
        """
        with self._letting_go():
            letters = self._pull_all(LEASE_SECONDS, frozenset(ids))
            others = self._held.keys() - frozenset(ids)
            self._let_go(others)
            yield [letter for letter in letters if letter.message_id not in others]

    def is_held(self, letter: Letter) -> bool:
        """Whether the lease lasts long enough to do something with the letter."""
        lease = self._held.get(letter.message_id)
        return lease is not None and lease.age(self._clock) < _CERTAIN_SECONDS

    def renew(self) -> None:
        """Prolong the leases that are getting old; to be called more often than once a minute.

        What cannot be prolonged now is tried again at the next call.
        """
        ages = {message_id: lease.age(self._clock) for message_id, lease in self._held.items()}
        old = [message_id for message_id, age in ages.items() if age > _RENEW_SECONDS]
        lasting = [message_id for message_id in old if ages[message_id] < LEASE_SECONDS]
        with suppress(Transient):
            self._keep({each: self._held[each].ack_id for each in lasting}, LEASE_SECONDS)

    def remove(self, letter: Letter) -> None:
        """Take a held letter out for good.

        Raises:
            Transient, Setup: it is not certain that it is gone.
        """
        if not self.is_held(letter):
            raise Transient(
                f"the lease on {letter.message_id} has run out, so it may still be there: "
                "look at the list"
            )
        with translated("acknowledging a dead letter"):
            self._client.acknowledge(
                subscription=self._path,
                ack_ids=[self._held[letter.message_id].ack_id],
                retry=_RETRY,
                timeout=INNER_RETRY_SECONDS,
            )
        del self._held[letter.message_id]

    def _pull_all(self, seconds: int, wanted: frozenset[str] = frozenset()) -> list[Letter]:
        """All there are, or until all wanted ones are among them."""
        letters: dict[str, Letter] = {}
        empty = 0
        while empty < _EMPTY_PULLS and not (wanted and wanted <= letters.keys()):
            known = len(letters)
            for each in self._pull(seconds):
                letter = Letter(_message(each.message))
                letters[letter.message_id] = letter
            empty = 0 if len(letters) > known else empty + 1
        return sorted(letters.values(), key=lambda letter: letter.message.published_at)

    def _pull(self, seconds: int | None = None) -> Sequence[ReceivedMessage]:
        """What one answer brings, leased for so long, or as the subscription says."""
        since = self._clock.now(), self._clock.monotonic()
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
        received: Sequence[ReceivedMessage] = response.received_messages
        ack_ids = {each.message.message_id: each.ack_id for each in received}
        self._held |= {each: _Lease(ack_id, since) for each, ack_id in ack_ids.items()}
        if seconds:
            self._keep(ack_ids, seconds)
        return received

    def _keep(self, ack_ids: dict[str, str], seconds: int) -> None:
        """Let these leases last so long from now."""
        since = self._clock.now(), self._clock.monotonic()
        self._modify(list(ack_ids.values()), seconds)
        self._held |= {each: _Lease(ack_id, since) for each, ack_id in ack_ids.items()}

    @contextmanager
    def _letting_go(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._let_go(list(self._held))

    def _let_go(self, message_ids: Collection[str]) -> None:
        """Let others see these letters; if that fails, they will when the lease ends."""
        ack_ids = [self._held.pop(message_id).ack_id for message_id in message_ids]
        with suppress(ExportError):
            self._modify(ack_ids, 0)

    def _modify(self, ack_ids: list[str], seconds: int) -> None:
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
