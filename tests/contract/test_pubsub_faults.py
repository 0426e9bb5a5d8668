"""Our emulator where it goes beyond Google's: faults, faster clocks, and a view from outside."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.pubsub_v1 import types

from local.pubsub import PubSubEmulator
from local.pubsub.backoff import Backoff
from tests.contract.pubsub_endpoint import Push, PushEndpoint
from tests.contract.pubsub_implementations import OURS, PubSub, connect

pytest_plugins = ["tests.contract.pubsub_fixtures"]

TIME_SCALE = 0.05
DEADLINE_SCALE = 0.03  # The shortest ack deadline, 10 s, takes 0.3 s.


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[PubSubEmulator]:
    with PubSubEmulator(time_scale=TIME_SCALE, deadline_scale=DEADLINE_SCALE) as emulator:
        yield emulator


@pytest.fixture(name="pubsub")
def _pubsub(emulator: PubSubEmulator) -> Iterator[PubSub]:
    with connect(OURS, emulator.host) as pubsub:
        pubsub.create_topic()
        yield pubsub


def subscribe(pubsub: PubSub, endpoint: PushEndpoint, **settings: Any) -> str:
    """A push subscription with a dead-letter policy, so that pushes tell their attempt."""
    pubsub.create_topic("dead")
    return pubsub.subscribe(
        "pushed",
        push_config={"push_endpoint": endpoint.url},
        dead_letter_policy={"dead_letter_topic": pubsub.topic_path("dead")},
        **settings,
    )


def settle(emulator: PubSubEmulator, path: str) -> dict[str, Any]:
    """What the emulator tells of a subscription once nothing is outstanding."""
    give_up = time.monotonic() + 10
    while emulator.subscriptions()[path]["outstanding"]:
        assert time.monotonic() < give_up, emulator.subscriptions()
        time.sleep(0.01)
    return emulator.subscriptions()[path]


def ask(emulator: PubSubEmulator, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(emulator.admin_url + path, data, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def attempts(pushes: list[Push]) -> list[int]:
    return [push.envelope["deliveryAttempt"] for push in pushes]


def test_duplicate_is_delivered_beside_the_original(
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """`duplicate` pushes a matching message twice at once; either answer settles it."""
    both = threading.Barrier(2)

    def answer(push: Push) -> int:
        if push.attributes["origin"] == "heal":
            both.wait(timeout=5)
        return 204

    endpoint.answer = answer
    path = subscribe(pubsub, endpoint)
    emulator.faults.add("duplicate", match={"origin": "heal", "subscription": "pushed"})
    pubsub.publish({"attributes": {"origin": "schedule"}}, {"attributes": {"origin": "heal"}})

    pushes = endpoint.wait_for(3)
    counts = settle(emulator, path)

    first, second = (push for push in pushes if push.attributes["origin"] == "heal")
    assert first.envelope == second.envelope
    assert (3, 2, 0) == (counts["delivered"], counts["acked"], counts["nacked"])


def test_duplicate_follows_the_acknowledgement(
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """`duplicate` with `after_ack` delivers once more what was already acknowledged."""
    path = subscribe(pubsub, endpoint)
    emulator.faults.add("duplicate", after_ack=True)
    pubsub.publish({"data": b"x"})

    counts = settle(emulator, path)

    first, second = endpoint.pushes
    assert first.envelope == second.envelope
    assert (2, 1, 0) == (counts["delivered"], counts["acked"], counts["nacked"])


def test_dropped_ack_counts_as_a_failed_attempt(
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """`drop_ack` loses the 2xx answer: the same message comes again as the next attempt."""
    path = subscribe(pubsub, endpoint)
    emulator.faults.add("drop_ack", times=2)
    pubsub.publish({"data": b"x"})

    counts = settle(emulator, path)

    assert [1, 2, 3] == attempts(endpoint.pushes)
    assert 1 == len({push.message["publishTime"] for push in endpoint.pushes})
    assert (1, 2) == (counts["acked"], counts["nacked"])


def test_delayed_message_is_overtaken(
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """`delay` holds a message back for its seconds while later ones pass."""
    subscribe(pubsub, endpoint)
    emulator.faults.add("delay", seconds=0.3, match={"name": "first"})
    begin = time.monotonic()
    pubsub.publish({"attributes": {"name": "first"}}, {"attributes": {"name": "second"}})

    pushes = endpoint.wait_for(2)

    assert ["second", "first"] == [push.attributes["name"] for push in pushes]
    assert pushes[0].at - begin < 0.3 <= pushes[1].at - begin


def test_failed_publish_publishes_nothing(emulator: PubSubEmulator, pubsub: PubSub) -> None:
    """`publish_error` answers its status on its topic, and no subscription hears of it."""
    path = pubsub.subscribe("sub")
    pubsub.create_topic("other")
    emulator.faults.add("publish_error", code="PERMISSION_DENIED", match={"topic": "main"})

    pubsub.publish({"data": b"x"}, topic="other")
    future = pubsub.publisher.publish(pubsub.topic_path("main"), b"x")

    with pytest.raises(exceptions.PermissionDenied):
        future.result(timeout=10)
    assert 0 == emulator.subscriptions()[path]["outstanding"]


@pytest.mark.parametrize(("kind", "copies"), [("publish_error", 1), ("publish_lost_response", 2)])
def test_publisher_tries_again(
    emulator: PubSubEmulator, pubsub: PubSub, kind: str, copies: int
) -> None:
    """The client repeats a publish that was UNAVAILABLE: two messages if it had succeeded."""
    pubsub.subscribe("sub")
    emulator.faults.add(kind)

    message_id = pubsub.publisher.publish(pubsub.topic_path("main"), b"x").result(timeout=10)

    received = [item.message for item in pubsub.pull("sub", copies)]
    assert [b"x"] * copies == [message.data for message in received]
    assert copies == len({message.message_id for message in received})
    assert message_id == received[-1].message_id
    assert pubsub.pull_nothing("sub")


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
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """`outstanding` covers work under way and backoff, and moves with the dead letter."""
    release = threading.Event()

    def answer(push: Push) -> int:
        release.wait(timeout=5)
        return 204 if push.attributes["fate"] == "good" else 500

    endpoint.answer = answer
    # Its deadline, 18 s here, plays no part.
    path = subscribe(pubsub, endpoint, ack_deadline_seconds=600)
    graves = pubsub.subscribe("graves", "dead")
    pubsub.publish({"attributes": {"fate": "good"}}, {"attributes": {"fate": "bad"}})

    endpoint.wait_for(2)
    assert 2 == ask(emulator, "GET", "/_admin/subscriptions")[path]["outstanding"]
    release.set()
    settle(emulator, path)

    shown = ask(emulator, "GET", "/_admin/subscriptions")
    assert {
        "topic": pubsub.topic_path("main"),
        "delivered": 6,
        "acked": 1,
        "nacked": 5,
        "dead_lettered": 1,
        "outstanding": 0,
    } == shown[path]
    assert 1 == shown[graves]["outstanding"]


def test_deliveries_tell_every_push(
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
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
    path = subscribe(pubsub, endpoint)
    (message_id,) = pubsub.publish({"attributes": {"origin": "heal"}})
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


def test_unreachable_endpoint_is_a_failed_attempt(
    emulator: PubSubEmulator, pubsub: PubSub
) -> None:
    """A push that nobody listens to is recorded and repeated."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # Bound but not listening: connections are refused.
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}/"
        pubsub.subscribe("pushed", push_config={"push_endpoint": endpoint})
        pubsub.publish({"data": b"x"})
        give_up = time.monotonic() + 5
        while len(emulator.deliveries()) < 2 and time.monotonic() < give_up:
            time.sleep(0.01)

    assert [1, 2] == [entry["attempt"] for entry in emulator.deliveries()]
    assert "ConnectionRefusedError" in emulator.deliveries()[0]["error"]


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
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """Redeliveries wait for the policy's backoff times the scale, message by message."""
    endpoint.answer = lambda push: 204 if push.number == 4 else 500
    subscribe(pubsub, endpoint, retry_policy={"minimum_backoff": "2s", "maximum_backoff": "5s"})
    pubsub.publish({"data": b"x"})

    times = [push.at for push in endpoint.wait_for(4)]

    expected = [scaled * TIME_SCALE for scaled in (2, 4, 5)]
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    for least, gap in zip(expected, gaps, strict=True):
        assert least <= gap < least + 1


