"""Mixpanel's raw export API and its engage API.

Facts: docs.mixpanel.com/reference/raw-event-export and docs.mixpanel.com/reference/engage-query
(60 queries an hour each, 3 exports a second).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import requests
import tenacity
import urllib3

from mixpanel_export.allowed import PROJECT_SECRETS_END
from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.errors import ExportError, Poison, RateLimited, Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.journal import Log
from mixpanel_export.queries import ENGAGE_PATH, EXPORT_PATH, Project, Turn
from mixpanel_export.series import Series
from mixpanel_export.settings import Credentials

_CONNECT_SECONDS = 10.0
_SECONDS_BETWEEN_CALLS = 0.4  # A fourth query within a second is answered 429.
_CHUNK_BYTES = 1 << 16
_ERROR_BYTES = 1 << 14
_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class _Call:
    """One HTTP request, as it is tried until it is answered."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    form: dict[str, str] | None = None


class MixpanelExporter:
    """Asks for the events and the people of one project."""

    def __init__(self, credentials: Credentials, project: Project, clock: Clock, log: Log) -> None:
        self._project, self._clock, self._log = project, clock, log
        self._turn, self._next_call_at = threading.Lock(), clock.monotonic()
        self._session = requests.Session()
        self._session.auth = (credentials.username, credentials.password)
        self._session.headers["Accept-Encoding"] = "gzip"
        if credentials.is_project_secret:
            log(
                "WARNING",
                "project_secret",
                "MIXPANEL_CREDENTIALS is a project secret, which Mixpanel retires on "
                f"{PROJECT_SECRETS_END}: create a service account and store username:secret "
                "instead",
                days_left=(PROJECT_SECRETS_END - clock.now().date()).days,
            )

    @contextmanager
    def export(
        self, series: Series, interval: Interval, deadline: Deadline
    ) -> Iterator[ReceivedAnswer]:
        """Ask for the events of one interval of this series.

        5xx and broken connections are tried again for a minute; each attempt is logged.

        Raises:
            RateLimited: 429; at once, because every try costs budget.
            Setup: Mixpanel refuses the credentials, the plan or the dates.
            Poison: Mixpanel finds the request itself wrong.
            Transient: Mixpanel does not answer, or answers that it cannot now.
        """
        query = self._project.export(series, interval, self._clock.now())
        call = _Call("GET", self._project.export_url, EXPORT_PATH, query)
        with _received(*self._answer(call, deadline), deadline) as received:
            yield received

    @contextmanager
    def page(
        self, series: Series, interval: Interval, turn: Turn | None, deadline: Deadline
    ) -> Iterator[ReceivedAnswer]:
        """Ask for one page of the profiles of one interval; for page 0 without a turn.

        Raises:
            RateLimited, Setup, Poison, Transient: as for an export; Transient also when
                Mixpanel refuses a further page: its session has expired, the fetch starts again.
        """
        query = {"project_id": self._project.project_id}
        form = self._project.engage(series, interval, turn)
        call = _Call("POST", self._project.query_url, ENGAGE_PATH, query, form)
        try:
            asked_at, response = self._answer(call, deadline)
        except Poison as error:
            if turn is None:
                raise
            raise Transient(
                f"Mixpanel refused page {turn.page}, as it does when a session has expired; "
                f"the fetch starts again: {error}",
                **error.facts,
            ) from None
        with _received(asked_at, response, deadline) as received:
            yield received

    def _answer(self, call: _Call, deadline: Deadline) -> tuple[datetime, requests.Response]:
        """The answer with status 200, and when it was asked for, in UTC."""
        patiently = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, Transient) and deadline.remaining() > 0
            ),
            stop=tenacity.stop_after_attempt(4) | tenacity.stop_after_delay(60),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
            sleep=self._clock.sleep,
            reraise=True,
        )
        return patiently(self._ask, call, deadline)

    def _ask(self, call: _Call, deadline: Deadline) -> tuple[datetime, requests.Response]:
        deadline.check("asking Mixpanel")
        self._wait_for_turn()
        asked_at, began = self._clock.now(), self._clock.monotonic()
        try:
            response = self._session.request(
                call.method,
                call.host + call.path,
                params=call.query,
                data=call.form,
                stream=True,
                allow_redirects=False,
                timeout=(_CONNECT_SECONDS, max(1.0, deadline.remaining())),
            )
        except requests.RequestException as error:
            self._log_attempt(call, began, None, type(error).__name__)
            raise Transient(f"Mixpanel did not answer ({type(error).__name__})") from None
        self._log_attempt(call, began, response.status_code)
        if response.status_code != requests.codes.ok:
            with closing(response):
                raise failure(response.status_code, _text(response), response.headers)
        return asked_at, response

    def _wait_for_turn(self) -> None:
        """Space the calls of this instance, so that a burst of messages wastes no budget."""
        with self._turn:
            self._clock.sleep(max(0.0, self._next_call_at - self._clock.monotonic()))
            self._next_call_at = self._clock.monotonic() + _SECONDS_BETWEEN_CALLS

    def _log_attempt(
        self, call: _Call, began: float, status: int | None, error: str | None = None
    ) -> None:
        """One line an attempt, before any retry: alerts count the 5xx among them."""
        self._log(
            "INFO" if status == requests.codes.ok else "WARNING",
            "mixpanel_response",
            f"mixpanel: {status or error}",
            endpoint=call.path,
            status=status,
            error=error,
            ms=round((self._clock.monotonic() - began) * 1000),
        )


