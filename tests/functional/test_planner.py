"""Ticks of the planner: what it asks for, and that it asks again for nothing that has landed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local import resources
from mixpanel_export.intervals import Interval, format_moment
from tests.functional.running import Reply, Running

_AFTER = timedelta(minutes=20)


def tick(running: Running, header: str | None) -> Reply:
    headers = {"X-CloudScheduler": "true"}
    if header is not None:
        headers["X-CloudScheduler-ScheduleTime"] = header
    return running.post("planner", b"{}", headers)


def requested(running: Running) -> dict[str, str]:
    """The origin of each request that was pushed, by the start of its interval; no sweeps."""
    attributes = [each["attributes"] for each in running.deliveries(resources.REQUESTS)]
    return {each["start"]: each["origin"] for each in attributes if "mode" not in each}


def hours_before(interval: Interval, count: int) -> list[str]:
    return [format_moment(interval.start - timedelta(hours=n)) for n in range(count)]


def test_scheduled_time(running: Running, interval: Interval) -> None:
    """A tick plans for the time it was scheduled for, however late it is delivered."""
    reply = tick(running, format_moment(interval.end + _AFTER))
    running.settle()
    newest, older, oldest = hours_before(interval, 3)

    assert 200 == reply.status
    assert {newest: "schedule", older: "heal", oldest: "heal"} == requested(running)
    (line,) = running.logged("planner", "planned")
    assert (4, 2, 2) == (line["requested"], line["schedule"], line["heal"])
    assert (4, 0, 4) == tuple(
        line[key] for key in ("export_spent", "query_spent", "requests_per_hour")
    )
    lines = running.logged("planner", "freshness")
    assert [("events", "recent"), ("events", "sweep")] == [
        (fresh["table"], fresh["mode"]) for fresh in lines
    ]


def test_settling(running: Running, interval: Interval) -> None:
    """An interval that ended a moment ago is left alone: rows still become visible."""
    tick(running, format_moment(interval.end + timedelta(minutes=14, seconds=59)))
    running.settle()

    assert format_moment(interval.start) not in requested(running)


def test_second_tick(running: Running, interval: Interval) -> None:
    """A tick that comes again within the hour finds its budget spent."""
    at = format_moment(interval.end + _AFTER)
    tick(running, at)
    running.settle()
    once = running.deliveries(resources.REQUESTS)
    again = tick(running, at)
    running.settle()

    assert 200 == again.status
    assert 4 == len(once) == len(running.deliveries(resources.REQUESTS))
    first, second = running.logged("planner", "planned")
    assert (0, first["missing"] - 4) == (second["requested"], second["missing"])


def test_healing(running: Running, interval: Interval) -> None:
    """What was given up on is asked for again three hours later."""
    running.mixpanel.faults.add(
        "status", status=400, body="not today", match={"where": f">= {interval.start_ms}"}
    )
    tick(running, format_moment(interval.end + _AFTER))
    running.settle()
    running.dead_letters(1)
    for hours in (1, 2, 3):
        tick(running, format_moment(interval.end + _AFTER + timedelta(hours=hours)))
        running.settle()

    assert "heal" == requested(running)[format_moment(interval.start)]
    assert 1 == len(running.loads(interval))


def test_other_length(running: Running, interval: Interval) -> None:
    """Hours that landed with another length of interval are not asked for again."""
    whole = Interval(interval.start, interval.start + timedelta(hours=6))
    running.land(whole)
    reply = tick(running, format_moment(whole.end + _AFTER))
    running.settle()

    assert 200 == reply.status
    asked = [moment for moment in requested(running) if moment != format_moment(whole.start)]
    assert 2 == len(asked)
    assert format_moment(whole.start) > max(asked)


@pytest.mark.parametrize(
    ("code", "status", "event"),
    [("DATA_LOSS", 503, "transient_failure"), ("PERMISSION_DENIED", 500, "setup_failure")],
)
def test_publishing_fails(
    code: str, status: int, event: str, running: Running, interval: Interval
) -> None:
    """Scheduler calls again, and gets what is live; gaps wait, as some may have been asked for."""
    at = format_moment(interval.end + _AFTER)
    running.stack.pubsub.faults.add(
        "publish_error", code=code, match={"topic": resources.REQUESTS}
    )
    failed = tick(running, at)
    again = tick(running, at)
    running.settle()

    assert (status, 200) == (failed.status, again.status)
    assert event == running.logged("planner")[0]["event"]
    assert {format_moment(interval.start): "schedule"} == requested(running)


def test_published_with_patience(running: Running, interval: Interval) -> None:
    """A topic that does not answer at once is asked again within the tick."""
    running.stack.pubsub.faults.add("publish_error", match={"topic": resources.REQUESTS})
    reply = tick(running, format_moment(interval.end + _AFTER))
    running.settle()

    assert 200 == reply.status
    assert 3 == len(requested(running))


@pytest.mark.parametrize("header", ["yesterday", "2026-11-22T08:20:00", ""])
def test_bad_header(header: str, running: Running) -> None:
    """A scheduled time that is no moment is a fault in the set-up, and plans nothing."""
    reply = tick(running, header)

    assert 500 == reply.status
    assert "X-CloudScheduler-ScheduleTime" in reply.text
    assert [] == running.deliveries(resources.REQUESTS)


@pytest.mark.parametrize("header", [None, "9999-12-31T23:59:59Z"])
def test_now(header: str | None, running: Running) -> None:
    """Without a scheduled time, or with one in the future, a tick plans for this moment."""
    before = datetime.now(UTC)
    reply = tick(running, header)
    running.settle()
    (line,) = running.logged("planner", "planned")
    watermark = datetime.fromisoformat(line["watermark"])

    assert 200 == reply.status
    assert timedelta(0) <= watermark + timedelta(minutes=15) - before < timedelta(minutes=1)