def test_answer_after_the_deadline_does_not_count(
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
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
    path = subscribe(pubsub, endpoint, ack_deadline_seconds=10)
    pubsub.publish({"data": b"x"})
    counts = settle(emulator, path)

    assert [1, 2, 3] == attempts(endpoint.pushes)
    assert 10 * DEADLINE_SCALE <= endpoint.pushes[1].at - endpoint.pushes[0].at
    assert (1, 2) == (counts["acked"], counts["nacked"])


def test_late_ack_of_a_pull_does_not_count(emulator: PubSubEmulator, pubsub: PubSub) -> None:
    """An ack id whose deadline has passed is accepted and has no effect."""
    path = pubsub.subscribe("sub")
    pubsub.publish({"data": b"x"})

    first = pubsub.pull("sub")[0]
    second = pubsub.pull("sub")[0]
    pubsub.subscriber.acknowledge(subscription=path, ack_ids=[first.ack_id])
    assert 1 == emulator.subscriptions()[path]["outstanding"]
    pubsub.subscriber.acknowledge(subscription=path, ack_ids=[second.ack_id])

    counts = settle(emulator, path)
    assert (1, 1) == (counts["acked"], counts["nacked"])


def test_extended_lease_lasts_longer(emulator: PubSubEmulator, pubsub: PubSub) -> None:
    """A modified ack deadline counts from the call."""
    path = pubsub.subscribe("sub")
    pubsub.publish({"data": b"x"})

    item = pubsub.pull("sub")[0]
    pubsub.subscriber.modify_ack_deadline(
        subscription=path, ack_ids=[item.ack_id], ack_deadline_seconds=600
    )
    time.sleep(10 * DEADLINE_SCALE + 0.05)
    pubsub.subscriber.acknowledge(subscription=path, ack_ids=[item.ack_id])

    assert (1, 0) == tuple(emulator.subscriptions()[path][name] for name in ("acked", "nacked"))


def test_dead_letter_without_a_topic_stays(
    emulator: PubSubEmulator, pubsub: PubSub, endpoint: PushEndpoint
) -> None:
    """When the dead-letter topic is gone the message is not lost: it is tried on."""
    endpoint.answer = lambda push: 204 if push.number == 7 else 500
    path = subscribe(pubsub, endpoint)
    pubsub.publisher.delete_topic(topic=pubsub.topic_path("dead"))
    pubsub.publish({"data": b"x"})

    counts = settle(emulator, path)

    assert [1, 2, 3, 4, 5, 6, 7] == attempts(endpoint.pushes)
    assert (1, 0) == (counts["acked"], counts["dead_lettered"])


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
        path = subscribe(pubsub, endpoint)
        pubsub.publish(*[{"data": b"x"}] * 12)
        settle(emulator, path)

    assert 3 == most


NOT_EMULATED: dict[str, Callable[[PubSub], Any]] = {
    "update_topic": lambda pubsub: pubsub.publisher.update_topic(
        topic={"name": pubsub.topic_path("main")}, update_mask={"paths": ["labels"]}
    ),
    "update_subscription": lambda pubsub: pubsub.subscriber.update_subscription(
        subscription={"name": pubsub.path("sub")}, update_mask={"paths": ["labels"]}
    ),
    "list_topic_subscriptions": lambda pubsub: list(
        pubsub.publisher.list_topic_subscriptions(topic=pubsub.topic_path("main"))
    ),
    "modify_push_config": lambda pubsub: pubsub.subscriber.modify_push_config(
        subscription=pubsub.path("sub"), push_config={}
    ),
    "seek": lambda pubsub: pubsub.subscriber.seek(request={"subscription": pubsub.path("sub")}),
    "create_snapshot": lambda pubsub: pubsub.subscriber.create_snapshot(
        name=f"{pubsub.project}/snapshots/one", subscription=pubsub.path("sub")
    ),
    "streaming_pull": lambda pubsub: list(pubsub.subscriber.streaming_pull(iter([]))),
    "ordering": lambda pubsub: pubsub.subscribe("new", enable_message_ordering=True),
    "exactly once": lambda pubsub: pubsub.subscribe("new", enable_exactly_once_delivery=True),
    "unwrapped push": lambda pubsub: pubsub.subscribe(
        "new", push_config={"push_endpoint": "http://127.0.0.1:9/", "no_wrapper": {}}
    ),
    "schema": lambda pubsub: pubsub.publisher.create_topic(
        request={"name": pubsub.topic_path("new"), "schema_settings": {"encoding": "JSON"}}
    ),
}


@pytest.mark.parametrize("call", NOT_EMULATED.values(), ids=list(NOT_EMULATED))
def test_what_is_not_emulated_says_so(pubsub: PubSub, call: Callable[[PubSub], Any]) -> None:
    """Everything else answers UNIMPLEMENTED: the emulator never guesses."""
    with pytest.raises(exceptions.MethodNotImplemented):
        call(pubsub)


def test_port_is_not_shared(emulator: PubSubEmulator) -> None:
    """A second emulator on the same port fails to start, instead of taking every other call."""
    with pytest.raises(RuntimeError, match="bind"):
        PubSubEmulator(port=emulator.port)


def test_process_says_where_it_listens_until_it_is_told_to_stop() -> None:
    """`python -m local.pubsub` prints its address and ends cleanly on SIGTERM."""
    command = [sys.executable, "-m", "local.pubsub", "--port", "0", "--time-scale", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        listening, admin = process.stdout.readline(), process.stdout.readline()
        name, host = listening.rstrip().rsplit(" http://", 1)
        with connect(OURS, host) as pubsub:
            pubsub.create_topic()
        with urllib.request.urlopen(f"{admin.split()[-1]}/_admin/subscriptions") as answer:
            assert {} == json.load(answer)
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(timeout=10)

    assert "pubsub listening on" == name
