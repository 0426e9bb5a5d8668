"""Our emulator's clocks: backoff, ack deadlines, publish times, and how much happens at once."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from google.pubsub_v1 import types

from local.clock import Clock
from local.pubsub import PubSubEmulator
from local.pubsub.backoff import Backoff
from tests.contract.pubsub.endpoint import Push, PushEndpoint
from tests.contract.pubsub.implementations import (
    DEADLINE_SCALE,
    OURS,
    TIME_SCALE,
    PubSub,
    connect,
    settle,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (None, [0.1, 0.1, 0.1]),  # Without a policy, at once (or nearly).
        ({}, [10, 20, 40, 80, 160, 320, 600, 600]),  # Google's defaults.
        ({"minimum_backoff": "60s"}, [60, 120, 240, 480, 600]),
        ({"minimum_backoff": "2s", "maximum_backoff": "3s"}, [2, 3, 3]),
        ({"minimum_backoff": "0s", "maximum_backoff": "0.5s"}, [0, 0, 0]),
    ],
)
def test_backoff_doubles_up_to_its_maximum(
    policy: dict[str, str] | None, seconds: list[float]
) -> None:
    """The n-th failure of a message waits minimum x 2^(n-1), at most the maximum."""
    config = types.Subscription(retry_policy=policy)
    backoff = Backoff.of(config)

    assert seconds == [backoff.seconds(n) for n in range(1, len(seconds) + 1)]
    assert seconds[-1] == backoff.seconds(10_000)


def test_time_scale_shrinks_the_backoff(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """Redeliveries wait for the policy's backoff times the scale, message by message."""
    endpoint.answer = lambda push: 204 if push.number == 4 else 500
    ours.push_to(endpoint.url, retry_policy={"minimum_backoff": "2s", "maximum_backoff": "5s"})
    ours.publish({"data": b"x"})

    times = [push.at for push in endpoint.wait_for(4)]

    expected = [scaled * TIME_SCALE for scaled in (2, 4, 5)]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    for least, gap in zip(expected, gaps, strict=True):
        assert least <= gap < least + 1


def test_answer_after_the_deadline_does_not_count(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """Past its ack deadline a push is repeated while the first is still at work."""
    second_began, first_done = threading.Event(), threading.Event()

    def answer(push: Push) -> int:
        if push.number == 1:
            assert second_began.wait(timeout=5)
            first_done.set()
            return 204
        if push.number == 2:
            second_began.set()
            assert first_done.wait(timeout=5)
            return 500
        return 204

    endpoint.answer = answer
    path = ours.push_to(endpoint.url, ack_deadline_seconds=10)
    ours.publish({"data": b"x"})
    counts = settle(emulator, path)

    assert [1, 2, 3] == endpoint.attempts
    assert 10 * DEADLINE_SCALE <= endpoint.pushes[1].at - endpoint.pushes[0].at
    assert (1, 2) == (counts["acked"], counts["nacked"])


def test_late_ack_of_a_pull_does_not_count(emulator: PubSubEmulator, ours: PubSub) -> None:
    """An ack id whose deadline has passed is accepted and has no effect."""
    path = ours.subscribe("sub")
    ours.publish({"data": b"x"})

    first = ours.pull("sub")[0]
    time.sleep(10 * DEADLINE_SCALE)
    ours.subscriber.acknowledge(subscription=path, ack_ids=[first.ack_id])
    second = ours.pull("sub")[0]
    ours.subscriber.acknowledge(subscription=path, ack_ids=[first.ack_id])
    assert 1 == emulator.subscriptions()[path]["outstanding"]
    ours.subscriber.acknowledge(subscription=path, ack_ids=[second.ack_id])

    counts = settle(emulator, path)
    assert (1, 1) == (counts["acked"], counts["nacked"])


def test_extended_lease_lasts_longer(emulator: PubSubEmulator, ours: PubSub) -> None:
    """A modified ack deadline counts from the call."""
    path = ours.subscribe("sub")
    ours.publish({"data": b"x"})

    item = ours.pull("sub")[0]
    ours.subscriber.modify_ack_deadline(
        subscription=path, ack_ids=[item.ack_id], ack_deadline_seconds=600
    )
    time.sleep(10 * DEADLINE_SCALE + 0.05)
    ours.subscriber.acknowledge(subscription=path, ack_ids=[item.ack_id])

    assert (1, 0) == tuple(emulator.subscriptions()[path][name] for name in ("acked", "nacked"))


def test_pushes_at_once_are_limited(endpoint: PushEndpoint) -> None:
    """Never more than `push_concurrency` pushes of a subscription are under way."""
    under_way = 0
    most = 0
    counting = threading.Lock()

    def answer(_push: Push) -> int:
        nonlocal under_way, most
        with counting:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.03)
        with counting:
            under_way -= 1
        return 204

    endpoint.answer = answer
    with PubSubEmulator(push_concurrency=3) as emulator, connect(OURS, emulator.host) as pubsub:
        pubsub.create_topic()
        path = pubsub.push_to(endpoint.url)
        pubsub.publish(*[{"data": b"x"}] * 12)
        settle(emulator, path)

    assert 3 == most


def test_publish_times_follow_the_clock() -> None:
    """Messages and dead letters carry the time the clock shows; waits take no notice of it."""
    clock = Clock()
    with (
        PubSubEmulator(time_scale=0, clock=clock) as emulator,
        connect(OURS, emulator.host) as pubsub,
    ):
        dead_letters = {"dead_letter_topic": pubsub.create_topic("dead")}
        pubsub.create_topic()
        path = pubsub.subscribe(
            "sub", dead_letter_policy=dead_letters | {"max_delivery_attempts": 5}
        )
        pubsub.subscribe("dead", topic="dead")
        clock.set(NOON)
        pubsub.publish({"data": b"dies"})
        clock.set(NOON - timedelta(days=1, microseconds=1))
        for _ in range(5):
            (item,) = pubsub.pull("sub")
            pubsub.subscriber.modify_ack_deadline(
                subscription=path, ack_ids=[item.ack_id], ack_deadline_seconds=0
            )
        pubsub.publish({"data": b"earlier"})

        (letter,), (earlier,) = pubsub.pull("dead"), pubsub.pull("sub")

    # To the millisecond, as Google's.
    earlier_time = NOON - timedelta(days=1, milliseconds=1)
    died = letter.message.attributes["CloudPubSubDeadLetterSourceTopicPublishTime"]
    assert ("2026-11-22T12:00:00.000Z", earlier_time, earlier_time) == (
        died,
        letter.message.publish_time,
        earlier.message.publish_time,
    )
