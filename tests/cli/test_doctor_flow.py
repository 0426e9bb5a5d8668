"""`doctor` on a running stack: what it finds, and what it says helps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.resources import BUCKET, PROJECT_ID
from local.stack import CREDENTIALS, MIXPANEL_PROJECT_ID
from mixpanel_export.intervals import epoch_ms
from mixpanel_export.plans import Plan, Plans
from mixpanel_export.storage import ExportBucket
from tests.cli.calling import Tool
from tests.functional.running import Running


def hold_events_of_yesterday(running: Running) -> None:
    """Events of yesterday, received as they happened."""
    now = datetime.now(UTC) - timedelta(hours=25)
    for minutes in range(0, 180, 5):
        moment = now - timedelta(minutes=minutes)
        content = {"distinct_id": "user", "$mp_api_timestamp_ms": epoch_ms(moment)}
        running.mixpanel.ingest(MIXPANEL_PROJECT_ID, "Paid", moment, moment, content)


def plan_now() -> None:
    """Let the planner have found nothing to do just now."""
    plans, now = Plans(ExportBucket.connect(PROJECT_ID, BUCKET)), datetime.now(UTC)
    _, number = plans.around(now, timedelta(0))
    plan = Plan(number, now, now, (), ())
    assert plans.begin(plan)
    plans.end(plan, "published")


def test_all_is_well(running: Running, tool: Tool) -> None:
    """Every part is looked at, with one request to Mixpanel, and nothing needs to be done."""
    plan_now()
    hold_events_of_yesterday(running)
    called = tool.alone("doctor", "--json", MIXPANEL_CREDENTIALS=CREDENTIALS)

    assert 0 == called.status, called.out
    assert {"ok"} == {finding["level"] for finding in called.json}
    assert [
        "settings of the planner",
        "settings of the fetcher",
        "settings of the loader",
        "place",
        "Google credentials",
        "settings together",
        "bucket local-exports",
        "wishes in the bucket",
        "topic export-requests",
        "topic landed-objects",
        "topic dead-letters",
        "subscription dead-letters",
        "view mixpanel.loads",
        "planner",
        "kind of credentials",
        "Mixpanel",
        "zone of the project",
        "clock of this machine",
    ] == [finding["subject"] for finding in called.json]
    assert "costs 1 of the 60 requests" in called.err
    (asked,) = running.asked()
    assert "500" == asked["query"]["limit"]
    secret = CREDENTIALS.partition(":")[2]
    assert secret not in called.out + called.err + tool.outputs.read_text()


def test_what_is_wrong_is_found_at_once(running: Running, tool: Tool) -> None:
    """A wrong zone, a missing topic, a missing bucket and a missing view, each with its cure."""
    hold_events_of_yesterday(running)
    wrong = {
        "PROJECT_TIMEZONE": "Europe/Berlin",
        "LANDED_TOPIC": "elsewhere",
        "EXPORT_BUCKET": "no-such-bucket",
        "DATASET": "nowhere",
    }
    settings = [word for item in wrong.items() for word in ("--set", "=".join(item))]
    called = tool.alone(*settings, "doctor", MIXPANEL_CREDENTIALS=CREDENTIALS)
    problems = [line for line in called.lines if line.startswith("problem")]
    cures = [line for line in called.lines if line.startswith("->")]

    assert 1 == called.status
    assert [
        "bucket no-such-bucket",
        "wishes in the bucket",
        "topic elsewhere",
        "view of loads",
        "planner",
        "zone of the project",
    ] == [line.removeprefix("problem ").partition(":")[0] for line in problems]
    assert "events are at UTC-0" in problems[-1]
    assert len(problems) == len(cures), called.out
    assert "PROJECT_TIMEZONE" in cures[-1]


def test_wrong_credentials_are_found(running: Running, tool: Tool) -> None:
    """Mixpanel's refusal is a problem; the secret is not shown."""
    called = tool.alone("doctor", "--json", MIXPANEL_CREDENTIALS="nobody:hidden-word")
    *_, last = called.json

    assert (1, "problem", "Mixpanel") == (called.status, last["level"], last["subject"])
    assert "Unable to authenticate" in last["said"]
    assert "hidden-word" not in called.out + called.err
    assert [400] == [call["status"] for call in running.asked()]


def test_without_credentials_mixpanel_is_not_asked(running: Running, tool: Tool) -> None:
    """Wrong settings and a variable for an emulator are found all the same."""
    called = tool.alone("--set", "INTERVAL_MINUTES=7", "doctor")
    found = {line.partition(":")[0] for line in called.lines if line.startswith("problem")}

    assert (1, {"problem settings of the planner"}) == (called.status, found)
    assert [] == running.asked()

    hint = tool.alone("doctor")
    assert 0 == hint.status
    assert "-> export MIXPANEL_CREDENTIALS=username:secret" in " ".join(hint.lines)
    assert [] == running.asked()


def test_nothing_to_look_at(tool: Tool) -> None:
    """Without a deployment the tool says how to name one."""
    tool.outputs.unlink()
    called = tool("doctor")

    assert (2, "") == (called.status, called.out)
    assert "outputs.json cannot be read" in called.err
