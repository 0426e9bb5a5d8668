"""One version on its way into the bucket: its rows, its rejects and the marker row."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol

from mixpanel_export import safejson
from mixpanel_export.errors import Transient
from mixpanel_export.intervals import format_moment
from mixpanel_export.naming import ObjectName
from mixpanel_export.profiles import Page, Profiles
from mixpanel_export.rows import Fetch, Rejected, Rows, Tally
from mixpanel_export.streams import GzipWriter

_NOTICE = b"terminated early"


class Upload(Protocol):
    """An object being written: nobody sees it before it is committed."""

    def write(self, data: bytes) -> object:
        """Add bytes."""

    def commit(self, metadata: dict[str, str]) -> bool:
        """Make the object visible under its name, at once; False if another one has it."""


class Uploads(Protocol):
    """Where objects are written."""

    def upload(self, path: str) -> AbstractContextManager[Upload]:
        """Start an object; leaving the context uncommitted leaves nothing behind."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is no row, as it came, and why it is none."""

    line: bytes
    reason: str

    def entry(self) -> bytes:
        """The line as text where it is text, so that nothing of it is lost."""
        try:
            entry = {"reason": self.reason, "line": self.line.decode()}
        except UnicodeDecodeError:
            entry = {
                "reason": self.reason,
                "line_base64": base64.b64encode(self.line).decode(),
            }
        return json.dumps(entry).encode() + b"\n"


Outcome = bytes | Reject


def of_events(lines: Iterable[bytes], rows: Rows) -> Iterator[Outcome]:
    """What becomes of each line of an export that belongs to the interval and the series.

    A line that is not an event is a reject only once another line has followed it: as the last
    one it is where the export was cut.

    Raises:
        Transient: the export was cut.
    """
    unsure: Reject | None = None
    for line in lines:
        if unsure:
            yield unsure
            unsure = None
        match rows.row(line):
            case bytes(row):
                yield row
            case Rejected(reason, is_event=True):
                yield Reject(line, reason)
            case Rejected(reason):
                _refuse_notice(line)
                unsure = Reject(line, reason)
    if unsure:
        raise Transient("the export was cut: its last line is not an event")


def of_people(pages: Iterable[Page], rows: Profiles) -> Iterator[Outcome]:
    """What becomes of each profile; they are as of the moment when page 0 was asked for."""
    tally = rows.tally
    for page in pages:
        tally.as_of = tally.as_of or format_moment(page.asked_at)
        tally.converted += page.converted
        for profile in page.profiles:
            row = rows.row(profile)
            if isinstance(row, Rejected):
                yield Reject(safejson.dump(profile), row.reason)
            else:
                yield row


class Landing:
    """The object of one version and, beside it, that of its rejects, if there are any.

    Both are under way as long as the stack is open.
    """

    def __init__(self, bucket: Uploads, name: ObjectName, stack: ExitStack) -> None:
        self._bucket, self._name, self._stack = bucket, name, stack
        self._upload = stack.enter_context(bucket.upload(name.path))
        self._body = GzipWriter(self._upload.write)
        self._rejects: Upload | None = None

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Write each row to the object and each reject to that of the rejects."""
        for outcome in outcomes:
            if isinstance(outcome, bytes):
                self._body.write(outcome)
            else:
                self._reject(outcome)

    def commit(self, marker: bytes, metadata: dict[str, str]) -> bool:
        """Land the version, rejects first; False if another delivery of it was first."""
        self._body.write(marker)
        self._body.finish()
        if self._rejects is not None:
            self._rejected.finish()
            self._rejects.commit(metadata)
        return self._upload.commit(metadata)

    def _reject(self, reject: Reject) -> None:
        if self._rejects is None:
            path = self._name.rejects_path
            self._rejects = self._stack.enter_context(self._bucket.upload(path))
            self._rejected = GzipWriter(self._rejects.write)
        self._rejected.write(reject.entry())


def metadata_of(tally: Tally, fetch: Fetch) -> dict[str, str]:
    """What the object says of itself, as text; what is not known is left out."""
    facts = tally.facts() | {"origin": fetch.origin, "seconds": fetch.seconds}
    return {key: str(value) for key, value in facts.items() if value is not None}


def _refuse_notice(line: bytes) -> None:
    """Mixpanel says in a line of its own, with status 200, that it stopped early."""
    if _NOTICE in line.lower():
        raise Transient("the export was cut: Mixpanel says it terminated early")
