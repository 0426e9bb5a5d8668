"""What every operation has in common: strictness, faults around the effect, JSON answers."""

from __future__ import annotations

from collections.abc import Callable

from local.faults import Faults
from local.http import App, Handler, Hangup, Json, Request, Response
from local.storage import errors, partial, requests

Action = Callable[[Request], Json]
FAULTS = (
    "error",
    "hangup",
    "lost_response",
    "drop_notification",
    "duplicate_notification",
    "delay_notification",
)


def _path_name(request: Request) -> str:
    return request.params.get("name", "")


class Operations:
    """Registers operations with an app and lets faults strike them.

    `error` (with `status`, `reason`, `message`) and `hangup` strike before any effect,
    `lost_response` after a successful one. They match on `operation`, `method`, `bucket` and
    `name`, the name of the object that the call reads or creates.
    """

    def __init__(self, app: App, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    def route(
        self,
        method: str,
        pattern: str,
        operation: str,
        *,
        parameters: str = "",
        name_of: Callable[[Request], str] = _path_name,
    ) -> Callable[[Action], Action]:
        """Serve an action at a path; it returns JSON, None for 204, or a whole response."""

        def register(action: Action) -> Action:
            self._app.route(method, pattern)(
                self.wrap(action, operation, parameters=parameters, name_of=name_of)
            )
            return action

        return register

    def wrap(
        self,
        action: Action,
        operation: str,
        *,
        parameters: str,
        name_of: Callable[[Request], str] = _path_name,
    ) -> Handler:
        """The action as a handler, for paths that several operations share."""

        def handle(request: Request) -> Response:
            requests.require_known(request, parameters)
            context = {
                "operation": operation,
                "method": request.method,
                "bucket": request.params.get("bucket", ""),
                "name": name_of(request),
            }
            self._strike_before(context)
            response = _response(action(request), request)
            if self._faults.take("lost_response", **context):
                raise Hangup
            return response

        return handle

    def _strike_before(self, context: dict[str, str]) -> None:
        if self._faults.take("hangup", **context):
            raise Hangup
        fault = self._faults.take("error", **context)
        if fault:
            raise errors.StorageError(
                fault.get("status", 503),
                fault.get("reason", "backendError"),
                fault.get("message", "We encountered an internal error. Please try again."),
            )


def _response(result: Json, request: Request) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(204)
    mask = request.query.get("fields")
    return Response.json(partial.select(result, mask) if mask else result)
