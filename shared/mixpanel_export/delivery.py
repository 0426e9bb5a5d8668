"""From a request over HTTP to a job, and from the job's outcome to the answer.

The answer decides what happens to the message: 2xx acknowledges it, anything else makes Pub/Sub
deliver it again, after a wait that grows, until it is a dead letter.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Protocol

from mixpanel_export.deadlines import Clock
from mixpanel_export.errors import (
    ExportError,
    NotOurs,
    Poison,
    RateLimited,
    Setup,
    Transient,
    status_of,
)
from mixpanel_export.intervals import parse_moment
from mixpanel_export.journal import Log, Severity
from mixpanel_export.messages import ExportRequest, Message

Answer = tuple[str, int, dict[str, str]]

_REPORTED_AS: dict[type[ExportError], tuple[Severity, str]] = {
    Transient: ("WARNING", "transient_failure"),
    RateLimited: ("WARNING", "rate_limited"),
    Setup: ("ERROR", "setup_failure"),
    Poison: ("ERROR", "parked"),
    NotOurs: ("INFO", "not_ours"),
}

_SUBJECT = ("table", "mode", "start", "end", "origin", "objectId")
_NOTHING: Mapping[str, object] = MappingProxyType({})


class DeadLetters(Protocol):
    """Where messages are parked that no retry can help."""

    def park(self, data: bytes, attributes: dict[str, str], reason: str) -> None:
        """Keep a message with its reason; returns once that is confirmed.

        Raises:
            Transient, Setup: it was not.
        """


@dataclass(frozen=True, slots=True)
class Service:
    """A function, wired: the job for each message, and the place for those that are poison."""

    handle: Callable[[Message], None]
    dead_letters: DeadLetters


def answer_push(body: bytes, wire: Callable[[], Service], log: Log) -> Answer:
    """Do the job for the message in a push request, and park the message if it is poison.

    `wire` is called inside, so that wrong settings are reported and answered like any failure.
    """
    about: dict[str, object] = {}

    def job() -> None:
        service = wire()
        message = None
        try:
            message = Message.from_push(body)
            about.update(_subject(message))
            service.handle(message)
        except Poison as poison:
            data, attributes = (message.data, message.attributes) if message else (body, {})
            service.dead_letters.park(data, attributes, str(poison))
            raise

    return answer(job, log, about)


def scheduled_at(header: str | None, clock: Clock) -> datetime:
    """The moment this tick was scheduled for, the same on each retry of it; never in the future.

    `header` is `X-CloudScheduler-ScheduleTime`, RFC 3339 (googleapis scheduler/v1/target.proto);
    without it, as when a person calls, the moment is now.

    Raises:
        Setup: the header is no moment.
    """
    if header is None:
        return clock.now()
    try:
        return min(parse_moment(header), clock.now())
    except ValueError as error:
        raise Setup(f"X-CloudScheduler-ScheduleTime: {error}") from None


def answer(job: Callable[[], None], log: Log, about: Mapping[str, object] = _NOTHING) -> Answer:
    """Run a job and turn its outcome into an HTTP answer, with one log line for a failure.

    `about` says what the job was about; it is read when the job has ended.
    """
    try:
        job()
    except ExportError as error:
        severity, event = _REPORTED_AS[type(error)]
        log(severity, event, str(error), **{**error.facts, **about})
        text = "" if status_of(error) == HTTPStatus.NO_CONTENT else f"{event}: {error}\n"
        retry_after = error.retry_after if isinstance(error, RateLimited) else None
        return text, status_of(error), {"Retry-After": retry_after} if retry_after else {}
    except Exception as error:
        log("ERROR", "bug", f"bug: {type(error).__name__}", frames=_frames(error), **about)
        return "bug: see the log\n", status_of(error), {}
    return "done\n", HTTPStatus.OK, {}


def _subject(message: Message) -> dict[str, object]:
    """What a log line about this message names: itself, and what it asks for.

    Who publishes a request by hand leaves out the attributes that repeat its body.
    """
    attributes = message.attributes
    with suppress(Poison):
        attributes = attributes | ExportRequest.decode(message.data, attributes).attributes
    named = {key: attributes[key] for key in _SUBJECT if key in attributes}
    return named | {
        "message_id": message.message_id,
        "delivery_attempt": message.delivery_attempt,
    }


def _frames(error: Exception) -> list[str]:
    """Where a bug happened; not its message, which may hold row data."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
