"""What the emulated BigQuery says when it refuses, in the shapes of Google's API."""

from __future__ import annotations

from typing import Any

from local.http import Response

# https://cloud.google.com/bigquery/docs/error-messages: a reason always comes with its status.
_STATUS = {
    "accessDenied": 403,
    "backendError": 503,
    "conditionNotMet": 412,
    "duplicate": 409,
    "internalError": 500,
    "notFound": 404,
    "notImplemented": 501,
    "quotaExceeded": 403,
    "rateLimitExceeded": 403,
    "resourceInUse": 400,
}


class ApiError(Exception):
    """A refusal: an HTTP error when it answers a call, an `errorResult` when it ends a job."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        location: str | None = None,
        status: int | None = None,
        details: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.location = location
        self.status = status or _STATUS.get(reason, 400)
        self._details = details or []

    def summary(self) -> dict[str, str]:
        """The `ErrorProto` of this refusal."""
        where = {"location": self.location} if self.location else {}
        return {"reason": self.reason, "message": self.message} | where

    def all(self) -> list[dict[str, str]]:
        """The summary and what led to it: a job's `status.errors`."""
        return [self.summary(), *self._details]

    def response(self) -> Response:
        """The HTTP error, as Google's clients parse it."""
        errors = [{"domain": "global"} | self.summary()]
        body: Any = {"code": self.status, "message": self.message, "errors": errors}
        return Response.json({"error": body}, self.status)


def invalid(message: str) -> ApiError:
    """The request or the data is wrong."""
    return ApiError("invalid", message)


def invalid_query(message: str) -> ApiError:
    """The statement is wrong."""
    return ApiError("invalidQuery", message)


def not_found(what: str) -> ApiError:
    """There is no such thing."""
    return ApiError("notFound", f"Not found: {what}")


def duplicate(what: str) -> ApiError:
    """There is such a thing already."""
    return ApiError("duplicate", f"Already Exists: {what}")


def not_emulated(what: str) -> ApiError:
    """BigQuery may well do this; the emulator says so instead of guessing."""
    return ApiError("notImplemented", f"not emulated: {what}")


def only(body: dict[str, Any], known: frozenset[str], what: str) -> None:
    """Let pass what the emulator understands; a key it would have to ignore is a 501."""
    if unknown := sorted(body.keys() - known):
        raise not_emulated(f"{what} {', '.join(unknown)}")
