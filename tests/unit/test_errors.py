from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from mixpanel_export import delivery
from mixpanel_export.errors import (
    ExportError,
    NotOurs,
    Poison,
    RateLimited,
    Setup,
    Transient,
    status_of,
)

STATUSES = {
    Transient: HTTPStatus.SERVICE_UNAVAILABLE,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    Setup: HTTPStatus.INTERNAL_SERVER_ERROR,
    Poison: HTTPStatus.OK,
    NotOurs: HTTPStatus.NO_CONTENT,
}
ACKNOWLEDGED = {Poison, NotOurs}


def descendants(of: type[ExportError]) -> Iterator[type[ExportError]]:
    """Every class below this one that production code defines."""
    for below in of.__subclasses__():
        if below.__module__.startswith("mixpanel_export"):
            yield below
            yield from descendants(below)


def test_the_table_is_the_whole_tree() -> None:
    """A new class of error needs its status here, and its place in the module's picture."""
    assert sorted(STATUSES, key=str) == sorted(descendants(ExportError), key=str)


@pytest.mark.parametrize("error", STATUSES)
def test_each_class_is_a_direct_child(error: type[ExportError]) -> None:
    """Classes say what helps, which is never two things: none is a kind of another."""
    assert (ExportError,) == error.__bases__


@pytest.mark.parametrize(("error", "status"), STATUSES.items())
def test_each_class_has_its_own_status(error: type[ExportError], status: HTTPStatus) -> None:
    """One status a class, set by the class itself, and one mapping to it."""
    assert "status" in vars(error)
    assert status == status_of(error("why"))
    assert [error] == [other for other, its in STATUSES.items() if its == status]


@pytest.mark.parametrize("error", STATUSES)
def test_only_hopeless_messages_are_acknowledged(error: type[ExportError]) -> None:
    """2xx ends a message; everything else is delivered again."""
    assert (error in ACKNOWLEDGED) == (status_of(error("why")) // 100 == 2)


@pytest.mark.parametrize(
    "bug", [ValueError("row data"), KeyError("x"), RecursionError(), OSError(), ExportError("?")]
)
def test_anything_else_waits_for_its_fix(bug: Exception) -> None:
    """A bug is answered like a setup failure: the message is neither lost nor hammered."""
    assert HTTPStatus.INTERNAL_SERVER_ERROR == status_of(bug)


def test_a_rate_limit_remembers_how_long_to_wait() -> None:
    """Mixpanel's own word is handed on, if it gave one."""
    assert "3600" == RateLimited("61/60", "3600").retry_after
    assert None is RateLimited("61/60").retry_after


def test_every_class_is_reported_under_a_name_of_its_own() -> None:
    """Alerts tell the classes apart by event name, and a person's job is an ERROR."""
    reported = delivery._REPORTED_AS

    assert set(STATUSES) == set(reported)
    assert len(reported) == len({event for _, event in reported.values()})
    assert {Setup, Poison} == {
        error for error, (severity, _) in reported.items() if severity == "ERROR"
    }


@pytest.mark.parametrize("error", STATUSES)
def test_every_class_is_logged_once_and_answered(error: type[ExportError]) -> None:
    """No class falls through to the answer for bugs."""
    lines: list[str] = []

    def fail() -> None:
        raise error("why")

    _, status, _ = delivery.answer(fail, lambda severity, event, message, **_: lines.append(event))

    assert STATUSES[error] == status
    assert [delivery._REPORTED_AS[error][1]] == lines
