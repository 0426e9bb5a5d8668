"""What may fail between Mixpanel and BigQuery, through the whole stack: nothing lost or doubled.

The numbers are those of the failure table in docs/; rows that are about load jobs alone are in
`test_failed_loads.py`.
"""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from local import resources
from local.stack import MIXPANEL_PROJECT_ID
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT
from tests.functional.running import Running, wait_until

_HOUR = timedelta(hours=1)


def about(interval: Interval) -> dict[str, Any]:
    """What matches the export calls for this interval."""
    return {"where": f">= {interval.start_ms}"}


def jobs_of(interval: Interval) -> dict[str, Any]:
    """What matches the load jobs of this interval."""
    return {"jobId": f"{interval.start:%Y%m%dT%H%M%SZ}_"}


def tick(running: Running, interval: Interval, hours: int = 0) -> int:
    """A tick when the interval is due, or hours later."""
    at = format_moment(interval.end + timedelta(hours=hours, minutes=20))
    return running.post("planner", b"{}", {"X-CloudScheduler-ScheduleTime": at}).status


def statuses(running: Running, topic: str) -> list[int | None]:
    return [delivery["status"] for delivery in running.deliveries(topic)]


def test_01_the_planner_runs_twice(running: Running, interval: Interval) -> None:
    """The second call knows from the plan of the first what was asked for."""
    running.hold(interval, "a", "b", None)
    running.mixpanel.faults.add("slow_first_byte", seconds=0.5, match=about(interval))

    assert [200, 200] == [tick(running, interval), tick(running, interval)]
    running.settle()
    assert [True] == [load["is_live"] for load in running.loads(interval)]
    assert ["a", "b", None] == running.shown(interval)


def test_01_the_publish_is_repeated(running: Running, interval: Interval) -> None:
    """A request published twice, because the first answer got lost, shows its rows once."""
    running.hold(interval, "a", None)
    running.stack.pubsub.faults.add("publish_lost_response", match={"topic": resources.REQUESTS})

    assert 200 == tick(running, interval)
    running.settle()
    start = format_moment(interval.start)
    pushed = running.deliveries(resources.REQUESTS)
    assert 2 == sum(push["attributes"]["start"] == start for push in pushed)
    assert ["a", None] == running.shown(interval)


def test_02_the_request_is_delivered_twice_at_once(running: Running, interval: Interval) -> None:
    """Two deliveries side by side fetch twice and land one object."""
    running.hold(interval, "a", None)
    running.mixpanel.faults.add("slow_first_byte", seconds=0.5, times=2, match=about(interval))
    running.stack.pubsub.faults.add("duplicate", match={"start": format_moment(interval.start)})

    assert [200, 200] == running.land(interval)
    assert [200, 200] == [call["status"] for call in running.asked()]
    assert 1 == len(running.objects())
    assert 1 == len(running.logged("fetcher", "retrieved"))
    assert ["a", None] == running.shown(interval)
    assert 3 == running.stored(interval)


def test_03_the_fetcher_dies_in_the_middle(running: Running, interval: Interval) -> None:
    """A fetcher killed while it receives leaves no object; the next delivery lands all rows."""
    fetcher = running.stack.functions["fetcher"]
    running.hold(interval, *(f"{number:03}" for number in range(100)))
    running.mixpanel.faults.add("stall", seconds=10, match=about(interval))
    message_id = running.ask(interval)
    wait_until(lambda: [call for call in running.asked() if call["bytes"]])
    fetcher.kill()
    left = running.objects()
    fetcher.start().wait_until_ready()
    running.settle()
    first, *_, last = running.answers(message_id)

    assert [] == left
    assert (None, 200) == (first, last)
    assert 1 == len(running.objects())
    assert 100 == len(running.shown(interval))