class ReceivedAnswer:
    """The body of an answer while it comes in; `asked_at` is when it was asked for, in UTC."""

    def __init__(
        self, response: requests.Response, deadline: Deadline, asked_at: datetime
    ) -> None:
        self._response, self._deadline, self.asked_at = response, deadline, asked_at
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise Poison(f"Mixpanel sent Content-Encoding {encoding!r}, which was not asked for")
        self.gzipped = encoding == "gzip"

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes, undecoded, at most 64 KiB at a time.

        Raises:
            Transient: the connection broke before the end of the body, or time is up.
        """
        try:
            for chunk in self._response.raw.stream(_CHUNK_BYTES, decode_content=False):
                self._deadline.check("receiving an export")
                yield chunk
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._deadline.check("receiving an export")
            raise Transient(f"the export was cut: {type(error).__name__}") from None
        self._deadline.check("receiving an export")  # The end may have been our own doing.


@contextmanager
def _received(
    asked_at: datetime, response: requests.Response, deadline: Deadline
) -> Iterator[ReceivedAnswer]:
    with closing(response), _ended_by(deadline, response):
        yield ReceivedAnswer(response, deadline, asked_at)


@contextmanager
def _ended_by(deadline: Deadline, response: requests.Response) -> Iterator[None]:
    """End a read that waits past the deadline; its own timeout starts anew with each read."""

    def end() -> None:
        # What these say is that the answer has ended, and was closed, at this very moment.
        with suppress(OSError, RuntimeError, ValueError):
            response.raw.shutdown()

    timer = threading.Timer(deadline.remaining(), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def failure(status: int, text: str, headers: Mapping[str, str]) -> ExportError:
    """What a status other than 200 means, and so what helps.

    Statuses and texts were seen by other clients; bad credentials come as 400 here.
    """
    said = f"Mixpanel answered {status}: {text}"
    lowered = text.lower()
    if status == requests.codes.too_many_requests:
        return RateLimited(said, headers.get("Retry-After"), status=status)
    if status >= requests.codes.internal_server_error or status == requests.codes.request_timeout:
        return Transient(said, status=status)
    if status == requests.codes.bad_request and "timeout error" in lowered:
        return Transient(said, status=status)
    if status == requests.codes.bad_request and "authenticate" not in lowered:
        if "later than today" in lowered:
            return Setup(f"{said}; check PROJECT_TIMEZONE", status=status)
        return Poison(f"{said}; check MIXPANEL_WHERE, then replay the interval", status=status)
    return Setup(
        f"{said}; check MIXPANEL_CREDENTIALS, MIXPANEL_PROJECT_ID and the plan", status=status
    )


def _text(response: requests.Response) -> str:
    """What an error body says, on one line.

    Of Mixpanel's JSON that is `error` alone: the rest repeats the request with the user's own
    `where`, which may name people.
    """
    try:
        body = next(response.iter_content(_ERROR_BYTES), b"")
        said = json.loads(body)["error"]
    except requests.RequestException:
        return "(no text)"
    except (ValueError, KeyError, TypeError):
        said = body.decode("utf-8", "replace")
    return " ".join(str(said).split())[:_ERROR_CHARACTERS]
