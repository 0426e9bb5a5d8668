"""Other people's clients, pointed here by changing nothing but the host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mixpanel_utils import MixpanelUtils

from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import OLD, SAMPLE_LINES, simulator


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        mixpanel.load(OLD, SAMPLE_LINES)
        profiles = ({"$distinct_id": f"u{n}", "$properties": {"n": n}} for n in range(2500))
        mixpanel.load_profiles(OLD, profiles)
        yield mixpanel


SERVICE_ACCOUNT = {
    "api_secret": "secret",
    "service_account_username": "user",
    "project_id": OLD,
}
PROJECT_SECRET = {"api_secret": "api-secret"}


def client(mixpanel: MixpanelSimulator, credentials: dict[str, Any]) -> Any:
    """Mixpanel's own client, with the scheme and host of its URLs replaced."""
    utils: Any = MixpanelUtils(**credentials)  # type: ignore[no-untyped-call]  # It has no types.
    utils.raw_api = utils.raw_api.replace("https://data.mixpanel.com", mixpanel.url)
    utils.formatted_api = utils.formatted_api.replace("https://mixpanel.com", mixpanel.url)
    return utils


@pytest.mark.parametrize("credentials", [SERVICE_ACCOUNT, PROJECT_SECRET])
@pytest.mark.parametrize("compressed", [True, False])
def test_mixpanel_utils_exports_events(
    mixpanel: MixpanelSimulator, credentials: dict[str, Any], compressed: bool
) -> None:
    """The events of the asked day and name, with and without compression."""
    query = {
        "from_date": "2022-10-17",
        "to_date": "2022-10-17",
        "where": 'number(properties["mp_processing_time_ms"]) > 1666006900000',
    }

    events = client(mixpanel, credentials).query_export(query, add_gzip_header=compressed)

    expected = [
        event
        for event in map(json.loads, SAMPLE_LINES)
        if event["properties"].get("mp_processing_time_ms", 0) > 1666006900000
        and 1665964800 <= event["properties"]["time"] < 1666051200
    ]
    assert len(expected) > 1
    assert expected == events


def test_mixpanel_utils_finds_nothing(mixpanel: MixpanelSimulator) -> None:
    """An empty body is an empty list to it."""
    query = {"from_date": "2011-01-01", "to_date": "2011-01-01"}

    assert [] == client(mixpanel, SERVICE_ACCOUNT).query_export(query)


@pytest.mark.parametrize("credentials", [SERVICE_ACCOUNT, PROJECT_SECRET])
def test_mixpanel_utils_pages_through_profiles(
    mixpanel: MixpanelSimulator, credentials: dict[str, Any]
) -> None:
    """Every profile of three pages, two of them fetched at the same time."""
    profiles = client(mixpanel, credentials).query_engage()

    assert mixpanel.profiles(OLD) == profiles
    assert ["0", "1", "2"] == sorted(
        entry["query"].get("page", "0") for entry in mixpanel.requests()
    )


def test_mixpanel_utils_exports_people(mixpanel: MixpanelSimulator, tmp_path: Path) -> None:
    """Its people export writes what the filter lets through."""
    target = tmp_path / "people.json"

    client(mixpanel, SERVICE_ACCOUNT).export_people(
        str(target), {"where": 'properties["n"] < 3', "output_properties": ["n"]}
    )

    assert mixpanel.profiles(OLD)[:3] == json.loads(target.read_text())
