"""Dead letters on their way back: published again, confirmed, and only then removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from mixpanel_export.deadlines import Clock
from mixpanel_export_cli.letters import Letter
from mixpanel_export_cli.pacing import Pace, paced

_LOST = "its lease has run out, so others may have it; redrive it again"


class Topic(Protocol):
    """Where a letter goes again."""

    def publish(self, messages: Sequence[Letter]) -> None:
        """Publish all of them and wait until each is confirmed.

        Raises:
            Transient, Setup: some were not.
        """


class Held(Protocol):
    """Where letters are held, each by a lease."""

    def is_held(self, letter: Letter) -> bool:
        """Whether the lease lasts long enough to do something with the letter."""

    def renew(self) -> None:
        """Prolong the leases that are getting old."""

    def remove(self, letter: Letter) -> None:
        """Take a letter out for good."""


@dataclass(frozen=True, slots=True)
class Redriving:
    """Sends letters back to the topic they came from.

    A crash between the two steps leaves the letter where it is, so that it may be redriven
    twice. That costs a request and changes nothing: a request asks for a whole interval, and a
    notification is loaded once.
    """

    requests: Topic
    notifications: Topic
    held: Held
    bucket: str

    def redrive(
        self, letters: Iterable[Letter], pace: Pace, clock: Clock
    ) -> Iterator[tuple[Letter, str | None]]:
        """Each letter when it is redriven, or with the reason why it stays.

        What asks Mixpanel for nothing goes first and at once, the rest at this pace, while the
        leases are kept alive.

        Raises:
            Transient, Setup: a letter could not be published or removed; it and the rest stay.
        """
        at_once, costly = split(letters, self.bucket)
        for letter in chain(at_once, paced(costly, pace, clock, self.held.renew)):
            yield letter, self._redriven(letter)

    def _redriven(self, letter: Letter) -> str | None:
        if (problem := letter.verdict(self.bucket)) is not None:
            return f"{problem}; drop it when it is understood"
        self.held.renew()
        if not self.held.is_held(letter):
            return _LOST
        topic = self.notifications if letter.is_notification else self.requests
        topic.publish([letter])
        self.held.remove(letter)
        return None


def dropped(letters: Iterable[Letter], held: Held) -> Iterator[Letter]:
    """Each letter when it is gone for good.

    Raises:
        Transient, Setup: a letter could not be removed; it and the rest stay.
    """
    for letter in letters:
        held.renew()
        held.remove(letter)
        yield letter


def split(letters: Iterable[Letter], bucket: str) -> tuple[list[Letter], list[Letter]]:
    """Those that ask Mixpanel for nothing, and those that may cost a request each."""
    at_once: list[Letter] = []
    costly: list[Letter] = []
    for letter in letters:
        (costly if letter.costs_a_request(bucket) else at_once).append(letter)
    return at_once, costly
