"""What `doctor` says about settings, permissions, credentials and clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from mixpanel_export.errors import Setup, Transient
from mixpanel_export.plans import Plan
from mixpanel_export.reconciling import Policy
from mixpanel_export.settings import Credentials
from mixpanel_export_cli import checks
from mixpanel_export_cli.deployment import Deployment
from mixpanel_export_cli.findings import Check, Finding, examine, is_well
from tests.cli.outputs import FETCHER, PLANNER, SHARED, outputs
from tests.cli.pasts import machine_in

OK = Finding("ok", "this", "is well")
WARNING = Finding("warning", "that", "is odd", "look")
PROBLEM = Finding("problem", "it", "is broken", "mend it")


def deployment(**changes: object) -> Deployment:
    return Deployment.of_outputs("here", outputs(**changes), {})


def levels(findings: Iterator[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def test_a_failed_look_stops_no_other() -> None:
    """It is a problem of its own, with what helps."""

    def failing() -> Iterator[Finding]:
        yield WARNING
        raise Transient("no answer")

    examined = examine([Check("it", failing, "wait"), Check("this", lambda: [OK], "")])

    assert [WARNING, Finding("problem", "it", "no answer", "wait"), OK] == list(examined)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [([], True), ([OK, WARNING], True), ([OK, PROBLEM, OK], False)],
    ids=["nothing", "warning", "problem"],
)
def test_only_a_problem_is_not_well(findings: list[Finding], expected: bool) -> None:
    """A warning does not fail a script."""
    assert expected is is_well(findings)


def test_all_functions_can_read_their_settings() -> None:
    """Each is read by the function's own rules, with the operator's credentials if given."""
    found = list(checks.settings_findings(deployment(), None))

    assert ["settings of the planner", "settings of the fetcher", "settings of the loader"] == [
        finding.subject for finding in found
    ]
    assert is_well(found)


@pytest.mark.parametrize(
    ("changes", "broken", "text"),
    [
        ({"planner_environment": SHARED}, 0, "EXPORT_SINCE is not set"),
        (
            {"fetcher_environment": FETCHER | {"PROJECT_TIMEZONE": "EST5"}},
            1,
            "PROJECT_TIMEZONE is 'EST5'",
        ),
        ({"loader_environment": {}}, 2, "BIGQUERY_LOCATION is not set"),
    ],
    ids=["planner", "fetcher", "loader"],
)
def test_wrong_settings(changes: dict[str, object], broken: int, text: str) -> None:
    """The function's own message is the finding, and the others are looked at all the same."""
    found = list(checks.settings_findings(deployment(**changes), None))

    assert [number == broken for number in range(3)] == [f.level == "problem" for f in found]
    assert text in found[broken].said
    assert found[broken].todo


def test_credentials_of_the_operator_are_read_too() -> None:
    """A malformed one is a finding that does not show it."""
    (_, fetcher, _) = checks.settings_findings(deployment(), "hidden word")

    assert "problem" == fetcher.level
    assert "hidden" not in fetcher.said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "agree"),
        (
            {"loader_environment": SHARED | {"EXPORT_BUCKET": "other-bucket"}},
            "EXPORT_BUCKET differs between the functions: other-bucket, some-bucket",
        ),
        (
            {"fetcher_environment": FETCHER | {"SWEEP_DAYS": "0"}},
            "SWEEP_DAYS differs between the functions: 0, 100",
        ),
        (
            {"planner_environment": PLANNER | {"BIGQUERY_LOCATION": "US"}},
            "BIGQUERY_LOCATION differs between the functions: EU, US",
        ),
    ],
    ids=["well", "bucket", "sweep", "location"],
)
def test_the_functions_agree(changes: dict[str, object], said: str) -> None:
    """What one function writes another must read."""
    assert [said] == [finding.said for finding in checks.agreement_findings(deployment(**changes))]


@pytest.mark.parametrize(
    ("emulators", "said"),
    [
        ({}, "Google Cloud, project some-project, bucket some-bucket"),
        (
            {"PUBSUB_EMULATOR_HOST": "x"},
            "emulators on this machine, project some-project, bucket some-bucket",
        ),
    ],
    ids=["cloud", "local"],
)
def test_the_place(emulators: dict[str, str], said: str) -> None:
    """An operator with several deployments sees which one it is."""
    finding = checks.place_finding(deployment(emulators=emulators))

    assert Finding("ok", "place", said) == finding


def plan(made_at: datetime) -> Plan:
    return Plan(1, made_at, made_at, (), ())


