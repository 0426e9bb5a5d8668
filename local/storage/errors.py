"""Refusals in the words and the JSON of Google's API."""

from __future__ import annotations

from local.http import Response


class StorageError(Exception):
    """A refused call: HTTP status, Google's reason and a message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message

    def response(self) -> Response:
        """The answer on the wire; 304 carries no body."""
        if self.status == 304:
            return Response(304)
        detail = {"domain": "global", "reason": self.reason, "message": self.message}
        error = {"code": self.status, "message": self.message, "errors": [detail]}
        return Response.json({"error": error}, self.status)


def answer(error: Exception) -> Response:
    """Any exception as an answer; a bug of the emulator is a 501, which no client retries."""
    if isinstance(error, StorageError):
        return error.response()
    return not_emulated(f"emulator failed with {type(error).__name__}: {error}").response()


def invalid(message: str) -> StorageError:
    """400: a value that Google would not accept."""
    return StorageError(400, "invalid", message)


def required(what: str) -> StorageError:
    """400: a parameter that has to be there is not."""
    return StorageError(400, "required", f"Required parameter: {what}")


def no_such_bucket() -> StorageError:
    """404, whatever was to be done with the bucket."""
    return StorageError(404, "notFound", "The specified bucket does not exist.")


def no_such_object(bucket: str, name: str) -> StorageError:
    """404: no live object, or none of the wanted generation."""
    return StorageError(404, "notFound", f"No such object: {bucket}/{name}")


def conflict(message: str) -> StorageError:
    """409: the bucket is in a state that forbids it."""
    return StorageError(409, "conflict", message)


def condition_not_met() -> StorageError:
    """412: a precondition of a write, or a "match" of a read, does not hold."""
    message = "At least one of the pre-conditions you specified did not hold."
    return StorageError(412, "conditionNotMet", message)


def not_modified() -> StorageError:
    """304: a read's "not match" found what the reader already has."""
    return StorageError(304, "notModified", "Not Modified")


def range_not_satisfiable() -> StorageError:
    """416: the range starts after the end of the content."""
    message = "The requested range cannot be satisfied."
    return StorageError(416, "requestedRangeNotSatisfiable", message)


def not_emulated(what: str) -> StorageError:
    """501: the real service would do something here; clients do not retry this status."""
    return StorageError(501, "notImplemented", f"not emulated: {what}")
