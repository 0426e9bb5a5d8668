"""Quotas: rolling windows per project and family, on a clock that tests drive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.mixpanel import MixpanelSimulator, Settings
from tests.contract.mixpanel.client import NEW, OLD, at, export, happen

MONDAY = at("2026-11-23T00:00:00Z")


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with MixpanelSimulator() as simulator:
        simulator.calendar.set(at("2026-11-22T12:00:00Z"))
        simulator.limiter.set(MONDAY)
        simulator.add_project(OLD)
        simulator.add_project(NEW)
        yield simulator


def engage(mixpanel: MixpanelSimulator, **parameters: Any) -> requests.Response:
    return requests.get(
        f"{mixpanel.url}/api/query/engage",
        params={"project_id": OLD} | parameters,
        auth=("user", "secret"),
        timeout=5,
    )


def spread_exports(mixpanel: MixpanelSimulator, count: int) -> list[int]:
    """The statuses of calls made a second apart."""
    statuses = []
    for _ in range(count):
        statuses.append(export(mixpanel).status_code)
        mixpanel.limiter.advance(1)
    return statuses


def test_three_exports_per_second(mixpanel: MixpanelSimulator) -> None:
    """The fourth export within a second is refused, a second later they pass again."""
    statuses = [export(mixpanel).status_code for _ in range(4)]
    mixpanel.limiter.advance(1)

    assert [200, 200, 200, 429] == statuses
    assert 200 == export(mixpanel).status_code


def test_sixty_exports_per_rolling_hour(mixpanel: MixpanelSimulator) -> None:
    """The hour rolls: a place is free when the oldest call is an hour old, not on the hour."""
    assert [200] * 60 == spread_exports(mixpanel, 60)
    refused = export(mixpanel)
    mixpanel.limiter.set(MONDAY)
    mixpanel.limiter.advance(3599)
    just_before = export(mixpanel).status_code
    mixpanel.limiter.advance(1)

    assert 429 == refused.status_code
    assert "(61/60 queries running in the last hour)" in refused.json()["error"]
    assert 429 == just_before
    # The first call is out of the window, but the two refused ones are in.
    assert 429 == export(mixpanel).status_code
    mixpanel.limiter.advance(3.5)
    assert 200 == export(mixpanel).status_code


def test_refused_calls_need_not_count(mixpanel: MixpanelSimulator) -> None:
    """Whether refused calls use up the quota is not known, so both can be tried."""
    mixpanel.settings.change({"count_rejected": False})
    spread_exports(mixpanel, 60)
    spread_exports(mixpanel, 5)
    mixpanel.limiter.set(MONDAY)
    mixpanel.limiter.advance(3600)

    assert 200 == export(mixpanel).status_code


@pytest.mark.parametrize(("count_rejected", "used"), [(True, 3), (False, 1)])
def test_failed_calls_count_like_refused_ones(
    mixpanel: MixpanelSimulator, count_rejected: bool, used: int
) -> None:
    """A 400 and a 503 use up the quota, unless the switch forgives them."""
    mixpanel.settings.change({"count_rejected": count_rejected})
    mixpanel.faults.add("status", status=503)

    statuses = [
        export(mixpanel).status_code,
        export(mixpanel, limit="many").status_code,
        export(mixpanel).status_code,
    ]

    assert [503, 400, 200] == statuses
    expected = {"last_hour": used, "last_second": used, "running": 0}
    assert {"1": {"export": expected}} == mixpanel.usage()


def test_projects_and_families_have_their_own_quota(mixpanel: MixpanelSimulator) -> None:
    """Exports of one project leave its profiles and other projects alone."""
    for _ in range(4):
        export(mixpanel)

    assert 200 == export(mixpanel, project_id=NEW).status_code
    assert 200 == engage(mixpanel).status_code
    usage = requests.get(f"{mixpanel.url}/_admin/usage", timeout=5).json()
    assert (4, 1, 1) == (
        usage["1"]["export"]["last_hour"],
        usage["1"]["query"]["last_hour"],
        usage["2"]["export"]["last_hour"],
    )


def test_unauthenticated_calls_use_no_quota(mixpanel: MixpanelSimulator) -> None:
    """Nobody's call is charged to a project."""
    requests.get(f"{mixpanel.url}/api/2.0/export?project_id=1", timeout=5)

    assert {} == mixpanel.usage()


def test_query_quota_tells_when_to_come_back(mixpanel: MixpanelSimulator) -> None:
    """The 61st query in an hour gets the headers seen in the wild."""
    for _ in range(60):
        engage(mixpanel)

    refused = engage(mixpanel)

    assert 429 == refused.status_code
    assert (
        "Query rate limit exceeded for project_id: 1. This request exceeded the rate limit"
        " (61/60 queries running in the last hour). "
    ) in refused.json()["error"]
    assert {
        "Retry-After": "3600",
        "RateLimit": '"project";r=0;t=3600, "project-concurrency";r=5',
        "RateLimit-Policy": '"project";q=60;w=3600, '
        '"project-concurrency";q=5;qu="concurrent-requests"',
    } == {name: refused.headers[name] for name in ("Retry-After", "RateLimit", "RateLimit-Policy")}


@pytest.mark.parametrize(("switch", "expected"), [(False, None), (True, "1")])
def test_export_headers_are_a_switch(
    mixpanel: MixpanelSimulator, switch: bool, expected: str | None
) -> None:
    """Whether a refused export says when to come back is not known."""
    mixpanel.settings.change({"export_rate_headers": switch})
    for _ in range(3):
        export(mixpanel)

    assert expected == export(mixpanel).headers.get("Retry-After")


@pytest.mark.parametrize(("free", "used"), [(True, 1), (False, 2)])
def test_follow_up_pages(mixpanel: MixpanelSimulator, free: bool, used: int) -> None:
    """Pages of a running session cost nothing, or a call each."""
    mixpanel.settings.change({"free_engage_pages": free})

    session = engage(mixpanel).json()["session_id"]
    engage(mixpanel, session_id=session, page=1)

    assert used == mixpanel.usage()["1"]["query"]["last_hour"]


@pytest.mark.parametrize(
    ("family", "message", "retry_after"),
    [
        ("export", "too many export requests in progress for this project", None),
        ("query", "concurrency limit (2/1 queries running concurrently)", "10"),
    ],
)
def test_concurrency(family: str, message: str, retry_after: str | None) -> None:
    """A call still running takes a place until its last byte is out."""
    call = {"export": export, "query": engage}[family]
    settings = Settings(export_concurrent=1, query_concurrent=1)
    with MixpanelSimulator(settings=settings) as mixpanel:
        mixpanel.calendar.set(at("2026-11-22T12:00:00Z"))
        mixpanel.add_project(OLD)
        happen(mixpanel, "2026-11-21T10:00:00Z")
        mixpanel.faults.add("stall", seconds=0.3)
        slow = threading.Thread(target=call, args=(mixpanel,))
        slow.start()
        while not mixpanel.usage().get("1", {}).get(family, {}).get("running"):
            threading.Event().wait(0.01)

        refused = call(mixpanel)
        slow.join()

        assert (429, True) == (refused.status_code, message in refused.json()["error"])
        assert retry_after == refused.headers.get("Retry-After")
        assert 200 == call(mixpanel).status_code