@pytest.mark.parametrize(
    ("ages", "level", "said"),
    [
        ([timedelta(hours=20), timedelta(hours=3, minutes=15)], "ok", "made its newest plan at"),
        (
            [timedelta(hours=20), timedelta(hours=3, minutes=16)],
            "warning",
            "has not planned since 2026-11-22 08:44 UTC",
        ),
        ([], "warning", "has not planned for more than 3 h 15 min"),
    ],
    ids=["lately", "long ago", "never"],
)
def test_a_planner_that_stands_still(ages: list[timedelta], level: str, said: str) -> None:
    """Every interval that settles makes a plan; after a few without any somebody must look."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    policy = Policy.of(deployment().planner)
    plans = [plan(now - age) for age in ages]
    with machine_in("UTC"):
        finding = checks.planner_finding(plans, checks.longest_silence(policy), now, "https://x")

    assert (level, True) == (finding.level, said in finding.said), finding
    assert ("https://x" in finding.todo) is (level == "warning")


@pytest.mark.parametrize(
    ("changes", "hours"),
    [({}, 3.25), ({"INTERVAL_MINUTES": "5", "REQUESTS_PER_HOUR": "60"}, 1.25)],
    ids=["hours", "five minutes"],
)
def test_how_long_a_planner_may_be_silent(changes: dict[str, str], hours: float) -> None:
    """Three of the shortest intervals and the settle delay, but not less than an hour."""
    policy = Policy.of(deployment(planner_environment=PLANNER | changes).planner)

    assert timedelta(hours=hours) == checks.longest_silence(policy)


@pytest.mark.parametrize(
    ("granted", "level"),
    [(["a", "b", "c"], "ok"), (["a"], "problem"), ([], "problem")],
    ids=["all", "some", "none"],
)
def test_permissions(granted: list[str], level: str) -> None:
    """What is missing is named with the role that grants it."""
    resource = checks.Resource("topic x", ("a", "b"), "roles/some", lambda _: granted)
    (finding,) = resource.look()

    assert (level, "topic x") == (finding.level, finding.subject)
    if level == "problem":
        assert "b is not granted to you" in finding.said
        assert "roles/some" in finding.todo


def test_what_only_some_need_is_a_warning() -> None:
    """It says what will not work."""
    resource = checks.Resource("it", ("a",), "roles/some", lambda _: [], without="backfill")
    (finding,) = resource.look()

    assert "warning" == finding.level
    assert "a is not granted to you, so backfill will not work" in finding.said


def test_a_resource_that_cannot_be_asked() -> None:
    """The failure goes to whoever examines."""

    def refused(_: object) -> list[str]:
        raise Setup("no such bucket")

    with pytest.raises(Setup):
        list(checks.Resource("bucket x", ("a",), "roles/some", refused).look())


@pytest.mark.parametrize(
    ("password", "today", "level"),
    [
        ("secret", date(2030, 1, 1), "ok"),
        ("", date(2027, 3, 2), "warning"),
        ("", date(2027, 3, 3), "problem"),
    ],
    ids=["service account", "project secret", "retired"],
)
def test_a_project_secret_ends(password: str, today: date, level: str) -> None:
    """A warning until Mixpanel retires it, a problem from that day."""
    assert [level] == levels(checks.secret_findings(Credentials("user", password), today))


@pytest.mark.parametrize(
    ("seconds", "level", "said"),
    [
        (30, "ok", "agrees"),
        (-30, "ok", "agrees"),
        (31, "warning", "is 31 s ahead of Mixpanel's"),
        (-3600, "warning", "is 3600 s behind Mixpanel's"),
    ],
)
def test_the_clock_of_this_machine(seconds: int, level: str, said: str) -> None:
    """Half a minute is not worth a word."""
    ahead = timedelta(seconds=seconds)
    *_, clock = checks.sample_findings(deployment().fetcher(), [], ahead)

    assert (level, True) == (clock.level, said in clock.said)


def test_without_a_date_nothing_is_said_about_clocks() -> None:
    """What is not known is not shown as well."""
    found = checks.sample_findings(deployment().fetcher(), [], None)

    assert ["Mixpanel", "zone of the project"] == [finding.subject for finding in found]


def test_credentials_that_are_not_there() -> None:
    """Mixpanel is not asked, and it is said what to set."""
    (finding,) = checks.skipped()

    assert "warning" == finding.level
    assert "export MIXPANEL_CREDENTIALS=" in finding.todo
