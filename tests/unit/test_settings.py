from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import Setup
from mixpanel_export.settings import (
    Credentials,
    FetcherSettings,
    LoaderSettings,
    PlannerSettings,
)

Settings = type[PlannerSettings] | type[FetcherSettings] | type[LoaderSettings]
SECRET = "s3cr3t-Of-The-Service-Account"
PLANNER = {"GCP_PROJECT_ID": "some-project", "EXPORT_BUCKET": "some-exports"}
FETCHER = PLANNER | {
    "MIXPANEL_PROJECT_ID": "12345",
    "MIXPANEL_CREDENTIALS": f"exporter.a1b2c3.mp-service-account:{SECRET}",
}
LOADER = PLANNER | {"BIGQUERY_LOCATION": "EU"}
MINIMAL: dict[Settings, dict[str, str]] = {
    PlannerSettings: PLANNER,
    FetcherSettings: FETCHER,
    LoaderSettings: LOADER,
}
PROJECT_ID, BUCKET, TOPIC = "a Google Cloud project id", "a bucket name", "a topic name"
URL = "https:// and a host, without path or credentials"
ZONE = "an IANA zone such as America/New_York, or UTC"
DIVIDES = "minutes that divide 24 hours, such as 5, 15, 60 or 1440"
# What is allowed in each variable of each function, as the message says it, and what is not.
BAD: dict[Settings, dict[str, tuple[str, list[str]]]] = {
    PlannerSettings: {
        "GCP_PROJECT_ID": (
            PROJECT_ID,
            ["short", "Upper-Case", "1-digit-first", "dash-last-", "a b"],
        ),
        "EXPORT_BUCKET": (BUCKET, ["x", "Upper", "a/b", "-dash", "gs://bucket", "new\nline"]),
        "REQUEST_TOPIC": (TOPIC, ["ab", "1st-topic", "projects/p/topics/t", "white space"]),
        "INTERVAL_MINUTES": (DIVIDES, ["7", "50", "1439"]),
        "SETTLE_MINUTES": ("a whole number from 0 to 1440", ["-1", "1441", "1.5", "x", "\u0663"]),
        "PLAN_HORIZON_HOURS": ("a whole number from 1 to 744", ["0", "745", "9" * 5000, " 5"]),
        "MAX_REQUESTS_PER_TICK": ("a whole number from 1 to 1000", ["0", "1001", "many"]),
    },
    FetcherSettings: {
        "GCP_PROJECT_ID": (PROJECT_ID, ["short"]),
        "EXPORT_BUCKET": (BUCKET, ["a/b"]),
        "DEAD_LETTER_TOPIC": (TOPIC, ["a b"]),
        "MIXPANEL_PROJECT_ID": ("the number of the Mixpanel project", ["p", "1 2", "\u0663"]),
        "MIXPANEL_REGION": ("one of us, eu, in", ["US", "europe", "data-eu.mixpanel.com"]),
        "MIXPANEL_URL": (
            URL,
            [
                "data.mixpanel.com",
                "http://data.mixpanel.com",
                "https://data.mixpanel.com/",
                "https://data.mixpanel.com/api",
                "https://data.mixpanel.com?a=b",
                "https://data.mixpanel.com#a",
                "https://",
                "http://localhost.example.com",
                "http://127.0.0.1.example.com",
                "http://127.0.0.2",
                "http://0.0.0.0",
                "http://localhost/api",
                "HTTPS://data.mixpanel.com",
                "ftp://localhost",
            ],
        ),
        "PROJECT_TIMEZONE": (
            ZONE,
            ["EST5EDT4", "New York", "../passwd", "/etc/passwd", "America"],
        ),
        "LOOKBACK_DAYS": ("a whole number from 0 to 100", ["-1", "101", "5 days"]),
    },
    LoaderSettings: {
        "GCP_PROJECT_ID": (PROJECT_ID, ["short"]),
        "EXPORT_BUCKET": (BUCKET, ["a/b"]),
        "DEAD_LETTER_TOPIC": (TOPIC, ["a b"]),
        "RAW_DATASET": ("a dataset name", ["mixpanel-raw", "project.dataset", "a b"]),
        "BIGQUERY_LOCATION": ("such as EU or US", ["E", "europe west1", "eu_"]),
        "ENVIRONMENT": ("lower-case letters, digits and -", ["Prod", "1st", "a_b", "a" * 32]),
    },
}
BAD_CASES = [
    pytest.param(settings, name, value, allowed, id=f"{settings.__name__}-{name}-{value[:30]!r}")
    for settings, variables in BAD.items()
    for name, (allowed, values) in variables.items()
    for value in values
]


