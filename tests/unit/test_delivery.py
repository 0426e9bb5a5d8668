"""From a push to an answer: what is acknowledged, what is parked first, and what is logged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mixpanel_export.delivery import Answer, Service, answer, answer_push, scheduled_at
from mixpanel_export.errors import (
    ExportError,
    NotOurs,
    Poison,
    RateLimited,
    Setup,
    Transient,
)
from mixpanel_export.intervals import format_moment
from mixpanel_export.messages import Message
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Crash, Journal
from tests.fakes.subscription import ACKNOWLEDGING, push_body
from tests.fakes.topics import FakeDeadLetters, Parked

NOW = datetime(2026, 11, 22, 9, 20, tzinfo=UTC)
MESSAGE = Message(b"data", {"origin": "replay"}, "7", NOW)
BODY = push_body(MESSAGE)
SECRET = "somebody@example.com"


class Office:
    """One function with its dead letters; `does` is its job."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.dead_letters = FakeDeadLetters(self.journal)
        self.handled: list[Message] = []
        self.does: Callable[[], None] = lambda: None

    def answer(self, body: bytes = BODY) -> Answer:
        """Deliver a push."""
        return answer_push(body, lambda: Service(self._handle, self.dead_letters), self.log)

    def fails_with(self, fault: BaseException) -> None:
        """Let the job fail."""
        self.does = lambda: _throw(fault)

    def log(self, *args: object, **fields: object) -> None:
        """The function's log."""
        self.journal.log(*args, **fields)  # type: ignore[arg-type]  # Passed on as they came.

    def _handle(self, message: Message) -> None:
        self.handled.append(message)
        self.journal.entries.append("handled")
        self.does()


def _throw(fault: BaseException) -> None:
    raise fault


@pytest.fixture(name="office")
def _office() -> Office:
    return Office()


def test_a_message_is_handled_and_acknowledged(office: Office) -> None:
    """The job gets the message as it was published; success is not logged twice."""
    assert ("done\n", HTTPStatus.OK, {}) == office.answer()
    assert [MESSAGE] == office.handled
    assert ["handled"] == office.journal.entries


ANSWERS: dict[type[ExportError], tuple[str, HTTPStatus, list[str]]] = {
    Transient: (
        "transient_failure: made up\n",
        HTTPStatus.SERVICE_UNAVAILABLE,
        ["handled", "WARNING transient_failure: made up"],
    ),
    RateLimited: (
        "rate_limited: made up\n",
        HTTPStatus.TOO_MANY_REQUESTS,
        ["handled", "WARNING rate_limited: made up"],
    ),
    Setup: (
        "setup_failure: made up\n",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        ["handled", "ERROR setup_failure: made up"],
    ),
    Poison: (
        "parked: made up\n",
        HTTPStatus.OK,
        ["handled", "parked: made up", "ERROR parked: made up"],
    ),
    NotOurs: (
        "",
        HTTPStatus.NO_CONTENT,
        ["handled", "INFO not_ours: made up"],
    ),
}


def test_the_table_names_every_error() -> None:
    """A new class of error must say how it is answered."""
    assert set(ExportError.__subclasses__()) == ANSWERS.keys()


@pytest.mark.parametrize("error", ANSWERS, ids=lambda error: error.__name__)
def test_an_error_decides_the_answer(office: Office, error: type[ExportError]) -> None:
    """One answer, one log line; only poison is parked, and before anything is said about it."""
    text, status, journal = ANSWERS[error]
    office.fails_with(error("made up"))

    assert (text, status, {}) == office.answer()
    assert journal == office.journal.entries


def test_a_failure_names_its_message(office: Office) -> None:
    """Who reads of a failure can look for the message, its interval or its object at once."""
    asked = {"table": "events", "start": "2026-11-22T08:00:00Z", "origin": "replay"}
    office.fails_with(Transient("made up"))

    office.answer(push_body(Message(b"{}", asked | {"note": "by hand"}, "8", NOW), attempt=3))

    about = asked | {"message_id": "8", "delivery_attempt": 3}
    line = {"severity": "WARNING", "event": "transient_failure", "message": "made up"}
    assert [line | about] == office.journal.lines


