"""Loads that are tried again after a mended failure, with Google's client and the emulator."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export.errors import Poison
from mixpanel_export.intervals import DAY, Interval
from mixpanel_export.messages import Message
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, SNAPSHOT
from tests.functional.running import wait_until
from tests.pipeline.loads import Loads, load_fixtures

_PEOPLE_DAY = datetime(2026, 3, 1, tzinfo=UTC)
_emulator, _loads, _interval, _landed = load_fixtures()


def test_the_cause_is_mended(loads: Loads, interval: Interval, landed: Message) -> None:
    """Published again after the failure, the notification loads the object, once."""
    loads.faults.add("job_failure", reason="invalid")
    with pytest.raises(Poison):
        loads.deliver(landed)
    line = loads.deliver(loads.publish_again(landed))

    assert "loaded" == line["event"]
    assert ["a0", "a1"] == loads.attempts()
    assert [(1, "a"), (1, "b")] == loads.shown(interval)
    assert 3 == loads.stored(interval)


def test_the_cause_is_not_mended(loads: Loads, interval: Interval, landed: Message) -> None:
    """Who published before the failure, even while its job ran, finds it; who comes after, not."""
    loads.faults.add("job_failure", reason="invalid", times=2)
    with pytest.raises(Poison):
        loads.deliver(landed)
    loads.faults.add("hold_job")
    wish = loads.in_background(loads.publish_again(landed))
    wait_until(lambda: loads.jobs("RUNNING"))
    meanwhile = loads.publish_again(landed)
    time.sleep(0.002)  # BigQuery tells in whole milliseconds when a job ended.
    loads.release("-a1")
    with pytest.raises(Poison, match=r"-a1 failed \(invalid\)"):
        wish.result()
    with pytest.raises(Poison, match=r"-a1 failed \(invalid\)"):
        loads.deliver(meanwhile)
    loads.deliver(loads.publish_again(landed))

    assert ["a0", "a1", "a2"] == loads.attempts()
    assert [(1, "a"), (1, "b")] == loads.shown(interval)
    assert 3 == loads.stored(interval)


def test_twelve_wishes_to_try_again(loads: Loads, interval: Interval, landed: Message) -> None:
    """However often it is published again, side by side, one more job loads the rows once."""
    loads.faults.add("job_failure", reason="invalid")
    with pytest.raises(Poison):
        loads.deliver(landed)
    loads.faults.add("slow_job", seconds=0.1)
    wishes = [loads.in_background(loads.publish_again(landed)) for _ in range(12)]

    assert [1] * 12 == [wish.result() for wish in wishes]
    assert ["a0", "a1"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_people_go_the_same_way(loads: Loads) -> None:
    """A snapshot that failed and was mended, then changes: shown as one, and in the ledger."""
    day = Interval(_PEOPLE_DAY, _PEOPLE_DAY + DAY)
    first, next_ = _PEOPLE_DAY + DAY, _PEOPLE_DAY + DAY + timedelta(hours=1)
    noon, evening = f"{_PEOPLE_DAY:%Y-%m-%d}T12:00:00", f"{_PEOPLE_DAY:%Y-%m-%d}T18:00:00"
    snapshot, changes = ObjectName(SNAPSHOT, day, 1), ObjectName(CHANGES, day, 2)
    landed = loads.land_people(snapshot, first, ann=noon, bob=noon)
    loads.faults.add("job_failure", reason="invalid")
    with pytest.raises(Poison):
        loads.deliver(landed)
    loads.deliver(loads.publish_again(landed))
    line = loads.deliver(loads.land_people(changes, next_, ann=evening))

    assert ("loaded", "people", "changes") == (line["event"], line["table"], line["mode"])
    clock = datetime.fromisoformat
    assert [("ann", clock(evening), next_), ("bob", clock(noon), first)] == loads.people()
    assert {snapshot, changes} == set(loads.ledger(_PEOPLE_DAY))
