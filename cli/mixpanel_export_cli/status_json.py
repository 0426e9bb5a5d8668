"""The status for scripts: one JSON object, whose keys stay.

    at, since              the moment, and the first moment that is wanted
    is_late                whether a gap is older than the objective; then the exit code is 1
    objective_seconds      the objective
    freshness[]            table, mode, loaded_until, age_seconds; null if nothing is loaded
    calendar[]             table, mode, start, end, state: loaded, replaced, landed, asked,
                           missing, pending or unwanted
    gaps[]                 table, mode, start, end, intervals, state, since, age_seconds,
                           asked_at (null if not of late), is_backfill, is_late
    backfill               since, wished_since (null without a wish), wanted, loaded, landed,
                           under_way, left (intervals); percent; queues[]: family, waiting,
                           per_hour (requests); seconds_left, done_at: null if there is no room
    budget[]               family, planned, by_hand (requests of the last hour), limit, quota
    dead_letters           at_least

Moments are RFC 3339 in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mixpanel_export.intervals import format_moment
from mixpanel_export.series import Series
from mixpanel_export_cli.assessing import Status
from mixpanel_export_cli.forecast import Progress, Queue
from mixpanel_export_cli.gaps import Gap
from mixpanel_export_cli.pacing import MIXPANEL_PER_HOUR
from mixpanel_export_cli.spending import Spending
from mixpanel_export_cli.states import Cell


def as_json(status: Status) -> dict[str, Any]:
    """Everything above."""
    return {
        "at": format_moment(status.at),
        "since": format_moment(status.policy.since),
        "is_late": bool(status.late),
        "objective_seconds": _seconds(status.objective),
        "freshness": [_fresh(status.at, *each) for each in status.loaded_until.items()],
        "calendar": [_cell(cell) for cells in status.calendar.values() for cell in cells],
        "gaps": [_gap(gap, status) for gap in status.gaps],
        "backfill": _progress(status.progress, status.wished_since, status.at),
        "budget": [_spending(spending) for spending in status.spendings],
        "dead_letters": {"at_least": status.dead_letters},
    }


def _progress(progress: Progress, wished_since: datetime | None, now: datetime) -> dict[str, Any]:
    """How far the past has come in."""
    seconds = None if progress.lasts is None else _seconds(progress.lasts)
    done_at = None if seconds is None else now + timedelta(seconds=seconds)
    return {
        "since": format_moment(progress.since),
        "wished_since": _moment(wished_since),
        "wanted": progress.wanted,
        "loaded": progress.loaded,
        "landed": progress.landed,
        "under_way": progress.under_way,
        "left": progress.left,
        "percent": progress.percent,
        "queues": [_queue(queue) for queue in progress.queues],
        "seconds_left": seconds,
        "done_at": _moment(done_at),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    """The requests that wait for one family's budget."""
    return {"family": queue.family, "waiting": queue.waiting, "per_hour": queue.per_hour}


def series_json(series: Series) -> dict[str, str]:
    """A series by its two keys."""
    return {"table": series.table, "mode": series.mode}


def _fresh(now: datetime, series: Series, until: datetime | None) -> dict[str, Any]:
    age = None if until is None else _seconds(now - until)
    return {**series_json(series), "loaded_until": _moment(until), "age_seconds": age}


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        **series_json(cell.series),
        "start": format_moment(cell.interval.start),
        "end": format_moment(cell.interval.end),
        "state": cell.state.value,
    }


def _gap(gap: Gap, status: Status) -> dict[str, Any]:
    return {
        **series_json(gap.series),
        "start": format_moment(gap.start),
        "end": format_moment(gap.end),
        "intervals": gap.intervals,
        "state": gap.state.value,
        "since": format_moment(gap.since),
        "age_seconds": _seconds(gap.age(status.at)),
        "asked_at": _moment(gap.asked_at),
        "is_backfill": gap.is_backfill,
        "is_late": gap in status.late,
    }


def _spending(spending: Spending) -> dict[str, Any]:
    return {
        "family": spending.family,
        "planned": spending.planned,
        "by_hand": spending.by_hand,
        "limit": spending.limit,
        "quota": MIXPANEL_PER_HOUR,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_moment(moment)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
