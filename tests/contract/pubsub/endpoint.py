"""A push endpoint for tests: it answers what the test wants and remembers what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Self

from local.http import App, Request, Response, Server


@dataclass(frozen=True)
class Push:
    """One request; `number` counts the pushes to this endpoint from 1."""

    number: int
    path: str
    headers: Message
    envelope: dict[str, Any]
    at: float = field(default_factory=time.monotonic)

    @property
    def message(self) -> dict[str, Any]:
        return dict(self.envelope["message"])

    @property
    def attributes(self) -> dict[str, str]:
        return dict(self.message.get("attributes", {}))


class PushEndpoint:
    """Serves `url`; `answer` turns each push into a status and may take its time."""

    def __init__(self, answer: Callable[[Push], int] = lambda _push: 204) -> None:
        self.answer = answer
        self.pushes: list[Push] = []
        self._arrived = threading.Condition()
        app = App(on_error=lambda error: Response(500, str(error).encode()))
        app.route("POST", "/.*")(self._receive)
        self._server = Server(app)

    @property
    def url(self) -> str:
        return f"{self._server.url}/push"

    @property
    def attempts(self) -> list[int | None]:
        """The `deliveryAttempt` of every push so far."""
        return [push.envelope.get("deliveryAttempt") for push in self.pushes]

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()

    def wait_for(self, count: int, seconds: float = 15.0) -> list[Push]:
        """The pushes so far, as soon as there are `count` of them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.pushes) >= count, seconds), (
                f"{len(self.pushes)} of {count} pushes after {seconds} s"
            )
            return list(self.pushes)

    def _receive(self, request: Request) -> Response:
        with self._arrived:
            number = len(self.pushes) + 1
            push = Push(number, request.path, request.headers, json.loads(request.body))
            self.pushes.append(push)
            self._arrived.notify_all()
        return Response(self.answer(push))
