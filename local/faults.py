"""Faults on demand, the same way in every emulator.

A fault is a JSON object `{"kind": "...", "times": 1, "skip": 0, "match": {...}, ...}`. The
emulator asks `take` at the point where that kind can strike, with what it knows about the call;
a fault whose `match` values all occur in that context (as substrings of it) strikes, `times`
times, after letting `skip` matching calls through. Posted to `/_admin/faults`; `DELETE` clears
them; `GET` lists what is left.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from local.http import App, Request, Response

if TYPE_CHECKING:
    from collections.abc import Collection


class Faults:
    """The faults still waiting to strike, in the order they were added."""

    def __init__(self, kinds: Collection[str]) -> None:
        self._kinds = frozenset(kinds)
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: str,
        *,
        times: int = 1,
        skip: int = 0,
        match: dict[str, Any] | None = None,
        **details: Any,
    ) -> None:
        """Let a fault strike the next `times` matching calls after `skip` of them."""
        if kind not in self._kinds:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(sorted(self._kinds))}")
        fault = {"kind": kind, "times": times, "skip": skip, "match": match or {}} | details
        with self._lock:
            self._waiting.append(fault)

    def take(self, kind: str, /, **context: Any) -> dict[str, Any] | None:
        """The fault of this kind that strikes this call, or None."""
        with self._lock:
            for fault in self._waiting:
                if fault["kind"] != kind or not _matches(fault["match"], context):
                    continue
                if fault["skip"]:
                    fault["skip"] -= 1
                    continue
                fault["times"] -= 1
                if fault["times"] <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def install(self, app: App) -> None:
        """Serve this object at `/_admin/faults`."""

        @app.route("POST", "/_admin/faults")
        def add(request: Request) -> Response:
            body = request.json()
            for fault in body if isinstance(body, list) else [body]:
                self.add(**fault)
            return Response.json({})

        @app.route("GET", "/_admin/faults")
        def show(_request: Request) -> Response:
            with self._lock:
                return Response.json(list(self._waiting))

        @app.route("DELETE", "/_admin/faults")
        def clear(_request: Request) -> Response:
            self.clear()
            return Response.json({})


def _matches(wanted: dict[str, Any], context: dict[str, Any]) -> bool:
    return all(str(value) in str(context.get(key, "")) for key, value in wanted.items())
