"""A small HTTP/1.1 server for the emulators: routes, JSON, chunked bodies, broken connections.

Bodies that are iterables go out chunked, one HTTP chunk per item. Raising `Hangup` anywhere,
also from inside such an iterable, closes the socket without finishing the response: the client
sees a reset or an incomplete read, as it does when a real server dies.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Self

Json = Any


class Hangup(Exception):  # noqa: N818  (not an error: the fault was asked for)
    """Close the connection now, whatever has been sent.

    Raised from a chunked body with `partial`, it begins one more chunk and breaks off inside it.
    """

    def __init__(self, partial: bytes = b"") -> None:
        super().__init__(partial)
        self.partial = partial


@dataclass(frozen=True, slots=True)
class Request:
    """One request, body read whole; `params` are the route's named groups, unquoted.

    Of a parameter that is repeated, `query` has the last value and `repeated` all of them.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, list[str]] = field(default_factory=dict)

    def json(self) -> Json:
        return json.loads(self.body) if self.body else {}


@dataclass(slots=True)
class Response:
    """Status, headers and a body: bytes (with Content-Length) or an iterable (chunked)."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Json, status: int = 200, **headers: str) -> Self:
        body = json.dumps(value).encode()
        return cls(status, body, {"Content-Type": "application/json; charset=UTF-8"} | headers)


Handler = Callable[[Request], Response]


class App:
    """Routes, tried in order; a path without a route answers 501, never a guess."""

    def __init__(self, on_error: Callable[[Exception], Response]) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._on_error = on_error

    def route(self, method: str, pattern: str) -> Callable[[Handler], Handler]:
        """Register a handler for a method and a full match of the still-quoted path."""

        def register(handler: Handler) -> Handler:
            self._routes.append((method, re.compile(pattern), handler))
            return handler

        return register

    def handle(self, request: Request) -> Response:
        try:
            for method, pattern, handler in self._routes:
                match = pattern.fullmatch(request.path)
                if match and method == request.method:
                    request.params.update(
                        (key, urllib.parse.unquote(value))
                        for key, value in match.groupdict().items()
                        if value is not None
                    )
                    return handler(request)
        except Hangup:
            raise
        except Exception as error:
            return self._on_error(error)
        message = f"not emulated: {request.method} {request.path}"
        return Response.json({"error": {"code": 501, "message": message}}, 501)


class Server:
    """Serves an app on a loopback port, one thread per connection."""

    def __init__(self, app: App, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"app": app})
        self._http = _ThreadingServer(("127.0.0.1", port), handler)
        poll_seconds = 0.01  # `stop` waits for the next poll: 0.5 s, the default, adds up.
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(poll_seconds,), daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._http.hang_up()


class _ThreadingServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        super().__init__(address, handler)
        self._connections: dict[Any, threading.Thread] = {}

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, and remember it meanwhile."""
        self._connections[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.pop(request, None)

    def hang_up(self) -> None:
        """Close the connections that clients keep open, as a process does when it ends."""
        for connection, thread in list(self._connections.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that went away is part of the game."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    app: App

    def handle_any(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        repeated = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        query = {name: values[-1] for name, values in repeated.items()}
        body = self._read_body()
        request = Request(self.command, url.path, query, self.headers, body, repeated=repeated)
        try:
            self._respond(self.app.handle(request))
        except Hangup as hangup:
            if hangup.partial:
                self.wfile.write(b"%x\r\n%b" % (len(hangup.partial) + 1, hangup.partial))
            self.wfile.flush()
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _respond(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if isinstance(response.body, bytes):
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in response.body:
                if chunk:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                    self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent: tests and the demo print what matters."""
