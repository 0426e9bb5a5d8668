"""Projects: whose calendar they follow, who may read them, what they hold."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from local.http import Json
from local.mixpanel.events import Event, encode
from local.mixpanel.people import People
from local.mixpanel.where import Condition, condition

_UTC_SINCE: Final = dt.date(2023, 1, 1)


@dataclass
class Project:
    """One project; made before 2023 it keeps its zone's wall clock, later ones keep UTC."""

    project_id: int
    timezone: str
    created: dt.date
    service_accounts: dict[str, str]
    api_secret: str
    people: People = field(default_factory=People)
    _events: list[Event] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def zone(self) -> dt.tzinfo:
        """The zone that event times are stored in and that dates are judged in."""
        return ZoneInfo(self.timezone) if self.created < _UTC_SINCE else dt.UTC

    def stored_time(self, moment: dt.datetime) -> float:
        """Epoch seconds that show the wall clock of the zone; a fraction if there is one."""
        wall_clock = moment.astimezone(self.zone).replace(tzinfo=dt.UTC)
        milliseconds = _milliseconds(wall_clock)
        return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000

    def load(self, lines: Iterable[str | bytes], visible_after_seconds: float = 0) -> int:
        """Hold these wire lines as they are; how many there were."""
        events = [Event.from_line(line, visible_after_seconds) for line in lines]
        with self._lock:
            self._events.extend(events)
        return len(events)

    def ingest(
        self,
        event: str,
        event_time_utc: dt.datetime,
        processing_time_utc: dt.datetime,
        properties: dict[str, Json],
        visible_after_seconds: float = 0,
    ) -> None:
        """Hold an event that happened and was processed at these moments."""
        added = {
            "time": self.stored_time(event_time_utc),
            "mp_processing_time_ms": _milliseconds(processing_time_utc),
        }
        line = encode({"event": event, "properties": properties | added})
        self.load([line], visible_after_seconds)

    def events(self) -> list[Event]:
        with self._lock:
            return list(self._events)

    def remove(self, where: str) -> int:
        """Forget the events that match; how many did."""
        return self._replace(condition(where), lambda _event: [])

    def update(self, where: str, distinct_id: str) -> int:
        """Give the events that match to another person; how many did."""
        return self._replace(condition(where), lambda event: [event.of_person(distinct_id)])

    def _replace(self, matches: Condition, change: Callable[[Event], list[Event]]) -> int:
        with self._lock:
            hits = [matches(event) for event in self._events]
            self._events = [
                result
                for event, hit in zip(self._events, hits, strict=True)
                for result in (change(event) if hit else [event])
            ]
        return sum(hits)


def _milliseconds(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)