def problems(settings: Settings, env: dict[str, str]) -> list[str]:
    """What is wrong with these settings, line by line; nothing if they are right."""
    try:
        settings.from_env(env)
    except Setup as setup:
        first, *rest = str(setup).split("\n")
        assert first == "settings are wrong; correct the function's environment:"
        return rest
    return []


def test_every_default_is_as_documented() -> None:
    """With only what has no default, each function runs as the documentation says."""
    assert PlannerSettings(
        project_id="some-project",
        bucket="some-exports",
        request_topic="export-requests",
        interval=timedelta(hours=1),
        settle=timedelta(minutes=15),
        horizon=timedelta(days=2),
        max_requests_per_tick=40,
    ) == PlannerSettings.from_env(PLANNER)
    assert FetcherSettings(
        project_id="some-project",
        bucket="some-exports",
        dead_letter_topic="dead-letters",
        mixpanel_url="https://data.mixpanel.com",
        mixpanel_project_id="12345",
        credentials=Credentials("exporter.a1b2c3.mp-service-account", SECRET),
        project_timezone=ZoneInfo("America/New_York"),
        lookback_days=5,
        where=None,
    ) == FetcherSettings.from_env(FETCHER)
    assert LoaderSettings(
        project_id="some-project",
        bucket="some-exports",
        dead_letter_topic="dead-letters",
        dataset="mixpanel_raw",
        location="EU",
        environment="prod",
    ) == LoaderSettings.from_env(LOADER)


@pytest.mark.parametrize("settings", MINIMAL)
def test_an_empty_variable_is_one_that_is_not_set(settings: Settings) -> None:
    """Terraform writes "" where a person wrote null."""
    empty = dict.fromkeys([*BAD[settings], "MIXPANEL_WHERE"], "")

    assert settings.from_env(MINIMAL[settings]) == settings.from_env(empty | MINIMAL[settings])


@pytest.mark.parametrize(("settings", "name", "value", "allowed"), BAD_CASES)
def test_a_bad_value_is_named_shown_and_corrected(
    settings: Settings, name: str, value: str, allowed: str
) -> None:
    """One wrong variable is one problem: which, what it is, and what it may be."""
    found = problems(settings, MINIMAL[settings] | {name: value})

    assert [f"- {name} is {value!r}; allowed: {allowed}"] == found


@pytest.mark.parametrize("settings", MINIMAL)
def test_every_variable_has_bad_values(settings: Settings) -> None:
    """The table covers each field; credentials and `where` have tests of their own."""
    own = {"credentials": 1, "where": 1, "mixpanel_url": -1}  # Two variables make the URL.
    covered = len(BAD[settings]) + sum(
        number for name, number in own.items() if name in {f.name for f in fields(settings)}
    )

    assert len(fields(settings)) == covered


@pytest.mark.parametrize(
    ("horizon", "settle", "interval", "is_wide_enough"),
    [("2", "60", "60", True), ("1", "0", "60", True), ("1", "1", "60", False)],
)
def test_the_horizon_must_hold_an_interval_that_is_due(
    horizon: str, settle: str, interval: str, is_wide_enough: bool
) -> None:
    """A planner that looks back less would never find anything missing."""
    env = {"PLAN_HORIZON_HOURS": horizon, "SETTLE_MINUTES": settle, "INTERVAL_MINUTES": interval}
    allowed = "at least SETTLE_MINUTES and INTERVAL_MINUTES"
    refused = [f"- PLAN_HORIZON_HOURS is {horizon!r}; allowed: {allowed}"]

    assert ([] if is_wide_enough else refused) == problems(PlannerSettings, PLANNER | env)


