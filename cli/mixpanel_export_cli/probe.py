"""One cheap call of Mixpanel's export API, to see whether it answers us and in which clock.

It costs one of the 60 requests an hour, whatever it brings
(docs.mixpanel.com/reference/raw-event-export).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from mixpanel_export.deadlines import Clock
from mixpanel_export.errors import Transient
from mixpanel_export.intervals import DAY, HOUR, Interval, aligned
from mixpanel_export.mixpanel import failure
from mixpanel_export.settings import FetcherSettings

MOST_EVENTS = 500
_PATH = "/api/2.0/export"
_SECONDS = 60.0
_EASTERNMOST, _WESTERNMOST = timedelta(hours=14), timedelta(hours=-12)
_PROCESSED = 'number(properties["mp_processing_time_ms"])'


@dataclass(frozen=True, slots=True)
class Sample:
    """What Mixpanel answered: some events, and how far this machine's clock is ahead of its."""

    events: list[dict[str, Any]]
    clock_ahead: timedelta | None


def sample(settings: FetcherSettings, interval: Interval, clock: Clock) -> Sample:
    """At most 500 events that Mixpanel processed in this interval.

    Raises:
        RateLimited, Setup, Poison, Transient: as Mixpanel's answer means for an export.
    """
    began = clock.now()
    try:
        response = requests.get(
            settings.export_url + _PATH,
            params=parameters(settings, interval),
            auth=(settings.credentials.username, settings.credentials.password),
            allow_redirects=False,
            timeout=_SECONDS,
        )
    except requests.RequestException as error:
        raise Transient(f"Mixpanel did not answer ({type(error).__name__})") from None
    if response.status_code != requests.codes.ok:
        raise failure(response.status_code, _said(response), response.headers)
    middle = began + (clock.now() - began) / 2
    events = list(_events(response.content.split(b"\n")))
    return Sample(events, _ahead(middle, response.headers.get("Date")))


def newest_hour(now: datetime, settle: timedelta) -> Interval:
    """The last whole hour that has settled, and whose days are over or present in every zone."""
    end = aligned(now - max(settle, _EASTERNMOST - _WESTERNMOST), HOUR)
    return Interval(end - HOUR, end)


def parameters(settings: FetcherSettings, interval: Interval) -> dict[str, str]:
    """Events of this interval that happened at most a day before, in whichever zone.

    `to_date` must not be later than the project's today, or Mixpanel refuses it; which day that
    is must not depend on the setting that is to be tried.
    """
    processed = f"{_PROCESSED} >= {interval.start_ms} and {_PROCESSED} < {interval.end_ms}"
    return {
        "project_id": settings.mixpanel_project_id,
        "from_date": (interval.start - 2 * DAY).date().isoformat(),
        "to_date": (interval.end + _EASTERNMOST).date().isoformat(),
        "where": processed,
        "limit": str(MOST_EVENTS),
        "time_in_ms": "true",
    }


def _events(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Whole events only; that the answer is whole does not matter here."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _ahead(middle: datetime, date: str | None) -> timedelta | None:
    try:
        return middle - parsedate_to_datetime(date or "")
    except (ValueError, TypeError):
        return None


def _said(response: requests.Response) -> str:
    """The error alone: the rest of Mixpanel's JSON repeats the request."""
    try:
        said = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        said = response.text
    return " ".join(str(said).split())[:300]
