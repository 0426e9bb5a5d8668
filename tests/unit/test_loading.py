"""The loader against fakes: which job it starts or joins, and the whole order of things."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import NotOurs, Poison
from mixpanel_export.loading import SETUP_REASONS, TRANSIENT_REASONS, LoadJob
from tests.unit.loading_rig import (
    A0,
    A1,
    A2,
    ALREADY_LOADED,
    LOADED,
    PATH,
    PEOPLE,
    SPAN,
    URI,
    Load,
)


@pytest.fixture(name="load")
def _load() -> Load:
    return Load()


def test_a_new_object_is_loaded_by_one_job(load: Load) -> None:
    """Started, waited for, seen done; only then reported, with what alerts need."""
    load.deliver()

    assert [
        f"started {A0}",
        "slept 0.1 s",
        f"looked: {A0} is done",
        LOADED,
    ] == load.journal.entries
    assert [1, 2, 0] == [row["_line"] for row in load.warehouse.rows]
    assert {
        "severity": "INFO",
        "event": "loaded",
        "message": "loaded: 2 records",
        "table": "events",
        "mode": "recent",
        "start": "2026-11-22T08:00:00Z",
        "end": "2026-11-22T09:00:00Z",
        "version": 17,
        "row_count": 2,
        "job_id": A0,
        "lag_seconds": 1200.1,
        "delivery_attempt": 3,
    } == load.journal.lines[0]


def test_a_running_job_is_joined(load: Load) -> None:
    """A second delivery waits for the job of the first."""
    load.has_started(A0)

    load.deliver()

    assert [f"found {A0}", "slept 0.1 s", f"looked: {A0} is done", LOADED] == load.journal.entries
    assert 3 == len(load.warehouse.rows)


def test_a_done_job_is_not_repeated(load: Load) -> None:
    """A redelivery after success finds the job done and is acknowledged."""
    load.has_ended(A0)

    load.deliver()

    assert [f"found {A0}", ALREADY_LOADED] == load.journal.entries
    assert 3 == len(load.warehouse.rows)


@pytest.mark.parametrize("reason", sorted(TRANSIENT_REASONS | SETUP_REASONS))
def test_a_job_that_failed_before_is_followed_by_the_next_attempt(load: Load, reason: str) -> None:
    """A failed job burnt its id and wrote nothing; the next id may be taken once that is seen."""
    load.has_ended(A0, reason)

    load.deliver()

    assert [
        f"found {A0}",
        f"started {A1}",
        "slept 0.1 s",
        f"looked: {A1} is done",
        LOADED,
    ] == load.journal.entries
    assert 3 == len(load.warehouse.rows)


def test_a_later_attempt_is_joined_like_the_first(load: Load) -> None:
    """Deliveries that saw the same failure meet at the same next job."""
    load.has_ended(A0, "backendError")
    load.has_ended(A1, "notFound")
    load.has_started(A2)

    load.deliver()

    assert [f"found {A0}", f"found {A1}", f"found {A2}"] == load.journal.entries[:3]
    assert [A0, A1, A2] == list(load.warehouse.jobs)
    assert LOADED == load.journal.entries[-1]


def test_a_notification_published_after_a_failure_tries_again(load: Load) -> None:
    """Whatever the failure was: to publish again is to say that its cause is mended."""
    load.has_ended(A0, "invalid")

    load.deliver(published=60)

    assert [
        f"found {A0}",
        f"started {A1}",
        "slept 0.1 s",
        f"looked: {A1} is done",
        LOADED,
    ] == load.journal.entries
    assert 3 == len(load.warehouse.rows)


@pytest.mark.parametrize("published", [-60, 0], ids=["before", "at the same moment"])
def test_a_notification_published_before_the_failure_is_no_new_wish(
    load: Load, published: float
) -> None:
    """Its publisher did not know of the failure; a redelivery has the old publish time, too."""
    load.has_ended(A0, "invalid")

    with pytest.raises(Poison, match=rf"{A0} failed \(invalid\)"):
        load.deliver(published=published)
    assert [f"found {A0}"] == load.journal.entries


def test_a_failure_of_unknown_age_is_not_repeated(load: Load) -> None:
    """Without BigQuery's word for it nobody can have known."""
    load.warehouse.jobs[A0] = LoadJob(A0, (URI,), "events", adopted=True, done=True, reason="odd")

    with pytest.raises(Poison, match=rf"{A0} failed \(odd\)"):
        load.deliver(published=60)