def test_a_failure_of_a_request_by_hand_names_its_interval(office: Office) -> None:
    """Its body says what it asks for, and counts where attributes say something else."""
    body = b"""{"version":1,"table":"people","mode":"changes",
        "start":"2026-11-22T08:00Z","end":"2026-11-22T09:00Z"}"""
    office.fails_with(Transient("made up"))

    office.answer(push_body(Message(body, {"start": "yesterday"}, "8", NOW)))

    (line,) = office.journal.lines
    assert {
        "table": "people",
        "mode": "changes",
        "start": "2026-11-22T08:00:00Z",
        "end": "2026-11-22T09:00:00Z",
        "origin": "replay",
        "message_id": "8",
    }.items() <= line.items()


@pytest.mark.parametrize("error", ANSWERS, ids=lambda error: error.__name__)
def test_the_facts_of_a_failure_are_logged(office: Office, error: type[ExportError]) -> None:
    """For alerts, which do not read texts."""
    office.fails_with(error("made up", status=503))

    office.answer()

    assert 503 == office.journal.lines[0]["status"]


@pytest.mark.parametrize("error", ANSWERS, ids=lambda error: error.__name__)
def test_only_what_needs_no_retry_is_acknowledged(
    office: Office, error: type[ExportError]
) -> None:
    """A message stays with Pub/Sub unless it is parked or was never meant for us."""
    office.fails_with(error("made up"))

    assert (error in (Poison, NotOurs)) == (office.answer()[1] in ACKNOWLEDGING)


def test_poison_is_parked_whole_and_with_its_reason(office: Office) -> None:
    """The dead letter can be published again as it is."""
    office.fails_with(Poison("made up"))

    office.answer()

    assert [Parked(b"data", {"origin": "replay"}, "made up")] == office.dead_letters.parked


@pytest.mark.parametrize("body", [b"", b"gimme", b"{}", b'{"message": {"data": "?"}}'])
def test_a_push_that_cannot_be_read_is_parked_as_it_came(office: Office, body: bytes) -> None:
    """Nobody handles it, and nothing of it is lost."""
    text, status, _ = office.answer(body)

    ((data, attributes, reason),) = [
        (parked.data, parked.attributes, parked.reason) for parked in office.dead_letters.parked
    ]
    assert (body, {}, HTTPStatus.OK, f"parked: {reason}\n") == (data, attributes, status, text)
    assert [] == office.handled


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Transient("no topic today"), HTTPStatus.SERVICE_UNAVAILABLE),
        (Setup("no such topic"), HTTPStatus.INTERNAL_SERVER_ERROR),
        (RuntimeError("a bug"), HTTPStatus.INTERNAL_SERVER_ERROR),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("body", [BODY, b"gimme"], ids=["message", "malformed"])
def test_poison_that_is_not_parked_is_not_acknowledged(
    office: Office, fault: Exception, status: HTTPStatus, *, late: bool, body: bytes
) -> None:
    """Until Pub/Sub confirms the dead letter, the message stays where it is."""
    office.fails_with(Poison("made up"))
    office.journal.fail("park", fault, late=late)

    assert status == office.answer(body)[1]
    assert not any("ERROR parked" in entry for entry in office.journal.entries)


@pytest.mark.parametrize(
    ("retry_after", "headers"),
    [
        (None, {}),
        ("", {}),  # Named, but empty.
        ("120", {"Retry-After": "120"}),
    ],
)
def test_mixpanels_wait_is_passed_on(
    office: Office, retry_after: str | None, headers: dict[str, str]
) -> None:
    """Whoever calls by hand sees how long the budget needs."""
    office.fails_with(RateLimited("made up", retry_after))

    assert headers == office.answer()[2]


