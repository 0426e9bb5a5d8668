"""The loader when jobs and steps fail: the class of the error, and what the next delivery does."""

from __future__ import annotations

import pytest

from mixpanel_export.errors import ExportError, Poison, Setup, Transient
from mixpanel_export.loading import SETUP_REASONS, TRANSIENT_REASONS
from tests.fakes.journal import Crash
from tests.fakes.warehouse import Ending
from tests.unit.loading_rig import A0, LOADED, SPAN, Load


@pytest.fixture(name="load")
def _load() -> Load:
    return Load()


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        *((reason, Transient) for reason in sorted(TRANSIENT_REASONS)),
        *((reason, Setup) for reason in sorted(SETUP_REASONS)),
        ("invalid", Poison),  # The rows do not fit the table.
        ("invalidQuery", Poison),
        ("aReasonNobodyHasSeen", Poison),  # Parked and alerted, rather than repeated for ever.
    ],
)
@pytest.mark.parametrize("is_joined", [False, True], ids=["own job", "joined job"])
def test_a_job_that_fails_decides_the_answer(
    load: Load, reason: str, error: type[ExportError], is_joined: bool
) -> None:
    """Nothing is reported as loaded, and no second job starts in the same delivery."""
    if is_joined:
        load.has_started(A0)
    load.endings[A0] = Ending(reason)

    with pytest.raises(error, match=rf"{A0} failed \({reason}\): made up") as caught:
        load.deliver()
    assert {"job_id": A0, "job_reason": reason} == caught.value.facts
    assert [
        f"{'found' if is_joined else 'started'} {A0}",
        "slept 0.1 s",
        f"looked: {A0} is failed",
    ] == load.journal.entries
    assert [] == load.warehouse.rows


def test_the_reasons_that_help_is_known_for_are_disjoint() -> None:
    """Each reason has one meaning; `invalid` is in neither set, as no retry can help it."""
    assert frozenset() == TRANSIENT_REASONS & SETUP_REASONS
    assert "invalid" not in TRANSIENT_REASONS | SETUP_REASONS


@pytest.mark.parametrize("reason", [None, "backendError", "notFound", "invalid"])
def test_a_job_may_end_as_soon_as_it_starts(load: Load, reason: str | None) -> None:
    """It is our job all the same: reported as loaded, or its failure left to a next delivery."""
    load.endings[A0] = Ending(reason, look=0)

    if reason is None:
        load.deliver()
        assert [f"started {A0}", LOADED] == load.journal.entries
    else:
        with pytest.raises(ExportError, match=f"{A0} failed"):
            load.deliver()
        assert [f"started {A0}"] == load.journal.entries


def test_a_job_that_failed_for_good_is_not_repeated(load: Load) -> None:
    """A redelivery of rows that BigQuery cannot take is parked again, without a new job."""
    load.has_ended(A0, "invalid")

    with pytest.raises(Poison, match="nothing was written: correct the cause, and the planner"):
        load.deliver()
    assert [f"found {A0}"] == load.journal.entries


def test_a_wrong_number_of_rows_is_never_reported_as_loaded(load: Load) -> None:
    """The job's own count must be the object's rows and the marker."""
    load.endings[A0] = Ending(output_rows=2)

    with pytest.raises(
        Poison, match=r"loaded 2 rows, but .* holds 2 and a marker: replay"
    ) as caught:
        load.deliver()
    assert {"job_id": A0, "job_reason": "outputRows"} == caught.value.facts
    assert [f"started {A0}", "slept 0.1 s", f"looked: {A0} is done"] == load.journal.entries


def test_a_wrong_number_of_rows_is_not_loaded_again(load: Load) -> None:
    """That job succeeded: another one would double its rows, so only a replay helps."""
    load.has_ended(A0, output_rows=2)

    with pytest.raises(Poison, match=r"loaded 2 rows, but .* holds 2 and a marker: replay"):
        load.deliver(published=60)
    assert [f"found {A0}"] == load.journal.entries


def test_a_job_that_runs_too_long_is_left_to_the_next_delivery(load: Load) -> None:
    """The wait ends before the platform ends it; the next delivery joins the job."""
    load.endings[A0] = Ending(look=10_000)

    with pytest.raises(Transient, match=f"gave up waiting for job {A0} after 500 s"):
        load.deliver()
    assert 500 <= load.clock.slept < 510
    assert ["slept 0.1 s", "slept 0.2 s", "slept 0.4 s", "slept 0.8 s", "slept 1.6 s"] == [
        entry for entry in load.journal.entries if entry.startswith("slept")
    ][:5]
    assert "slept 4 s" == load.journal.entries[-2]

    load.endings[A0] = Ending()
    load.deliver()
    assert [A0] == list(load.warehouse.jobs)
    assert 3 == len(load.warehouse.rows)


def test_looking_through_burnt_attempts_stops_at_the_deadline(load: Load) -> None:
    """Also the search for a free id ends before the platform ends it."""
    for attempt in range(10):
        load.has_ended(f"test-load-events-{SPAN}-17-a{attempt}", "backendError")
    load.seconds_a_step = 50  # Before and after: BigQuery on a bad day.

    with pytest.raises(Transient, match=r"gave up starting job .*-a5 after 500 s"):
        load.deliver()


def test_an_object_that_always_fails_is_given_up_on(load: Load) -> None:
    """After a hundred burnt ids a person must look."""
    for attempt in range(100):
        load.has_ended(f"test-load-events-{SPAN}-17-a{attempt}", "backendError")

    with pytest.raises(Poison, match="failed to load 100 times: mend the cause"):
        load.deliver()
    assert 100 == len(load.warehouse.jobs)


@pytest.mark.parametrize("fault", [Transient("made up"), Setup("made up"), Crash()])
@pytest.mark.parametrize(
    ("step", "late"),
    [("start", False), ("start", True), ("sleep", False), ("look", False), ("look", True)],
)
def test_a_failed_step_leaves_the_work_to_the_next_delivery(
    load: Load, step: str, late: bool, fault: BaseException
) -> None:
    """Wherever a delivery ends early it reports nothing, and the next one loads once."""
    load.journal.fail(step, fault, late=late)
    with pytest.raises(type(fault)):
        load.deliver()
    assert [] == load.journal.lines

    load.deliver()

    assert [A0] == list(load.warehouse.jobs)
    assert [1, 2, 0] == [row["_line"] for row in load.warehouse.rows]
    assert 1 == len(load.journal.lines)