@pytest.mark.parametrize("value", ["0", "1441", "x"])
def test_an_interval_must_fit_into_a_day(value: str) -> None:
    """Out of range has a message of its own, and only that one."""
    found = problems(PlannerSettings, PLANNER | {"INTERVAL_MINUTES": value})

    assert [f"- INTERVAL_MINUTES is {value!r}; allowed: a whole number from 1 to 1440"] == found


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (PlannerSettings, ["GCP_PROJECT_ID", "EXPORT_BUCKET"]),
        (
            FetcherSettings,
            ["GCP_PROJECT_ID", "EXPORT_BUCKET", "MIXPANEL_PROJECT_ID", "MIXPANEL_CREDENTIALS"],
        ),
        (LoaderSettings, ["GCP_PROJECT_ID", "EXPORT_BUCKET", "BIGQUERY_LOCATION"]),
    ],
)
def test_what_has_no_default_is_asked_for(settings: Settings, names: list[str]) -> None:
    """An empty environment names all that is missing, at once."""
    found = [line.partition(";")[0] for line in problems(settings, {})]

    assert [f"- {name} is not set" for name in names] == found


@given(st.sampled_from(list(MINIMAL)), st.data())
def test_all_problems_are_reported_at_once(settings: Settings, data: st.DataObject) -> None:
    """However many variables are wrong, one deployment can correct all of them."""
    names = data.draw(st.lists(st.sampled_from(sorted(BAD[settings])), unique=True))
    wrong = {name: data.draw(st.sampled_from(BAD[settings][name][1])) for name in names}
    if "MIXPANEL_URL" in wrong:
        wrong.pop("MIXPANEL_REGION", None)  # The URL overrides it.

    found = problems(settings, MINIMAL[settings] | wrong)

    assert sorted(wrong) == sorted(line.split()[1] for line in found)


@pytest.mark.parametrize(
    ("region", "url", "expected"),
    [
        pytest.param("us", "", "https://data.mixpanel.com", id="us"),
        pytest.param("eu", "", "https://data-eu.mixpanel.com", id="eu"),
        pytest.param("in", "", "https://data-in.mixpanel.com", id="in"),
        pytest.param("eu", "https://proxy:8443", "https://proxy:8443", id="a proxy"),
        pytest.param("", "http://127.0.0.1:8080", "http://127.0.0.1:8080", id="loopback"),
        pytest.param("", "http://localhost:8080", "http://localhost:8080", id="localhost"),
    ],
)
def test_plain_http_is_for_this_machine_only(region: str, url: str, expected: str) -> None:
    """The region picks the host; a URL overrides it, encrypted unless it stays on the machine."""
    env = FETCHER | {"MIXPANEL_REGION": region, "MIXPANEL_URL": url}

    assert expected == FetcherSettings.from_env(env).mixpanel_url


@given(st.dictionaries(st.sampled_from(sorted({n for v in BAD.values() for n in v})), st.text()))
def test_no_environment_fails_in_another_way(env: dict[str, str]) -> None:
    """Any text in any variable is a setting or a problem, never a bug; and no secret shows."""
    for settings, minimal in MINIMAL.items():
        assert SECRET not in "".join(problems(settings, minimal | env))


@pytest.mark.parametrize(
    ("value", "expected"), [("  ", None), (' properties["a"] == 1 ', 'properties["a"] == 1')]
)
def test_a_blank_condition_is_none(value: str, expected: str | None) -> None:
    """A condition of blanks would make every export a syntax error."""
    assert expected == FetcherSettings.from_env(FETCHER | {"MIXPANEL_WHERE": value}).where
