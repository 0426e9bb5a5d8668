"""From a line of Mixpanel's raw export to a row of `mixpanel_raw.events`.

No input makes this module raise: a line becomes a row, lies outside the interval, or is rejected
with a reason. Reasons hold no row data, because they are logged.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson

from mixpanel_export import safejson
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.safejson import Json
from mixpanel_export.wallclock import WallClock, milliseconds

_UTC = ZoneInfo("UTC")
_DIGEST_BYTES = 16
_DIGEST_RANGE = 1 << (8 * _DIGEST_BYTES)
_ENVELOPE = 1  # The line's own object is not part of the `properties` value.


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that cannot become a row.

    `is_event` is false for a line that is not an event at all, such as one that was cut: at the
    end of an export that means the export is incomplete.
    """

    reason: str
    is_event: bool


@dataclass(slots=True)
class Tally:
    """What one export held: rows, lines outside the interval, rejects, and converted values.

    `digest` does not depend on the order of the lines nor on the version, so two exports of the
    same interval with equal digests hold equal rows. Times are event times, ISO 8601 UTC.
    """

    rows: int = 0
    outside: int = 0
    rejected: int = 0
    converted: int = 0
    min_time: str | None = None
    max_time: str | None = None
    digest: int = 0

    def facts(self) -> dict[str, Json]:
        """For the marker row, the object's metadata and the log."""
        return {
            "row_count": self.rows,
            "rejected": self.rejected,
            "outside": self.outside,
            "converted": self.converted,
            "min_time": self.min_time,
            "max_time": self.max_time,
            "digest": f"{self.digest:032x}",
        }


class Rows:
    """Makes the rows of one version of one interval, newline-terminated, ready to load."""

    def __init__(self, interval: Interval, version: int, zone: ZoneInfo) -> None:
        self.tally = Tally()
        self._start_ms, self._end_ms = interval.start_ms, interval.end_ms
        self._event_clock, self._utc_clock = WallClock(zone), WallClock(_UTC)
        identity = {
            "_interval_start": format_moment(interval.start),
            "_interval_end": format_moment(interval.end),
            "_version": version,
        }
        self._identity = b"," + orjson.dumps(identity)[1:-1] + b',"_line":%d}\n'

    def row(self, line: bytes) -> bytes | Rejected | None:
        """The row of one exported line; None if it was processed outside the interval."""
        outcome = self._row(line)
        if isinstance(outcome, Rejected):
            self.tally.rejected += 1
        elif outcome is None:
            self.tally.outside += 1
        return outcome

    def marker(self, origin: str, fetched_at: datetime) -> bytes:
        """The row that commits all others: no event, line 0, the tally as its properties."""
        facts = self.tally.facts() | {"fetched_at": format_moment(fetched_at), "origin": origin}
        empty = dict.fromkeys(_DATA_COLUMNS)
        return self._finish(orjson.dumps(empty | {"properties": facts}), 0)

    def _row(self, line: bytes) -> bytes | Rejected | None:
        try:
            event, converted = safejson.parse(line, _ENVELOPE)
        except ValueError:
            return Rejected("not JSON", is_event=False)
        name = event.get("event") if isinstance(event, dict) else None
        properties = event.get("properties") if isinstance(event, dict) else None
        if name is None or not isinstance(properties, dict):
            return Rejected("no `event` with `properties`", is_event=False)
        processed_ms = _number(properties.get("mp_processing_time_ms"))
        if processed_ms is None:
            return Rejected("no usable mp_processing_time_ms", is_event=True)
        if not self._start_ms <= processed_ms < self._end_ms:
            return None
        wall_ms = milliseconds(properties.get("time"))
        time = None if wall_ms is None else self._event_clock.to_utc(wall_ms)
        if time is None:
            return Rejected("no usable time", is_event=True)
        content = {
            "time": time,
            "event_name": _text(name),
            "distinct_id": _text(properties.get("distinct_id")),
            "device_id": _text(properties.get("$device_id")),
            "user_id": _text(properties.get("$user_id")),
            "insert_id": _text(properties.get("$insert_id")) or None,
            "processing_time": self._utc_clock.to_utc(int(processed_ms)),
            "properties": properties,
        }
        return self._accept(content, time, converted)

    def _accept(self, content: dict[str, Json], time: str, converted: int) -> bytes:
        body = safejson.dump(content)
        tally = self.tally
        tally.rows += 1
        tally.converted += converted
        tally.min_time = min(time, tally.min_time or time)
        tally.max_time = max(time, tally.max_time or time)
        digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
        tally.digest = (tally.digest + int.from_bytes(digest)) % _DIGEST_RANGE
        return self._finish(body, tally.rows)

    def _finish(self, body: bytes, line_number: int) -> bytes:
        return body[:-1] + self._identity % line_number


_DATA_COLUMNS = (
    "time",
    "event_name",
    "distinct_id",
    "device_id",
    "user_id",
    "insert_id",
    "processing_time",
    "properties",
)


def _number(value: object) -> float | None:
    """A value as the export's `number()` casts it; None where that is undefined.

    Source: docs.mixpanel.com/reference/segmentation-expressions
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _text(value: Json) -> str | None:
    """A value for a STRING column: text as it is, anything else as its JSON."""
    if value is None or isinstance(value, str):
        return value
    return safejson.dump(value).decode()
