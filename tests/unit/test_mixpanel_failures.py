from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import ExportError, Poison, RateLimited, Setup, Transient
from mixpanel_export.mixpanel import failure

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
    assert {"status": status} == error.facts


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
