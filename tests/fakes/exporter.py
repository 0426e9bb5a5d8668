"""Mixpanel's export and engage APIs, as far as the fetcher sees them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from mixpanel_export.deadlines import Deadline
from mixpanel_export.intervals import Interval
from mixpanel_export.queries import Turn
from mixpanel_export.series import Series
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Crash, Journal


def event_line(interval: Interval, insert_id: str, **properties: Any) -> bytes:
    """One exported event, processed at the start of the interval, with its newline."""
    content = {
        "time": interval.start_ms,
        "distinct_id": "somebody",
        "$insert_id": insert_id,
        "mp_processing_time_ms": interval.start_ms,
    }
    line = {"event": "Sign up", "properties": content | properties}
    return json.dumps(line).encode() + b"\n"


def profile(distinct_id: object, **properties: Any) -> dict[str, Any]:
    """One profile, as a page holds it."""
    return {"$distinct_id": distinct_id, "$properties": properties}


def page_body(*profiles: Any, **changes: object) -> bytes:
    """A page of session `s` with these profiles, two to a page; Ellipsis removes a field."""
    page = {"results": profiles, "session_id": "s", "page_size": 2, "status": "ok"}
    return json.dumps({k: v for k, v in (page | changes).items() if v is not ...}).encode()


class FakeAnswer:
    """A body on its way: a fault at step `receive` is a broken connection."""

    def __init__(self, exporter: FakeExporter, deadline: Deadline, chunks: list[bytes]) -> None:
        self.gzipped = exporter.gzipped
        self.asked_at: datetime = exporter.clock.now()
        self._exporter, self._deadline, self._chunks = exporter, deadline, chunks

    def chunks(self) -> Iterator[bytes]:
        exporter = self._exporter
        for chunk in self._chunks:
            exporter.journal.before("receive")
            exporter.clock.move(exporter.seconds_a_chunk)
            self._deadline.check("receiving an export")
            yield chunk


class FakeExporter:
    """Answers with what `content` and `pages` hold at the moment it is asked.

    A page that is an exception is refused so.
    """

    def __init__(self, journal: Journal, clock: FakeClock) -> None:
        self.journal, self.clock = journal, clock
        self.content: Callable[[Interval], list[bytes]] = lambda _: []
        self.pages: list[bytes | Exception] = []
        self.gzipped = False
        self.seconds_a_chunk = 0.0

    @contextmanager
    def export(
        self, series: Series, interval: Interval, deadline: Deadline
    ) -> Iterator[FakeAnswer]:
        self.journal.before("ask")
        chunks = self.content(interval)
        self.journal.after("ask", f"asked Mixpanel for {series} {interval}")
        with self._answer(chunks, deadline) as answer:
            yield answer

    @contextmanager
    def page(
        self, series: Series, interval: Interval, turn: Turn | None, deadline: Deadline
    ) -> Iterator[FakeAnswer]:
        self.journal.before("ask")
        number, session = (turn.page, f" of session {turn.session_id}") if turn else (0, "")
        body = self.pages[number]
        self.journal.after(
            "ask", f"asked Mixpanel for {series} {interval}, page {number}{session}"
        )
        if isinstance(body, Exception):
            raise body
        with self._answer([gzip.compress(body) if self.gzipped else body], deadline) as answer:
            yield answer

    @contextmanager
    def _answer(self, chunks: list[bytes], deadline: Deadline) -> Iterator[FakeAnswer]:
        is_alive = True
        try:
            yield FakeAnswer(self, deadline, chunks)
        except Crash:
            is_alive = False
            raise
        finally:
            if is_alive:
                self.journal.entries.append("closed Mixpanel's answer")
