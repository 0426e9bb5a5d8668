"""Replays and rejects on a running stack."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export.intervals import Interval, format_moment
from tests.cli.calling import Tool, bare_environment
from tests.functional.running import Running, wait_until

HOUR = timedelta(hours=1)


def words(interval: Interval, hours: int = 1) -> tuple[str, str]:
    """START and END."""
    return format_moment(interval.start), format_moment(interval.start + hours * HOUR)


def test_a_replay_replaces_what_was_loaded(
    running: Running, tool: Tool, interval: Interval
) -> None:
    """The new version shows, whole; the tool waits for it and says what it costs."""
    following = Interval(interval.end, interval.end + HOUR)
    running.hold(interval, "a")
    running.land(interval)
    running.hold(interval, "a", "b")
    running.hold(following, "c")
    left = ("--set", "REQUESTS_PER_HOUR=40")
    done = tool.alone(*left, "replay", "events", *words(interval, 2), "--yes", "--wait")

    assert 0 == done.status, done.err
    assert [
        "2 requests for events, newest first",
        f"from {interval.start:%Y-%m-%d %H:%M} UTC ({interval.end:%Y-%m-%d %H:%M} CET)",
        f"to {following.end:%Y-%m-%d %H:%M} UTC ({following.end + HOUR:%Y-%m-%d %H:%M} CET)",
        (
            "Cost: 2 of the 60 export requests that Mixpanel answers in an hour; "
            "the planner leaves 20 of them."
        ),
        "published 2 requests",
        "loaded 2 intervals",
    ] == done.lines
    assert ["a", "b"] == running.shown(interval)
    assert ["c"] == running.shown(following)
    assert [False, True] == [load["is_live"] for load in running.loads(interval)]


def test_a_dry_run_publishes_nothing(running: Running, tool: Tool, interval: Interval) -> None:
    """It says how long a paced replay takes."""
    shown = tool(
        "--set", "REQUESTS_PER_HOUR=50", "replay", "events", *words(interval, 12), "--dry-run"
    )
    running.settle()

    assert (0, []) == (shown.status, running.asked())
    assert (
        "Pace: one every 360 s, done in about 1 h 06 min; Ctrl-C tells how to continue."
    ) == shown.lines[-1]


def test_people_are_of_now(running: Running, tool: Tool, interval: Interval) -> None:
    """A range of days needs one snapshot, and the operator is told what it brings."""
    days = format_moment(interval.start - timedelta(days=3)), format_moment(interval.start)
    shown = tool("--set", "TABLES=events,people", "replay", "people", *days, "--dry-run")

    assert "1 request for people snapshot, newest first" == shown.lines[0]
    assert any("present state of the profiles" in line for line in shown.lines)
    assert [] == running.asked()


def test_a_paced_replay_can_be_continued(running: Running, tool: Tool, interval: Interval) -> None:
    """Ctrl-C ends it with the command for the rest, which leaves out what was published."""
    running.hold(Interval(interval.end + HOUR, interval.end + 2 * HOUR), "newest")
    slow = tool.command(
        "--set", "REQUESTS_PER_HOUR=59", "replay", "events", *words(interval, 3), "--yes"
    )
    with subprocess.Popen(
        slow, env=bare_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: running.loads(Interval(interval.end + HOUR, interval.end + 2 * HOUR)))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    (command,) = re.findall(r"continue with: mixpanel-export (.*)", said)
    _, _, *rest = shlex.split(command)
    continued = tool(*rest, "--dry-run")

    assert 130 == process.returncode
    assert "published 1 of 3 requests" in said
    assert "Traceback" not in said
    assert "2 requests for events, newest first" == continued.lines[0]
    assert f"from {interval.start:%Y-%m-%d %H:%M} UTC" in continued.lines[1]
    assert f"to {interval.end + HOUR:%Y-%m-%d %H:%M} UTC" in continued.lines[2]


def test_a_refused_publish_tells_how_to_continue(
    running: Running, tool: Tool, interval: Interval
) -> None:
    """What was published stays published, and the rest is one command away."""
    running.stack.pubsub.faults.add(
        "publish_error", code="PERMISSION_DENIED", match={"start": format_moment(interval.start)}
    )
    failed = tool("replay", "events", *words(interval, 2), "--yes")
    running.settle()

    assert 2 == failed.status
    assert "published 1 of 2 requests" in failed.err
    assert f"{words(interval)[0]} {words(interval)[1]} --mode recent" in failed.err
    assert "mixpanel-export: 1 of 1 messages were not published" in failed.err


def test_a_replay_of_days_points_to_the_backfill(
    running: Running, tool: Tool, interval: Interval
) -> None:
    """Whoever only misses something need not keep the tool running."""
    slow = ("--set", "REQUESTS_PER_HOUR=59", "replay", "events")
    a_day, longer = (tool(*slow, *words(interval, hours), "--dry-run") for hours in (25, 26))

    assert "Pace: one every 3600 s" in a_day.lines[-1]
    assert "What is only missing needs no replay" in longer.lines[-1]
    assert longer.lines[-1].endswith(f"backfill --since {interval.start:%Y-%m-%d}`")
    assert [] == running.asked()


def test_what_landed_with_another_length_is_replayed_with_it(
    running: Running, tool: Tool, interval: Interval
) -> None:
    """After a change of INTERVAL_MINUTES; the fetcher would park anything else."""
    running.hold(interval, "a")
    running.land(interval)
    running.hold(interval, "b")
    changed = ("--set", "INTERVAL_MINUTES=15", "--set", "REQUESTS_PER_HOUR=60")
    done = tool.alone(*changed, "replay", "events", *words(interval), "--yes", "--wait")

    assert (0, "loaded 1 interval") == (done.status, done.lines[-1]), done.err
    assert "--set INTERVAL_MINUTES=15 is for this call only: the deployment has '60'" in done.err
    assert ["a", "b"] == running.shown(interval)
    assert [] == running.dead_letters(0)


def test_an_end_in_the_future_is_moved(running: Running, tool: Tool) -> None:
    """What has not settled is not fetched, and that is said in one line."""
    day_ago = format_moment(datetime.now(UTC).replace(microsecond=0) - timedelta(days=1))
    shown = tool("replay", "events", day_ago, "9999-12-31T00:00", "--dry-run")
    refused = tool("replay", "events", "2100-01-01", "2100-01-02", "--dry-run")

    assert 0 == shown.status, shown.err
    assert shown.lines[0].startswith("END is moved to ")
    assert "Only whole intervals are taken: those that the range cuts are left out." in shown.lines
    assert 2 == refused.status
    assert "nothing in this range has settled" in refused.err
    assert [] == running.asked()


def test_a_wait_can_be_stopped(running: Running, tool: Tool, interval: Interval) -> None:
    """Ctrl-C then says that nothing is lost."""
    running.stack.mixpanel.faults.add("status", status=400, body="not today")
    waiting = tool.command("replay", "events", *words(interval), "--yes", "--wait")
    with subprocess.Popen(
        waiting, env=bare_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: running.unread_dead_letters() == 1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    running.dead_letters(1)

    assert 130 == process.returncode
    assert "not waiting any more: 1 request is published" in said
    assert "Traceback" not in said


def test_a_wait_that_is_too_long_ends(running: Running, tool: Tool, interval: Interval) -> None:
    """It says which intervals have not arrived and where to look."""
    running.stack.mixpanel.faults.add("status", status=400, body="not today")
    waited = tool.alone(
        "replay", "events", *words(interval), "--yes", "--wait", "--timeout", "0.02"
    )

    assert 1 == waited.status
    assert f"not loaded yet: events {interval}" in waited.err
    assert "dead-letters list" in waited.err
    running.dead_letters(1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("events", "soon", "later"), "'soon' is no moment"),
        (("events", "2026-03-02", "2026-03-01"), "is not after START"),
        (("events", "2026-03-02T08:10", "2026-03-02T08:50"), "no whole interval of 60 minutes"),
        (
            ("events", "2026-03-02", "2026-03-03", "--mode", "changes"),
            "unknown mode 'changes': known are recent, sweep",
        ),
    ],
    ids=["no moments", "inverted", "no interval", "mode"],
)
def test_a_slip_is_explained(tool: Tool, arguments: tuple[str, ...], text: str) -> None:
    """One message, status 2, and nothing is published."""
    refused = tool("replay", *arguments, "--yes")

    assert (2, "") == (refused.status, refused.out)
    assert text in refused.err


def test_rejects_are_counted(running: Running, tool: Tool, interval: Interval) -> None:
    """By reason; their lines only when asked for."""
    running.hold(interval, "a")
    lines = ["no JSON at all", '{"event":"x","properties":{}}']
    running.mixpanel.faults.add("extra_lines", lines=lines, at=0)
    running.land(interval)
    counted = tool("rejects", "show", "events", *words(interval))
    printed = tool("rejects", "show", "events", *words(interval), "--lines", "1")

    assert "2 rejects" == counted.lines[0]
    assert all(line not in counted.out for line in lines)
    assert f"events {interval} not JSON: {lines[0]!r}" == printed.lines[-1]
    assert lines[1] not in printed.out


def test_no_rejects(tool: Tool, interval: Interval) -> None:
    """A clean range says so, for every mode of the table or one."""
    for mode in ([], ["--mode", "sweep"]):
        assert "no rejects\n" == tool("rejects", "show", "events", *words(interval), *mode).out


@pytest.mark.parametrize("years", [("0001", "9999"), ("9998", "9999")], ids=["all", "future"])
def test_no_rejects_in_odd_years(tool: Tool, years: tuple[str, str]) -> None:
    """A moment far away is as good as now."""
    bounds = (f"{year}-12-31T12:00" for year in years)
    called = tool("rejects", "show", "people", *bounds)

    assert (0, "no rejects\n") == (called.status, called.out)