def test_a_bug_is_answered_without_its_message(office: Office) -> None:
    """An unforeseen exception may quote a row: the log tells its kind and place only."""
    office.fails_with(KeyError(SECRET))

    assert ("bug: see the log\n", HTTPStatus.INTERNAL_SERVER_ERROR, {}) == office.answer()
    assert ["handled", "ERROR bug: bug: KeyError"] == office.journal.entries
    (line,) = office.journal.lines
    assert SECRET not in str(line)
    assert line["frames"][-1].startswith("test_delivery.py:")
    assert line["frames"][-1].endswith(" _throw")
    assert any(frame.startswith("delivery.py:") for frame in line["frames"])


def test_what_caused_an_error_is_not_logged_either(office: Office) -> None:
    """Only our own words are logged, not those of the exception behind them."""

    def job() -> None:
        try:
            _throw(ValueError(SECRET))
        except ValueError as error:
            raise Transient("made up") from error

    office.does = job

    office.answer()

    assert SECRET not in str(office.journal.lines)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Setup("no GCP_PROJECT_ID"), HTTPStatus.INTERNAL_SERVER_ERROR),
        (Transient("no network"), HTTPStatus.SERVICE_UNAVAILABLE),
        (ImportError("a bug"), HTTPStatus.INTERNAL_SERVER_ERROR),
    ],
)
def test_a_function_that_cannot_be_wired_answers_all_the_same(
    office: Office, fault: Exception, status: HTTPStatus
) -> None:
    """Wrong settings are reported like any failure; the message waits for their correction."""

    def wire() -> Service:
        raise fault

    assert status == answer_push(BODY, wire, office.log)[1]
    assert 1 == len(office.journal.lines)


def test_the_end_of_the_process_is_not_answered(office: Office) -> None:
    """Being stopped is neither success nor failure: Pub/Sub notices the silence."""
    office.fails_with(Crash())

    with pytest.raises(Crash):
        office.answer()
    assert ["handled"] == office.journal.entries


@given(body=st.binary(max_size=200))
@example(body=BODY)
def test_any_body_is_answered(body: bytes) -> None:
    """No bytes make the function crash: they are handled or parked."""
    office = Office()

    assert HTTPStatus.OK == office.answer(body)[1]
    assert 1 == len(office.handled) + len(office.dead_letters.parked)


@pytest.mark.parametrize("error", ANSWERS, ids=lambda error: error.__name__)
def test_a_job_without_message_is_answered_by_the_same_table(error: type[ExportError]) -> None:
    """A tick of the planner has nothing to park."""
    journal = Journal()

    got = answer(lambda: _throw(error("made up")), journal.log)

    assert (ANSWERS[error][0], ANSWERS[error][1], {}) == got
    assert [ANSWERS[error][2][-1]] == journal.entries


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        pytest.param(None, NOW, id="called by a person"),
        pytest.param("2026-11-22T09:00:00Z", NOW.replace(minute=0), id="called a bit late"),
        pytest.param("2026-11-22T04:00:00-05:00", NOW.replace(minute=0), id="another offset"),
        pytest.param("2026-11-22T09:20:01Z", NOW, id="called early: never in the future"),
    ],
)
def test_a_tick_is_for_the_time_it_was_scheduled_for(header: str | None, moment: datetime) -> None:
    """A retried tick plans the same as the first try."""
    assert moment == scheduled_at(header, FakeClock(NOW, Journal()))


@pytest.mark.parametrize("header", ["", "yesterday", "2026-11-22T09:00:00"])
def test_a_schedule_time_that_is_none_is_a_setup_error(header: str) -> None:
    """Something other than Scheduler calls us, and a person must look."""
    with pytest.raises(Setup, match="X-CloudScheduler-ScheduleTime"):
        scheduled_at(header, FakeClock(NOW, Journal()))


@given(seconds=st.integers(-(10**7), 10**7))
def test_no_tick_is_for_the_future(seconds: int) -> None:
    """Whatever the header says, the moment is at most now."""
    scheduled = NOW + timedelta(seconds=seconds)
    moment = scheduled_at(format_moment(scheduled), FakeClock(NOW, Journal()))

    assert min(scheduled, NOW) == moment