@pytest.mark.parametrize("origin", ["schedule", "replay"])
def test_04_the_answer_is_lost_after_landing(
    origin: Any, running: Running, interval: Interval
) -> None:
    """A delivery after the object landed finds it and acknowledges, also one of a replay."""
    running.hold(interval, "a")
    running.stack.pubsub.faults.add("drop_ack", match={"start": format_moment(interval.start)})

    assert [200, 200] == running.land(interval, origin)
    assert 1 == len(running.objects())
    assert 1 == len(running.asked())
    assert 1 == len(running.logged("fetcher", "already_landed"))


def test_04_the_answer_to_the_landing_itself_is_lost(running: Running, interval: Interval) -> None:
    """A fetcher that meets its own object under the name knows it, and reports it as landed."""
    running.hold(interval, "a")
    running.stack.storage.faults.add("lost_response", match={"operation": "compose"})

    assert [200] == running.land(interval)
    assert 1 == len(running.objects())
    assert 1 == len(running.logged("fetcher", "retrieved"))
    assert [] == running.logged("fetcher", "already_landed")


def test_05_the_notification_comes_many_times(running: Running, interval: Interval) -> None:
    """Notifications of one object, also at once, all wait for one load job."""
    running.hold(interval, "a", None)
    running.stack.storage.faults.add("duplicate_notification")
    running.stack.pubsub.faults.add("duplicate", times=2, match={"topic": resources.LANDED})
    running.stack.bigquery.faults.add("slow_job", seconds=0.5, match=jobs_of(interval))
    running.land(interval)

    assert 4 * [200] == statuses(running, resources.LANDED)
    assert 1 == len(running.jobs())
    assert 3 == running.stored(interval)


def test_09_the_rows_are_bad(running: Running, interval: Interval) -> None:
    """An object that BigQuery refuses is parked and writes nothing: a gap, until a replay."""
    name = ObjectName(RECENT, interval, 1)
    row = {"time": "not a time", "_line": 1}
    running.put(name.path, gzip.compress(json.dumps(row).encode()), {"row_count": "0"})
    running.settle()
    (letter,) = running.dead_letters(1)
    before = running.stored(interval), running.loads(interval)
    running.hold(interval, "a")
    running.land(interval, "replay")

    assert "failed (invalid)" in letter.attributes["reason"]
    assert name.path == letter.attributes["objectId"]
    assert (0, []) == before
    assert ["a"] == running.shown(interval)


def test_09_the_cause_is_mended(running: Running, interval: Interval) -> None:
    """An hour after a load failed for good, the planner has the same object loaded once more."""
    running.stack.clock.jump_to(interval.end)
    running.hold(interval, "a")
    running.stack.bigquery.faults.add("job_failure", reason="invalid", match=jobs_of(interval))
    running.land(interval)
    (letter,) = running.dead_letters(1)
    running.stack.clock.advance(_HOUR.total_seconds())
    tick(running, interval, hours=1)
    running.settle()

    assert "correct the cause, and the planner loads it again" in letter.attributes["reason"]
    assert ["a"] == running.shown(interval)
    assert 2 == len([job for job in running.jobs() if jobs_of(interval)["jobId"] in job["jobId"]])


def test_10_the_loader_dies_while_its_job_runs(running: Running, interval: Interval) -> None:
    """A loader killed while it waits is followed by one that waits for the same job."""
    loader = running.stack.functions["loader"]
    running.hold(interval, "a", None)
    running.stack.bigquery.faults.add("hold_job", match=jobs_of(interval))
    running.ask(interval)
    wait_until(running.jobs)
    loader.kill()
    loader.start().wait_until_ready()
    wait_until(lambda: None in statuses(running, resources.LANDED))
    running.stack.bigquery.release()
    running.settle()
    first, *_, last = statuses(running, resources.LANDED)

    assert (None, 200) == (first, last)
    assert 1 == len(running.jobs())
    assert ["a", None] == running.shown(interval)
    assert 3 == running.stored(interval)


