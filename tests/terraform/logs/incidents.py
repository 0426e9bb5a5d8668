"""Single incidents on a local stack: each provokes the log lines of one kind of trouble."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local import resources
from mixpanel_export.intervals import HOUR, Interval, format_moment
from tests.functional.running import Running
from tests.terraform.logs.story import ENDED_AT, hold_late

Incident = Callable[[Running, Interval], None]


def mixpanel_answers(running: Running, interval: Interval, *, status: int, times: int) -> None:
    """So many answers of this status, then a good one."""
    running.mixpanel.faults.add("status", status=status, times=times)
    running.land(interval)


def mixpanel_is_silent(running: Running, interval: Interval) -> None:
    """The connection breaks before there is an answer."""
    running.mixpanel.faults.add("reset")
    running.land(interval)


def lines_are_rejected(running: Running, interval: Interval) -> None:
    """An export with a line that is no event."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("extra_lines", lines=["no event"], at=0)
    running.land(interval)


def events_are_late(running: Running, interval: Interval) -> None:
    """Events of a day before, and of long before."""
    for days in (1, 5, 6):
        hold_late(running, interval, days)
    running.land(interval)


def rows_appear_late(running: Running, interval: Interval) -> None:
    """A second look finds a row that was not there at the first."""
    running.land(interval)
    running.hold(interval, "a")
    running.land(interval, "verify")


def a_request_is_poison(running: Running, interval: Interval) -> None:
    running.publish(resources.REQUESTS, b"no request")
    running.settle()
    running.dead_letters(1)


def a_load_fails(running: Running, interval: Interval, *, reason: str) -> None:
    """A load job fails once for this reason."""
    running.stack.bigquery.faults.add("job_failure", reason=reason)
    running.land(interval)
    running.dead_letters(running.unread_dead_letters())


def a_tick_fails(running: Running, _interval: Interval, *, code: str) -> None:
    """Pub/Sub refuses the request for the newest interval; the next tick makes it anew."""
    running.stack.pubsub.faults.add(
        "publish_error", code=code, match={"topic": resources.REQUESTS}
    )
    _tick(running, ENDED_AT)


def a_view_is_replaced(running: Running, _interval: Interval) -> None:
    """Somebody makes the view `loads` say what it never says, and mends it."""
    client = bigquery.Client(resources.PROJECT_ID, AnonymousCredentials())
    view = client.get_table(f"{resources.DATASET}.loads")
    good = view.view_query
    for query in (good.replace("_interval_end AS", "CAST(NULL AS TIMESTAMP) AS"), good):
        view.view_query = query
        view = client.update_table(view, ["view_query"])
        _tick(running, ENDED_AT - HOUR)
    client.close()


def _tick(running: Running, at: datetime) -> None:
    """A call of the planner that may fail."""
    headers = {"X-CloudScheduler-ScheduleTime": format_moment(at)}
    running.post("planner", b"{}", headers)
    running.settle()


INCIDENTS: Final[Mapping[str, Incident]] = {
    "two 500s": partial(mixpanel_answers, status=500, times=2),
    "three 500s": partial(mixpanel_answers, status=500, times=3),
    "a 429": partial(mixpanel_answers, status=429, times=1),
    "a 401": partial(mixpanel_answers, status=401, times=1),
    "no answer": mixpanel_is_silent,
    "rejects": lines_are_rejected,
    "late events": events_are_late,
    "a second look": rows_appear_late,
    "poison": a_request_is_poison,
    "a passing load failure": partial(a_load_fails, reason="backendError"),
    "a lasting load failure": partial(a_load_fails, reason="invalid"),
    "a missing table": partial(a_load_fails, reason="notFound"),
    "a missing grant": partial(a_tick_fails, code="PERMISSION_DENIED"),
    "a replaced view": a_view_is_replaced,
}
