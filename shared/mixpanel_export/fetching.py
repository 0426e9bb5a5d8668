"""The fetcher's job: land one interval of Mixpanel's export in the bucket, whole or not at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.errors import Poison, Transient
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.journal import Log
from mixpanel_export.messages import ExportRequest, Message
from mixpanel_export.naming import ObjectName
from mixpanel_export.rows import Rejected, Rows, Tally
from mixpanel_export.streams import GzipWriter, lines

_FETCHED_AGAIN = ("replay", "verify")
_NOTICE = b"terminated early"


class Export(Protocol):
    """An export being received."""

    gzipped: bool

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes.

        Raises:
            Transient: the connection broke, or the deadline passed.
        """


class Exporter(Protocol):
    """Mixpanel."""

    def export(self, interval: Interval, deadline: Deadline) -> AbstractContextManager[Export]:
        """Ask for all events processed in the interval, whatever their event time."""


class Upload(Protocol):
    """An object being written: nobody sees it before it is committed."""

    def write(self, data: bytes) -> object:
        """Add bytes."""

    def commit(self, metadata: dict[str, str]) -> bool:
        """Make the object visible under its name, at once; False if another one has it."""


class Bucket(Protocol):
    """Where exports land."""

    def landed(self, table: str, day: date) -> Iterable[ObjectName]:
        """Every landed version of every interval that starts on this UTC day."""

    def upload(self, path: str) -> AbstractContextManager[Upload]:
        """Start an object; leaving the context uncommitted leaves nothing behind."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Lands what a request asks for, once per version, however often the request is delivered."""

    exporter: Exporter
    bucket: Bucket
    zone: ZoneInfo
    clock: Clock
    log: Log

    def handle(self, message: Message) -> None:
        """Land the interval that the message asks for.

        Raises:
            Poison: the message asks for what cannot be had; parked.
            Transient, RateLimited, Setup: from Mixpanel or the bucket; delivered again.
        """
        deadline = Deadline.of_delivery(self.clock)
        request = ExportRequest.decode(message.data, message.attributes)
        name = ObjectName(request.table, request.interval, message.version)
        started_at = self.clock.now()
        if request.interval.end > started_at:
            raise Poison(f"interval {request.interval} is not over yet: ask again after its end")
        if self._is_done(request, name):
            self._report("already_landed", "already landed", request, name)
            return
        with self.exporter.export(request.interval, deadline) as export:
            tally = self._land(export, name, request.origin, started_at)
        if tally is None:
            self._report("already_landed", "already landed, meanwhile", request, name)
            return
        seconds = (self.clock.now() - started_at).total_seconds()
        self._report(
            "retrieved",
            f"retrieved: {tally.rows} records",
            request,
            name,
            **tally.facts(),
            seconds=seconds,
            delivery_attempt=message.delivery_attempt,
        )

    def _is_done(self, request: ExportRequest, name: ObjectName) -> bool:
        landed = list(self.bucket.landed(name.table, name.interval.start.date()))
        for other in landed:
            if other.interval != name.interval and other.interval.overlaps(name.interval):
                raise Poison(
                    f"interval {name.interval} overlaps {other.interval}, which has landed: "
                    f"rows would be doubled; replay {other.interval} instead"
                )
        if request.origin in _FETCHED_AGAIN:
            return name in landed
        return any(other.interval == name.interval for other in landed)

    def _land(
        self, export: Export, name: ObjectName, origin: str, started_at: datetime
    ) -> Tally | None:
        """Land the export; None if another delivery of this version was first."""
        rows = Rows(name.interval, name.version, self.zone)
        with ExitStack() as stack:
            landing = stack.enter_context(self.bucket.upload(name.path))
            rejects = _Rejects(self.bucket, name, stack)
            body = GzipWriter(landing.write)
            _transfer(export, rows, body, rejects)
            fetched_at = self.clock.now()
            body.write(rows.marker(origin, fetched_at))
            body.finish()
            metadata = _metadata(rows.tally, origin, (fetched_at - started_at).total_seconds())
            rejects.commit(metadata)
            is_first = landing.commit(metadata)
        return rows.tally if is_first else None

    def _report(
        self, event: str, text: str, request: ExportRequest, name: ObjectName, **fields: object
    ) -> None:
        self.log(
            "INFO",
            event,
            text,
            table=name.table,
            start=format_moment(name.interval.start),
            end=format_moment(name.interval.end),
            version=name.version,
            origin=request.origin,
            **fields,
        )


def _transfer(export: Export, rows: Rows, body: GzipWriter, rejects: _Rejects) -> None:
    """Each line of the export becomes a row of the body or a reject.

    A line that is not an event is a reject only once another line has followed it: as the last
    one it is where the export was cut.
    """
    unsure: tuple[bytes, Rejected] | None = None
    for line in lines(export.chunks(), gzipped=export.gzipped):
        if unsure:
            rejects.add(*unsure)
            unsure = None
        match rows.row(line):
            case bytes(row):
                body.write(row)
            case Rejected() as rejected:
                _refuse_notice(line, rejected)
                unsure = (line, rejected)
    if unsure:
        if not unsure[1].is_event:
            raise Transient("the export was cut: its last line is not an event")
        rejects.add(*unsure)


class _Rejects:
    """The lines of an export that are no rows, kept beside it; no object when there are none."""

    def __init__(self, bucket: Bucket, name: ObjectName, stack: ExitStack) -> None:
        self._bucket, self._path, self._stack = bucket, name.rejects_path, stack
        self._upload: Upload | None = None

    def add(self, line: bytes, rejected: Rejected) -> None:
        if self._upload is None:
            self._upload = self._stack.enter_context(self._bucket.upload(self._path))
            self._body = GzipWriter(self._upload.write)
        self._body.write(_reject(line, rejected.reason))

    def commit(self, metadata: dict[str, str]) -> None:
        if self._upload is not None:
            self._body.finish()
            self._upload.commit(metadata)


def _reject(line: bytes, reason: str) -> bytes:
    """The line as it came, as text where it is text, so that nothing of it is lost."""
    try:
        entry = {"reason": reason, "line": line.decode()}
    except UnicodeDecodeError:
        entry = {"reason": reason, "line_base64": base64.b64encode(line).decode()}
    return json.dumps(entry).encode() + b"\n"


def _refuse_notice(line: bytes, rejected: Rejected) -> None:
    """Mixpanel says in a line of its own, with status 200, that it stopped early."""
    if not rejected.is_event and _NOTICE in line.lower():
        raise Transient("the export was cut: Mixpanel says it terminated early")


def _metadata(tally: Tally, origin: str, seconds: float) -> dict[str, str]:
    facts = tally.facts() | {"origin": origin, "seconds": seconds}
    return {key: str(value) for key, value in facts.items() if value is not None}
