"""What may fail around a load job, with Google's client and BigQuery's emulator.

The numbers are those of the failure table in docs/; the other rows are in `test_failures.py`.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from mixpanel_export.errors import Poison, Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import Message
from tests.functional.running import wait_until
from tests.pipeline.loads import Loads, load_fixtures

_emulator, _loads, _interval, _landed = load_fixtures()


def test_05_deliveries_at_once_with_failing_jobs(
    loads: Loads, interval: Interval, landed: Message
) -> None:
    """Twelve deliveries side by side, while three jobs fail, load the rows once."""
    loads.faults.add("job_failure", times=3)
    loads.faults.add("slow_job", seconds=0.05, times=4)
    deliveries = [loads.in_background(landed) for _ in range(12)]
    for delivery in deliveries:
        delivery.result()

    assert ["a0", "a1", "a2", "a3"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_06_the_answer_to_the_insert_is_lost(
    loads: Loads, interval: Interval, landed: Message
) -> None:
    """The client asks again, finds its own job, and waits for it."""
    loads.faults.add("lost_response", match={"operation": "jobs.insert"})
    line = loads.deliver(landed)

    assert "loaded: 2 records" in line["message"]
    assert ["a0"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_07_a_taken_id_has_no_job_yet(loads: Loads, interval: Interval, landed: Message) -> None:
    """A 404 just after a 409 is waited out, and never taken for a free id."""
    loads.deliver(landed)
    loads.faults.add("job_not_found", times=2)
    line = loads.deliver(landed)

    assert "already_loaded" == line["event"]
    assert ["a0"] == loads.attempts()
    assert 3 == loads.stored(interval)


@pytest.mark.parametrize("reason", ["backendError", "internalError", "stopped", "quotaExceeded"])
def test_08_the_job_fails_for_a_passing_reason(
    reason: str, loads: Loads, interval: Interval, landed: Message
) -> None:
    """A failed job wrote nothing; the next delivery takes the next id, and only then."""
    loads.faults.add("job_failure", reason=reason)
    with pytest.raises(Transient, match=rf"failed \({reason}\).*nothing was written"):
        loads.deliver(landed)
    before = loads.attempts(), loads.stored(interval)
    loads.deliver(landed)

    assert (["a0"], 0) == before
    assert ["a0", "a1"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_08_twins_meet_at_the_next_id(loads: Loads, interval: Interval, landed: Message) -> None:
    """Deliveries that both saw a failure share the next attempt."""
    loads.faults.add("job_failure")
    with pytest.raises(Transient):
        loads.deliver(landed)
    loads.faults.add("hold_job")
    twins = [loads.in_background(landed) for _ in range(2)]
    loads.release("-a1")

    assert [1, 1] == [twin.result() for twin in twins]
    assert ["a0", "a1"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_09_the_job_fails_for_good(loads: Loads, interval: Interval, landed: Message) -> None:
    """Rows that BigQuery refuses are not tried again: each delivery finds the same failure."""
    loads.faults.add("job_failure", reason="invalid")
    for _ in range(2):
        with pytest.raises(Poison, match="correct the cause, and the planner loads it again"):
            loads.deliver(landed)

    assert ["a0"] == loads.attempts()
    assert [] == loads.shown(interval)


def test_11_the_job_outlasts_the_delivery(
    loads: Loads, interval: Interval, landed: Message
) -> None:
    """A delivery gives up after 500 seconds; the next one waits for the same job."""
    loads.faults.add("hold_job")
    with pytest.raises(Transient, match=r"gave up waiting for job \S+ after 500 s"):
        loads.deliver(landed, speed=5000)
    loads.release("-a0")
    line = loads.deliver(landed)

    assert "already_loaded" == line["event"]
    assert ["a0"] == loads.attempts()
    assert 3 == loads.stored(interval)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["old first", "new first"])
def test_12_a_replay_while_the_first_load_runs(
    order: tuple[int, int], loads: Loads, interval: Interval
) -> None:
    """Whichever commits first, analysts see one version whole, never a mix, at last the newer."""
    versions = {1: ["a", "b", "c"], 2: ["b", "d"]}
    loads.faults.add("hold_job", times=2)
    running = [
        loads.in_background(loads.land(interval, version, *ids))
        for version, ids in versions.items()
    ]
    wait_until(lambda: len(loads.jobs()) == 2)
    seen = [loads.shown(interval)]
    for version in order:
        loads.release(f"-{version}-a0")
        seen.append(loads.shown(interval))
    for delivery in running:
        delivery.result()
    whole = {version: [(version, each) for each in ids] for version, ids in versions.items()}

    assert [[], whole[order[0]], whole[2]] == seen


def test_13_an_old_version_commits_last(loads: Loads, interval: Interval) -> None:
    """Rows of an older version that come late change nothing that analysts see."""
    older, newer = loads.land(interval, 1, "a", "b"), loads.land(interval, 2, "b")
    loads.deliver(newer)
    before = loads.shown(interval)
    loads.deliver(older)

    assert [(2, "b")] == before == loads.shown(interval)
    assert 5 == loads.stored(interval)


def test_17_somebody_reads_while_a_load_commits(loads: Loads, interval: Interval) -> None:
    """A reader sees what was before or what is after, never a part of it."""
    loads.deliver(loads.land(interval, 1, "a"))
    newer = loads.land(interval, 2, *(f"{number:04}" for number in range(2000)))
    seen: set[tuple[int, ...]] = set()
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            rows = loads.shown(interval)
            seen.add((len(rows), *{version for version, _ in rows}))

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: seen)
    loads.deliver(newer)
    wait_until(lambda: (2000, 2) in seen)
    is_over.set()
    reader.join()

    assert {(1, 1), (2000, 2)} == seen


def test_18_job_ids_are_forgotten(loads: Loads, interval: Interval) -> None:
    """An object loaded once more under a new id, which only a hand can do, doubles in part.

    BigQuery forgets job ids after 180 days, Pub/Sub its messages long before. Rows with an insert
    id are still shown once; those without are doubled. So nobody triggers an object by hand.
    """
    landed = loads.land(interval, 1, "a", None)
    loads.deliver(landed)
    loads.deliver(landed, environment="another")

    assert 6 == loads.stored(interval)
    assert [(1, ""), (1, ""), (1, "a")] == loads.shown(interval)


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "jobRateLimitExceeded", "quotaExceeded"])
def test_21_quotas_of_jobs(reason: str, loads: Loads, interval: Interval, landed: Message) -> None:
    """Jobs that fail for a quota burn their ids until one succeeds."""
    loads.faults.add("job_failure", reason=reason, times=3)

    assert 4 == loads.deliver_until_loaded(landed)
    assert ["a0", "a1", "a2", "a3"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_21_quota_of_inserts(loads: Loads, interval: Interval, landed: Message) -> None:
    """An insert refused for a quota burns no id, and is delivered again."""
    loads.faults.add(
        "error", status=403, reason="quotaExceeded", match={"operation": "jobs.insert"}
    )
    with pytest.raises((Transient, Setup)):
        loads.deliver(landed)
    loads.deliver(landed)

    assert ["a0"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_a_server_error_is_tried_again(loads: Loads, interval: Interval, landed: Message) -> None:
    """A 503 of any call is the client's to retry, within the delivery."""
    for operation in ("jobs.insert", "jobs.get"):
        loads.faults.add("error", status=503, match={"operation": operation})
    loads.faults.add("slow_job", seconds=0.3)
    loads.deliver(landed)

    assert ["a0"] == loads.attempts()
    assert 3 == loads.stored(interval)


def test_every_row_has_a_test() -> None:
    """Each row of the failure table, 1 to 22, has a test that carries its number."""
    modules = [Path(__file__), Path(__file__).with_name("test_failures.py")]
    numbered = re.compile(r"^def test_(\d\d)_", re.MULTILINE)
    covered = {int(number) for path in modules for number in numbered.findall(path.read_text())}

    assert set(range(1, 23)) == covered