def test_14_a_replay_brings_fewer_and_other_rows(running: Running, interval: Interval) -> None:
    """A replay replaces its interval exactly, when Mixpanel has removed rows and merged people."""
    running.hold(interval, "a", "b", "c", None)
    running.land(interval)
    held = 'properties["$insert_id"] == "{}"'.format
    running.mixpanel.remove(MIXPANEL_PROJECT_ID, held("b"))
    running.mixpanel.update(MIXPANEL_PROJECT_ID, held("c"), "merged")
    running.land(interval, "replay")
    rows = running.stack.query("SELECT * FROM `mixpanel.events`")
    people = {row["insert_id"]: row["distinct_id"] for row in rows}

    assert ["a", "c", None] == running.shown(interval)
    assert "merged" == people["c"]
    assert [4, 3] == [load["row_count"] for load in running.loads(interval)]


def test_15_an_event_comes_in_two_intervals(running: Running, interval: Interval) -> None:
    """An event that its client sent twice is one row, that of the copy processed last."""
    following = Interval(interval.end, interval.end + _HOUR)
    happened = interval.start + timedelta(minutes=5)
    for processed in (happened, happened + _HOUR):
        running.mixpanel.ingest(
            MIXPANEL_PROJECT_ID, "Paid", happened, processed, {"$insert_id": "twice"}
        )
    running.land(following)
    running.land(interval)

    assert ([], ["twice"]) == (running.shown(interval), running.shown(following))
    assert (2, 2) == (running.stored(interval), running.stored(following))


def test_16_nothing_happened(running: Running, interval: Interval) -> None:
    """An hour without events is loaded with 0 rows, which is not the same as lost."""
    running.land(interval)
    (load,) = running.loads(interval)

    assert (0, True) == (load["row_count"], load["is_live"])
    assert (None, None) == (load["min_time"], load["max_time"])
    assert [] == running.shown(interval)
    assert 1 == running.stored(interval)
    assert "retrieved: 0 records" == running.logged("fetcher", "retrieved")[0]["message"]


def test_19_an_old_interval_is_replayed(running: Running) -> None:
    """An hour of years ago, whose job BigQuery has forgotten, is replayed like any other."""
    interval = Interval.parse("2019-02-03T04:00:00Z", "2019-02-03T05:00:00Z")
    running.hold(interval, "a")
    running.land(interval)
    running.hold(interval, "b")
    running.land(interval, "replay")
    ids = {job["jobId"] for job in running.jobs()}

    assert ["a", "b"] == running.shown(interval)
    assert 2 == len(ids)


def test_20_the_notification_never_comes(running: Running, interval: Interval) -> None:
    """An hour later the planner announces the object again; nothing is fetched a second time."""
    running.stack.clock.jump_to(interval.end)
    running.hold(interval, "a")
    running.stack.storage.faults.add("drop_notification")
    running.land(interval)
    gap = len(running.objects()), running.loads(interval)
    tick(running, interval, hours=1)
    running.settle()

    assert (1, []) == gap
    assert ["a"] == running.shown(interval)
    assert 1 == len(running.loads(interval))
    assert 1 == len([call for call in running.asked() if about(interval)["where"] in str(call)])


def test_21_mixpanels_budget_is_spent(running: Running, interval: Interval) -> None:
    """Refused again and again, an interval waits, asks once a delivery, and lands in the end."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("status", status=429, times=3, match=about(interval))

    assert [429, 429, 429, 200] == running.land(interval)
    assert 4 == len(running.asked())
    assert ["a"] == running.shown(interval)


@pytest.mark.parametrize(
    "kind", ["cut_gzip", "cut_gzip_abort", "terminated_early", "cut_line", "no_final_newline"]
)
def test_22_the_export_is_cut(kind: str, running: Running, interval: Interval) -> None:
    """A cut export leaves nothing in the bucket; the next delivery lands the whole."""
    ids = [f"{number:03}" for number in range(100)]
    running.hold(interval, *ids)
    running.mixpanel.faults.add(kind, match=about(interval))

    assert [503, 200] == running.land(interval)
    assert 1 == len(running.objects())
    assert ids == running.shown(interval)
    assert [100] == [load["row_count"] for load in running.loads(interval)]
