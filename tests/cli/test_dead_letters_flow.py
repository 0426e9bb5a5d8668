"""Dead letters on a running stack: listed, redriven, dropped."""

from __future__ import annotations

import signal
import subprocess

import pytest

from local import resources
from mixpanel_export.intervals import Interval
from mixpanel_export_cli.subscriber import DeadLetters
from tests.cli.calling import Tool, bare_environment
from tests.functional.running import Running, wait_until

_COST = "Cost: up to {} to Mixpanel, of the 60 in an hour; the planner leaves 56 of them."
_LATER = '{{"version":1,"table":"events","start":"{0}T00:00:00Z","end":"{0}T01:00:00Z"}}'


def wait_for_letters(running: Running, count: int) -> None:
    """Wait until so many lie there."""
    wait_until(lambda: running.unread_dead_letters() == count)


def ids(tool: Tool) -> list[str]:
    return [letter["message_id"] for letter in tool("dead-letters", "list", "--json").json]


def test_a_poison_message_is_listed_and_dropped(running: Running, tool: Tool) -> None:
    """What is no request is shown with its reason, cannot be redriven, and is dropped."""
    running.publish(resources.REQUESTS, b"nonsense", origin="replay")
    wait_for_letters(running, 1)
    (letter,) = tool("dead-letters", "list", "--json").json
    again = tool("dead-letters", "redrive", "--all", "--yes")

    assert {
        "given_up_by": "the fetcher",
        "attempts": 1,
        "reason": "the message body is not JSON",
        "origin": "replay",
        "subject": "a message without attributes",
        "attributes": {"origin": "replay"},
        "not_redrivable": "the message body is not JSON",
        "comes_back_unless_mended": True,
    } == {k: v for k, v in letter.items() if k not in ("message_id", "given_up_at")}
    assert (1, "redriven: 0 of 1") == (again.status, again.lines[-1])
    stays = f"{letter['message_id']} stays: the message body is not JSON; drop it"
    assert stays in again.err
    assert [letter["message_id"]] == ids(tool)

    dropped = tool("dead-letters", "drop", letter["message_id"], "--yes")
    assert (0, "dropped: 1 of 1") == (dropped.status, dropped.lines[-1])
    none = "no dead letter can be seen; another reader may hold some for up to 10 minutes\n"
    assert none == tool("dead-letters", "list").out
    as_json = tool("dead-letters", "list", "--json")
    assert ([], True) == (as_json.json, none in as_json.err)


def test_a_parked_request_is_redriven(running: Running, tool: Tool, interval: Interval) -> None:
    """After the cause is mended the request loads its interval; the letter is gone."""
    running.hold(interval, "a", "b")
    running.mixpanel.faults.add("status", status=400, body="not today")
    running.land(interval)
    wait_for_letters(running, 1)
    listed = tool("dead-letters", "list")
    redriven = tool("dead-letters", "redrive", "--all", "--yes")
    running.settle()

    assert "1 dead letter" == listed.lines[0]
    text = " ".join(listed.out.replace("│", " ").split())
    assert "Mixpanel answered 400" in text
    assert "redrive: in vain unless" in text
    assert 5 == listed.out.splitlines()[2].count("┃") - 1
    assert "schedule" in text
    assert 0 == redriven.status
    assert _COST.format("1 request") in redriven.lines
    assert (
        "Parked at once by a function: 1 of 1. "
        "They come back unchanged unless their cause is mended."
    ) in redriven.lines
    assert "redriven: 1 of 1" == redriven.lines[-1]
    assert ["a", "b"] == running.shown(interval)
    assert [] == ids(tool)


def test_a_request_that_pubsub_gave_up_on_is_redriven_as_it_was(
    running: Running, tool: Tool, interval: Interval
) -> None:
    """Nothing of Pub/Sub's own attributes goes with it."""
    running.hold(interval, "a")
    running.mixpanel.faults.add("status", status=401, times=20)
    original = running.ask(interval, "heal")
    wait_for_letters(running, 1)
    (letter,) = tool("dead-letters", "list", "--json").json
    tool("dead-letters", "redrive", letter["message_id"], "--yes")
    running.settle()
    first, *_, last = running.deliveries(resources.REQUESTS)

    assert ("subscription export-requests", 20) == (letter["given_up_by"], letter["attempts"])
    assert first["attributes"] == last["attributes"] == letter["attributes"]
    assert (original, 200) != (last["message_id"], last["status"])
    assert ["a"] == running.shown(interval)


def test_a_notification_is_redriven_to_the_loader(
    running: Running, tool: Tool, interval: Interval
) -> None:
    """What landed and could not be loaded is loaded without asking Mixpanel again."""
    running.hold(interval, "a")
    running.stack.bigquery.faults.add("job_failure", reason="invalid", message="no")
    running.land(interval)
    wait_for_letters(running, 1)
    (letter,) = tool("dead-letters", "list", "--json").json
    redriven = tool("dead-letters", "redrive", "--all", "--yes")
    running.settle()

    assert ("the loader", running.objects()[0]) == (letter["given_up_by"], letter["subject"])
    assert _COST.format("0 requests") in redriven.lines
    assert 1 == len(running.asked())
    assert ["a"] == running.shown(interval)


