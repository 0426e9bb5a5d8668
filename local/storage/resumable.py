"""Resumable uploads: sessions that collect chunks and become an object all at once."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field

from local.http import Json, Request
from local.storage import checksums, errors
from local.storage.objects import Incoming, Objects

_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_CHUNK_MULTIPLE = 256 * 1024


@dataclass(frozen=True, slots=True)
class ContentRange:
    """Where a request's bytes belong; `total` is None while the size is unknown."""

    start: int | None
    stop: int | None
    total: int | None

    @classmethod
    def of(cls, request: Request) -> ContentRange:
        """Read the header; without one the body is the whole object."""
        size = len(request.body)
        header = request.headers.get("Content-Range")
        if header is None:
            return cls(0, size, size)
        match = _CONTENT_RANGE.fullmatch(header)
        if match is None:
            raise errors.invalid(f"Failed to parse Content-Range header: {header}")
        first, last, total = match.groups()
        start, stop = (int(first), int(last) + 1) if first else (None, None)
        found = cls(start, stop, None if total == "*" else int(total))
        found.require_consistent(size)
        return found

    def require_consistent(self, size: int) -> None:
        """Hold the header against the body, and a chunk that is not the last against 256 KiB."""
        if size != (self.stop or 0) - (self.start or 0):
            raise errors.invalid("Content-Range does not match the length of the body.")
        if self.stop is None:
            return
        if self.total is not None and self.stop > self.total:
            raise errors.invalid("Content-Range ends after the object.")
        if self.stop != self.total and size % _CHUNK_MULTIPLE:
            raise errors.invalid(
                "The number of bytes uploaded is required to be a multiple of "
                f"{_CHUNK_MULTIPLE}, except for the final request; received {size}."
            )


@dataclass(slots=True)
class Session:
    """One upload under way; nobody sees it until it is finalized."""

    incoming: Incoming
    declared_size: int | None
    chunks: list[bytes] = field(default_factory=list)
    persisted: int = 0
    finalized: Json = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, start: int, body: bytes) -> None:
        """Keep the bytes that are new: a repeated chunk changes nothing."""
        if start > self.persisted:
            raise errors.StorageError(
                503,
                "backendError",
                f"The upload offset is {start}, which exceeds already uploaded size "
                f"of {self.persisted}.",
            )
        fresh = body[self.persisted - start :]
        self.chunks.append(fresh)
        self.persisted += len(fresh)


class ResumableUploads:
    """The open and the finalized sessions, by upload id."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._sessions: dict[str, Session] = {}

    def start(self, incoming: Incoming, declared_size: int | None) -> str:
        """Open a session if the object could be created now; the answer is its id."""
        self._objects.check_create(incoming)
        upload_id = uuid.uuid4().hex
        self._sessions[upload_id] = Session(incoming, declared_size)
        return upload_id

    def session(self, upload_id: str) -> Session:
        session = self._sessions.get(upload_id)
        if session is None:
            raise errors.StorageError(404, "notFound", "No such upload session.")
        return session

    def receive(self, upload_id: str, request: Request) -> Session:
        """Take a chunk or a status query; the last byte finalizes, once and for all.

        Preconditions are held again at that moment. A finalized session keeps answering with
        its object, so that a client whose answer got lost may ask again.
        """
        session = self.session(upload_id)
        with session.lock:
            if session.finalized is None:
                self._advance(session, request)
        return session

    def cancel(self, upload_id: str) -> None:
        """Forget a session and its bytes."""
        self.session(upload_id)
        del self._sessions[upload_id]

    def _advance(self, session: Session, request: Request) -> None:
        content_range = ContentRange.of(request)
        if content_range.start is not None:
            session.append(content_range.start, request.body)
        total = content_range.total
        if total is None or session.persisted != total:
            return
        if session.declared_size not in {None, total}:
            raise errors.invalid("The size differs from X-Upload-Content-Length.")
        session.incoming.claims.update(checksums.claimed({}, request.headers))
        session.finalized = self._objects.insert(session.incoming, b"".join(session.chunks))
        session.chunks.clear()