def test_a_wish_is_granted_once(load: Load) -> None:
    """If the next attempt fails as well, its message is parked; a newer one may try once more."""
    load.has_ended(A0, "invalid")
    load.clock.move(120)
    load.has_ended(A1, "invalid")

    with pytest.raises(Poison, match=rf"{A1} failed \(invalid\)"):
        load.deliver(published=60)
    load.deliver(published=180)

    assert [f"found {A0}", f"found {A1}"] == load.journal.entries[:2]
    assert [f"found {A0}", f"found {A1}", f"started {A2}"] == load.journal.entries[2:5]
    assert [A0, A1, A2] == list(load.warehouse.jobs)
    assert 3 == len(load.warehouse.rows)


def test_two_wishes_side_by_side_share_one_job(load: Load) -> None:
    """Both have seen the failure and want the next id: one starts it, the other finds it."""
    load.has_ended(A0, "invalid")
    others = [120]

    def meanwhile(step: str) -> None:
        if step == "after start" and others:
            load.deliver(published=others.pop())

    load.meanwhile = meanwhile
    load.deliver(published=60)

    assert [
        f"found {A0}",
        *(f"found {A0}", f"started {A1}", "slept 0.1 s", f"looked: {A1} is done", LOADED),
        f"found {A1}",
        ALREADY_LOADED,
    ] == load.journal.entries
    assert 3 == len(load.warehouse.rows)


@given(
    st.lists(
        st.tuples(st.sampled_from(["backendError", "notFound", "invalid"]), st.integers(0, 9)),
        max_size=6,
    ),
    st.integers(0, 60),
)
def test_the_first_failure_that_is_both_lasting_and_new_ends_the_search(
    failures: list[tuple[str, int]], published: int
) -> None:
    """All attempts before it are passed over; if there is none the next free id is taken."""
    load = Load()
    blocking = []
    for attempt, (reason, seconds) in enumerate(failures):
        load.clock.move(seconds)
        load.has_ended(f"test-load-events-{SPAN}-17-a{attempt}", reason)
        if reason == "invalid" and load.clock.monotonic() >= published:
            blocking.append(attempt)

    if blocking:
        with pytest.raises(Poison, match=f"-a{blocking[0]} failed"):
            load.deliver(published=published)
        assert len(failures) == len(load.warehouse.jobs)
    else:
        load.deliver(published=published)
        assert f"-a{len(failures)}" in list(load.warehouse.jobs)[-1]


def test_people_are_loaded_into_their_own_table(load: Load) -> None:
    """The series decides the table and is part of the job's id."""
    load.deliver(PEOPLE)

    (job,) = load.warehouse.jobs.values()
    assert f"test-load-people-snapshot-{SPAN}-17-a0" == job.job_id
    assert ("people", (f"gs://landing/{PEOPLE}",)) == (job.table, job.uris)
    assert ("people", "snapshot") == (
        load.journal.lines[0]["table"],
        load.journal.lines[0]["mode"],
    )


@pytest.mark.parametrize(
    ("uri", "table"),
    [
        pytest.param("gs://landing/other", "events", id="another object"),
        pytest.param("gs://elsewhere/" + PATH, "events", id="another bucket"),
        pytest.param(URI, "people", id="another table"),
        pytest.param(URI, "p.d.events", id="the same table of another dataset"),
    ],
)
def test_a_job_of_somebody_else_is_never_taken_for_ours(load: Load, uri: str, table: str) -> None:
    """Two environments with one name would otherwise lose each other's rows."""
    load.has_started(A0, uri, table)

    with pytest.raises(Poison, match=f"{A0} belongs to another load"):
        load.deliver()
    assert [f"found {A0}"] == load.journal.entries


def test_a_job_of_another_kind_is_never_taken_for_ours(load: Load) -> None:
    """A query with our id has no source at all."""
    load.warehouse.jobs[A0] = LoadJob(A0, (), "", adopted=True, done=True)

    with pytest.raises(Poison, match=f"{A0} belongs to another load"):
        load.deliver()


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        pytest.param("somebody/else.csv", {}, id="a foreign object"),
        pytest.param(PATH, {"eventType": "OBJECT_DELETE"}, id="another event"),
        pytest.param(PATH, {"bucketId": "elsewhere"}, id="another bucket"),
        pytest.param(f"rejects/{PATH}", {}, id="rejects are not loaded"),
        pytest.param(f"confirmed/{PATH}", {}, id="a second look that found nothing new"),
        pytest.param("incoming/0000", {}, id="an export on its way"),
    ],
)
def test_what_is_not_ours_starts_nothing(load: Load, path: str, changes: dict[str, Any]) -> None:
    """A notification about anything else is acknowledged without work."""
    with pytest.raises(NotOurs):
        load.deliver(path, **changes)
    assert [] == load.journal.entries
