"""A running stack as tests ask it: posts, messages and their fate, what landed, the logs."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud import pubsub_v1, storage

from local import resources
from local.bundles import FUNCTIONS
from local.stack import MIXPANEL_PROJECT_ID, Stack
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.messages import ExportRequest, Origin
from mixpanel_export.series import RECENT
from tests.functional.built import require_current_bundles

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a function answers."""

    status: int
    text: str
    retry_after: str | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up on."""

    data: bytes
    attributes: dict[str, str]


@contextmanager
def run_stack(directory: Path, *, pace: float, settings: dict[str, str]) -> Iterator[Stack]:
    """A stack that leaves the environment alone, so that several can live in one process.

    The simulator's quotas are lifted: a test that wants a 429 asks for it.
    """
    require_current_bundles()
    before = dict(os.environ)
    with Stack(directory, pace=pace, settings=settings) as stack:
        _reset_environment(before)
        stack.mixpanel.settings.change({"export_per_hour": 10**6, "export_per_second": 10**6})
        yield stack
    _reset_environment(before)


def _reset_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@contextmanager
def watch(stack: Stack) -> Iterator[Running]:
    """A view of the stack for one test, which must not lose a message unnoticed."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in stack.environment.items():
            environment.setenv(name, value)
        running = Running(stack)
        yield running
        running.settle()
        for emulator in (stack.pubsub, stack.storage, stack.bigquery, stack.mixpanel):
            emulator.faults.clear()
        stack.clock.set(None)
        unnoticed = running.dead_letters(running.unread_dead_letters())
        running.close()
        assert [] == unnoticed


def fresh_hours() -> Iterator[Interval]:
    """Hours that are far from each other, so that tests do not meet."""
    start = datetime(2025, 1, 1, 12, tzinfo=UTC)
    while True:
        yield Interval(start, start + timedelta(hours=1))
        start += timedelta(days=1)


def wait_until(condition: Callable[[], object], seconds: float = _PATIENCE_SECONDS) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not happen within {seconds:.0f} s")
        time.sleep(0.01)


