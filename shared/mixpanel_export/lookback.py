"""Which events belong to their interval, and which to the sweep of their day.

The bound is a fact of the row alone: when it was processed and when it happened. Were it a
setting, rows would be lost or doubled whenever somebody changed it.
"""

from __future__ import annotations

from datetime import date, timedelta

from mixpanel_export.intervals import Interval

# SDKs send for five days (docs.mixpanel.com/reference/track-event). One day more, because the
# event day is one of the project's zone, and processing takes its moment.
LOOKBACK = timedelta(days=5 + 1)


def first_event_day(interval: Interval) -> date:
    """The first day on which an event of this interval may have happened, in the project's zone.

    The same for all intervals of a UTC day, so that it does not depend on their length. What
    happened before is left to that day's sweep.
    """
    return interval.start.date() - LOOKBACK
