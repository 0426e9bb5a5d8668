"""Every series end to end, over HTTP: a second look, imported history, and people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from local.stack import MIXPANEL_PROJECT_ID
from mixpanel_export.intervals import DAY, Interval
from mixpanel_export.messages import ExportRequest, Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from tests.functional.running import Running

_OLD = timedelta(days=30)


def day_of(interval: Interval) -> Interval:
    midnight = interval.start.replace(hour=0)
    return Interval(midnight, midnight + DAY)


def ask(running: Running, series: Series, interval: Interval, origin: Origin = "schedule") -> None:
    request = ExportRequest(series, interval, origin)
    running.publish("export-requests", request.data, **request.attributes)
    running.settle()


def hold(running: Running, name: str, happened: datetime, processed: datetime) -> None:
    """Let Mixpanel hold an event that cannot be told from its copies."""
    content = {"distinct_id": "someone"}
    running.mixpanel.ingest(MIXPANEL_PROJECT_ID, name, happened, processed, content)


def shown(running: Running, day: Interval) -> list[str]:
    """The names of the events that analysts see, of those processed on this day."""
    sql = "SELECT event_name, processing_time FROM `mixpanel.events`"
    rows = running.stack.query(sql)
    ours = [row for row in rows if day.start <= row["processing_time"] < day.end]
    return sorted(row["event_name"] for row in ours)


def people(running: Running) -> dict[str, Any]:
    rows = running.stack.query("SELECT distinct_id, properties FROM `mixpanel.people`")
    return {row["distinct_id"]: row["properties"].get("plan") for row in rows}


@pytest.mark.parametrize("first", [RECENT, SWEEP], ids=str)
def test_imported_history_shows_once(running: Running, interval: Interval, first: Series) -> None:
    """A sweep finds what the hour leaves to it, and nothing that the hour holds."""
    day = day_of(interval)
    hold(running, "imported", interval.start - _OLD, interval.start)
    hold(running, "late", interval.start - 5 * DAY, interval.start)
    hold(running, "now", interval.start, interval.start)

    order = {RECENT: [RECENT, SWEEP], SWEEP: [SWEEP, RECENT]}
    for series in order[first]:
        ask(running, series, day if series == SWEEP else interval)

    assert ["imported", "late", "now"] == shown(running, day)


def test_a_day_of_events_and_its_sweep_have_the_same_bounds(
    running: Running, interval: Interval
) -> None:
    """Neither replaces the other."""
    day = day_of(interval)
    hold(running, "imported", interval.start - _OLD, interval.start)
    hold(running, "now", interval.start, interval.start)

    for series in (RECENT, SWEEP, RECENT):
        ask(running, series, day, "replay")

    assert ["imported", "now"] == shown(running, day)


def test_a_second_look_that_finds_nothing_new_lands_nothing(
    running: Running, interval: Interval
) -> None:
    """It leaves a note, so that the planner knows that it was taken."""
    running.hold(interval, "a", "b")
    running.land(interval)
    running.land(interval, "verify")

    landed, noted = running.objects()
    assert landed == ObjectName.parse(landed).path
    assert noted == ObjectName.parse(noted.removeprefix("confirmed/")).confirmed_path
    assert 1 == len(running.loads(interval))
    assert ["confirmed: 2 records"] == [
        line["message"] for line in running.logged("fetcher", "confirmed")
    ]


def test_a_second_look_brings_what_became_visible_late(
    running: Running, interval: Interval
) -> None:
    """The new version replaces the old one, and the log says by how many rows they differ."""
    running.hold(interval, "a", "b")
    running.land(interval)
    running.hold(interval, "c", "d", "e")
    running.land(interval, "verify")

    assert ["a", "b", "c", "d", "e"] == running.shown(interval)
    (line,) = running.logged("fetcher", "corrected")
    assert (3, 0) == (line["late_visible"], line["removed"])


def test_people_come_and_go_with_snapshots(running: Running, interval: Interval) -> None:
    """Changes override the snapshot; who was deleted is gone with the next one."""
    day = day_of(interval)
    seen = f"{interval.start:%Y-%m-%dT%H:%M:%S}"

    def hold_profile(distinct_id: str | int, plan: str) -> None:
        properties = {"plan": plan, "$last_seen": seen}
        profile = {"$distinct_id": distinct_id, "$properties": properties}
        running.mixpanel.load_profiles(MIXPANEL_PROJECT_ID, [profile])

    hold_profile("anna", "free")
    hold_profile(7, "free")
    ask(running, SNAPSHOT, day)
    assert {"anna": "free", "7": "free"} == people(running)

    hold_profile(7, "paid")
    ask(running, CHANGES, interval)
    assert {"anna": "free", "7": "paid"} == people(running)

    running.mixpanel.remove_profile(MIXPANEL_PROJECT_ID, "anna")
    ask(running, SNAPSHOT, day, "replay")
    assert {"7": "paid"} == people(running)
