"""The status for scripts: one JSON object, whose keys stay.

    at, since              the moment, and the first moment that is wanted
    is_late                whether a gap is older than the objective; then the exit code is 1
    objective_seconds      the objective
    freshness[]            table, mode; complete_until, complete_age_seconds (up to the first
                           gap); newest_until, newest_age_seconds; null if nothing is loaded
    calendar[]             table, mode, start, end, state: loaded, replaced, landed, asked,
                           missing, pending or unwanted
    gaps[]                 table, mode, start, end, intervals, state, since, age_seconds,
                           asked_at (null if not in the last day), is_late
    backfill               since, wished_since (null without a wish), wanted, loaded, awaited,
                           under_way (intervals: of those awaited these are asked for); percent;
                           queues[]: family, waiting, ahead, at_once, per_hour (requests);
                           seconds_left, done_at: until all is asked for
    open_plan              number, since, until: the planner waits for it; null if there is none
    budget[]               family, planned, by_hand_at_least (requests of the last hour), limit,
                           quota
    dead_letters           at_least; null if they could not be counted

Moments are RFC 3339 in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mixpanel_export.freshness import Freshness
from mixpanel_export.intervals import format_moment
from mixpanel_export.planning import LEASE
from mixpanel_export.plans import Plan
from mixpanel_export.series import Series
from mixpanel_export_cli.assessing import Status
from mixpanel_export_cli.forecast import Progress, Queue
from mixpanel_export_cli.pacing import MIXPANEL_PER_HOUR
from mixpanel_export_cli.spending import Spending
from mixpanel_export_cli.states import Cell, Gap


def as_json(status: Status) -> dict[str, Any]:
    """Everything above."""
    return {
        "at": format_moment(status.at),
        "since": format_moment(status.policy.since),
        "is_late": bool(status.late),
        "objective_seconds": _seconds(status.objective),
        "freshness": [_fresh(each, status.at) for each in status.freshness],
        "calendar": [_cell(cell) for cells in status.calendar.values() for cell in cells],
        "gaps": [_gap(gap, status) for gap in status.gaps],
        "backfill": _progress(status.progress, status.wished_since, status.at),
        "open_plan": open_plan_json(status.open_plan),
        "budget": [_spending(spending) for spending in status.spendings],
        "dead_letters": {"at_least": status.dead_letters.at_least},
    }


def _progress(progress: Progress, wished_since: datetime | None, now: datetime) -> dict[str, Any]:
    """How far the past has come in."""
    return {
        "since": format_moment(progress.since),
        "wished_since": _moment(wished_since),
        "wanted": progress.wanted,
        "loaded": progress.loaded,
        "awaited": progress.awaited,
        "under_way": progress.under_way,
        "percent": progress.percent,
        "queues": [_queue(queue) for queue in progress.queues],
        "seconds_left": _seconds(progress.lasts),
        "done_at": format_moment((now + progress.lasts).replace(microsecond=0)),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    """The requests that wait for one family's budget."""
    return {
        "family": queue.family,
        "waiting": queue.waiting,
        "ahead": queue.ahead,
        "at_once": queue.at_once,
        "per_hour": queue.per_hour,
    }


def open_plan_json(plan: Plan | None) -> dict[str, Any] | None:
    """The plan that the planner waits for."""
    if plan is None:
        return None
    since, until = format_moment(plan.made_at), format_moment(plan.made_at + LEASE)
    return {"number": plan.number, "since": since, "until": until}


def series_json(series: Series) -> dict[str, str]:
    """A series by its two keys."""
    return {"table": series.table, "mode": series.mode}


def _fresh(freshness: Freshness, now: datetime) -> dict[str, Any]:
    complete, newest = freshness.complete_until, freshness.loaded_until
    return {
        **series_json(freshness.series),
        "complete_until": _moment(complete),
        "complete_age_seconds": complete and _seconds(now - complete),
        "newest_until": _moment(newest),
        "newest_age_seconds": newest and _seconds(now - newest),
    }


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
        "is_late": status.is_late(gap),
    }


def _spending(spending: Spending) -> dict[str, Any]:
    return {
        "family": spending.family,
        "planned": spending.planned,
        "by_hand_at_least": spending.by_hand_at_least,
        "limit": spending.limit,
        "quota": MIXPANEL_PER_HOUR,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_moment(moment)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
