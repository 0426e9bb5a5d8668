"""From a line of Mixpanel's raw export to a row of `mixpanel_raw.events`.

No input makes this module raise: a line becomes a row, lies outside the interval or the series,
or is rejected with a reason. Reasons hold no row data, because they are logged.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import orjson

from mixpanel_export import safejson
from mixpanel_export.intervals import epoch_ms, format_moment
from mixpanel_export.lookback import first_event_day
from mixpanel_export.naming import ObjectName
from mixpanel_export.safejson import Json
from mixpanel_export.series import SWEEP
from mixpanel_export.wallclock import WallClock, milliseconds

MOST_DAYS_LATE = 6
"""So many whole days late, or more, is counted as one."""

_UTC = ZoneInfo("UTC")
_DIGEST_BYTES = 16
_DIGEST_RANGE = 1 << (8 * _DIGEST_BYTES)
_DAY_MS = 86_400_000
# No zone's clock is further ahead of UTC than 14 hours, so this much is no day late anywhere.
_NOT_LATE_MS = _DAY_MS - 15 * 3_600_000
_DATE_CHARACTERS = len("2026-11-22")
_ENVELOPE = 1  # The line's own object is not part of the `properties` value.


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line or a profile that cannot become a row.

    `is_event` is false for a line that is not an event at all, such as one that was cut: at the
    end of an export that means the export is incomplete.
    """

    reason: str
    is_event: bool


@dataclass(slots=True)
class Tally:
    """What one export held: rows, lines that belong elsewhere, rejects, and converted values.

    `digest` does not depend on the order of the lines nor on the version, so two exports of the
    same interval with equal digests hold equal rows. Times are event times, ISO 8601 UTC. Only
    people have `as_of`: the moment whose state their profiles show. Only events have
    `event_dates`, how many rows each UTC day of event time has, and `days_late`: of how many rows
    the event time lies so many whole days before the processing time, the last one of all with
    more; what is not a day late need not be counted.
    """

    rows: int = 0
    outside: int = 0
    rejected: int = 0
    converted: int = 0
    min_time: str | None = None
    max_time: str | None = None
    as_of: str | None = None
    digest: int = 0
    event_dates: Counter[str] = field(default_factory=Counter)
    days_late: list[int] = field(default_factory=lambda: [0] * (MOST_DAYS_LATE + 1))

    @property
    def digest_text(self) -> str:
        """The digest as everybody shows it: 32 hexadecimal digits."""
        return f"{self.digest:032x}"

    def facts(self) -> dict[str, Json]:
        """For the marker row, the object's metadata and the log."""
        as_of = {"as_of": self.as_of} if self.as_of else {}
        return {
            "row_count": self.rows,
            "rejected": self.rejected,
            "outside": self.outside,
            "converted": self.converted,
            "min_time": self.min_time,
            "max_time": self.max_time,
            "digest": self.digest_text,
            **as_of,
        }


@dataclass(frozen=True, slots=True)
class Fetch:
    """Why and when a version was fetched; `seconds` from the delivery's start to its end."""

    origin: str
    fetched_at: datetime
    seconds: float

    def facts(self) -> dict[str, Json]:
        """For the marker row."""
        fetched_at = format_moment(self.fetched_at)
        return {"fetched_at": fetched_at, "origin": self.origin, "seconds": self.seconds}


class Stamp:
    """Completes the rows of one version: counts, numbers and stamps them, newline-terminated."""

    def __init__(self, name: ObjectName) -> None:
        self.tally = Tally()
        identity = {
            "_mode": name.series.mode,
            "_interval_start": format_moment(name.interval.start),
            "_interval_end": format_moment(name.interval.end),
            "_version": name.version,
        }
        self._identity = b"," + orjson.dumps(identity)[1:-1] + b',"_line":%d}\n'

    def row(self, content: dict[str, Json]) -> bytes:
        """The next row, of these data columns."""
        body = safejson.dump(content)
        tally = self.tally
        tally.rows += 1
        digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
        tally.digest = (tally.digest + int.from_bytes(digest)) % _DIGEST_RANGE
        return self._finish(body, tally.rows)

    def marker(self, columns: tuple[str, ...], fetch: Fetch, more: dict[str, Json]) -> bytes:
        """The row that commits all others: no data, line 0, what is known as its properties."""
        facts = self.tally.facts() | fetch.facts() | more
        empty = dict.fromkeys(columns)
        return self._finish(orjson.dumps(empty | {"properties": facts}), 0)

    def _finish(self, body: bytes, line_number: int) -> bytes:
        return body[:-1] + self._identity % line_number


