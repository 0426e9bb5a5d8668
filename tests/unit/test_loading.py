"""The loader against fakes: which job it starts or joins, and the whole order of things."""

from __future__ import annotations

import pytest

from mixpanel_export.errors import NotOurs, Poison
from mixpanel_export.loading import SETUP_REASONS, TRANSIENT_REASONS, LoadJob
from tests.unit.loading_rig import A0, A1, A2, ALREADY_LOADED, LOADED, PATH, URI, Load


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
        pytest.param("incoming/0000", {}, id="an export on its way"),
    ],
)
def test_what_is_not_ours_starts_nothing(load: Load, path: str, changes: dict[str, str]) -> None:
    """A notification about anything else is acknowledged without work."""
    with pytest.raises(NotOurs):
        load.deliver(path, **changes)
    assert [] == load.journal.entries
