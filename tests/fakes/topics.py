"""Topics of Pub/Sub, from the publisher's side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.fakes.journal import Journal

Outgoing = TypeVar("Outgoing")


@dataclass(frozen=True, slots=True)
class Parked:
    """A dead letter."""

    data: bytes
    attributes: dict[str, str]
    reason: str


class FakeDeadLetters:
    """Keeps what is parked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.parked: list[Parked] = []

    def park(self, data: bytes, attributes: dict[str, str], reason: str) -> None:
        self._journal.before("park")
        self.parked.append(Parked(data, dict(attributes), reason))
        self._journal.after("park", f"parked: {reason}")


class FakeTopic(Generic[Outgoing]):
    """Keeps what is published; `on_publish` hears of each message."""

    def __init__(self, journal: Journal, what: str = "requests") -> None:
        self._journal, self._what = journal, what
        self.published: list[Outgoing] = []
        self.on_publish: Callable[[Outgoing], None] = lambda _: None

    def publish(self, messages: Sequence[Outgoing]) -> None:
        step = f"publish {self._what}"
        self._journal.before(step)
        for message in messages:
            self.published.append(message)
            self.on_publish(message)
        self._journal.after(step, f"published {len(messages)} {self._what}")
