"""Push delivery: POST each message to the endpoint and take the answer as its verdict."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
import urllib.parse
from dataclasses import asdict, dataclass
from typing import Any

from local.pubsub.deliveries import Lease
from local.pubsub.envelopes import push_body, push_headers
from local.pubsub.subscriptions import Subscription

ACK_STATUSES = frozenset({102, 200, 201, 202, 204})


@dataclass(slots=True)
class PushAttempt:
    """One push; neither `status` nor `error` is known while the endpoint is at work."""

    subscription: str
    message_id: str
    attributes: dict[str, str]
    attempt: int
    status: int | None = None
    error: str | None = None


class Journal:
    """Every push attempt, in the order in which they began."""

    def __init__(self) -> None:
        self._attempts: list[PushAttempt] = []

    def begin(self, subscription: str, lease: Lease) -> PushAttempt:
        message = lease.delivery.message
        attempt = PushAttempt(subscription, message.message_id, message.attributes, lease.attempt)
        self._attempts.append(attempt)
        return attempt

    def entries(self) -> list[dict[str, Any]]:
        return [asdict(attempt) for attempt in list(self._attempts)]


class Pusher:
    """Pushes a subscription's messages, at most `concurrency` at once, until it is closed."""

    def __init__(self, subscription: Subscription, journal: Journal, concurrency: int) -> None:
        self._subscription = subscription
        self._journal = journal
        self._slots = threading.BoundedSemaphore(concurrency)
        self._headers = push_headers(subscription.config.push_config)

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self._subscription.closed:
            self._slots.acquire()
            if lease := self._subscription.lease(wait=float("inf")):
                # Daemons, not a pool: an endpoint that hangs must not keep the process alive.
                threading.Thread(target=self._push, args=(lease,), daemon=True).start()

    def _push(self, lease: Lease) -> None:
        attempt = self._journal.begin(self._subscription.config.name, lease)
        try:
            attempt.status = self._post(lease)
        except TimeoutError:
            attempt.error = "deadline exceeded"
        except (OSError, http.client.HTTPException) as error:
            attempt.error = f"{type(error).__name__}: {error}"
        finally:
            self._slots.release()
        if attempt.status in ACK_STATUSES:
            self._subscription.ack(lease.ack_id)
        else:
            self._subscription.nack(lease.ack_id)

    def _post(self, lease: Lease) -> int:
        """The status the endpoint answers; redirects are not followed: they are a nack."""
        config = self._subscription.config
        url = urllib.parse.urlsplit(config.push_config.push_endpoint)
        attempt = lease.attempt if self._subscription.has_dead_letters else None
        body = push_body(lease.delivery.message, config.name, attempt)
        secure = url.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        timeout = max(0.001, lease.expires - time.monotonic())
        connection = connect(url.hostname or "", url.port, timeout=timeout)
        path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
        with contextlib.closing(connection):
            connection.request("POST", path, body, self._headers)
            return connection.getresponse().status
