"""How settings that are secret are read, and that they show nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export.mixpanel import MixpanelExporter
from mixpanel_export.queries import Project
from mixpanel_export.settings import Credentials, FetcherSettings
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal

SECRET = "s3cr3t-Of-The-Service-Account"
FETCHER = {
    "GCP_PROJECT_ID": "some-project",
    "EXPORT_BUCKET": "some-exports",
    "MIXPANEL_PROJECT_ID": "12345",
    "MIXPANEL_CREDENTIALS": f"exporter.a1b2c3.mp-service-account:{SECRET}",
}


def problem(env: dict[str, str]) -> str:
    """The one thing that is wrong when these variables replace right ones."""
    with pytest.raises(Setup) as caught:
        FetcherSettings.from_env(FETCHER | env)
    _, line = str(caught.value).split("\n")
    return line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(f"user:{SECRET}", Credentials("user", SECRET), id="service account"),
        pytest.param(f" user:{SECRET}\n", Credentials("user", SECRET), id="as an editor saves it"),
        pytest.param("user:a:b", Credentials("user", "a:b"), id="colon in the secret"),
        pytest.param(SECRET, Credentials(SECRET, ""), id="project secret"),
        pytest.param(f"{SECRET}:", Credentials(SECRET, ""), id="project secret, as for curl"),
    ],
)
def test_credentials_are_an_account_or_a_project_secret(value: str, expected: Credentials) -> None:
    """One variable holds either; the latter is recognised, to warn of its end."""
    found = FetcherSettings.from_env(FETCHER | {"MIXPANEL_CREDENTIALS": value}).credentials

    assert expected == found
    assert (expected.password == "") == found.is_project_secret


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("", "not set", id="empty"),
        pytest.param("  \n", "***", id="blank"),
        pytest.param(f":{SECRET}", "***", id="no user"),
        pytest.param(f"user: {SECRET}", "***", id="blank inside"),
        pytest.param(f"{SECRET}\n{SECRET}", "***", id="two lines"),
        pytest.param(f"\u00fcser:{SECRET}", "***", id="not ASCII"),
    ],
)
def test_bad_credentials_are_not_shown(value: str, shown: str) -> None:
    """The message says that they are wrong and how they should look, not what they are."""
    found = problem({"MIXPANEL_CREDENTIALS": value})

    expected = (
        f"- MIXPANEL_CREDENTIALS is {shown}; allowed: `username:secret` of a service account"
    )
    assert expected == found


def test_a_secret_in_a_url_is_not_shown() -> None:
    """Credentials are refused in the URL, so the refusal must not repeat them."""
    found = problem({"MIXPANEL_URL": f"https://user:{SECRET}@host"})

    allowed = "https:// and a host, without path or credentials"
    assert f"- MIXPANEL_URL is ***; allowed: {allowed}" == found


def warnings_of(credentials: Credentials, now: datetime) -> list[dict[str, Any]]:
    """What is logged when an instance starts to use them."""
    journal = Journal()
    settings = FetcherSettings.from_env(FETCHER)
    MixpanelExporter(credentials, Project.of(settings), FakeClock(now, journal), journal.log)
    return journal.lines


@pytest.mark.parametrize(
    ("now", "days"),
    [
        pytest.param(datetime(2026, 11, 22, 11, 16, tzinfo=UTC), 101, id="in time"),
        pytest.param(datetime(2027, 3, 2, 23, 59, tzinfo=UTC), 1, id="the day before"),
        pytest.param(datetime(2027, 3, 3, tzinfo=UTC), 0, id="the day"),
        pytest.param(datetime(2027, 3, 5, 1, tzinfo=UTC), -2, id="after"),
    ],
)
def test_a_project_secret_counts_the_days_it_has_left(now: datetime, days: int) -> None:
    """Mixpanel retires them on 2027-03-03; a service account lasts, and nothing is said of it."""
    (line,) = warnings_of(Credentials(SECRET, ""), now)

    assert ("WARNING", "project_secret", days) == (
        line["severity"],
        line["event"],
        line["days_left"],
    )
    assert "which Mixpanel retires on 2027-03-03: create a service account" in line["message"]
    assert SECRET not in str(line)
    assert [] == warnings_of(Credentials("user", SECRET), now)


def test_secrets_are_not_in_a_repr() -> None:
    """Settings may end up in a traceback or a log."""
    settings = FetcherSettings.from_env(FETCHER)

    assert "Credentials(***)" in repr(settings)
    assert SECRET not in f"{settings!r} {settings} {Credentials(SECRET, '')!r}"
