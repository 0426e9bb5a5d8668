"""What `doctor` says about settings, permissions, credentials and clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from mixpanel_export.errors import Setup, Transient
from mixpanel_export.settings import Credentials
from mixpanel_export_cli import checks
from mixpanel_export_cli.deployment import Deployment
from mixpanel_export_cli.findings import Check, Finding, examine, is_well
from tests.cli.outputs import FETCHER, PLANNER, SHARED, outputs

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
    ("emulators", "env", "level", "said"),
    [
        ({}, {}, "ok", "Google Cloud"),
        ({}, {"PUBSUB_EMULATOR_HOST": ""}, "ok", "Google Cloud"),
        ({}, {"PUBSUB_EMULATOR_HOST": "x"}, "problem", "PUBSUB_EMULATOR_HOST is set"),
        ({"PUBSUB_EMULATOR_HOST": "x"}, {"PUBSUB_EMULATOR_HOST": "x"}, "ok", "emulators"),
    ],
    ids=["cloud", "empty", "mistaken", "local"],
)
def test_the_place(emulators: dict[str, str], env: dict[str, str], level: str, said: str) -> None:
    """A variable left over in a shell would send everything to an emulator."""
    (finding,) = checks.reach_findings(deployment(emulators=emulators), env)

    assert (level, True) == (finding.level, said in finding.said)


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


@pytest.mark.parametrize(("minute", "start"), [(14, 6), (15, 7), (59, 7)])
def test_the_newest_settled_hour(minute: int, start: int) -> None:
    """The last whole hour that ended a settle delay ago."""
    now = datetime(2026, 11, 22, 8, minute, tzinfo=UTC)
    hour = checks.newest_settled_hour(now, timedelta(minutes=15))

    assert (start, timedelta(hours=1)) == (hour.start.hour, hour.length)
