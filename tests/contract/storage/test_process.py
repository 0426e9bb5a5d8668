"""The emulator as others run it: publishing through Google's client, and as a process."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud.storage import Client
from google.pubsub_v1 import types

from local.storage import StorageEmulator

DEADLINE_SECONDS = 5
ROOT = Path(__file__).parents[3]


class TopicServer:
    """Pub/Sub's Publish, and nothing else of it."""

    def __init__(self) -> None:
        self.arrived: queue.SimpleQueue[types.PublishRequest] = queue.SimpleQueue()
        untyped: Any = grpc
        method = untyped.unary_unary_rpc_method_handler(
            self._publish,
            request_deserializer=types.PublishRequest.deserialize,
            response_serializer=types.PublishResponse.serialize,
        )
        service = untyped.method_handlers_generic_handler(
            "google.pubsub.v1.Publisher", {"Publish": method}
        )
        self.server = untyped.server(futures.ThreadPoolExecutor(1), handlers=[service])
        self.host = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"

    def _publish(self, request: types.PublishRequest, _context: Any) -> types.PublishResponse:
        self.arrived.put(request)
        return types.PublishResponse(message_ids=["1"])


@pytest.fixture(name="pubsub")
def _pubsub() -> Iterator[TopicServer]:
    pubsub = TopicServer()
    pubsub.server.start()
    yield pubsub
    pubsub.server.stop(None).wait()


def test_google_publisher(monkeypatch: pytest.MonkeyPatch, pubsub: TopicServer) -> None:
    """By default notifications go through Google's client to PUBSUB_EMULATOR_HOST.

    The variable is read when publishing: until it is set, notifications wait.
    """
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    with StorageEmulator() as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        client: Any = Client(project="test")
        bucket = client.create_bucket("landing")
        bucket.notification(
            topic_name="landed", topic_project="project", payload_format="JSON_API_V1"
        ).create()
        bucket.blob("object").upload_from_string("")
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
        request = pubsub.arrived.get(timeout=DEADLINE_SECONDS)
        client.close()

    (message,) = request.messages
    assert "projects/project/topics/landed" == request.topic
    assert ("OBJECT_FINALIZE", "object") == (
        message.attributes["eventType"],
        message.attributes["objectId"],
    )
    assert "object" == json.loads(message.data)["name"]


def test_process() -> None:
    """`python -m local.storage` says where it listens and serves until it is told to stop."""
    command = [sys.executable, "-m", "local.storage", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        words = process.stdout.readline().split()
        try:
            with urllib.request.urlopen(f"{words[-1]}/storage/v1/b", timeout=5) as response:
                answer = json.load(response)
        finally:
            process.send_signal(signal.SIGTERM)

        assert ["storage", "listening", "on"] == words[:-1]
        assert {"kind": "storage#buckets"} == answer
        assert 0 == process.wait(timeout=DEADLINE_SECONDS)