class Running:
    """One test's view of a stack: only what happened since it began.

    The stack's environment variables must be set while it is in use.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack, self.mixpanel = stack, stack.mixpanel
        self._publisher = pubsub_v1.PublisherClient()
        self._subscriber = pubsub_v1.SubscriberClient()
        self._logged = {name: len(stack.log_lines(name)) for name in FUNCTIONS}
        self._asked = len(self.mixpanel.requests())
        self._effects = len(stack.storage.journal)
        self._jobs = len(stack.bigquery.journal())
        self._delivered = len(stack.pubsub.deliveries())

    def post(
        self, function: str, body: bytes, headers: dict[str, str] | None = None, *, url: str = ""
    ) -> Reply:
        """Call a function directly, as Pub/Sub or Scheduler would."""
        url = url or self.stack.functions[function].url
        request = urllib.request.Request(url, body, headers or {}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Reply(response.status, response.read().decode(), None)
        except urllib.error.HTTPError as error:
            with error:
                retry_after = error.headers.get("Retry-After")
                return Reply(error.code, error.read().decode(), retry_after)

    def publish(self, topic: str, data: bytes, **attributes: str) -> str:
        """Publish a message; its id."""
        path = self._publisher.topic_path(resources.PROJECT_ID, topic)
        keywords: dict[str, Any] = dict(attributes)
        message_id: str = self._publisher.publish(path, data, **keywords).result(timeout=10)
        return message_id

    def ask(self, interval: Interval, origin: Origin = "schedule") -> str:
        """Publish a request for an interval; its message id."""
        request = ExportRequest(RECENT, interval, origin)
        return self.publish(resources.REQUESTS, request.data, **request.attributes)

    def land(self, interval: Interval, origin: Origin = "schedule") -> list[int | None]:
        """Ask for an interval and wait for the end; how its deliveries were answered."""
        message_id = self.ask(interval, origin)
        self.settle()
        return self.answers(message_id)

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self.stack.wait_until_idle(_PATIENCE_SECONDS)

    def deliveries(self, topic: str) -> list[dict[str, Any]]:
        """The attempts to push from a topic, in order."""
        return [
            delivery
            for delivery in self.stack.pubsub.deliveries()[self._delivered :]
            if delivery["subscription"].endswith(f"/{topic}")
        ]

    def answers(self, message_id: str) -> list[int | None]:
        """How each delivery of a message was answered."""
        deliveries = self.stack.pubsub.deliveries()[self._delivered :]
        return [each["status"] for each in deliveries if each["message_id"] == message_id]

    def dead_letters(self, count: int) -> list[DeadLetter]:
        """Take this many dead letters out of their subscription."""
        path = self._subscriber.subscription_path(resources.PROJECT_ID, resources.DEAD_LETTERS)
        letters: list[DeadLetter] = []
        while len(letters) < count:
            pulled = self._subscriber.pull(subscription=path, max_messages=100, timeout=10)
            received = list(pulled.received_messages)
            assert received, f"only {len(letters)} dead letters"
            ids = [message.ack_id for message in received]
            self._subscriber.acknowledge(subscription=path, ack_ids=ids)
            letters += (
                DeadLetter(each.message.data, dict(each.message.attributes)) for each in received
            )
        return letters

    def unread_dead_letters(self) -> int:
        """How many dead letters nobody has taken."""
        name = f"projects/{resources.PROJECT_ID}/subscriptions/{resources.DEAD_LETTERS}"
        count: int = self.stack.pubsub.subscriptions()[name]["outstanding"]
        return count

    def hold(self, interval: Interval, *insert_ids: str | None, **properties: Any) -> None:
        """Let Mixpanel hold an event for each id, processed in this interval."""
        for number, insert_id in enumerate(insert_ids):
            moment = interval.start + timedelta(seconds=number + 1)
            content = {"distinct_id": f"user-{number}"} | properties
            if insert_id is not None:
                content["$insert_id"] = insert_id
            self.mixpanel.ingest(MIXPANEL_PROJECT_ID, "Paid", moment, moment, content)

    def asked(self) -> list[dict[str, Any]]:
        """The calls to Mixpanel."""
        return list(self.mixpanel.requests()[self._asked :])

    def objects(self) -> list[str]:
        """Names of the objects that became visible, apart from what only the pipeline reads."""
        effects = self.stack.storage.journal[self._effects :]
        return [
            name
            for effect, _bucket, name, _generation in effects
            if effect == "finalize" and not name.startswith(("incoming/", "plans/"))
        ]

    def content(self, name: str) -> bytes:
        """The bytes of an object."""
        content: bytes = self._bucket().blob(name).download_as_bytes()
        return content

    def put(self, name: str, data: bytes, metadata: dict[str, str] | None = None) -> None:
        """Put an object into the bucket by hand."""
        blob = self._bucket().blob(name)
        blob.metadata = metadata
        blob.upload_from_string(data)

    def _bucket(self) -> storage.Bucket:
        bucket: storage.Bucket = storage.Client(resources.PROJECT_ID).bucket(resources.BUCKET)
        return bucket

    def jobs(self) -> list[dict[str, Any]]:
        """The load jobs."""
        return self.stack.bigquery.journal()[self._jobs :]

    def shown(self, interval: Interval) -> list[str | None]:
        """The insert ids that analysts see for an interval."""
        sql = f"SELECT insert_id FROM `mixpanel.events` WHERE {_is_at(interval.start)}"
        ids = [row["insert_id"] for row in self.stack.query(sql)]
        return sorted(ids, key=lambda each: (each is None, each))

    def stored(self, interval: Interval) -> int:
        """How many rows of all versions of an interval the raw table holds, with markers."""
        sql = f"SELECT COUNT(*) AS n FROM `mixpanel_raw.events` WHERE {_is_at(interval.start)}"
        return int(self.stack.query(sql)[0]["n"])

    def loads(self, interval: Interval) -> list[dict[str, Any]]:
        """The ledger of an interval, oldest version first."""
        rows = self.stack.query("SELECT * FROM `mixpanel.loads`")
        ours = [
            row
            for row in rows
            if (row["mode"], row["interval_start"]) == ("recent", interval.start)
        ]
        return sorted(ours, key=lambda row: int(row["version"]))

    def logged(self, function: str, event: str | None = None) -> list[dict[str, Any]]:
        """The structured log lines of a function."""
        lines = self.stack.log_lines(function)[self._logged[function] :]
        return [line for line in lines if event in (None, line["event"])]

    def close(self) -> None:
        """Let go of the connections."""
        self._publisher.stop()
        self._publisher.transport.close()
        self._subscriber.close()


def _is_at(moment: datetime) -> str:
    return f"_interval_start = TIMESTAMP '{format_moment(moment)}'"


def body_of(interval: Interval, **changes: Any) -> bytes:
    """The body of a request for an interval, some keys changed; None leaves one out."""
    body = json.loads(ExportRequest(RECENT, interval, "replay").data) | changes
    return json.dumps({key: value for key, value in body.items() if value is not None}).encode()
