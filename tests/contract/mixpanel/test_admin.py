"""The simulator's own endpoints, its journal, and its life as a process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import (
    SAMPLE_LINES,
    export,
    happen,
    simulator,
)


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        yield mixpanel


def test_everything_over_http(mixpanel: MixpanelSimulator) -> None:
    """Another process can do what tests do in-process."""

    def post(path: str, body: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        response = requests.post(f"{mixpanel.url}/_admin/{path}", data=data, timeout=5)
        assert response.ok, response.text
        return response.json()

    post("projects", {"project_id": 9, "timezone": "Asia/Kolkata", "created": "2020-01-01"})
    post("clock", {"calendar": "2026-11-22T08:00:00Z", "advance_limiter_seconds": 5})
    assert {"loaded": 2} == post("projects/9/lines", b"\n".join(SAMPLE_LINES[:2]) + b"\n")
    event = {
        "event": "e",
        "event_time_utc": "2026-11-21T12:00:00Z",
        "processing_time_utc": "2026-11-21T12:00:01Z",
        "properties": {"distinct_id": "a"},
        "visible_after_seconds": 3,
    }
    assert {"ingested": 2} == post("projects/9/events", [event, event])
    where = 'properties["distinct_id"] == "a"'
    assert {"updated": 2} == post("projects/9/update", {"where": where, "distinct_id": "b"})
    assert {"removed": 2} == post(
        "projects/9/remove", {"where": 'properties["distinct_id"] == "user1@example.com"'}
    )
    assert {"loaded": 1} == post("projects/9/profiles", b'{"$distinct_id":4,"$properties":{}}\n')
    assert 401 == post("settings", {"auth_failure_status": 401})["auth_failure_status"]

    held = requests.get(f"{mixpanel.url}/_admin/projects/9/events", timeout=5).json()
    assert mixpanel.events(9) == held
    # 12:00 UTC is 17:30 in Kolkata.
    assert [1795282200, 1795282200] == [event["properties"]["time"] for event in held]
    clock = requests.get(f"{mixpanel.url}/_admin/clock", timeout=5).json()
    assert "2026-11-22T08:00:00+00:00" == clock["calendar"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("settings", {"no_such_setting": 1}),
        ("settings", {"require_https": "yes"}),
        ("clock", {"calendar": "2026-11-22T08:00:00"}),
        ("faults", {"kind": "unheard of"}),
        ("projects/1/lines", "not an event"),
        ("projects/1/lines", {"event": "e", "properties": {}}),
        ("projects/1/profiles", {"distinct_id": 1}),
        ("projects/404/lines", {}),
    ],
)
def test_mistakes_are_refused(mixpanel: MixpanelSimulator, path: str, body: Any) -> None:
    """A mistake in a test is told at once."""
    response = requests.post(f"{mixpanel.url}/_admin/{path}", json=body, timeout=5)

    assert 400 == response.status_code


def test_journal(mixpanel: MixpanelSimulator) -> None:
    """Every call is noted in order, without secrets, with what became of it."""
    happen(mixpanel, "2026-11-21T10:00:00Z")
    body = export(mixpanel).content
    export(mixpanel, sig="of a secret")
    mixpanel.faults.add("status", status=503)
    failed = export(mixpanel)

    journal = requests.get(f"{mixpanel.url}/_admin/requests", timeout=5).json()
    query = {"project_id": "1", "from_date": "2026-11-20", "to_date": "2026-11-22"}
    common = {"method": "GET", "path": "/api/2.0/export", "query": query}
    bad_request = journal[1].pop("bytes")
    assert bad_request > 0
    assert [
        common | {"status": 200, "faults": [], "bytes": len(body)},
        common | {"status": 400, "faults": []},
        common | {"status": 503, "faults": ["status"], "bytes": len(failed.content)},
    ] == journal


def test_stands_alone() -> None:
    """`python -m local.mixpanel` serves one project with printed credentials."""
    with subprocess.Popen(
        [sys.executable, "-m", "local.mixpanel", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("mixpanel listening on ").strip()
        credentials = process.stdout.readline()
        response = requests.get(
            f"{url}/api/2.0/export?project_id=1&from_date=2020-01-01&to_date=2020-01-01",
            auth=("user", "secret"),
            timeout=5,
        )
        process.terminate()
        started_to_stop = time.monotonic()
        process.wait(timeout=5)

    assert (200, 0) == (response.status_code, process.returncode)
    assert "user:secret" in credentials
    assert time.monotonic() - started_to_stop < 3
