"""The loader against fakes: every row of its decision table, and the whole order of things."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from mixpanel_export.errors import ExportError, NotOurs, Poison, Setup, Transient
from mixpanel_export.loading import SETUP_REASONS, TRANSIENT_REASONS, Loader, LoadJob
from mixpanel_export.messages import Message
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Crash, Journal
from tests.fakes.subscription import notification
from tests.fakes.warehouse import Ending, FakeWarehouse

NOW = datetime(2026, 11, 22, 9, 20, tzinfo=UTC)
SPAN = "20261122T080000Z_20261122T090000Z"
PATH = f"events/date=2026-11-22/{SPAN}/17.ndjson.gz"
URI = f"gs://landing/{PATH}"
A0, A1, A2 = (f"test-load-events-{SPAN}-17-a{attempt}" for attempt in range(3))
CONTENT = gzip.compress(b'{"_line": 1}\n{"_line": 2}\n{"_line": 0}\n')
LOADED = "INFO loaded: loaded: 2 records"
ALREADY_LOADED = "INFO already_loaded: already loaded: 2 records"


class Load:
    """A loader with its fakes and one landed object of two rows."""

    def __init__(self) -> None:
        self.seconds_a_step = 0.0
        self.journal = Journal(lambda _: self.clock.move(self.seconds_a_step))
        self.clock = FakeClock(NOW, self.journal)
        self.bucket = FakeBucket(self.journal)
        self.warehouse = FakeWarehouse(self.journal, self.bucket)
        self.loader = Loader(self.warehouse, "landing", "test", self.clock, self.journal.log)
        self.bucket.objects[PATH] = StoredObject(CONTENT, {})
        self.endings: dict[str, Ending] = {}
        self.warehouse.endings = self.endings

    def deliver(self, path: str = PATH, **changes: str) -> None:
        """Deliver the object's notification, with these attributes changed."""
        message = notification(path, {"row_count": "2"}, "1", NOW)
        self.loader.handle(
            Message(message.data, message.attributes | changes, "1", NOW, delivery_attempt=3)
        )

    def has_started(self, job_id: str, uri: str = URI, table: str = "events") -> None:
        """An earlier delivery started this job, which runs."""
        self.warehouse.jobs[job_id] = LoadJob(job_id, (uri,), table, adopted=False, done=False)

    def has_ended(self, job_id: str, reason: str | None = None) -> None:
        """An earlier delivery started this job, which has ended."""
        self.has_started(job_id)
        self.warehouse.end(job_id, Ending(reason))


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

    with pytest.raises(error, match=rf"{A0} failed \({reason}\): made up"):
        load.deliver()
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


def test_a_job_that_failed_for_good_is_not_repeated(load: Load) -> None:
    """A redelivery of rows that BigQuery cannot take is parked again, without a new job."""
    load.has_ended(A0, "invalid")

    with pytest.raises(Poison, match="nothing was written: correct the cause, then replay"):
        load.deliver()
    assert [f"found {A0}"] == load.journal.entries


def test_a_wrong_number_of_rows_is_never_reported_as_loaded(load: Load) -> None:
    """The job's own count must be the object's rows and the marker."""
    load.endings[A0] = Ending(output_rows=2)

    with pytest.raises(Poison, match=r"loaded 2 rows, but .* holds 2 and a marker: replay"):
        load.deliver()
    assert [f"started {A0}", "slept 0.1 s", f"looked: {A0} is done"] == load.journal.entries


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

    with pytest.raises(Poison, match="failed to load 100 times: replay it"):
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
