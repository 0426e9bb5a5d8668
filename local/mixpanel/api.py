"""The way of every call: journal, credentials, quota, faults, answer."""

from __future__ import annotations

import http
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from local.clock import Clock
from local.faults import Faults
from local.http import App, Hangup, Json, Request, Response
from local.mixpanel import engage, export
from local.mixpanel.answers import ApiError
from local.mixpanel.calls import Call, Journal
from local.mixpanel.credentials import UnauthenticatedError, authenticate
from local.mixpanel.limiter import Family, Limiter, Ticket
from local.mixpanel.projects import Project
from local.mixpanel.settings import Settings

_LEGACY_PARAMETERS: Final = frozenset({"api_key", "bucket", "expire", "sig"})


@dataclass(frozen=True)
class _Endpoint:
    family: Family
    parameters: frozenset[str]
    answer: Callable[[Call, Project], Response]


class Api:
    """Mixpanel's two endpoints over the projects of a simulator."""

    def __init__(
        self,
        *,
        projects: dict[int, Project],
        settings: Settings,
        calendar: Clock,
        limiter: Limiter,
        faults: Faults,
        journal: Journal,
    ) -> None:
        self._projects = projects
        self._settings = settings
        self._calendar = calendar
        self._limiter = limiter
        self._faults = faults
        self._journal = journal

    def install(self, app: App) -> None:
        """Serve the endpoints; other methods and paths stay 501."""
        exports = _Endpoint("export", export.PARAMETERS, self._export)
        profiles = _Endpoint("query", engage.PARAMETERS, self._engage)

        @app.route("GET", r"/api/2\.0/export/?")
        def answer_export(request: Request) -> Response:
            return self._handle(request, exports)

        @app.route("GET", r"/api/(query|2\.0)/engage")
        @app.route("POST", r"/api/(query|2\.0)/engage")
        def answer_engage(request: Request) -> Response:
            return self._handle(request, profiles)

    def _export(self, call: Call, project: Project) -> Response:
        return export.export(call, project, self._calendar)

    def _engage(self, call: Call, project: Project) -> Response:
        return engage.engage(call, project.people, self._calendar, self._settings)

    def _handle(self, request: Request, endpoint: _Endpoint) -> Response:
        call = Call(request, self._faults)
        self._journal.open(call)
        try:
            response = self._admitted(call, endpoint)
        except ApiError as error:
            response = error.response(call.line)
        call.entry.status = response.status
        if isinstance(response.body, bytes):
            call.entry.bytes = len(response.body)
        return response

    def _admitted(self, call: Call, endpoint: _Endpoint) -> Response:
        _check_parameters(call, endpoint.parameters)
        project = self._authenticated(call, endpoint.family)
        follow_up = endpoint.family == "query" and bool(call.parameters.get("session_id"))
        counted = not (follow_up and self._settings.free_engage_pages)
        ticket = self._limiter.admit(project.project_id, endpoint.family, counted=counted)
        try:
            response = _struck(call) or endpoint.answer(call, project)
        except BaseException:
            self._limiter.hand_back(ticket)
            raise
        if isinstance(response.body, bytes):
            self._limiter.hand_back(ticket)
        else:
            response.body = self._delivered(response.body, call, ticket)
        return response

    def _authenticated(self, call: Call, family: Family) -> Project:
        headers = call.request.headers
        if self._settings.require_https and headers.get("X-Forwarded-Proto") != "https":
            raise ApiError(400, "HTTPS is required", text=True)
        try:
            return authenticate(
                headers.get("Authorization"),
                call.parameters.get("project_id"),
                self._projects.values(),
            )
        except UnauthenticatedError:
            status = self._settings.auth_failure_status
            text = family == "export"
            raise ApiError(status, "Unable to authenticate request", text=text) from None

    def _delivered(self, chunks: Iterable[bytes], call: Call, ticket: Ticket) -> Iterator[bytes]:
        try:
            for chunk in chunks:
                call.entry.bytes += len(chunk)
                yield chunk
            ticket.succeeded = True
        except Hangup as hangup:
            call.entry.bytes += len(hangup.partial)
            raise
        finally:
            self._limiter.hand_back(ticket)


def _check_parameters(call: Call, known: frozenset[str]) -> None:
    for name in call.parameters:
        if name in _LEGACY_PARAMETERS:
            raise ApiError(400, f"invalid parameter: {name}")
        if name not in known:
            raise ApiError(501, f"not emulated: parameter {name}")


def _struck(call: Call) -> Response | None:
    """The answer that a fault gives in place of the endpoint's."""
    if fault := call.fault("slow_first_byte"):
        time.sleep(fault["seconds"])
    if call.fault("reset"):
        raise Hangup
    if fault := call.fault("status"):
        return _failure(call, fault)
    return None


def _failure(call: Call, fault: dict[str, Json]) -> Response:
    status = http.HTTPStatus(fault["status"])
    headers = {key: str(value) for key, value in fault.get("headers", {}).items()}
    if "retry_after" in fault:
        headers["Retry-After"] = str(fault["retry_after"])
    body = fault.get("body", {"request": call.line, "error": status.phrase})
    if not isinstance(body, str):
        response = Response.json(body, status)
        response.headers.update(headers)
        return response
    kind = "text/html" if body.lstrip().startswith("<") else "text/plain"
    return Response(status, body.encode(), {"Content-Type": f"{kind}; charset=utf-8"} | headers)
