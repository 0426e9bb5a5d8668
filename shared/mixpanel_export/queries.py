"""What Mixpanel is asked for, as parameters of its APIs.

Facts: docs.mixpanel.com/reference/raw-event-export and docs.mixpanel.com/reference/engage-query
(parameters), docs.mixpanel.com/reference/segmentation-expressions (`where`). `from_date` and
`to_date` are event days, both inclusive, in the project's zone; they only bound what Mixpanel
scans, the interval itself is a condition on processing time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, Interval
from mixpanel_export.lookback import first_event_day
from mixpanel_export.series import CHANGES, SWEEP, Series
from mixpanel_export.settings import FetcherSettings

# More than the documented 1,000, as other clients ask, too: each page may cost budget.
PAGE_SIZE = 2000

EXPORT_PATH, ENGAGE_PATH = "/api/2.0/export", "/api/query/engage"

_MARGIN = DAY  # Mixpanel's own day bounds are not ours to rely on; each row is checked again.
_PROCESSED = 'number(properties["mp_processing_time_ms"])'
_LAST_SEEN = 'properties["$last_seen"]'


@dataclass(frozen=True, slots=True)
class Turn:
    """Which further page of which session; pages count from 0, and page 0 opens the session."""

    page: int
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One Mixpanel project, where it is, and as its APIs are asked about it.

    `export_url` and `query_url` are scheme and host of the two API families. `sweep_days` is how
    many event days before the processing day its sweep reaches back, 0 for never.
    `last_seen_overlap` widens the interval of changed profiles on both sides, because the zone
    of `$last_seen` is documented nowhere. `where` is the user's own condition on events, in
    Mixpanel's expression language.
    """

    export_url: str
    query_url: str
    project_id: str
    zone: ZoneInfo
    sweep_days: int
    last_seen_overlap: timedelta
    where: str | None = None

    @classmethod
    def of(cls, settings: FetcherSettings) -> Self:
        """The project that the settings describe."""
        return cls(
            export_url=settings.export_url,
            query_url=settings.query_url,
            project_id=settings.mixpanel_project_id,
            zone=settings.project_timezone,
            sweep_days=settings.sweep_days,
            last_seen_overlap=settings.last_seen_overlap,
            where=settings.where,
        )

    def export(self, series: Series, interval: Interval, now: datetime) -> dict[str, str]:
        """The query that selects all events of one interval of RECENT or SWEEP.

        Raises:
            Setup: a sweep, which the settings turn off.
        """
        days = self._swept(interval) if series == SWEEP else self._recent(interval, now)
        processed = f"{_PROCESSED} >= {interval.start_ms} and {_PROCESSED} < {interval.end_ms}"
        return {
            "project_id": self.project_id,
            "from_date": days[0].isoformat(),
            "to_date": days[1].isoformat(),
            "where": f"({self.where}) and {processed}" if self.where else processed,
            "time_in_ms": "true",
        }

    def engage(self, series: Series, interval: Interval, turn: Turn | None) -> dict[str, str]:
        """The form that selects one page of the profiles of SNAPSHOT or CHANGES.

        `$last_seen` is text such as `2026-11-22T08:00:00`, and so are its bounds: their order
        is that of text.
        """
        form = {"page_size": str(PAGE_SIZE)}
        if series == CHANGES:
            since = _wall(interval.start - self.last_seen_overlap)
            until = _wall(interval.end + self.last_seen_overlap)
            form["where"] = f'{_LAST_SEEN} >= "{since}" and {_LAST_SEEN} < "{until}"'
        if turn:
            form |= {"page": str(turn.page), "session_id": turn.session_id}
        return form

    def _recent(self, interval: Interval, now: datetime) -> tuple[date, date]:
        """Until a day after the interval, as an event's own clock may run ahead.

        `to_date` must not be later than the project's today.
        """
        last = interval.end.astimezone(self.zone).date() + _MARGIN
        today = now.astimezone(self.zone).date()
        return first_event_day(interval) - _MARGIN, min(today, last)

    def _swept(self, interval: Interval) -> tuple[date, date]:
        if not self.sweep_days:
            raise Setup("SWEEP_DAYS is 0: set it to how many event days a sweep is to reach back")
        first = interval.start.date() - timedelta(days=self.sweep_days)
        return first, first_event_day(interval) - DAY + _MARGIN


def _wall(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
