"""Profiles: pages, sessions, filters, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import OLD, SAMPLES, at, simulator

SAMPLE_PROFILES = [
    json.loads(line) for line in (SAMPLES / "30_engage_results.ndjson").read_bytes().splitlines()
]
SAMPLE_PAGE = json.loads((SAMPLES / "31_engage_page_envelope.ndjson").read_bytes())


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        yield mixpanel


def engage(mixpanel: MixpanelSimulator, **form: Any) -> requests.Response:
    return requests.post(
        f"{mixpanel.url}/api/query/engage?project_id={OLD}",
        data=form,
        auth=("user", "secret"),
        timeout=5,
    )


def load_numbered(mixpanel: MixpanelSimulator, count: int) -> None:
    mixpanel.load_profiles(OLD, ({"$distinct_id": n, "$properties": {}} for n in range(count)))


def ids(response: requests.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    return [profile["$distinct_id"] for profile in response.json()["results"]]


def test_page_has_the_documented_form(mixpanel: MixpanelSimulator) -> None:
    """The documented example comes back, but for the session's name."""
    mixpanel.load_profiles(OLD, SAMPLE_PAGE["results"])

    page = engage(mixpanel).json()

    assert isinstance(page["session_id"], str)
    assert SAMPLE_PAGE | {"session_id": page["session_id"]} == page


def test_real_profiles_come_back_equal(mixpanel: MixpanelSimulator) -> None:
    """Numeric ids stay numbers, a missing $last_seen stays missing."""
    profiles = [*SAMPLE_PROFILES, {"$distinct_id": "new", "$properties": {"n": 2**70}}]
    mixpanel.load_profiles(OLD, map(json.dumps, profiles))

    assert profiles == engage(mixpanel).json()["results"]
    assert profiles == mixpanel.profiles(OLD)


def test_reloading_replaces(mixpanel: MixpanelSimulator) -> None:
    """There is one profile for each distinct id."""
    for version in (1, 2):
        mixpanel.load_profiles(OLD, [{"$distinct_id": "a", "$properties": {"version": version}}])

    assert [{"version": 2}] == [
        profile["$properties"] for profile in engage(mixpanel).json()["results"]
    ]


@pytest.mark.parametrize(
    ("method", "path", "where_parameters_go"),
    [
        ("POST", "/api/query/engage", "data"),
        ("POST", "/api/2.0/engage", "data"),
        ("GET", "/api/query/engage", "params"),
        ("GET", "/api/2.0/engage", "params"),
    ],
)
def test_spellings(
    mixpanel: MixpanelSimulator, method: str, path: str, where_parameters_go: str
) -> None:
    """Both paths, both methods, form and query."""
    mixpanel.load_profiles(OLD, SAMPLE_PROFILES)
    parameters: dict[str, Any] = {
        where_parameters_go: {"project_id": OLD, "distinct_ids": '["4"]', "verbose": 1}
    }

    response = requests.request(
        method, mixpanel.url + path, auth=("user", "secret"), timeout=5, **parameters
    )

    assert [4] == ids(response)


@pytest.mark.parametrize(
    ("count", "pages"),
    [
        (0, [[], []]),
        # The last page is short.
        (5, [[0, 1], [2, 3], [4], []]),
        # The last page is empty.
        (4, [[0, 1], [2, 3], []]),
    ],
)
def test_paging(mixpanel: MixpanelSimulator, count: int, pages: list[list[int]]) -> None:
    """Pages follow each other in one session; only the first knows the total."""
    load_numbered(mixpanel, count)
    first = engage(mixpanel, page_size=2).json()
    session = first["session_id"]

    rest = [
        engage(mixpanel, page=n, session_id=session, page_size=2) for n in range(1, len(pages))
    ]

    assert (count, 0, 2) == (first["total"], first["page"], first["page_size"])
    assert pages == [[p["$distinct_id"] for p in first["results"]], *map(ids, rest)]
    assert all(
        "total" not in page.json() and page.json()["session_id"] == session for page in rest
    )


def test_default_page_size(mixpanel: MixpanelSimulator) -> None:
    """A thousand profiles make a page."""
    load_numbered(mixpanel, 1001)

    assert 1000 == len(ids(engage(mixpanel)))


def test_session_is_a_snapshot(mixpanel: MixpanelSimulator) -> None:
    """What changes while someone pages through is not seen."""
    load_numbered(mixpanel, 2)
    session = engage(mixpanel, page_size=1).json()["session_id"]
    mixpanel.load_profiles(OLD, [{"$distinct_id": 1, "$properties": {"changed": True}}])

    page = engage(mixpanel, page=1, session_id=session).json()

    assert [{"$distinct_id": 1, "$properties": {}}] == page["results"]


