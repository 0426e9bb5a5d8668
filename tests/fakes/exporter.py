"""Mixpanel's raw export, as far as the fetcher sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mixpanel_export.deadlines import Deadline
from mixpanel_export.intervals import Interval
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


class FakeExport:
    """A body on its way: a fault at step `receive` is a broken connection."""

    def __init__(self, exporter: FakeExporter, deadline: Deadline, chunks: list[bytes]) -> None:
        self.gzipped = exporter.gzipped
        self._exporter, self._deadline, self._chunks = exporter, deadline, chunks

    def chunks(self) -> Iterator[bytes]:
        exporter = self._exporter
        for chunk in self._chunks:
            exporter.journal.before("receive")
            exporter.clock.move(exporter.seconds_a_chunk)
            self._deadline.check("receiving an export")
            yield chunk


class FakeExporter:
    """Answers with what `content` holds for the interval at the moment it is asked."""

    def __init__(self, journal: Journal, clock: FakeClock) -> None:
        self.journal, self.clock = journal, clock
        self.content: Callable[[Interval], list[bytes]] = lambda _: []
        self.gzipped = False
        self.seconds_a_chunk = 0.0

    @contextmanager
    def export(self, interval: Interval, deadline: Deadline) -> Iterator[FakeExport]:
        self.journal.before("ask")
        chunks = self.content(interval)
        self.journal.after("ask", f"asked Mixpanel for {interval}")
        is_alive = True
        try:
            yield FakeExport(self, deadline, chunks)
        except Crash:
            is_alive = False
            raise
        finally:
            if is_alive:
                self.journal.entries.append("closed Mixpanel's answer")
