"""Pub/Sub twice, ready to be asked the same questions: our emulator and Google's own.

Google's emulator falls short of Google's documentation in places. Each of them has a name in
`KNOWN_DIFFERENCES` and is asserted, so that the tests go red when Google mends it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.cloud import pubsub_v1
from google.pubsub_v1 import PublisherClient

from local.pubsub import PubSubEmulator

OURS, GOOGLES = "ours", "google's jar"

# The clocks of the fixture `emulator`: the shortest ack deadline, 10 s, takes half a second.
TIME_SCALE, DEADLINE_SCALE = 0.05, 0.05

# What Google's emulator (cloud-pubsub-emulator 0.8.20) does differently from Google's service.
KNOWN_DIFFERENCES = {
    "202 is a nack, 203 an ack": "The service has it the other way round.",
    "ack deadline below 10 s accepted": "The service wants 10 to 600 s.",
    "attempts out of bounds are OUT_OF_RANGE": "INVALID_ARGUMENT, as for every other bound.",
    "attribute limits not enforced": "100 attributes, keys of 256 and values of 1024 bytes.",
    "deliveryAttempt missing in push": "The service sends it when there is a dead-letter policy.",
    "empty fields present in push": "The service leaves out empty data and attributes.",
    "filter not applied": "The service acknowledges what does not match, undelivered.",
    "invalid filter accepted": "The service refuses what it cannot parse.",
    "no OIDC header": "The service sends a signed token as bearer.",
    "orderingKey missing in push": "The service sends the key, ordered subscription or not.",
    "push subscription can be pulled": "The service answers FAILED_PRECONDITION.",
}


@dataclass(frozen=True)
class PubSub:
    """One implementation, its clients, and a project of its own for every test."""

    name: str
    publisher: pubsub_v1.PublisherClient
    subscriber: pubsub_v1.SubscriberClient
    project: str = "projects/none"

    def differs(self, difference: str) -> bool:
        assert difference in KNOWN_DIFFERENCES
        return self.name == GOOGLES

    def topic_path(self, name: str) -> str:
        return f"{self.project}/topics/{name}"

    def path(self, name: str) -> str:
        return f"{self.project}/subscriptions/{name}"

    def create_topic(self, name: str = "main") -> str:
        return str(self.publisher.create_topic(name=self.topic_path(name)).name)

    def subscribe(self, name: str, topic: str = "main", **settings: Any) -> str:
        request = {"name": self.path(name), "topic": self.topic_path(topic), **settings}
        return str(self.subscriber.create_subscription(request=request).name)

    def push_to(self, url: str, **settings: Any) -> str:
        """A push subscription with dead letters, so that each push tells its attempt."""
        dead_letters = {"dead_letter_topic": self.create_topic("dead")}
        return self.subscribe(
            "pushed",
            push_config={"push_endpoint": url},
            dead_letter_policy=dead_letters,
            **settings,
        )

    def publish(self, *messages: dict[str, Any], topic: str = "main") -> list[str]:
        """Publish in one RPC, without the batching of the high-level client."""
        request = {"topic": self.topic_path(topic), "messages": messages}
        response = PublisherClient.publish(self.publisher, request)
        return list(response.message_ids)

    def pull(self, name: str, count: int = 1, seconds: float = 10.0) -> list[Any]:
        """The next messages, as soon as there are `count` of them."""
        received: list[Any] = []
        give_up = time.monotonic() + seconds
        while len(received) < count and time.monotonic() < give_up:
            response = self.subscriber.pull(
                subscription=self.path(name), max_messages=count - len(received)
            )
            received.extend(response.received_messages)
        assert count == len(received)
        return received

    def pull_nothing(self, name: str) -> bool:
        request = {"subscription": self.path(name), "max_messages": 1, "return_immediately": True}
        with pytest.warns(DeprecationWarning, match="return_immediately"):
            response = self.subscriber.pull(request=request)
        return not response.received_messages


@contextmanager
def connect(name: str, host: str) -> Iterator[PubSub]:
    """Google's clients, talking to the emulator at `host`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", host)
        publisher, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    with closing(publisher.transport), closing(subscriber.transport):
        yield PubSub(name, publisher, subscriber)
        publisher.stop()


def settle(emulator: PubSubEmulator, path: str) -> dict[str, Any]:
    """What our emulator tells of a subscription once nothing is outstanding."""
    give_up = time.monotonic() + 10
    while emulator.subscriptions()[path]["outstanding"]:
        assert time.monotonic() < give_up, emulator.subscriptions()
        time.sleep(0.01)
    return emulator.subscriptions()[path]


@contextmanager
def start_ours() -> Iterator[str]:
    with PubSubEmulator() as emulator:
        yield emulator.host


@contextmanager
def start_googles() -> Iterator[str]:
    jar = _find_jar()
    port = _free_port()
    process = subprocess.Popen(
        [
            *("java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(jar)),
            *("--host=127.0.0.1", f"--port={port}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_open(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _find_jar() -> Path:
    if not (shutil.which("gcloud") and shutil.which("java")):
        pytest.skip("Google's emulator needs gcloud and java: not on this machine")
    command = ["gcloud", "info", "--format=value(installation.sdk_root)"]
    root = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    pattern = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"
    jars = sorted(Path(root).glob(pattern))
    if not jars:
        pytest.skip("Google's emulator is not a component of this machine's gcloud")
    return jars[-1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_open(port: int) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("Google's emulator did not start within 30 s")
