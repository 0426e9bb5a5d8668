"""Calls that the Mixpanel tests make, and the projects they make them to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from local.mixpanel import MixpanelSimulator, Settings

OLD, NEW = 1, 2  # Made before 2023 and after, both in New York.
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
_EXPORTS = ("01", "03", "04", "07", "08", "09", "10")
SAMPLE_LINES = [
    line
    for path in sorted(SAMPLES.glob("*.ndjson"))
    if path.name.startswith(_EXPORTS)
    for line in path.read_bytes().splitlines()
]


@contextmanager
def simulator(**settings: Any) -> Iterator[MixpanelSimulator]:
    """A simulator with both projects at noon UTC of 2026-11-22, its quotas out of the way."""
    generous = {"export_per_second": 1000, "export_per_hour": 1000, "query_per_hour": 1000}
    with MixpanelSimulator(settings=Settings(**(generous | settings))) as mixpanel:
        mixpanel.calendar.set(at("2026-11-22T12:00:00Z"))
        mixpanel.add_project(OLD, created="2022-12-31")
        mixpanel.add_project(NEW, created="2023-01-01", api_secret="other-secret")
        yield mixpanel


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def export(mixpanel: MixpanelSimulator, **parameters: Any) -> requests.Response:
    """Export three days; a parameter given as None is left out."""
    query: dict[str, Any] = {
        "project_id": OLD,
        "from_date": "2026-11-20",
        "to_date": "2026-11-22",
    } | parameters
    return requests.get(
        f"{mixpanel.url}/api/2.0/export",
        params={name: value for name, value in query.items() if value is not None},
        auth=("user", "secret"),
        timeout=5,
    )


def happen(
    mixpanel: MixpanelSimulator,
    time: str,
    *,
    name: str = "e",
    project: int = OLD,
    **properties: Any,
) -> None:
    """An event happens and is processed at once."""
    mixpanel.ingest(project, name, at(time), at(time), properties)


def lines(response: requests.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.content.split(b"\n")[:-1]]


def names(response: requests.Response) -> list[str]:
    return [line["event"] for line in lines(response)]
