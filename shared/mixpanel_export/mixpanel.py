"""Mixpanel's raw export API.

Facts: docs.mixpanel.com/reference/raw-event-export (parameters, 60 queries an hour, 3 a second),
docs.mixpanel.com/reference/segmentation-expressions (`where`). `from_date` and `to_date` are
event days, both inclusive, in the project's zone; they only bound what Mixpanel scans, the
interval itself is a condition on processing time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import requests
import tenacity
import urllib3

from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.errors import ExportError, Poison, RateLimited, Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.journal import Log
from mixpanel_export.settings import Credentials

_PATH = "/api/2.0/export"
_CONNECT_SECONDS = 10.0
_SECONDS_BETWEEN_CALLS = 0.4  # A fourth query within a second is answered 429.
_CHUNK_BYTES = 1 << 16
_ERROR_BYTES = 1 << 14
_ERROR_CHARACTERS = 300
_PROCESSED = 'number(properties["mp_processing_time_ms"])'


@dataclass(frozen=True, slots=True)
class Project:
    """One Mixpanel project, as its export API is asked about it.

    `lookback_days` is how many days after it happened an event may still be processed and be
    found; SDKs send for 5 (docs.mixpanel.com/reference/track-event). `where` is the user's own
    condition, in Mixpanel's expression language.
    """

    project_id: str
    zone: ZoneInfo
    lookback_days: int
    where: str | None = None

    def query(self, interval: Interval, now: datetime) -> dict[str, str]:
        """The parameters that select all events processed in the interval.

        One day is added on each side: an event may lie on another day in the project's zone,
        and its own clock may run ahead. `to_date` must not be later than the project's today.
        """
        first = interval.start.astimezone(self.zone).date()
        last = interval.end.astimezone(self.zone).date() + timedelta(days=1)
        today = now.astimezone(self.zone).date()
        processed = f"{_PROCESSED} >= {interval.start_ms} and {_PROCESSED} < {interval.end_ms}"
        return {
            "project_id": self.project_id,
            "from_date": (first - timedelta(days=self.lookback_days + 1)).isoformat(),
            "to_date": min(today, last).isoformat(),
            "where": f"({self.where}) and {processed}" if self.where else processed,
            "time_in_ms": "true",
        }


class MixpanelExporter:
    """Opens exports of one project."""

    def __init__(
        self, url: str, credentials: Credentials, project: Project, clock: Clock, log: Log
    ) -> None:
        self._url, self._project, self._clock, self._log = url, project, clock, log
        self._turn, self._next_call_at = threading.Lock(), clock.monotonic()
        self._session = requests.Session()
        self._session.auth = (credentials.username, credentials.password)
        self._session.headers["Accept-Encoding"] = "gzip"
        if credentials.is_project_secret:
            log(
                "WARNING",
                "project_secret",
                "MIXPANEL_CREDENTIALS is a project secret, which Mixpanel retires on 2027-03-03: "
                "create a service account and store username:secret instead",
            )

    @contextmanager
    def export(self, interval: Interval, deadline: Deadline) -> Iterator[ReceivedExport]:
        """Ask for all events processed in the interval, whatever their event time.

        5xx and broken connections are tried again for a minute; each attempt is logged.

        Raises:
            RateLimited: 429; at once, because every try costs budget.
            Setup: Mixpanel refuses the credentials, the plan or the dates.
            Poison: Mixpanel finds the request itself wrong.
            Transient: Mixpanel does not answer, or answers that it cannot now.
        """
        parameters = self._project.query(interval, self._clock.now())
        patiently = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, Transient) and deadline.remaining() > 0
            ),
            stop=tenacity.stop_after_attempt(4) | tenacity.stop_after_delay(60),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
            sleep=self._clock.sleep,
            reraise=True,
        )
        response = patiently(self._ask, parameters, deadline)
        with closing(response), _ended_by(deadline, response):
            yield ReceivedExport(response, deadline)

    def _ask(self, parameters: dict[str, str], deadline: Deadline) -> requests.Response:
        deadline.check("asking Mixpanel")
        self._wait_for_turn()
        began = self._clock.monotonic()
        try:
            response = self._session.get(
                self._url + _PATH,
                params=parameters,
                stream=True,
                allow_redirects=False,
                timeout=(_CONNECT_SECONDS, max(1.0, deadline.remaining())),
            )
        except requests.RequestException as error:
            self._log_attempt(began, None, type(error).__name__)
            raise Transient(f"Mixpanel did not answer ({type(error).__name__})") from None
        self._log_attempt(began, response.status_code)
        if response.status_code != requests.codes.ok:
            with closing(response):
                raise failure(response.status_code, _text(response), response.headers)
        return response

    def _wait_for_turn(self) -> None:
        """Space the calls of this instance, so that a burst of messages wastes no budget."""
        with self._turn:
            self._clock.sleep(max(0.0, self._next_call_at - self._clock.monotonic()))
            self._next_call_at = self._clock.monotonic() + _SECONDS_BETWEEN_CALLS

    def _log_attempt(self, began: float, status: int | None, error: str | None = None) -> None:
        """One line an attempt, before any retry: alerts count the 5xx among them."""
        self._log(
            "INFO" if status == requests.codes.ok else "WARNING",
            "mixpanel_response",
            f"mixpanel: {status or error}",
            endpoint=_PATH,
            status=status,
            error=error,
            ms=round((self._clock.monotonic() - began) * 1000),
        )


class ReceivedExport:
    """The body of an export while it comes in."""

    def __init__(self, response: requests.Response, deadline: Deadline) -> None:
        self._response, self._deadline = response, deadline
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
def _ended_by(deadline: Deadline, response: requests.Response) -> Iterator[None]:
    """End a read that waits past the deadline; its own timeout starts anew with each read."""
    timer = threading.Timer(deadline.remaining(), response.raw.shutdown)
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
        return RateLimited(said, headers.get("Retry-After"))
    if status >= requests.codes.internal_server_error or status == requests.codes.request_timeout:
        return Transient(said)
    if status == requests.codes.bad_request and "timeout error" in lowered:
        return Transient(said)
    if status == requests.codes.bad_request and "authenticate" not in lowered:
        if "later than today" in lowered:
            return Setup(f"{said}; check PROJECT_TIMEZONE")
        return Poison(f"{said}; check MIXPANEL_WHERE, then replay the interval")
    return Setup(f"{said}; check MIXPANEL_CREDENTIALS, MIXPANEL_PROJECT_ID and the plan")


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
