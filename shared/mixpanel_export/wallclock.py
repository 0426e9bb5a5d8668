"""Event time: from the wall clock of a Mixpanel project to UTC.

A project made before 2023 stores `time` as an epoch number that, read as UTC, shows the wall
clock of the project's zone, daylight saving included; a newer one stores UTC
(docs.mixpanel.com/docs/orgs-and-projects/managing-projects). Exports give whole seconds, seconds
with a fraction, or, with `time_in_ms`, milliseconds.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a wall clock has no zone; that is the point)
_SMALLEST_MS = 10**11  # As seconds this is the year 5138, as milliseconds March 1973.
_CACHED_MINUTES = 20_000


def milliseconds(value: object) -> int | None:
    """An exported `time` in milliseconds of the project's wall clock; None if it is no time."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return round(value if abs(value) >= _SMALLEST_MS else value * 1000)


class WallClock:
    """Converts wall-clock milliseconds of one zone to ISO 8601 text in UTC.

    The hour that occurs twice in autumn is read as its first occurrence; the hour that spring
    skips is read with the offset before the change. Neither raises.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._minutes: dict[int, str] = {}

    def to_utc(self, wall_ms: int) -> str | None:
        """`2026-11-22T08:15:07.123Z`, or None outside the years 1 to 9999."""
        minute, rest = divmod(wall_ms, 60_000)
        prefix = self._minutes.get(minute)
        if prefix is None:
            prefix = self._convert(minute)
            if prefix is None:
                return None
            if len(self._minutes) >= _CACHED_MINUTES:
                self._minutes.clear()
            self._minutes[minute] = prefix
        seconds, ms = divmod(rest, 1000)
        return f"{prefix}{seconds:02}.{ms:03}Z"

    def _convert(self, minute: int) -> str | None:
        try:
            wall = _EPOCH + timedelta(minutes=minute)
            utc = wall.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
        except (OverflowError, ValueError):
            return None
        # Offsets before standard time had seconds; a whole minute is all that is left of them.
        return utc.isoformat(timespec="minutes")[:16] + ":"
