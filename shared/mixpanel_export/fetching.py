"""The fetcher's job: land one interval of Mixpanel's data in the bucket, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.errors import Poison, Transient
from mixpanel_export.intervals import DAY, Interval, format_moment
from mixpanel_export.journal import Log
from mixpanel_export.landing import Landing, Outcome, Uploads, metadata_of, of_events, of_people
from mixpanel_export.messages import ExportRequest, Message
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.profiles import Page, Profiles, pages
from mixpanel_export.queries import Turn
from mixpanel_export.rows import MOST_DAYS_LATE, Fetch, Rows, Tally
from mixpanel_export.series import RECENT, SWEEP, Series
from mixpanel_export.streams import lines, whole

_CLOCK_SKEW = timedelta(minutes=5)
_FETCHED_AGAIN = ("replay", "verify")


class Received(Protocol):
    """An answer of Mixpanel's being received; `asked_at` is when it was asked for, in UTC."""

    gzipped: bool
    asked_at: datetime

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes.

        Raises:
            Transient: the connection broke, or the deadline passed.
        """


class Exporter(Protocol):
    """Mixpanel."""

    def export(
        self, series: Series, interval: Interval, deadline: Deadline
    ) -> AbstractContextManager[Received]:
        """Ask for the events of one interval of this series."""

    def page(
        self, series: Series, interval: Interval, turn: Turn | None, deadline: Deadline
    ) -> AbstractContextManager[Received]:
        """Ask for one page of the profiles of one interval; for page 0 without a turn.

        Raises:
            Transient: also when Mixpanel knows the session no more: the fetch starts again.
        """


class Bucket(Uploads, Protocol):
    """Where exports land."""

    def landed(self, series: Series, since: date, until: date) -> Iterable[Landed]:
        """Every landed version of every interval that starts on one of these UTC days."""

    def confirmed(self, series: Series, since: date, until: date) -> Iterable[ObjectName]:
        """Every second look that found nothing new, at intervals that start on these UTC days."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Lands what a request asks for, once per version, however often the request is delivered.

    Events are those of the interval, whenever it is asked for. People are as of now: a request
    for an interval long past fetches their present state.
    """

    exporter: Exporter
    bucket: Bucket
    zone: ZoneInfo
    clock: Clock
    log: Log

    def handle(self, message: Message) -> None:
        """Land the interval that the message asks for, or confirm what has landed of it.

        Raises:
            Poison: the message asks for what cannot be had; parked.
            Transient, RateLimited, Setup: from Mixpanel or the bucket; delivered again.
        """
        deadline = Deadline.of_delivery(self.clock)
        request = ExportRequest.decode(message.data, message.attributes)
        name = ObjectName(request.series, request.interval, message.version)
        task = _Task(request, name, deadline, self.clock.now(), message.delivery_attempt)
        _refuse_hopeless(task)
        landed = self._landed(name)
        if done := self._done(task, landed):
            self._report(done, done.replace("_", " "), task)
        else:
            self._fetch(task, _newest(landed, name) if request.origin == "verify" else None)

    def _landed(self, name: ObjectName) -> list[Landed]:
        """What has landed on the interval's day.

        Raises:
            Poison: some of it overlaps the interval.
        """
        day = name.interval.start.date()
        landed = list(self.bucket.landed(name.series, day, day))
        _refuse_overlaps(name, landed)
        return landed

    def _done(self, task: _Task, landed: list[Landed]) -> str | None:
        """What an earlier delivery, or another request, has made of the interval."""
        name, day = task.name, task.name.interval.start.date()
        newest = _newest(landed, name)
        is_newer = newest is not None and newest.name.version >= name.version
        if is_newer or (newest and task.request.origin not in _FETCHED_AGAIN):
            return "already_landed"
        if task.request.origin == "verify" and name in self.bucket.confirmed(
            name.series, day, day
        ):
            return "already_confirmed"
        return None

    def _fetch(self, task: _Task, before: Landed | None) -> None:
        """Land a version, unless it is a second look that holds the rows landed before."""
        name = task.name
        with self._opened(task) as (rows, outcomes), ExitStack() as stack:
            landing = Landing(self.bucket, name, stack)
            landing.take(outcomes)
            tally, fetched_at = rows.tally, self.clock.now()
            is_confirmed = before is not None and before.digest == tally.digest_text
            if name.series == RECENT and not is_confirmed:
                self._landed(name)  # Refuses what would overlap another that landed meanwhile.
            fetch = Fetch(task.request.origin, fetched_at, task.seconds(fetched_at))
            is_first = not is_confirmed and landing.commit(
                rows.marker(fetch), metadata_of(tally, fetch)
            )
        if is_confirmed:
            self._confirm(task, tally, fetched_at)
        elif not is_first:
            self._report("already_landed", "already landed, meanwhile", task)
        else:
            self._report_facts("retrieved", f"retrieved: {tally.rows} records", task, tally)
            self._report_late(task, tally)
            if before:
                self._report_correction(task, tally.rows - before.row_count)

    @contextmanager
    def _opened(self, task: _Task) -> Iterator[tuple[Rows | Profiles, Iterator[Outcome]]]:
        """What makes the rows of this version, and what it makes of Mixpanel's answers."""
        name = task.name
        if name.series.table == "people":
            profiles = Profiles(name)
            yield profiles, of_people(pages(partial(self._page, task)), profiles)
            return
        events = Rows(name, self.zone)
        with self.exporter.export(name.series, name.interval, task.deadline) as received:
            received_lines = lines(received.chunks(), gzipped=received.gzipped)
            yield events, of_events(received_lines, events)

    def _page(self, task: _Task, turn: Turn | None) -> Page:
        name = task.name
        with self.exporter.page(name.series, name.interval, turn, task.deadline) as received:
            body = whole(received.chunks(), gzipped=received.gzipped)
        return Page.parse(body, received.asked_at)

    def _confirm(self, task: _Task, tally: Tally, fetched_at: datetime) -> None:
        """Leave a trace of the second look, so that it is taken once."""
        with self.bucket.upload(task.name.confirmed_path) as trace:
            is_first = trace.commit(
                {
                    "digest": tally.digest_text,
                    "row_count": str(tally.rows),
                    "fetched_at": format_moment(fetched_at),
                }
            )
        if is_first:
            self._report_facts("confirmed", f"confirmed: {tally.rows} records", task, tally)
        else:
            self._report("already_confirmed", "already confirmed, meanwhile", task)

    def _report_late(self, task: _Task, tally: Tally) -> None:
        """Say of how many rows the event lies a day back or more, day by day."""
        for days, count in enumerate(tally.days_late):
            if days and count:
                late = f"{days}+" if days == MOST_DAYS_LATE else str(days)
                text = f"late data: {count} records, {late} days late"
                self._report("late_data", text, task, days_late=late, row_count=count)

    def _report_correction(self, task: _Task, more: int) -> None:
        """Say how many rows Mixpanel showed late or removed since, as far as counts tell."""
        late, removed = max(0, more), max(0, -more)
        text = f"corrected: {late} records more, {removed} fewer"
        self._report("corrected", text, task, late_visible=late, removed=removed)

    def _report_facts(self, event: str, text: str, task: _Task, tally: Tally) -> None:
        seconds = task.seconds(self.clock.now())
        attempt = task.delivery_attempt
        facts = tally.facts()
        self._report(event, text, task, **facts, seconds=seconds, delivery_attempt=attempt)

    def _report(self, event: str, text: str, task: _Task, **fields: object) -> None:
        name = task.name
        self.log(
            "INFO",
            event,
            text,
            table=name.series.table,
            mode=name.series.mode,
            start=format_moment(name.interval.start),
            end=format_moment(name.interval.end),
            version=name.version,
            origin=task.request.origin,
            **fields,
        )


