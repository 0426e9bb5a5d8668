"""The states of a message between its publication and its acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.pubsub.messages import Message


@dataclass(slots=True)
class Delivery:
    """One message on its way to one subscriber.

    Until it is `settled` it is waiting (`queued` times: more than once when duplicated) or
    leased. `owed` counts the redeliveries that a fault wants even after the acknowledgement.
    """

    message: Message
    failures: int = 0
    queued: int = 0
    owed: int = 0
    attempted: bool = False
    settled: bool = False


@dataclass(order=True, frozen=True, slots=True)
class Due:
    """A delivery waiting for its time; a duplicate goes out even when settled meanwhile."""

    at: float
    number: int
    delivery: Delivery = field(compare=False)
    duplicate: bool = field(compare=False)

    @property
    def is_wanted(self) -> bool:
        return self.duplicate or not self.delivery.settled


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt: the subscriber has the message until `expires` on the monotonic clock."""

    ack_id: str
    delivery: Delivery
    attempt: int
    expires: float


@dataclass(slots=True)
class Counts:
    """`delivered` and `nacked` count attempts; `acked` and `dead_lettered` count messages."""

    delivered: int = 0
    acked: int = 0
    nacked: int = 0
    dead_lettered: int = 0
