"""What is made to happen on a local stack, so that every log line that alerts read is written.

Faults come through the emulators' own doors; nothing of the functions is replaced. The stack's
clock shows the story's time; the functions' own clock is real, and no line carries its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from google.cloud import pubsub_v1

from local import resources
from local.functions import FunctionProcess
from local.stack import MIXPANEL_PROJECT_ID
from mixpanel_export.intervals import DAY, HOUR, Interval, format_moment
from tests.functional.running import Running
from tests.terraform.logs.recording import Line, Recorder, lines_of

# Terraform's own default: the day before the first apply. That is early in a morning.
SINCE: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - 5 * DAY
APPLIED_AT: Final = SINCE + DAY + timedelta(minutes=40)
FIRST_TICK: Final = APPLIED_AT + timedelta(minutes=35)
# Until past noon: a sweep, a snapshot and second looks are among them.
TICKS: Final = 13
ENDED_AT: Final = FIRST_TICK + TICKS * HOUR
# Hourly at first, then so long that a sweep and a snapshot are missed, too.
_OUTAGE_HOURS: Final = (*range(10), 30, 50)
_LATE_DAYS: Final = (1, 2, 9)
_LOST: Final = "read-by-nobody"


@dataclass(frozen=True, slots=True)
class Tick:
    """A call of the planner at its scheduled time, and the lines until all it caused was done."""

    at: datetime
    lines: list[Line]


def settings() -> dict[str, str]:
    """The defaults, as after a first apply without further wishes."""
    return {"EXPORT_SINCE": SINCE.date().isoformat()}


def ordinary_time(running: Running, recorder: Recorder) -> list[Tick]:
    """A first apply and the hours after it, with events, late ones, and hours without any."""
    hours = [Interval(SINCE + n * HOUR, SINCE + (n + 1) * HOUR) for n in range(3 * 24)]
    for number, hour in enumerate(hours):
        if number % 3:
            running.hold(hour, f"{number}-a", f"{number}-b")
    for days in _LATE_DAYS:
        hold_late(running, hours[24 + 4], days)
    profile = {"$distinct_id": "a", "$properties": {"$last_seen": "2026-01-01T00:00:00"}}
    running.mixpanel.load_profiles(MIXPANEL_PROJECT_ID, [profile])
    return [_tick(running, recorder, FIRST_TICK + n * HOUR) for n in range(TICKS)]


def _tick(running: Running, recorder: Recorder, at: datetime) -> Tick:
    running.stack.clock.jump_to(at)
    running.stack.tick(at)
    running.settle()
    return Tick(at, recorder.new_lines())


def hold_late(running: Running, interval: Interval, days: int) -> None:
    """Let Mixpanel hold an event that happened days before it was processed."""
    processed = interval.start + timedelta(minutes=30)
    running.mixpanel.ingest(
        MIXPANEL_PROJECT_ID,
        "Paid",
        processed - days * DAY - HOUR,
        processed,
        {"$insert_id": f"late-{days}", "distinct_id": "a"},
    )


@contextmanager
def another(running: Running, function: str, log: Path, **changes: str) -> Iterator[str]:
    """One more process of a function with other settings; its URL."""
    environment = running.stack.function_environment | changes
    process = FunctionProcess(function, environment, log).start()
    try:
        yield process.wait_until_ready().url
    finally:
        process.kill()


def outage(running: Running, directory: Path) -> list[Tick]:
    """One object lands and is not loaded; after that, requests and announcements get lost.

    The planner goes on to tick, and sees what it misses become older.
    """
    unnoticed = Interval(ENDED_AT.replace(minute=0) - HOUR, ENDED_AT.replace(minute=0))
    running.stack.clock.jump_to(ENDED_AT)
    running.stack.storage.faults.add("drop_notification")
    running.land(unnoticed)
    publisher = pubsub_v1.PublisherClient()
    publisher.create_topic(name=publisher.topic_path(resources.PROJECT_ID, _LOST))
    publisher.stop()
    publisher.transport.close()
    log, ticks, read = directory / "planner.log", [], 0
    with another(running, "planner", log, REQUEST_TOPIC=_LOST, LANDED_TOPIC=_LOST) as url:
        for hours in _OUTAGE_HOURS:
            at = ENDED_AT + hours * HOUR
            headers = {"X-CloudScheduler-ScheduleTime": format_moment(at)}
            assert 200 == running.post("planner", b"{}", headers, url=url).status
            lines = lines_of("planner", log)
            ticks.append(Tick(at, lines[read:]))
            read = len(lines)
    return ticks
