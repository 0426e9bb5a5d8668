"""Google's methods on routes, each with a door for the `error` fault."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from local.bigquery.errors import ApiError
from local.faults import Faults
from local.http import App, Handler, Request, Response

_PROJECT = "/bigquery/v2/projects/(?P<project>[^/]+)"


class Operations:
    """Registers handlers under their operation's name, such as `jobs.insert`."""

    def __init__(self, app: App, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    def serve(self, operation: str, method: str, path: str) -> Callable[[Handler], Handler]:
        """Serve a handler below the project; an `error` fault strikes before it has any effect."""

        def register(handler: Handler) -> Handler:
            def guarded(request: Request) -> Response:
                fault = self._faults.take(
                    "error",
                    operation=operation,
                    method=method,
                    path=request.path,
                    body=request.body.decode(errors="replace"),
                )
                if fault:
                    reason = fault.get("reason", "backendError")
                    message = fault.get("message", "The call failed, as asked.")
                    raise ApiError(reason, message, status=fault.get("status"))
                return handler(request)

            self._app.route(method, _PROJECT + path)(guarded)
            return handler

        return register


def answer(error: Exception) -> Response:
    """Any exception as the HTTP error that Google's clients parse.

    A bug of the emulator gets a reason that no client retries: it must not look like a hang.
    """
    if isinstance(error, ApiError):
        return error.response()
    if isinstance(error, ValueError):
        return ApiError("invalid", f"Malformed request: {error}").response()
    traceback.print_exception(error, file=sys.stderr)
    return ApiError("emulatorBug", repr(error), status=500).response()
