"""Who may read what."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import requests

from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import (
    export,
    simulator,
)


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        yield mixpanel


def basic(credential: str) -> str:
    return "Basic " + base64.b64encode(credential.encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "project_id", "expected"),
    [
        # Service account: base64 or as it stands, always with the project.
        (basic("user:secret"), "1", (200, "")),
        ("Basic user:secret", "1", (200, "")),
        (basic("user:secret"), "2", (200, "")),
        (basic("user:secret"), None, (400, "project_id is required")),
        (basic("user:secret"), "3", (400, "Unable to authenticate request")),
        (basic("user:wrong"), "1", (400, "Unable to authenticate request")),
        (basic("user:"), "1", (400, "Unable to authenticate request")),
        # Project secret: user without password, also without the colon; the project is known.
        (basic("api-secret:"), None, (200, "")),
        (basic("api-secret"), None, (200, "")),
        (basic("api-secret:"), "1", (200, "")),
        (basic("api-secret:"), "2", (400, "Unable to authenticate request")),
        (basic("api-secret:x"), None, (400, "Unable to authenticate request")),
        (None, "1", (400, "Unable to authenticate request")),
        ("Basic", "1", (400, "Unable to authenticate request")),
        ("Basic !!", "1", (400, "Unable to authenticate request")),
        ("Bearer token", "1", (400, "Unable to authenticate request")),
    ],
)
def test_credentials(
    mixpanel: MixpanelSimulator,
    authorization: str | None,
    project_id: str | None,
    expected: tuple[int, str],
) -> None:
    """Both kinds of credentials are taken in every spelling seen; all else is a 400."""
    response = requests.get(
        f"{mixpanel.url}/api/2.0/export/",
        params={"from_date": "2026-11-20", "to_date": "2026-11-20"}
        | ({"project_id": project_id} if project_id else {}),
        headers={"Authorization": authorization} if authorization else {},
        timeout=5,
    )

    status, text = expected
    assert (status, True) == (response.status_code, text in response.text)


def test_failure_status_can_be_401(mixpanel: MixpanelSimulator) -> None:
    """Both statuses were seen for bad credentials."""
    mixpanel.settings.change({"auth_failure_status": 401})

    response = export(mixpanel, project_id=77)

    assert (401, "Unable to authenticate request") == (response.status_code, response.text)


@pytest.mark.parametrize(("proto", "status"), [("http", 400), ("https", 200)])
def test_https(mixpanel: MixpanelSimulator, proto: str, status: int) -> None:
    """On request only calls that came by https are served."""
    mixpanel.settings.change({"require_https": True})

    response = requests.get(
        f"{mixpanel.url}/api/2.0/export?project_id=1&from_date=2026-11-20&to_date=2026-11-20",
        headers={"X-Forwarded-Proto": proto},
        auth=("user", "secret"),
        timeout=5,
    )

    assert status == response.status_code
