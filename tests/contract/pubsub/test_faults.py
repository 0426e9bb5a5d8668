"""Our emulator where it goes beyond Google's: faults, and a view from outside."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from google.api_core import exceptions

from local.pubsub import PubSubEmulator
from tests.contract.pubsub.endpoint import Push, PushEndpoint
from tests.contract.pubsub.implementations import PubSub, settle


def ask(emulator: PubSubEmulator, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(emulator.admin_url + path, data, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_duplicate_is_delivered_beside_the_original(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """`duplicate` pushes a matching message twice at once; either answer settles it."""
    both = threading.Barrier(2)

    def answer(push: Push) -> int:
        if push.attributes["origin"] == "heal":
            both.wait(timeout=5)
        return 204

    endpoint.answer = answer
    path = ours.push_to(endpoint.url)
    emulator.faults.add("duplicate", match={"origin": "heal", "subscription": "pushed"})
    ours.publish({"attributes": {"origin": "schedule"}}, {"attributes": {"origin": "heal"}})

    pushes = endpoint.wait_for(3)
    counts = settle(emulator, path)

    first, second = (push for push in pushes if push.attributes["origin"] == "heal")
    assert first.envelope == second.envelope
    assert (3, 2, 0) == (counts["delivered"], counts["acked"], counts["nacked"])


def test_duplicate_comes_even_when_the_original_was_quicker(
    emulator: PubSubEmulator, ours: PubSub
) -> None:
    """An acknowledgement of the original does not save the subscriber from the duplicate."""
    path = ours.subscribe("sub")
    emulator.faults.add("duplicate", times=2)
    ours.publish({"data": b"x"})

    original = ours.pull("sub")[0]
    ours.subscriber.acknowledge(subscription=path, ack_ids=[original.ack_id])
    assert 1 == emulator.subscriptions()[path]["outstanding"]
    duplicate = ours.pull("sub")[0]
    ours.subscriber.acknowledge(subscription=path, ack_ids=[duplicate.ack_id])

    assert original.message == duplicate.message
    assert 0 == emulator.subscriptions()[path]["outstanding"]


def test_failed_duplicates_come_back_as_one(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """When original and duplicate both fail, each counts, and one redelivery follows."""
    both = threading.Barrier(2)

    def answer(push: Push) -> int:
        if push.number <= 2:
            both.wait(timeout=5)
            return 500
        return 204

    endpoint.answer = answer
    path = ours.push_to(endpoint.url, ack_deadline_seconds=600)
    emulator.faults.add("duplicate")
    ours.publish({"data": b"x"})
    counts = settle(emulator, path)

    assert [1, 1, 3] == endpoint.attempts
    assert (3, 1, 2) == (counts["delivered"], counts["acked"], counts["nacked"])


def test_duplicate_follows_the_acknowledgement(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """`duplicate` with `after_ack` delivers once more what was already acknowledged."""
    path = ours.push_to(endpoint.url)
    emulator.faults.add("duplicate", after_ack=True)
    ours.publish({"data": b"x"})

    counts = settle(emulator, path)

    first, second = endpoint.pushes
    assert first.envelope == second.envelope
    assert (2, 1, 0) == (counts["delivered"], counts["acked"], counts["nacked"])


def test_dropped_ack_counts_as_a_failed_attempt(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """`drop_ack` loses the 2xx answer: the same message comes again as the next attempt."""
    path = ours.push_to(endpoint.url)
    emulator.faults.add("drop_ack", times=2)
    ours.publish({"data": b"x"})

    counts = settle(emulator, path)

    assert [1, 2, 3] == endpoint.attempts
    assert 1 == len({push.message["publishTime"] for push in endpoint.pushes})
    assert (1, 2) == (counts["acked"], counts["nacked"])


def test_delayed_message_is_overtaken(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """`delay` holds a message back for its seconds while later ones pass."""
    ours.push_to(endpoint.url)
    emulator.faults.add("delay", seconds=0.5, match={"name": "first"})
    begin = time.monotonic()
    ours.publish({"attributes": {"name": "first"}}, {"attributes": {"name": "second"}})

    pushes = endpoint.wait_for(2)

    assert ["second", "first"] == [push.attributes["name"] for push in pushes]
    assert pushes[1].at - begin >= 0.5


def test_failed_publish_publishes_nothing(emulator: PubSubEmulator, ours: PubSub) -> None:
    """`publish_error` answers its status on its topic, and no subscription hears of it."""
    path = ours.subscribe("sub")
    ours.create_topic("other")
    emulator.faults.add("publish_error", code="PERMISSION_DENIED", match={"topic": "main"})

    ours.publish({"data": b"x"}, topic="other")
    future = ours.publisher.publish(ours.topic_path("main"), b"x")

    with pytest.raises(exceptions.PermissionDenied):
        future.result(timeout=10)
    assert 0 == emulator.subscriptions()[path]["outstanding"]


@pytest.mark.parametrize(("kind", "copies"), [("publish_error", 1), ("publish_lost_response", 2)])
def test_publisher_tries_again(
    emulator: PubSubEmulator, ours: PubSub, kind: str, copies: int
) -> None:
    """The client repeats a publish that was UNAVAILABLE: two messages if it had succeeded."""
    ours.subscribe("sub")
    emulator.faults.add(kind)

    message_id = ours.publisher.publish(ours.topic_path("main"), b"x").result(timeout=10)

    received = [item.message for item in ours.pull("sub", copies)]
    assert [b"x"] * copies == [message.data for message in received]
    assert copies == len({message.message_id for message in received})
    assert message_id == received[-1].message_id
    assert ours.pull_nothing("sub")


def test_faults_are_posted_listed_and_cleared(emulator: PubSubEmulator) -> None:
    """The admin API takes faults of known kinds and shows those that have not struck."""
    ask(emulator, "POST", "/_admin/faults", {"kind": "delay", "seconds": 1, "times": 2})

    (waiting,) = ask(emulator, "GET", "/_admin/faults")
    assert ("delay", 1, 2) == (waiting["kind"], waiting["seconds"], waiting["times"])
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(emulator, "POST", "/_admin/faults", {"kind": "earthquake"})
    with refused.value as answer:
        assert 400 == answer.status
        assert b"earthquake" in answer.read()

    ask(emulator, "DELETE", "/_admin/faults")
    assert [] == ask(emulator, "GET", "/_admin/faults")


def test_subscriptions_tell_when_all_has_settled(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """`outstanding` covers work under way and backoff, and moves with the dead letter."""
    release = threading.Event()

    def answer(push: Push) -> int:
        release.wait(timeout=5)
        return 204 if push.attributes["fate"] == "good" else 500

    endpoint.answer = answer
    # Its deadline, 30 s here, plays no part.
    path = ours.push_to(endpoint.url, ack_deadline_seconds=600)
    graves = ours.subscribe("graves", "dead")
    ours.publish({"attributes": {"fate": "good"}}, {"attributes": {"fate": "bad"}})

    endpoint.wait_for(2)
    assert 2 == ask(emulator, "GET", "/_admin/subscriptions")[path]["outstanding"]
    release.set()
    settle(emulator, path)

    shown = ask(emulator, "GET", "/_admin/subscriptions")
    assert {
        "topic": ours.topic_path("main"),
        "delivered": 6,
        "acked": 1,
        "nacked": 5,
        "dead_lettered": 1,
        "outstanding": 0,
    } == shown[path]
    assert 1 == shown[graves]["outstanding"]


def test_deliveries_tell_every_push(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """The journal has each attempt with its status, or with the reason why there is none."""
    released = threading.Event()
    done = threading.Event()

    def answer(push: Push) -> int:
        if push.number == 2:
            released.wait(timeout=5)
            done.set()
        return {1: 503, 2: 204, 3: 204}[push.number]

    endpoint.answer = answer
    path = ours.push_to(endpoint.url)
    (message_id,) = ours.publish({"attributes": {"origin": "heal"}})
    settle(emulator, path)
    released.set()
    assert done.wait(timeout=5)

    entries = ask(emulator, "GET", "/_admin/deliveries")
    known = {"subscription": path, "message_id": message_id, "attributes": {"origin": "heal"}}
    assert [
        known | {"attempt": 1, "status": 503, "error": None},
        known | {"attempt": 2, "status": None, "error": "deadline exceeded"},
        known | {"attempt": 3, "status": 204, "error": None},
    ] == entries


def test_unreachable_endpoint_is_a_failed_attempt(emulator: PubSubEmulator, ours: PubSub) -> None:
    """A push that nobody listens to is recorded and repeated."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # Bound but not listening: connections are refused.
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}/"
        ours.subscribe("pushed", push_config={"push_endpoint": endpoint})
        ours.publish({"data": b"x"})
        give_up = time.monotonic() + 5
        while len(emulator.deliveries()) < 2 and time.monotonic() < give_up:
            time.sleep(0.01)

    assert [1, 2] == [entry["attempt"] for entry in emulator.deliveries()]
    assert "ConnectionRefusedError" in emulator.deliveries()[0]["error"]


def test_dead_letter_without_a_topic_stays(
    emulator: PubSubEmulator, ours: PubSub, endpoint: PushEndpoint
) -> None:
    """When the dead-letter topic is gone the message is not lost: it is tried on."""
    endpoint.answer = lambda push: 204 if push.number == 7 else 500
    path = ours.push_to(endpoint.url)
    ours.publisher.delete_topic(topic=ours.topic_path("dead"))
    ours.publish({"data": b"x"})

    counts = settle(emulator, path)

    assert [1, 2, 3, 4, 5, 6, 7] == endpoint.attempts
    assert (1, 0) == (counts["acked"], counts["dead_lettered"])
