from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
import requests
from google.api_core import exceptions, retry
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.cloud.bigquery.retry import DEFAULT_RETRY as BIGQUERY_RETRY
from google.cloud.storage.retry import DEFAULT_RETRY as STORAGE_RETRY

from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner, translated
from mixpanel_export.deadlines import DELIVERY_SECONDS
from mixpanel_export.errors import ExportError, NotOurs, Poison, RateLimited, Setup, Transient

# Every class of google.api_core.exceptions that a call may raise, and what helps against it.
GOOGLE: dict[type[exceptions.GoogleAPICallError], type[ExportError]] = {
    exceptions.GoogleAPICallError: Transient,
    exceptions.Redirection: Transient,
    exceptions.MovedPermanently: Transient,
    exceptions.NotModified: Transient,
    exceptions.TemporaryRedirect: Transient,
    exceptions.ResumeIncomplete: Transient,
    exceptions.ClientError: Transient,
    exceptions.BadRequest: Setup,
    exceptions.InvalidArgument: Setup,
    exceptions.FailedPrecondition: Setup,
    exceptions.OutOfRange: Setup,
    exceptions.Unauthorized: Setup,
    exceptions.Unauthenticated: Setup,
    exceptions.Forbidden: Setup,
    exceptions.PermissionDenied: Setup,
    exceptions.NotFound: Setup,
    exceptions.MethodNotAllowed: Transient,
    exceptions.Conflict: Transient,
    exceptions.AlreadyExists: Transient,
    exceptions.Aborted: Transient,
    exceptions.LengthRequired: Transient,
    exceptions.PreconditionFailed: Transient,
    exceptions.RequestRangeNotSatisfiable: Transient,
    exceptions.TooManyRequests: Transient,
    exceptions.ResourceExhausted: Transient,
    exceptions.Cancelled: Transient,
    exceptions.ServerError: Transient,
    exceptions.InternalServerError: Transient,
    exceptions.Unknown: Transient,
    exceptions.DataLoss: Transient,
    exceptions.MethodNotImplemented: Setup,
    exceptions.BadGateway: Transient,
    exceptions.ServiceUnavailable: Transient,
    exceptions.GatewayTimeout: Transient,
    exceptions.DeadlineExceeded: Transient,
    exceptions.ResumableTransferError: Transient,
    exceptions.TransferStalledError: Transient,
    exceptions.UnseekableStreamError: Transient,
    exceptions.UploadCancelledError: Transient,
    exceptions.MissingStatusHeaderError: Transient,
}


def auth(error: Callable[[str], Exception]) -> Exception:
    """An error of google.auth, whose constructors have no types."""
    return error("for https://secret.example/?key=1")


def test_every_class_of_google_is_in_the_table() -> None:
    """A new version of the client with a new class makes someone decide."""
    known = {
        value
        for value in vars(exceptions).values()
        if isinstance(value, type) and issubclass(value, exceptions.GoogleAPICallError)
    }

    assert known == set(GOOGLE)


@pytest.mark.parametrize(("google", "ours"), GOOGLE.items())
def test_a_refusal_is_for_a_person_and_the_rest_for_later(
    google: type[exceptions.GoogleAPICallError], ours: type[ExportError]
) -> None:
    """Each class becomes one of ours, chained, and says which call failed how."""
    error = google("https://secret.example/?key=1")

    with pytest.raises(ExportError) as caught, translated("listing bucket b"):
        raise error

    assert ours is type(caught.value)
    assert error is caught.value.__cause__
    verb = "was refused" if ours is Setup else "failed"
    assert str(caught.value).startswith(f"listing bucket b {verb} ({google.__name__}")


@pytest.mark.parametrize(
    ("error", "ours", "text"),
    [
        pytest.param(
            exceptions.Forbidden("for https://secret.example/?key=1"),
            Setup,
            "asking was refused (Forbidden 403): check names and grants",
            id="refused",
        ),
        pytest.param(
            exceptions.Forbidden("?", errors=[{"reason": "quotaExceeded"}]),
            Transient,
            "asking went over a quota (Forbidden 403)",
            id="over a quota, which BigQuery also answers 403",
        ),
        pytest.param(
            exceptions.ServiceUnavailable("for https://secret.example/?key=1"),
            Transient,
            "asking failed (ServiceUnavailable 503)",
            id="unavailable",
        ),
        pytest.param(
            exceptions.RetryError("Timeout of 60.0s exceeded", exceptions.BadGateway("?")),
            Transient,
            "asking failed (RetryError)",
            id="the inner loop gave up",
        ),
        pytest.param(
            auth(DefaultCredentialsError),
            Setup,
            "asking was refused (DefaultCredentialsError): check names and grants",
            id="no credentials at all",
        ),
        pytest.param(auth(RefreshError), Transient, "asking failed (RefreshError)", id="no token"),
        pytest.param(
            auth(TransportError), Transient, "asking failed (TransportError)", id="no server"
        ),
        pytest.param(
            requests.ConnectionError("https://secret.example"),
            Transient,
            "asking failed (ConnectionError)",
            id="no connection",
        ),
        pytest.param(
            requests.Timeout("?"), Transient, "asking failed (Timeout)", id="requests' timeout"
        ),
        pytest.param(
            ConnectionResetError(), Transient, "asking failed (ConnectionResetError)", id="reset"
        ),
        pytest.param(TimeoutError(), Transient, "asking failed (TimeoutError)", id="timeout"),
        pytest.param(socket.gaierror(), Transient, "asking failed (gaierror)", id="no name"),
    ],
)
def test_the_message_holds_kind_and_status_only(
    error: Exception, ours: type[ExportError], text: str
) -> None:
    """Google's own texts repeat URLs and requests, and messages are logged and parked."""
    with pytest.raises(ours) as caught, translated("asking"):
        raise error

    assert text == str(caught.value)


@pytest.mark.parametrize(
    "error", [Transient("a"), RateLimited("a"), Setup("a"), Poison("a"), NotOurs("a"), KeyError(1)]
)
def test_what_is_ours_or_a_bug_passes(error: Exception) -> None:
    """An error that has its answer keeps it, and a bug is not taken for a bad network."""
    with pytest.raises(type(error)) as caught, translated("asking"):
        raise error

    assert error is caught.value


def test_nothing_happens_without_an_error() -> None:
    """A call that works is not touched."""
    with translated("asking"):
        pass


@pytest.mark.parametrize("policy", [BIGQUERY_RETRY, STORAGE_RETRY], ids=["bigquery", "storage"])
def test_clients_retry_for_seconds_only(policy: retry.Retry) -> None:
    """The minutes belong to Pub/Sub, so an inner loop fits into a delivery several times."""
    assert INNER_RETRY_SECONDS == inner(policy).timeout
    assert 3 * INNER_RETRY_SECONDS <= DELIVERY_SECONDS
