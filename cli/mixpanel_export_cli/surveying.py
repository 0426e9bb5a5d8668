"""The state of every interval at one moment: what status and backfill show and count.

It follows the planner's own conclusions (`mixpanel_export.standings`), interval by interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from mixpanel_export.coverage import Coverage
from mixpanel_export.intervals import DAY, Interval, aligned, newest_first
from mixpanel_export.reconciling import Asked, Known, Policy, due, wanted_since
from mixpanel_export.series import Series
from mixpanel_export.standings import Standing, Standings
from mixpanel_export_cli.states import Cell, State


class Survey:
    """Every interval, as bucket, ledger and plans tell."""

    def __init__(
        self, policy: Policy, now: datetime, known: Known, standings: Mapping[Series, Standings]
    ) -> None:
        self._of = {
            series: _Track(policy, series, now, known, of_series)
            for series, of_series in standings.items()
        }

    def due(self) -> Iterator[Cell]:
        """Every interval that should be loaded by now, series by series, newest first."""
        for track in self._of.values():
            yield from track.cells

    def days(self, series: Series, days: int) -> Iterator[Cell]:
        """Every interval of today and of the days before, `days` UTC days in all, newest first.

        Also those that are not due yet, until midnight, and those that nobody wants.
        """
        return self._of[series].days(days)


class _Track:
    """One series of a survey."""

    def __init__(
        self, policy: Policy, series: Series, now: datetime, known: Known, standings: Standings
    ) -> None:
        self._series, self._now, self._length = series, now, policy.lengths[series]
        self._wanted_since = wanted_since(policy, series, now)
        self._newest = standings.newest
        self._replaced = {
            name.interval
            for name in known.loaded
            if name.series == series and name.version != self._newest[name.interval]
        }
        self._asked = Asked(policy, series, now, known.plans)
        self._asked_near = Coverage(self._asked.ages, self._length)
        self.cells = [
            self._due_cell(interval, standings.of(interval))
            for interval in due(policy, series, now)
        ]

    def days(self, days: int) -> Iterator[Cell]:
        until = aligned(self._now, DAY) + DAY
        newest = self.cells[0].interval.start if self.cells else until
        for interval in newest_first(until - days * DAY, until, self._length):
            index = (newest - interval.start) // self._length
            if 0 <= index < len(self.cells):
                yield self.cells[index]
            elif interval in self._newest:
                yield self._loaded_cell(interval)
            else:
                is_wanted = interval.start >= self._wanted_since
                state = State.PENDING if is_wanted else State.UNWANTED
                yield Cell(self._series, interval, state)

    def _due_cell(self, interval: Interval, standing: Standing) -> Cell:
        if standing.is_missing:
            return self._missing_cell(interval, standing)
        if standing.since is None:
            return self._loaded_cell(interval)
        since, is_visible = standing.since, standing.is_visible
        return Cell(self._series, interval, State.LANDED, since, is_visible=is_visible)

    def _loaded_cell(self, interval: Interval) -> Cell:
        state = State.REPLACED if interval in self._replaced else State.LOADED
        return Cell(self._series, interval, state, is_visible=True)

    def _missing_cell(self, interval: Interval, standing: Standing) -> Cell:
        state = State.ASKED if self._asked.lately.touches(interval) else State.MISSING
        near = self._asked_near.overlapping(interval)
        ages = [age for one in near for age in self._asked.ages[one]]
        asked_at = self._now - min(ages) if ages else None
        since, is_awaited = standing.since, standing.is_awaited
        return Cell(self._series, interval, state, since, asked_at, is_awaited)