@dataclass(frozen=True, slots=True)
class _Task:
    """One delivery of one request."""

    request: ExportRequest
    name: ObjectName
    deadline: Deadline
    started_at: datetime
    delivery_attempt: int | None

    def seconds(self, now: datetime) -> float:
        return (now - self.started_at).total_seconds()


def _refuse_hopeless(task: _Task) -> None:
    """Park a request that no answer of Mixpanel's can fulfil.

    Raises:
        Poison: it says what to ask for instead.
        Transient: the interval ends in a moment; our clock may be a little behind.
    """
    series, interval = task.name.series, task.name.interval
    early = interval.end - task.started_at
    if early > _CLOCK_SKEW:
        raise Poison(f"interval {interval} is not over yet: ask again after its end")
    if series == SWEEP and interval.length != DAY:
        raise Poison(f"a sweep is of a whole day, not of {interval}: ask for its whole day")
    if task.request.origin == "verify" and series != RECENT:
        raise Poison(f"{series} has no second look: replay {interval} instead")
    if early > timedelta(0):
        raise Transient(f"interval {interval} ends in a moment: will try again")


def _refuse_overlaps(name: ObjectName, landed: list[Landed]) -> None:
    """Park a request whose rows are in another interval, too; of people only the newest count.

    Raises:
        Poison: it names the other one.
    """
    if name.series != RECENT:
        return
    for other in (one.name.interval for one in landed):
        if other != name.interval and other.overlaps(name.interval):
            raise Poison(
                f"interval {name.interval} overlaps {other}, which has landed: "
                f"rows would be doubled; replay {other} instead"
            )


def _newest(landed: list[Landed], name: ObjectName) -> Landed | None:
    """The newest landed version of the interval."""
    versions = [one for one in landed if one.name.interval == name.interval]
    return max(versions, key=lambda one: one.name.version, default=None)