def test_a_letter_that_cannot_be_published_stays(running: Running, tool: Tool) -> None:
    """The tool ends with one message, and nothing is lost."""
    running.publish(resources.REQUESTS, b"nonsense")
    wait_for_letters(running, 1)
    (nonsense,) = ids(tool)
    letter = running.publish(resources.DEAD_LETTERS, _LATER.format("2025-01-01").encode())
    running.stack.pubsub.faults.add(
        "publish_error", code="PERMISSION_DENIED", match={"topic": resources.REQUESTS}
    )
    failed = tool("dead-letters", "redrive", letter, "--yes")

    assert 2 == failed.status
    assert "redriven: 0 of 1; the rest stays" in failed.err
    assert "mixpanel-export: 1 of 1 messages were not published: publishing to" in failed.err
    assert [nonsense, letter] == ids(tool)
    assert 0 == tool("dead-letters", "drop", nonsense, letter, "--yes").status


def test_whoever_fails_lets_the_letters_go(running: Running, tool: Tool) -> None:
    """What is held and not removed is there for the next call at once, and whole."""
    first, second = (
        running.publish(resources.DEAD_LETTERS, text, reason="why") for text in (b"1", b"2")
    )
    dead_letters = DeadLetters.connect(resources.PROJECT_ID, resources.DEAD_LETTERS)

    def fail_after_removing_one() -> None:
        with dead_letters.held([first, second]) as letters:
            assert [first, second] == [letter.message_id for letter in letters]
            dead_letters.remove(letters[0])
            raise RuntimeError("out of the blue")

    with pytest.raises(RuntimeError):
        fail_after_removing_one()

    assert [second] == ids(tool)
    tool("dead-letters", "drop", "--all", "--yes")


def test_a_dry_run_only_shows(running: Running, tool: Tool) -> None:
    """What it would cost, and what would be lost, as nobody asks for a replay again."""
    running.publish(resources.DEAD_LETTERS, _LATER.format("2025-01-01").encode())
    redriven = tool("dead-letters", "redrive", "--all", "--dry-run")
    dropped = tool("dead-letters", "drop", "--all", "--dry-run")

    assert (0, _COST.format("1 request")) == (redriven.status, redriven.lines[-1])
    assert (0, "1 replay among them: nobody asks for it again but you") == (
        dropped.status,
        dropped.lines[-1],
    )
    assert 1 == len(ids(tool))
    assert 0 == tool("dead-letters", "drop", "--all", "--yes").status


def test_a_paced_redrive_can_be_stopped(running: Running, tool: Tool) -> None:
    """Ctrl-C says how many went, and the rest can be seen at once."""
    for day in ("2025-01-01", "2025-01-02"):
        running.publish(resources.DEAD_LETTERS, _LATER.format(day).encode())
    words = ("--set", "REQUESTS_PER_HOUR=59", "dead-letters", "redrive", "--all")
    assert (
        "Pace: one every 3600 s, done in about 1 h 00 min; Ctrl-C leaves the rest where it is."
    ) in tool(*words, "--dry-run").lines
    with subprocess.Popen(
        tool.command(*words, "--yes"),
        env=bare_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(lambda: running.unread_dead_letters() == 1)
        running.settle()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    running.settle()

    assert 130 == process.returncode
    assert "redriven: 1 of 2; the rest stays" in said
    assert "Traceback" not in said
    assert 1 == len(ids(tool))
    tool("dead-letters", "drop", "--all", "--yes")


def test_without_a_terminal_nobody_agrees(running: Running, tool: Tool) -> None:
    """A script must say --yes; the letters are shown and stay."""
    running.publish(resources.REQUESTS, b"nonsense")
    wait_for_letters(running, 1)

    for command in ("drop", "redrive"):
        refused = tool("dead-letters", command, "--all")
        assert (2, True) == (refused.status, "1 dead letter" in refused.lines)
        assert "nothing was done: give --yes" in refused.err
    assert 1 == len(ids(tool))
    tool("dead-letters", "drop", "--all", "--yes")


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 1), (b"y\n", 0)])
def test_at_a_terminal_the_operator_is_asked(
    running: Running, tool: Tool, answer: bytes, left: int
) -> None:
    """Only a yes drops."""
    running.publish(resources.REQUESTS, b"nonsense")
    wait_for_letters(running, 1)
    status, said = tool.at_terminal(answer, "dead-letters", "drop", "--all")

    assert (left, left) == (status, len(ids(tool)))
    asked = b"project local-project, bucket local-exports: Drop 1 dead letter for good?"
    assert asked in said
    if left:
        tool("dead-letters", "drop", "--all", "--yes")
