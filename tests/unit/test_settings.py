from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
    variables_of,
)
from mixpanel_export.variables import Hosts

Settings = type[PlannerSettings] | type[FetcherSettings] | type[LoaderSettings]
SECRET = "s3cr3t-Of-The-Service-Account"
SHARED = {"GCP_PROJECT_ID": "some-project", "EXPORT_BUCKET": "some-exports"}
PLANNER = SHARED | {"BIGQUERY_LOCATION": "EU", "EXPORT_SINCE": "2026-03-01"}
FETCHER = SHARED | {
    "MIXPANEL_PROJECT_ID": "12345",
    "MIXPANEL_CREDENTIALS": f"exporter.a1b2c3.mp-service-account:{SECRET}",
}
LOADER = SHARED | {"BIGQUERY_LOCATION": "EU"}
MINIMAL: dict[Settings, dict[str, str]] = {
    PlannerSettings: PLANNER,
    FetcherSettings: FETCHER,
    LoaderSettings: LOADER,
}
PROJECT_ID, BUCKET, TOPIC = "a Google Cloud project id", "a bucket name", "a topic name"
URL = "https:// and a host, without path or credentials"
ZONE = "an IANA zone such as America/New_York, or UTC"
DIVIDES = "minutes that divide 24 hours, such as 5, 15, 60 or 1440"
SWEEP = "0, or a whole number from 8 to 1000"
DAY = "a day such as 2026-11-22, not before 2009-01-01"
TABLES = "one or more of events, people, each once, separated by commas"
# What is allowed in each variable of each function, as the message says it, and what is not.
BAD: dict[Settings, dict[str, tuple[str, list[str]]]] = {
    PlannerSettings: {
        "GCP_PROJECT_ID": (
            PROJECT_ID,
            ["short", "Upper-Case", "1-digit-first", "dash-last-", "a b"],
        ),
        "EXPORT_BUCKET": (BUCKET, ["x", "Upper", "a/b", "-dash", "gs://bucket", "new\nline"]),
        "REQUEST_TOPIC": (TOPIC, ["ab", "1st-topic", "projects/p/topics/t", "white space"]),
        "LANDED_TOPIC": (TOPIC, ["a b"]),
        "DATASET": ("a dataset name", ["mix-panel", "project.dataset"]),
        "BIGQUERY_LOCATION": ("such as EU or US", ["E", "europe west1"]),
        "TABLES": (TABLES, ["event", "Events", "events,", ",", "events,events", "events people"]),
        "EXPORT_SINCE": (
            DAY,
            [
                "2008-12-31",
                "0000-01-01",
                "2026-02-29",
                "2026-13-01",
                "2026-3-1",
                "20260301",
                "2026-W10-1",
                "2026-03-01T00:00:00Z",
                "yesterday",
                "\u0662026-03-01",
            ],
        ),
        "INTERVAL_MINUTES": (DIVIDES, ["7", "50", "1439", "0", "1441", "x", "-60", "60.0"]),
        "SETTLE_MINUTES": ("a whole number from 0 to 1440", ["-1", "1441", "1.5", "x", "\u0663"]),
        "VERIFY_AFTER_HOURS": ("a whole number from 0 to 168", ["-1", "169", "24h"]),
        "SWEEP_DAYS": (SWEEP, ["1", "7", "1001", "-8", "all"]),
        "PEOPLE_SNAPSHOT_MINUTES": (f"0, or {DIVIDES}", ["7", "1441", "2880", "off"]),
        "PEOPLE_CHANGES_MINUTES": (f"0, or {DIVIDES}", ["7", "1441", "-1", "1_0"]),
        "HEAL_AFTER_MINUTES": ("a whole number from 30 to 1440", ["0", "29", "1441"]),
        "RELOAD_AFTER_MINUTES": ("a whole number from 10 to 1440", ["0", "9", "1441"]),
        "HEAL_HORIZON_HOURS": ("a whole number from 1 to 744", ["0", "745", "9" * 5000, " 5"]),
        "REQUESTS_PER_HOUR": ("a whole number from 4 to 1000", ["0", "3", "1001", "many"]),
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
                " ",
            ],
        ),
        "PROJECT_TIMEZONE": (
            ZONE,
            ["EST5EDT4", "New York", "../passwd", "/etc/passwd", "America"],
        ),
        "SWEEP_DAYS": (SWEEP, ["1", "7", "1001", "5 days"]),
        "LAST_SEEN_OVERLAP_HOURS": ("a whole number from 0 to 168", ["-1", "169", "1 day"]),
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
        landed_topic="landed-objects",
        dataset="mixpanel",
        location="EU",
        tables=("events", "people"),
        export_since=datetime(2026, 3, 1, tzinfo=UTC),
        interval=timedelta(hours=1),
        settle=timedelta(minutes=15),
        verify_after=timedelta(days=1),
        sweep_days=100,
        people_snapshot=timedelta(days=1),
        people_changes=None,
        heal_after=timedelta(hours=3),
        reload_after=timedelta(hours=1),
        heal_horizon=timedelta(days=7),
        requests_per_hour=40,
    ) == PlannerSettings.from_env(PLANNER)
    assert FetcherSettings(
        project_id="some-project",
        bucket="some-exports",
        dead_letter_topic="dead-letters",
        region=Hosts("https://data.mixpanel.com", "https://mixpanel.com"),
        url=None,
        mixpanel_project_id="12345",
        credentials=Credentials("exporter.a1b2c3.mp-service-account", SECRET),
        project_timezone=ZoneInfo("America/New_York"),
        where=None,
        sweep_days=100,
        last_seen_overlap=timedelta(days=1),
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
    """The table covers each variable; credentials and `where` have tests of their own."""
    read = {variable.name for variable in variables_of(settings).values()}

    assert read - {"MIXPANEL_CREDENTIALS", "MIXPANEL_WHERE"} == BAD[settings].keys()


def test_a_variable_of_two_functions_is_one() -> None:
    """What one function reads under a name, another reads in the same way."""
    found = [variable for settings in MINIMAL for variable in variables_of(settings).values()]

    assert len({each.name for each in found}) == len(set(found))


@pytest.mark.parametrize("settings", MINIMAL)
def test_a_url_with_credentials_is_not_shown(settings: Settings) -> None:
    """Whichever variable somebody pasted it into."""
    for name, (allowed, _) in BAD[settings].items():
        found = problems(settings, MINIMAL[settings] | {name: f"https://user:{SECRET}@host"})

        assert [f"- {name} is ***; allowed: {allowed}"] == found


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (
            PlannerSettings,
            ["GCP_PROJECT_ID", "EXPORT_BUCKET", "BIGQUERY_LOCATION", "EXPORT_SINCE"],
        ),
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

    found = problems(settings, MINIMAL[settings] | wrong)

    assert sorted(wrong) == sorted(line.split()[1] for line in found)


@pytest.mark.parametrize(
    ("region", "url", "expected"),
    [
        pytest.param("", "", ("https://data.mixpanel.com", "https://mixpanel.com"), id="default"),
        pytest.param("us", "", ("https://data.mixpanel.com", "https://mixpanel.com"), id="us"),
        pytest.param(
            "eu", "", ("https://data-eu.mixpanel.com", "https://eu.mixpanel.com"), id="eu"
        ),
        pytest.param(
            "in", "", ("https://data-in.mixpanel.com", "https://in.mixpanel.com"), id="in"
        ),
        pytest.param("eu", "https://proxy:8443", ("https://proxy:8443",) * 2, id="a proxy"),
        pytest.param("", "http://127.0.0.1:8080", ("http://127.0.0.1:8080",) * 2, id="loopback"),
        pytest.param("", "http://localhost:8080", ("http://localhost:8080",) * 2, id="localhost"),
    ],
)
def test_plain_http_is_for_this_machine_only(
    region: str, url: str, expected: tuple[str, str]
) -> None:
    """The region picks both hosts; a URL overrides them, encrypted unless it stays here."""
    found = FetcherSettings.from_env(FETCHER | {"MIXPANEL_REGION": region, "MIXPANEL_URL": url})

    assert expected == (found.export_url, found.query_url)


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
