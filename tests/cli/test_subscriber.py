"""How long dead letters are held: while something is done with them, and not a moment longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1.types import PubsubMessage, PullResponse, ReceivedMessage

from mixpanel_export.errors import Transient
from mixpanel_export_cli.subscriber import DeadLetters
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class FakeClient:
    """Pub/Sub's side of one pull subscription, which leases for 10 seconds by itself.

    An answer brings at most `most` messages. Acknowledging too late does nothing.
    """

    def __init__(self, journal: Journal, clock: FakeClock, *message_ids: str) -> None:
        self._journal, self._clock = journal, clock
        self.messages = list(message_ids)
        self.most = 2
        self._until: dict[str, tuple[str, float]] = {}

    def subscription_path(self, project_id: str, name: str) -> str:
        return f"projects/{project_id}/subscriptions/{name}"

    def pull(self, **_: object) -> PullResponse:
        self._journal.before("pull")
        free = [each for each in self.messages if not self._leased(each)][: self.most]
        ack_ids = {each: f"{each} at {self._clock.monotonic():g}" for each in free}
        for each, ack_id in ack_ids.items():
            self._until[each] = ack_id, self._clock.monotonic() + 10
        self._journal.after("pull", f"pulled {' '.join(free) or 'nothing'}")
        messages = [
            ReceivedMessage(
                ack_id=ack_id,
                message=PubsubMessage(
                    message_id=each, publish_time=NOON + timedelta(seconds=int(each))
                ),
            )
            for each, ack_id in ack_ids.items()
        ]
        return PullResponse(received_messages=messages)

    def modify_ack_deadline(
        self, *, ack_ids: Sequence[str], ack_deadline_seconds: int, **_: object
    ) -> None:
        self._journal.before("modify")
        for each, (ack_id, until) in list(self._until.items()):
            if ack_id in ack_ids and until > self._clock.monotonic():
                self._until[each] = ack_id, self._clock.monotonic() + ack_deadline_seconds
        names = " ".join(each.partition(" ")[0] for each in ack_ids)
        self._journal.after("modify", f"leased {names} for {ack_deadline_seconds} s")

    def acknowledge(self, *, ack_ids: Sequence[str], **_: object) -> None:
        self._journal.before("acknowledge")
        for each, (ack_id, until) in list(self._until.items()):
            if ack_id in ack_ids and until > self._clock.monotonic():
                self.messages.remove(each)
        self._journal.after("acknowledge", f"acknowledged {ack_ids[0].partition(' ')[0]}")

    def _leased(self, message_id: str) -> bool:
        return self._until.get(message_id, ("", 0.0))[1] > self._clock.monotonic()


@pytest.fixture(name="journal")
def _journal() -> Journal:
    return Journal()


@pytest.fixture(name="clock")
def _clock(journal: Journal) -> FakeClock:
    return FakeClock(NOON, journal)


@pytest.fixture(name="client")
def _client(journal: Journal, clock: FakeClock) -> FakeClient:
    return FakeClient(journal, clock, "1", "2", "3")


@pytest.fixture(name="dead_letters")
def _dead_letters(client: FakeClient, clock: FakeClock) -> DeadLetters:
    subscriber = cast("pubsub_v1.SubscriberClient", client)
    return DeadLetters(subscriber, "some-project", "dead", clock)


def ids(letters: Sequence[Any]) -> list[str]:
    return [letter.message_id for letter in letters]


def test_a_look_lets_go_at_once(dead_letters: DeadLetters, journal: Journal) -> None:
    """The letters are held for a minute at most, even if the reader dies."""
    assert ["1", "2", "3"] == ids(dead_letters.look())
    assert [
        "pulled 1 2",
        "leased 1 2 for 60 s",
        "pulled 3",
        "leased 3 for 60 s",
        "pulled nothing",
        "pulled nothing",
        "leased 1 2 3 for 0 s",
    ] == journal.entries


def test_a_glimpse_is_one_answer(dead_letters: DeadLetters, journal: Journal) -> None:
    """It says how many there are at least, and holds nothing."""
    assert 2 == dead_letters.glimpse()
    assert ["pulled 1 2", "leased 1 2 for 0 s"] == journal.entries


def test_nothing_to_glimpse(
    dead_letters: DeadLetters, client: FakeClient, journal: Journal
) -> None:
    """An empty answer is asked for once more: it may be wrong."""
    client.messages = []

    assert 0 == dead_letters.glimpse()
    assert ["pulled nothing", "pulled nothing"] == journal.entries


def test_an_answer_that_does_not_come_is_empty(
    dead_letters: DeadLetters, journal: Journal
) -> None:
    """Pub/Sub may let a pull without messages wait until its deadline."""
    journal.fail("pull", exceptions.DeadlineExceeded("waited"))

    assert ["1", "2", "3"] == ids(dead_letters.look())


def test_letting_go_may_fail(dead_letters: DeadLetters, journal: Journal) -> None:
    """What was seen is shown all the same: the lease ends by itself."""
    journal.fail("modify", exceptions.PermissionDenied("no"))

    assert 2 == dead_letters.glimpse()


def test_only_what_is_wanted_is_held(
    dead_letters: DeadLetters, client: FakeClient, journal: Journal
) -> None:
    """The others are let go before anything is done, the rest at the end."""
    with dead_letters.held(["2", "3"]) as letters:
        dead_letters.remove(letters[0])

    assert ["2", "3"] == ids(letters)
    assert ["1", "3"] == client.messages
    assert [
        "pulled 1 2",
        "leased 1 2 for 600 s",
        "pulled 3",
        "leased 3 for 600 s",
        "leased 1 for 0 s",
        "acknowledged 2",
        "leased 3 for 0 s",
    ] == journal.entries


def test_what_another_reader_holds_is_not_there(
    dead_letters: DeadLetters, client: FakeClient
) -> None:
    """It may come back, or be gone: nothing is said about it here."""
    client.pull()

    with dead_letters.held(["1", "3"]) as letters:
        assert ["3"] == ids(letters)


def test_leases_are_kept_alive(
    dead_letters: DeadLetters, client: FakeClient, clock: FakeClock, journal: Journal
) -> None:
    """A paced redrive may take hours; leases are prolonged every two minutes."""
    with dead_letters.held(["1"]) as (letter,):
        begun = len(journal.entries)
        for _ in range(3600):
            clock.move(1)
            dead_letters.renew()
        assert dead_letters.is_held(letter)
        dead_letters.remove(letter)

    assert ["2", "3"] == client.messages
    assert ["leased 1 for 600 s"] * 29 + ["acknowledged 1"] == journal.entries[begun:]


def test_a_lease_that_cannot_be_prolonged_now_is_tried_again(
    dead_letters: DeadLetters, clock: FakeClock, journal: Journal
) -> None:
    """A hiccup of the network does not end a redrive of hours."""
    with dead_letters.held(["1"]) as (letter,):
        clock.move(300)
        journal.fail("modify", exceptions.ServiceUnavailable("hiccup"))
        dead_letters.renew()
        dead_letters.renew()
        clock.move(300)

        assert dead_letters.is_held(letter)


@pytest.mark.parametrize("seconds", [480, 599, 3600])
def test_what_is_held_too_long_is_left_alone(
    dead_letters: DeadLetters, client: FakeClient, clock: FakeClock, seconds: float
) -> None:
    """Acknowledging it would seem to succeed and do nothing."""
    with dead_letters.held(["1"]) as (letter,):
        clock.move(seconds)

        assert not dead_letters.is_held(letter)
        with pytest.raises(Transient, match="the lease on 1 has run out"):
            dead_letters.remove(letter)
    assert ["1", "2", "3"] == client.messages


def test_a_lease_that_ran_out_is_not_prolonged(
    dead_letters: DeadLetters, clock: FakeClock, journal: Journal
) -> None:
    """Pub/Sub would not say that it is too late, as after a laptop was asleep."""
    with dead_letters.held(["1"]) as (letter,):
        begun = len(journal.entries)
        clock.move(601)
        dead_letters.renew()

        assert not dead_letters.is_held(letter)
        assert [] == journal.entries[begun:]
