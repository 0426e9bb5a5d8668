"""Failures of Google's clients as our own: which of them a person must fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions, retry
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

from mixpanel_export.errors import Setup, Transient

# Google's own retry is the inner loop for seconds; Pub/Sub is the outer one.
INNER_RETRY_SECONDS = 60.0

_SETUP = (
    exceptions.Unauthorized,
    exceptions.Forbidden,
    exceptions.NotFound,
    exceptions.BadRequest,
    exceptions.MethodNotImplemented,
    DefaultCredentialsError,
)
_QUOTA_REASONS = ("quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded")
_TRANSIENT = (
    exceptions.GoogleAPICallError,
    exceptions.RetryError,
    GoogleAuthError,
    requests.RequestException,
    OSError,
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what a Google client raises while doing `what` into an error with an answer.

    Raises:
        Setup: the service refused us, or what we named does not exist.
        Transient: a quota, or anything else about the service or the network.
    """
    try:
        yield
    except _SETUP as error:
        if _is_over_quota(error):
            raise Transient(f"{what} went over a quota ({_brief(error)})") from error
        raise Setup(f"{what} was refused ({_brief(error)}): check names and grants") from error
    except _TRANSIENT as error:
        raise Transient(f"{what} failed ({_brief(error)})") from error


def _is_over_quota(error: Exception) -> bool:
    """BigQuery answers 403 to that, too (cloud.google.com/bigquery/docs/error-messages)."""
    details = getattr(error, "errors", None) or ()
    return any(
        isinstance(detail, dict) and detail.get("reason") in _QUOTA_REASONS for detail in details
    )


def inner_retry(*errors: type[Exception], initial: float, maximum: float) -> retry.Retry:
    """A retry policy for these errors, bounded like the clients' own."""
    predicate = retry.if_exception_type(*errors)
    return inner(retry.Retry(predicate=predicate, initial=initial, maximum=maximum))


def inner(policy: retry.Retry) -> retry.Retry:
    """A client's retry policy, bounded to the seconds that one delivery can spare."""
    return policy.with_timeout(INNER_RETRY_SECONDS)


def _brief(error: Exception) -> str:
    """The kind and the status: full texts repeat URLs and requests."""
    code = getattr(error, "code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"
