"""One subscription's messages: which are due, which are out, and what became of the rest."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from google.pubsub_v1 import types

from local.faults import Faults
from local.pubsub.backoff import Backoff
from local.pubsub.deliveries import Counts, Delivery, Due, Lease
from local.pubsub.filters import parse_filter
from local.pubsub.messages import Message

_DEFAULT_MAX_DELIVERY_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Pace:
    """Factors on Google's waiting times: 1.0 is real time, smaller is faster."""

    backoff: float = 1.0
    deadline: float = 1.0


class Subscription:
    """At-least-once delivery of one topic to one subscriber, push or pull.

    A lease ends by acknowledgement, by negative acknowledgement or by its deadline; the last two
    bring the message back after the backoff, or send it to the dead-letter topic. What comes
    after the deadline does not count. All subscriptions share one lock, so that a message moves
    to its dead-letter topic in one step.
    """

    def __init__(
        self,
        config: types.Subscription,
        *,
        forward: Callable[[str, Message], bool],
        faults: Faults,
        lock: threading.RLock,
        pace: Pace,
    ) -> None:
        self.config = config
        self.counts = Counts()
        self.closed = False
        self._matches = parse_filter(config.filter)
        self._backoff = Backoff.of(config, pace.backoff)
        self._deadline_scale = pace.deadline
        self._forward = forward
        self._faults = faults
        self._due: list[Due] = []
        self._leases: dict[str, Lease] = {}
        self._numbers = itertools.count(1)
        self._changed = threading.Condition(lock)

    @property
    def has_dead_letters(self) -> bool:
        return bool(self.config.dead_letter_policy.dead_letter_topic)

    def offer(self, message: Message) -> None:
        """Deliver the message, unless the filter says it is of no interest here."""
        if not self._matches(message.attributes):
            return
        with self._changed:
            fault = self._faults.take("delay", **self._context(message))
            self._enqueue(Delivery(message), fault["seconds"] if fault else 0.0)

    def lease(self, wait: float) -> Lease | None:
        """The next due message, or None when none falls due within `wait` seconds."""
        give_up = time.monotonic() + wait
        with self._changed:
            while not self.closed:
                self._expire_leases()
                if lease := self._lease_next():
                    return lease
                now = time.monotonic()
                if now >= give_up:
                    return None
                pause = min(give_up, self._next_event()) - now
                self._changed.wait(min(max(pause, 0.0), threading.TIMEOUT_MAX))
        return None

    def ack(self, ack_id: str) -> None:
        with self._changed:
            self._expire_leases()
            lease = self._leases.pop(ack_id, None)
            if lease is None or lease.delivery.settled:
                return
            if self._faults.take("drop_ack", **self._context(lease.delivery.message)):
                self._fail(lease.delivery)
            elif lease.delivery.owed:
                lease.delivery.owed -= 1
                self._enqueue(lease.delivery, 0.0)
            else:
                lease.delivery.settled = True
                self.counts.acked += 1

    def nack(self, ack_id: str) -> None:
        with self._changed:
            if lease := self._leases.pop(ack_id, None):
                self._fail(lease.delivery)

    def extend(self, ack_id: str, seconds: float) -> None:
        """Move the deadline of a lease that has not passed it to `seconds` from now."""
        with self._changed:
            self._expire_leases()
            if lease := self._leases.get(ack_id):
                expires = time.monotonic() + seconds * self._deadline_scale
                self._leases[ack_id] = replace(lease, expires=expires)
                self._changed.notify_all()

    def outstanding(self) -> int:
        """How many messages are not settled yet, or still have a duplicate to come."""
        with self._changed:
            self._expire_leases()
            waiting = {id(due.delivery) for due in self._due if due.is_wanted}
            return len(waiting | {id(lease.delivery) for lease in self._leases.values()})

    def close(self) -> None:
        """Deliver nothing more and release everyone who waits."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _lease_next(self) -> Lease | None:
        while self._due and self._due[0].at <= time.monotonic():
            due = heapq.heappop(self._due)
            due.delivery.queued -= 1
            if due.is_wanted:
                return self._grant(due.delivery)
        return None

    def _grant(self, delivery: Delivery) -> Lease:
        if not delivery.attempted:
            delivery.attempted = True
            self._duplicate(delivery)
        lease = Lease(
            ack_id=f"{self.config.name}:{next(self._numbers)}",
            delivery=delivery,
            attempt=delivery.failures + 1,
            expires=time.monotonic() + self.config.ack_deadline_seconds * self._deadline_scale,
        )
        self._leases[lease.ack_id] = lease
        self.counts.delivered += 1
        return lease

    def _duplicate(self, delivery: Delivery) -> None:
        fault = self._faults.take("duplicate", **self._context(delivery.message))
        if fault is None:
            return
        if fault.get("after_ack"):
            delivery.owed += 1
        else:
            self._enqueue(delivery, 0.0, duplicate=True)

    def _expire_leases(self) -> None:
        now = time.monotonic()
        for lease in [lease for lease in self._leases.values() if lease.expires <= now]:
            del self._leases[lease.ack_id]
            self._fail(lease.delivery)

    def _fail(self, delivery: Delivery) -> None:
        self.counts.nacked += 1
        if delivery.settled:
            return
        delivery.failures += 1
        if self._dead_letter(delivery):
            delivery.settled = True
            self.counts.dead_lettered += 1
        elif not delivery.queued:
            self._enqueue(delivery, self._backoff.seconds(delivery.failures))

    def _dead_letter(self, delivery: Delivery) -> bool:
        policy = self.config.dead_letter_policy
        most = policy.max_delivery_attempts or _DEFAULT_MAX_DELIVERY_ATTEMPTS
        if not self.has_dead_letters or delivery.failures < most:
            return False
        _, project, _, name = self.config.name.split("/")
        prefix = "CloudPubSubDeadLetterSource"
        source = {
            f"{prefix}DeliveryCount": str(delivery.failures),
            f"{prefix}Subscription": name,
            f"{prefix}SubscriptionProject": project,
            f"{prefix}TopicPublishTime": delivery.message.publish_timestamp,
        }
        letter = replace(delivery.message, attributes=delivery.message.attributes | source)
        return self._forward(policy.dead_letter_topic, letter)

    def _enqueue(self, delivery: Delivery, delay: float, *, duplicate: bool = False) -> None:
        due = Due(time.monotonic() + delay, next(self._numbers), delivery, duplicate)
        heapq.heappush(self._due, due)
        delivery.queued += 1
        self._changed.notify_all()

    def _next_event(self) -> float:
        first_due = self._due[0].at if self._due else float("inf")
        return min([first_due, *(lease.expires for lease in self._leases.values())])

    def _context(self, message: Message) -> dict[str, str]:
        names = {"topic": self.config.topic, "subscription": self.config.name}
        return message.attributes | names