def test_session_ends(mixpanel: MixpanelSimulator) -> None:
    """After its time a session is an error: start again at page 0."""
    session = engage(mixpanel).json()["session_id"]
    mixpanel.calendar.set(at("2026-11-22T12:09:59Z"))
    before = engage(mixpanel, page=1, session_id=session).status_code
    mixpanel.calendar.set(at("2026-11-22T12:10:00Z"))

    assert (200, 400) == (before, engage(mixpanel, page=1, session_id=session).status_code)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"distinct_id": "XJJMjfdRn9yK2AGaa"}, ["XJJMjfdRn9yK2AGaa"]),
        ({"distinct_id": "nobody"}, []),
        ({"distinct_ids": '["4", "XJJMjfdRn9yK2AGaa"]'}, ["XJJMjfdRn9yK2AGaa", 4]),
        ({"distinct_ids": "[4]"}, [4]),
        # The way connectors ask for what changed.
        (
            {"where": 'properties["$last_seen"] >= "2017-05-03T12:00:00"'},
            ["zv9L3XAv46HhfqRn2", "9d35cd7f-3f06-4549-91bf-198ee58bb58a"],
        ),
        # An interval: who has no $last_seen is in none.
        (
            {
                "where": 'properties["$last_seen"] >= "2008-06-09T23:08:40"'
                ' and properties["$last_seen"] < "2017-05-03T12:10:12"'
            },
            ["XJJMjfdRn9yK2AGaa", 4],
        ),
        ({"where": 'user["$email"] == "A@example.com"'}, ["XJJMjfdRn9yK2AGaa"]),
        ({"where": 'properties["$distinct_id"] == 4'}, [4]),
        ({"where": "event['$time'] > 1".replace("'", '"')}, []),
    ],
)
def test_filters(mixpanel: MixpanelSimulator, form: dict[str, str], expected: list[Any]) -> None:
    """Ids and expressions choose the profiles."""
    mixpanel.load_profiles(OLD, SAMPLE_PROFILES)
    mixpanel.load_profiles(OLD, [{"$distinct_id": "never seen", "$properties": {}}])

    assert expected == ids(engage(mixpanel, **form))


def test_output_properties(mixpanel: MixpanelSimulator) -> None:
    """Only the asked properties come back, where a profile has them."""
    mixpanel.load_profiles(OLD, SAMPLE_PROFILES[:3])

    page = engage(mixpanel, output_properties='["$os", "missing"]').json()

    assert [{"$os": "Windows"}, {"$os": "iOS"}, {}] == [
        profile["$properties"] for profile in page["results"]
    ]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"page": "1"}, 400, "session_id is required"),
        ({"page": "1", "session_id": "unknown"}, 400, "session_id is unknown or expired"),
        ({"page": "-1"}, 400, "page is not a whole number"),
        ({"page_size": "0"}, 400, "page_size is not a whole number"),
        ({"where": "1 +"}, 400, "where: syntax error"),
        ({"output_properties": "$os"}, 400, "Invalid JSON Format: output_properties"),
        ({"distinct_ids": "4"}, 400, "Invalid JSON Format: distinct_ids"),
        ({"behaviors": "1"}, 501, "not emulated: parameter behaviors"),
        ({"filter_by_cohort": '{"id":1}'}, 501, "not emulated: parameter filter_by_cohort"),
    ],
)
def test_bad_parameters(
    mixpanel: MixpanelSimulator, form: dict[str, str], status: int, error: str
) -> None:
    """The error is JSON with the request."""
    response = engage(mixpanel, **form)

    assert status == response.status_code
    assert response.json()["error"].startswith(error)
    assert response.json()["request"].startswith("/api/query/engage?project_id=1")


def test_bad_credentials(mixpanel: MixpanelSimulator) -> None:
    """Here the refusal is JSON."""
    response = requests.post(f"{mixpanel.url}/api/query/engage?project_id=1", timeout=5)

    assert (400, "Unable to authenticate request") == (
        response.status_code,
        response.json()["error"],
    )


def test_error_with_200(mixpanel: MixpanelSimulator) -> None:
    """An older engage failed with status 200."""
    mixpanel.faults.add("error_with_200", error="Internal error")

    response = engage(mixpanel)

    assert 200 == response.status_code
    assert {"error": "Internal error", "status": "failure"} == response.json()


def test_expire_session(mixpanel: MixpanelSimulator) -> None:
    """A session can end between any two pages, and stays over."""
    mixpanel.faults.add("expire_session", match={"page": "2"})
    session = engage(mixpanel).json()["session_id"]

    statuses = [engage(mixpanel, page=n, session_id=session).status_code for n in (1, 2, 2)]

    assert [200, 400, 400] == statuses


def test_faults_of_every_call(mixpanel: MixpanelSimulator) -> None:
    """Statuses and broken connections strike profiles, too, chosen by path."""
    for fault in (
        {"kind": "status", "status": 503},
        {"kind": "cut_chunked"},
        {"kind": "reset"},
    ):
        mixpanel.faults.add(match={"path": "engage"}, **fault)

    with pytest.raises(requests.exceptions.ConnectionError):
        engage(mixpanel)
    assert 503 == engage(mixpanel).status_code
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        engage(mixpanel)
    assert 200 == engage(mixpanel).status_code
