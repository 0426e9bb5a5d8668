"""Delivering notifications to Pub/Sub: in the background, in order, at least once."""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from google.cloud.pubsub_v1 import PublisherClient

from local.faults import Faults
from local.storage.notifications import Notification

Publish = Callable[[str, bytes, dict[str, str]], None]

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


class Outbox:
    """Notifications on their way; each stays until `publish` has returned for it.

    Faults: `drop_notification`, `duplicate_notification`, and `delay_notification`, which lets
    later ones overtake, as they may in the cloud. They match on `topic`, `event_type`, `bucket`
    and `name`.
    """

    def __init__(self, publish: Publish, faults: Faults) -> None:
        self._publish = publish
        self._faults = faults
        self._waiting: list[tuple[float, int, Notification]] = []
        self._sequence = itertools.count()
        self._undelivered = 0
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop; what has not been delivered is lost."""
        self._stopped.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(timeout=5)

    @property
    def is_idle(self) -> bool:
        """Whether every notification has been published."""
        return not self._undelivered

    def put(self, notification: Notification) -> None:
        """Accept a notification; it is published after those accepted before."""
        context = {
            "topic": notification.topic,
            "event_type": notification.attributes["eventType"],
            "bucket": notification.attributes["bucketId"],
            "name": notification.attributes["objectId"],
        }
        if self._faults.take("drop_notification", **context):
            return
        delay = self._faults.take("delay_notification", **context)
        due = time.monotonic() + delay.get("seconds", 1.0) if delay else 0.0
        copies = 2 if self._faults.take("duplicate_notification", **context) else 1
        with self._changed:
            self._undelivered += copies
            for _ in range(copies):
                heapq.heappush(self._waiting, (due, next(self._sequence), notification))
            self._changed.notify()

    def _run(self) -> None:
        while (notification := self._next_due()) is not None:
            self._deliver(notification)
            with self._changed:
                self._undelivered -= 1

    def _next_due(self) -> Notification | None:
        with self._changed:
            while not self._stopped.is_set():
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait)
        return None

    def _deliver(self, notification: Notification) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                self._publish(notification.topic, notification.data, notification.attributes)
            except Exception as error:
                _LOG.warning("publishing to %s failed, will retry: %s", notification.topic, error)
            else:
                return
            if self._stopped.wait(pause):
                return
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


class GooglePublisher:
    """Publishes through Google's client to the Pub/Sub emulator of the moment."""

    _TIMEOUT_SECONDS = 10.0

    def __init__(self) -> None:
        self._host = ""
        self._client: PublisherClient | None = None

    def __call__(self, topic: str, data: bytes, attributes: dict[str, str]) -> None:
        """Return when Pub/Sub has the message; trying again is up to the caller.

        Raises:
            RuntimeError: `PUBSUB_EMULATOR_HOST` is not set; nothing here may reach the cloud.
        """
        host = os.environ.get("PUBSUB_EMULATOR_HOST")
        if not host:
            raise RuntimeError("PUBSUB_EMULATOR_HOST is not set")
        if self._client is None or host != self._host:
            self.close()
            self._host, self._client = host, PublisherClient()
        keywords: dict[str, Any] = {"retry": None, "timeout": self._TIMEOUT_SECONDS, **attributes}
        self._client.publish(topic, data, **keywords).result()

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.stop()
            self._client.transport.close()
            self._client = None
