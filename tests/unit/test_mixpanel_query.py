from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import ExportError, Poison, RateLimited, Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.mixpanel import Project, failure
from tests.strategies import ZONES, intervals

EASTERN = "America/New_York"
HOUR = timedelta(hours=1)


def query(
    start: str, now: str, *, zone: str = EASTERN, lookback: int = 5, length: timedelta = HOUR
) -> dict[str, str]:
    """The parameters for an interval that starts on this day and hour, asked at that one."""
    begin = datetime.fromisoformat(f"{start}:00Z")
    project = Project("12345", ZoneInfo(zone), lookback)
    return project.query(Interval(begin, begin + length), datetime.fromisoformat(f"{now}:00Z"))


@pytest.mark.parametrize(
    ("asked", "from_date", "to_date"),
    [
        pytest.param(
            query("2026-11-22T15:00", "2026-11-22T16:15"),
            "2026-11-16",
            "2026-11-22",
            id="midday: today, and 5 days and one before it",
        ),
        pytest.param(
            query("2026-11-22T15:00", "2026-12-22T16:15"),
            "2026-11-16",
            "2026-11-23",
            id="a backfill: the day after it too",
        ),
        pytest.param(
            query("2026-11-22T02:00", "2026-11-22T03:15"),
            "2026-11-15",
            "2026-11-21",
            id="the trap: 02:00 UTC is yesterday in New York",
        ),
        pytest.param(
            query("2026-11-22T03:00", "2026-11-22T04:59"),
            "2026-11-15",
            "2026-11-21",
            id="23:59 in New York",
        ),
        pytest.param(
            query("2026-11-22T04:00", "2026-11-22T05:00"),
            "2026-11-15",
            "2026-11-22",
            id="midnight in New York: today has changed, the interval is of yesterday",
        ),
        pytest.param(
            query("2026-07-22T03:00", "2026-07-22T04:00"),
            "2026-07-15",
            "2026-07-22",
            id="midnight in New York comes at 04:00 UTC in summer",
        ),
        pytest.param(
            query("2026-11-22T02:00", "2026-11-22T03:15", zone="UTC"),
            "2026-11-16",
            "2026-11-22",
            id="a newer project, in UTC",
        ),
        pytest.param(
            query("2026-11-22T20:00", "2026-11-22T21:15", zone="Asia/Kolkata"),
            "2026-11-17",
            "2026-11-23",
            id="India is a day ahead",
        ),
        pytest.param(
            query("2026-11-22T15:00", "2026-11-22T16:15", lookback=0),
            "2026-11-21",
            "2026-11-22",
            id="no lookback: still the day before",
        ),
        pytest.param(
            query("2026-11-22T00:00", "2026-11-25T00:00", length=24 * HOUR),
            "2026-11-15",
            "2026-11-23",
            id="a whole day in UTC is two days in New York",
        ),
    ],
)
def test_the_dates_are_days_of_the_project(
    asked: dict[str, str], from_date: str, to_date: str
) -> None:
    """They reach back far enough for late events, and never beyond the project's today."""
    assert (from_date, to_date) == (asked["from_date"], asked["to_date"])


def test_the_condition_is_the_interval_in_milliseconds() -> None:
    """Half-open, on processing time, in UTC whatever the project's zone."""
    processed = 'number(properties["mp_processing_time_ms"])'

    assert {
        "project_id": "12345",
        "from_date": "2026-11-16",
        "to_date": "2026-11-22",
        "where": f"{processed} >= 1795359600000 and {processed} < 1795363200000",
        "time_in_ms": "true",
    } == query("2026-11-22T15:00", "2026-11-22T16:15")


def test_the_users_condition_is_joined_as_a_whole() -> None:
    """In parentheses, as its own `or` would bind less than our `and`."""
    begin = datetime(2026, 11, 22, 15, tzinfo=UTC)
    where = 'event == "a" or event == "b"'
    project = Project("12345", ZoneInfo(EASTERN), 5, where)

    asked = project.query(Interval(begin, begin + HOUR), begin + 2 * HOUR)

    plain = query("2026-11-22T15:00", "2026-11-22T17:00")
    assert plain | {"where": f"({where}) and {plain['where']}"} == asked


