"""Whether PROJECT_TIMEZONE is the zone in which a Mixpanel project stores its event times.

A project made before 2023 stores the wall clock of its zone, a newer one UTC
(docs.mixpanel.com/docs/orgs-and-projects/managing-projects). When Mixpanel received the event,
`$mp_api_timestamp_ms`, is always in UTC
(docs.mixpanel.com/docs/data-structure/property-reference/default-properties). Most events are
sent as they happen, so the difference of the two is the zone's offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from mixpanel_export.wallclock import milliseconds
from mixpanel_export_cli.findings import Finding

_SUBJECT = "zone of the project"
_QUARTER_MS = 15 * 60_000  # All offsets in use are multiples of a quarter of an hour.
_PROMPT_MS = 5 * 60_000
_FEWEST = 5
_WELL_KNOWN = (
    "UTC",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """One event: the project's `time` and when Mixpanel received it, both in milliseconds."""

    time_ms: int
    received_ms: int

    @property
    def difference_ms(self) -> int:
        """The zone's offset, less what the event was late."""
        return self.time_ms - self.received_ms


def stamps(events: Iterable[dict[str, Any]]) -> list[Stamp]:
    """What the events tell; imported ones say nothing about the present."""
    found = []
    for event in events:
        properties = event.get("properties")
        if not isinstance(properties, dict) or properties.get("$import"):
            continue
        time, received = map(
            milliseconds, (properties.get("time"), properties.get("$mp_api_timestamp_ms"))
        )
        if time is not None and received is not None:
            found.append(Stamp(time, received))
    return found


def zone_finding(stamps: Sequence[Stamp], zone: ZoneInfo) -> Finding:
    """What these events say about the setting; too few, or too late ones, say nothing."""
    if len(stamps) < _FEWEST:
        return _unknown(f"{len(stamps)} events are too few to tell the zone")
    middle = median_low(stamp.difference_ms for stamp in stamps)
    offset_ms = round(middle / _QUARTER_MS) * _QUARTER_MS
    prompt = [one for one in stamps if abs(one.difference_ms - offset_ms) <= _PROMPT_MS]
    if len(prompt) * 2 < len(stamps):
        return _unknown("most events of that hour came late, so their times do not tell the zone")
    moment = datetime.fromtimestamp(max(one.received_ms for one in prompt) / 1000, UTC)
    found, expected = timedelta(milliseconds=offset_ms), _offset(zone, moment)
    if found == expected:
        return Finding("ok", _SUBJECT, f"{zone.key}: events are at {_text(found)}, as it is now")
    if found not in {_offset(ZoneInfo(name), moment) for name in available_timezones()}:
        return _unknown(f"events are at {_text(found)}, where no zone is, so they cannot tell it")
    fitting = [name for name in _WELL_KNOWN if _offset(ZoneInfo(name), moment) == found]
    return Finding(
        "problem",
        _SUBJECT,
        f"{zone.key} is at {_text(expected)}, but events are at {_text(found)}: "
        "event times in BigQuery are wrong by the difference",
        "set PROJECT_TIMEZONE to the zone in the project's settings in Mixpanel, or to UTC for a "
        f"project made since 2023 (now at {_text(found)}: {', '.join(fitting) or 'no big one'}), "
        "then replay what was loaded",
    )


def _unknown(said: str) -> Finding:
    return Finding(
        "warning",
        _SUBJECT,
        said,
        "look it up in the project's settings in Mixpanel, or ask again at a busier hour",
    )


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _text(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
