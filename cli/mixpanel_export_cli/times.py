"""Moments as an operator writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import parse_moment


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
    """`2026-11-22 08:00 UTC (2026-11-22 03:00 EST)`: UTC, then the zone of this machine."""
    utc, local = (
        f"{each:%Y-%m-%d %H:%M %Z}" for each in (moment.astimezone(UTC), moment.astimezone())
    )
    return utc if utc == local else f"{utc} ({local})"


def lasting(span: timedelta) -> str:
    """`2 h 05 min`, rounded up to whole minutes."""
    hours, minutes = divmod(-(-span // timedelta(minutes=1)), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
