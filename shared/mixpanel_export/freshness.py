"""How far each series is loaded, and how late that is.

Pure: the planner's log and an operator's status say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mixpanel_export.series import Series
from mixpanel_export.standings import Standings

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far one series is loaded.

    `loaded_until` is where the newest loaded interval ends, `age` how long ago that was; as long
    as nothing is loaded, for how long something should be. `complete_until` is where the first
    gap begins, `gap_age` for how long the oldest one has been a gap, nothing if there is none.
    What a backfill has yet to come to is no gap. None stands for nothing loaded.
    """

    series: Series
    loaded_until: datetime | None
    age: timedelta
    complete_until: datetime | None
    gap_age: timedelta


def freshness_of(standings: Mapping[Series, Standings], now: datetime) -> Iterator[Freshness]:
    """The freshness of every series; no age is negative, whatever a clock says."""
    for series, mine in standings.items():
        gaps, loaded_until = mine.gaps(), mine.loaded_until()
        since = min((each.since for each in gaps.values() if each.since), default=now)
        yield Freshness(
            series=series,
            loaded_until=loaded_until,
            age=max(_NONE, now - (loaded_until or mine.expected_since())),
            complete_until=mine.complete_until(gaps),
            gap_age=max(_NONE, now - since),
        )
