"""Moments as an operator writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import parse_moment

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_HOURS_IN_FULL = 48


def moment(text: str) -> datetime:
    """The moment in UTC that a text means; one without an offset is UTC.

    Raises:
        Setup: the text is no moment.
    """
    try:
        written = datetime.fromisoformat(text)
        return parse_moment(written.replace(tzinfo=written.tzinfo or UTC).isoformat())
    except ValueError:
        raise Setup(
            f"{text!r} is no moment: write 2026-11-22T08:00Z, or with an offset such as +05:30"
        ) from None


def span(start: str, end: str) -> tuple[datetime, datetime]:
    """The two moments in UTC, the second after the first.

    Raises:
        Setup: one is no moment, or they are the wrong way round.
    """
    since, until = moment(start), moment(end)
    if since >= until:
        raise Setup(f"END {shown(until)} is not after START {shown(since)}")
    return since, until


def shown(moment: datetime) -> str:
    """`2026-11-22 08:00 UTC (2026-11-22 03:00 EST)`: UTC, then the zone of this machine.

    Only UTC for what is outside the years 1 to 9999 in that zone.
    """
    utc = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M %Z}"
    try:
        local = f"{moment.astimezone():%Y-%m-%d %H:%M %Z}"
    except (OverflowError, ValueError):
        return utc
    return utc if utc == local else f"{utc} ({local})"


def lasting(span: timedelta) -> str:
    """`2 h 05 min`, rounded up to whole minutes; `3 days 2 h` above two days, up to whole hours.

    What a clock that is ahead makes negative is nothing.
    """
    hours, minutes = divmod(-(-max(span, timedelta(0)) // _MINUTE), 60)
    if (hours, minutes) <= (_HOURS_IN_FULL, 0):
        return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
    days, hours = divmod(-(-span // _HOUR), 24)
    return f"{days} days {hours} h" if hours else f"{days} days"


def ago(moment: datetime, now: datetime) -> str:
    """`2 h 05 min ago`, or `in the future`."""
    return f"{lasting(now - moment)} ago" if moment <= now else "in the future"
