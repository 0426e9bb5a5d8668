"""Pages of profiles: how they are followed, and what is no page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mixpanel_export.errors import ExportError, Setup, Transient
from mixpanel_export.profiles import Page, pages
from mixpanel_export.queries import Turn
from tests.fakes.exporter import page_body, profile


def parsed(body: bytes) -> Page:
    """The page in a body."""
    return Page.parse(body, datetime(2026, 11, 22, 9, 20, tzinfo=UTC))


class Session:
    """Answers with these bodies, and remembers how it was asked."""

    def __init__(self, *bodies: bytes) -> None:
        self.bodies, self.turns = bodies, list[Turn | None]()

    def ask(self, turn: Turn | None) -> Page:
        self.turns.append(turn)
        return parsed(self.bodies[turn.page if turn else 0])

    def ids(self) -> list[Any]:
        """Who is in the pages."""
        return [one["$distinct_id"] for page in pages(self.ask) for one in page.profiles]


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        pytest.param([page_body()], [], id="an empty project"),
        pytest.param([page_body(profile(1))], [1], id="a short page"),
        pytest.param(
            [page_body(profile(1), profile(2)), page_body(profile(3))],
            [1, 2, 3],
            id="a short last page",
        ),
        pytest.param(
            [page_body(profile(1), profile(2)), page_body()],
            [1, 2],
            id="a full page, then an empty one",
        ),
        pytest.param(
            [page_body(profile(1), profile(2), total=2, session_id=...)], [1, 2], id="no session"
        ),
        pytest.param(
            [
                page_body(profile(1), profile(2), total=4),
                page_body(profile(3), profile(4), session_id=None),
            ],
            [1, 2, 3, 4],
            id="a last page without session",
        ),
        pytest.param(
            [page_body(profile(1), page_size=1), page_body(page_size=1)],
            [1],
            id="pages of another size than asked",
        ),
        pytest.param(
            [page_body(profile(1), page_size=...), page_body(page_size=...)],
            [1],
            id="pages of a size not told",
        ),
        pytest.param(
            [page_body(profile(1), profile(2), total=3), page_body(profile(3))],
            [1, 2, 3],
            id="as many as announced",
        ),
        pytest.param(
            [page_body(profile(1), profile(2), total=1), page_body()],
            [1, 2],
            id="more than announced",
        ),
    ],
)
def test_pages_are_followed_to_the_last(bodies: list[bytes], expected: list[int]) -> None:
    """Every page is asked for, in its session, and none beyond the last."""
    session = Session(*bodies)

    assert expected == session.ids()
    assert [None, *(Turn(n, "s") for n in range(1, len(bodies)))] == session.turns


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param([page_body(total=1)], id="none of one"),
        pytest.param([page_body(profile(1), total=2)], id="one of two"),
        pytest.param([page_body(profile(1), profile(2), total=3), page_body()], id="two of three"),
        pytest.param(
            [page_body(profile(1), profile(2), total=3, session_id=...)], id="no session"
        ),
    ],
)
def test_fewer_than_announced_is_a_cut(bodies: list[bytes]) -> None:
    """Page 0 says how many there are; they must all have come."""
    with pytest.raises(Transient, match=r"the profiles were cut: \d of \d arrived"):
        Session(*bodies).ids()


def test_the_end_is_that_of_all_pages_together() -> None:
    """What a full last page without session proves depends on the pages before it."""
    bodies = [
        page_body(profile(1), profile(2), total=2),
        page_body(profile(3), profile(4), session_id=...),
    ]

    with pytest.raises(Transient, match="the profiles were cut: 4 of 2 arrived"):
        Session(*bodies).ids()


PAGES: dict[str, tuple[int, object]] = {  # How many profiles of how many that fit.
    "empty": (0, 3),
    "empty, of unknown size": (0, ...),
    "short": (2, 3),
    "full": (3, 3),
    "more than full": (4, 3),
    "of unknown size": (3, ...),
}
SHORT = {"empty", "empty, of unknown size", "short"}
TOTALS: dict[str, Callable[[int], object]] = {
    "absent": lambda _: ...,
    "equal": lambda count: count,
    "greater": lambda count: count + 1,
    "less": lambda count: max(0, count - 1),
}


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("session_id", ["s", None, ...], ids=["session", "null", "no session"])
@pytest.mark.parametrize("page", PAGES)
def test_what_proves_that_everybody_came(page: str, session_id: object, total: str) -> None:
    """A short page, unless more were announced; a full one without session, if all came."""
    count, size = PAGES[page]
    profiles = [profile(n) for n in range(count)]
    announced = TOTALS[total](count)
    changes = {"session_id": session_id, "page_size": size, "total": announced}
    session = Session(page_body(*profiles, **changes), page_body(page_size=size))
    is_followed = session_id == "s" and page not in SHORT
    proofs = {"absent", "equal", "less"} if is_followed or page in SHORT else {"equal"}

    if total in proofs:
        assert list(range(count)) == session.ids()
    else:
        number = "an unknown number" if announced is ... else announced
        said = f"the profiles were cut: {count} of {number} arrived; will start again"
        with pytest.raises(Transient, match=f"^{said}$"):
            session.ids()
    assert [None, Turn(1, "s")][: 1 + is_followed] == session.turns


def test_a_page_is_asked_for_when_the_one_before_is_done_with() -> None:
    """So no more than one is ever held."""
    session = Session(page_body(profile(1), profile(2)), page_body())
    found = pages(session.ask)

    next(found)

    assert [None] == session.turns


CUT: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda body: body[: len(body) // 2],
    "no last brace": lambda body: body[:-1],
    "nothing": lambda _: b"",
    "a page of the web": lambda _: b"<html>",
}


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
def test_a_cut_page_is_tried_again(cut: Callable[[bytes], bytes]) -> None:
    """What is no JSON is no page."""
    with pytest.raises(Transient, match="the page of profiles was cut: it is not JSON"):
        parsed(cut(page_body(profile(1))))


@pytest.mark.parametrize(
    ("body", "expected", "said"),
    [
        pytest.param(
            page_body(error="Internal error", status="failure"),
            Transient,
            "Mixpanel answered 200: Internal error",
            id="an error beside results",
        ),
        pytest.param(
            b'{"error": "Timeout\\n Error."}',
            Transient,
            "Mixpanel answered 200: Timeout Error.",
            id="an error alone",
        ),
        pytest.param(
            page_body(status="failure"),
            Transient,
            "Mixpanel answered 200: status failure",
            id="a status",
        ),
        pytest.param(
            page_body(results=...), Transient, "Mixpanel answered 200: no results", id="no results"
        ),
        pytest.param(
            page_body(results={}), Transient, "Mixpanel answered 200: no results", id="no list"
        ),
        pytest.param(
            b'{"error": "Unable to Authenticate request"}',
            Setup,
            "Mixpanel answered 200: Unable to Authenticate request; "
            "check MIXPANEL_CREDENTIALS and MIXPANEL_PROJECT_ID",
            id="credentials",
        ),
        pytest.param(
            b"[]", Transient, "Mixpanel sent no page of profiles, but other JSON", id="a list"
        ),
    ],
)
def test_a_failure_may_come_with_200(body: bytes, expected: type[ExportError], said: str) -> None:
    """A status proves nothing; what Mixpanel says decides what helps."""
    with pytest.raises(expected) as failure:
        parsed(body)
    assert expected is type(failure.value)
    assert said == str(failure.value)


def test_a_long_error_is_cut_short() -> None:
    """It is logged."""
    with pytest.raises(Transient) as failure:
        parsed(page_body(error="x" * 1000))
    assert 400 > len(str(failure.value))


@pytest.mark.parametrize("status", ["ok", ...], ids=["ok", "no status"])
def test_a_page_without_error_is_a_page(status: object) -> None:
    """Also one that does not say so."""
    assert 1 == len(parsed(page_body(profile(1), status=status, error=None)).profiles)