class Rows:
    """Makes the rows of one version of one interval of events, ready to load.

    An event of the interval belongs to RECENT or to its day's SWEEP, by the day of its `time` as
    it was exported, which is one of the project's zone.
    """

    def __init__(self, name: ObjectName, zone: ZoneInfo) -> None:
        self._stamp = Stamp(name)
        self.tally = self._stamp.tally
        self._start_ms, self._end_ms = name.interval.start_ms, name.interval.end_ms
        bound_ms = _wall_ms(first_event_day(name.interval))
        is_sweep = name.series == SWEEP
        self._from_ms: float = -math.inf if is_sweep else bound_ms
        self._until_ms: float = bound_ms if is_sweep else math.inf
        self._event_clock, self._utc_clock = WallClock(zone), WallClock(_UTC)

    def row(self, line: bytes) -> bytes | Rejected | None:
        """The row of one exported line; None if another interval or series holds it."""
        outcome = self._row(line)
        if isinstance(outcome, Rejected):
            self.tally.rejected += 1
        elif outcome is None:
            self.tally.outside += 1
        return outcome

    def marker(self, fetch: Fetch) -> bytes:
        """The row that commits all others."""
        dates = sorted(self.tally.event_dates.items())
        late = {
            "late_rows": sum(self.tally.days_late[1:]),
            "event_dates": [{"date": date, "rows": rows} for date, rows in dates],
        }
        return self._stamp.marker(_DATA_COLUMNS, fetch, late)

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
        row = self._placed(name, properties, int(processed_ms))
        self.tally.converted += converted if isinstance(row, bytes) else 0
        return row

    def _placed(
        self, name: Json, properties: dict[str, Json], processed_ms: int
    ) -> bytes | Rejected | None:
        """The row of an event of the interval, if the series holds its day."""
        wall_ms = milliseconds(properties.get("time"))
        if wall_ms is not None and not self._from_ms <= wall_ms < self._until_ms:
            return None
        time = None if wall_ms is None else self._event_clock.to_utc(wall_ms)
        if wall_ms is None or time is None:
            return Rejected("no usable time", is_event=True)
        content = {
            "time": time,
            "event_name": text(name),
            "distinct_id": text(properties.get("distinct_id")),
            "device_id": text(properties.get("$device_id")),
            "user_id": text(properties.get("$user_id")),
            "insert_id": text(properties.get("$insert_id")) or None,
            "processing_time": self._utc_clock.to_utc(processed_ms),
            "properties": properties,
        }
        tally = self.tally
        tally.min_time = min(time, tally.min_time or time)
        tally.max_time = max(time, tally.max_time or time)
        tally.event_dates[time[:_DATE_CHARACTERS]] += 1
        if processed_ms - wall_ms > _NOT_LATE_MS:
            tally.days_late[_days_late(time, processed_ms)] += 1
        return self._stamp.row(content)


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


def _wall_ms(day: date) -> int:
    """The first millisecond of a day, as the project's clock shows it."""
    return epoch_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _days_late(time: str, processed_ms: int) -> int:
    """Whole days from an event's time, as its row has it, to its processing; none if negative."""
    time_ms = round(datetime.fromisoformat(time).timestamp() * 1000)
    return min(max(0, (processed_ms - time_ms) // _DAY_MS), MOST_DAYS_LATE)


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


def text(value: Json) -> str | None:
    """A value for a STRING column: text as it is, anything else as its JSON."""
    if value is None or isinstance(value, str):
        return value
    return safejson.dump(value).decode()
