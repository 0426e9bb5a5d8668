"""Everything that can go wrong, grouped by what helps.

    ExportError
    ├── Transient      trying again later helps         -> 503, Pub/Sub delivers again
    ├── RateLimited    waiting for Mixpanel's budget    -> 429, Pub/Sub delivers again
    ├── Setup          a person must change a setting   -> 500, delivered again, slowly; alert
    ├── Poison         no retry can help                -> 200, parked with its reason; alert
    └── NotOurs        nothing for us to do             -> 204, logged

Messages of these errors are logged and parked: they say what happened and what to do, and hold
neither secrets nor row data. Any other exception is a bug: it is answered like `Setup`, so that
the message waits for the fix.
"""

from __future__ import annotations

from http import HTTPStatus


class ExportError(Exception):
    """Base of all failures that the pipeline knows how to answer.

    `facts` are fields of the log line that it becomes, for alerts to tell its cause by.
    """

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, message: str = "", **facts: str | int | None) -> None:
        super().__init__(message)
        self.facts = facts


class Transient(ExportError):  # noqa: N818  (the class names what helps, not that it is an error)
    """The same message will succeed later: 5xx, timeout, reset, a cut export, `backendError`."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class RateLimited(ExportError):  # noqa: N818
    """Mixpanel answered 429; every further try costs budget, so none is made in this process."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(
        self, message: str = "", retry_after: str | None = None, **facts: str | int | None
    ) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class Setup(ExportError):  # noqa: N818
    """Wrong credentials, missing table, bad setting: fails until a person changes something."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class Poison(ExportError):  # noqa: N818
    """This message can never succeed; it is parked as a dead letter and then acknowledged."""

    status = HTTPStatus.OK


class NotOurs(ExportError):  # noqa: N818
    """A notification that is not addressed to us, such as a foreign object in the bucket."""

    status = HTTPStatus.NO_CONTENT


def status_of(error: Exception) -> HTTPStatus:
    """The one mapping from an outcome to the HTTP answer; see the table above."""
    return error.status if isinstance(error, ExportError) else Setup.status
