"""Dead letters on their way back: published again, confirmed, and only then removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from mixpanel_export_cli.letters import Letter


class Topic(Protocol):
    """Where a letter goes again."""

    def publish(self, messages: Sequence[Letter]) -> None:
        """Publish all of them and wait until each is confirmed.

        Raises:
            Transient, Setup: some were not.
        """


class Held(Protocol):
    """Where letters are held."""

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

    def redrive(self, letters: Sequence[Letter]) -> Iterator[tuple[Letter, str | None]]:
        """Each letter when it is redriven, or with the reason why it stays.

        Raises:
            Transient, Setup: a letter could not be published or removed; it and the rest stay.
        """
        for letter in letters:
            problem = letter.verdict(self.bucket)
            if problem is None:
                topic = self.notifications if letter.is_notification else self.requests
                topic.publish([letter])
                self.held.remove(letter)
            yield letter, problem