@given(
    intervals(),
    st.timedeltas(timedelta(0), timedelta(days=400)),
    st.sampled_from(ZONES),
    st.integers(0, 30),
)
def test_the_dates_hold_every_event_that_may_be_in_the_interval(
    interval: Interval, later: timedelta, zone: str, lookback: int
) -> None:
    """The days of the wall clock from lookback days before the interval until its end."""
    info = ZoneInfo(zone)
    now = interval.end + later

    asked = Project("1", info, lookback).query(interval, now)

    first, last = date.fromisoformat(asked["from_date"]), date.fromisoformat(asked["to_date"])
    assert first <= (interval.start - timedelta(days=lookback)).astimezone(info).date()
    assert last <= now.astimezone(info).date()
    assert last >= (interval.end - timedelta(milliseconds=1)).astimezone(info).date()
    assert (interval.end - interval.start).days + lookback + 5 > (last - first).days


TEXTS = {
    "date": "to_date cannot be later than today",
    "credentials": "Unable to authenticate request",
    "credentials, in JSON": '{"error": "unable to AUTHENTICATE request"}',
    "timeout": '{"request": "/api/2.0/export?from_date=2026-11-16", "error": "Timeout Error."}',
    "expression": '{"error": "syntax error near )", "request": "/api/2.0/export"}',
    "plan": "Your plan does not allow API calls. Upgrade at mixpanel.com/pricing",
    "range": "Date range exceeds 90 days into the past",
    "concurrency": '{"error": "too many export requests in progress for this project"}',
    "page": "<html><h1>502 Bad Gateway</h1></html>",
    "nothing": "",
}
# What a status means whatever the text says.
BY_STATUS: dict[int, type[ExportError]] = {
    201: Setup,
    204: Setup,
    301: Setup,
    302: Setup,
    307: Setup,
    401: Setup,
    402: Setup,
    403: Setup,
    404: Setup,
    405: Setup,
    408: Transient,
    410: Setup,
    412: Setup,
    414: Setup,
    429: RateLimited,
    500: Transient,
    501: Transient,
    502: Transient,
    503: Transient,
    504: Transient,
    520: Transient,
    599: Transient,
}
# Mixpanel uses 400 for everything, so there the text decides.
BY_TEXT_OF_400: dict[str, type[ExportError]] = {
    "date": Setup,
    "credentials": Setup,
    "credentials, in JSON": Setup,
    "timeout": Transient,
    "expression": Poison,
    "plan": Poison,
    "range": Poison,
    "concurrency": Poison,
    "page": Poison,
    "nothing": Poison,
}


# Every status with every text.
CASES = [(400, name, expected) for name, expected in BY_TEXT_OF_400.items()] + [
    (status, name, expected) for status, expected in BY_STATUS.items() for name in TEXTS
]


def test_every_text_is_told_apart_in_a_400() -> None:
    """A text that is added needs its meaning."""
    assert set(TEXTS) == set(BY_TEXT_OF_400)


@pytest.mark.parametrize(("status", "name", "expected"), CASES)
def test_status_and_text_decide_what_helps(
    status: int, name: str, expected: type[ExportError]
) -> None:
    """Each answer seen in the wild is one class of error, which repeats what Mixpanel said."""
    error = failure(status, TEXTS[name], {})

    assert expected is type(error)
    assert str(error).startswith(f"Mixpanel answered {status}: {TEXTS[name]}")


@pytest.mark.parametrize("status", range(500, 600))
def test_every_5xx_is_for_later(status: int) -> None:
    """None of them is the request's fault, with whatever text."""
    assert Transient is type(failure(status, TEXTS["credentials"], {}))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        pytest.param("date", "check PROJECT_TIMEZONE", id="date"),
        pytest.param(
            "credentials",
            "check MIXPANEL_CREDENTIALS, MIXPANEL_PROJECT_ID and the plan",
            id="credentials",
        ),
        pytest.param(
            "expression", "check MIXPANEL_WHERE, then replay the interval", id="expression"
        ),
    ],
)
def test_what_a_person_must_do_is_said(name: str, advice: str) -> None:
    """The message of a refusal ends with the setting to look at."""
    assert str(failure(400, TEXTS[name], {})).endswith(f"; {advice}")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"Retry-After": "3600"}, "3600", id="told"),
        pytest.param({}, None, id="not told, as some endpoints do"),
    ],
)
def test_mixpanels_wait_is_handed_on(headers: dict[str, str], expected: str | None) -> None:
    """A rate limit keeps the header that says how long it lasts."""
    error = failure(429, "", headers)

    assert isinstance(error, RateLimited)
    assert expected == error.retry_after


@given(st.integers(100, 599), st.text())
def test_every_answer_has_a_class(status: int, text: str) -> None:
    """No status and no text is left without an answer, and none is taken for success."""
    assert type(failure(status, text, {})) in {Transient, RateLimited, Setup, Poison}
