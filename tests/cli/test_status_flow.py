"""Status, plan and backfill as an operator calls them, on a deployment of its own."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export.intervals import DAY, HOUR, aligned, newest_first
from tests.cli.calling import Tool, bare_environment
from tests.cli.emulated import Emulated, emulated

NOW = datetime.now(UTC)
TODAY = aligned(NOW, DAY)
SINCE = TODAY - DAY
# No interval becomes due in the midst of these tests.
SETTLE = timedelta(minutes=(NOW.minute + 30) % 60)
EARLIER = f"{SINCE - 10 * DAY:%Y-%m-%d}"


@pytest.fixture(name="services", scope="module")
def _services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulated, Tool]]:
    """A deployment that wants the events of today and yesterday."""
    directory = tmp_path_factory.mktemp("deployment")
    with emulated(
        directory,
        EXPORT_SINCE=f"{SINCE:%Y-%m-%d}",
        TABLES="events",
        SWEEP_DAYS="0",
        SETTLE_MINUTES=str(SETTLE // timedelta(minutes=1)),
    ) as (services, tool):
        yield services, tool


@pytest.fixture(name="deployment")
def _deployment(services: tuple[Emulated, Tool]) -> Iterator[Emulated]:
    """The deployment, without a wish and without plans in the end."""
    yield services[0]
    bucket = services[0].bucket
    bucket.delete_blobs(list(bucket.list_blobs()))


@pytest.fixture(name="tool")
def _tool(services: tuple[Emulated, Tool]) -> Tool:
    return services[1]


def test_a_deployment_becomes_healthy(deployment: Emulated, tool: Tool) -> None:
    """Late gaps make status fail until everything is loaded, landed alone does not do."""
    empty = tool("status", "--json", "--days", "1")
    hours = list(newest_first(SINCE, NOW - SETTLE, HOUR))
    names = [deployment.land(interval) for interval in hours]
    landed = tool("status", "--json")
    deployment.load(names)
    loaded = tool("status")
    again = tool("status", "--json", "--objective-hours", "2")

    assert (1, True, 24) == (empty.status, empty.json["is_late"], len(empty.json["calendar"]))
    assert (f"late: events: {len(hours)} missing, for ", 1) == (
        empty.err.splitlines()[-1].partition("for ")[0] + "for ",
        len(empty.json["gaps"]),
    )
    assert (1, {"landed"}) == (landed.status, {gap["state"] for gap in landed.json["gaps"]})
    assert (0, True) == (loaded.status, "Gaps: none" in loaded.lines)
    assert (0, [], 100.0) == (
        again.status,
        again.json["gaps"],
        again.json["backfill"]["percent"],
    )


def test_dead_letters_are_counted_and_stay(deployment: Emulated, tool: Tool) -> None:
    """Counting takes nothing out."""
    deployment.give_up(b"nonsense")
    deployment.give_up(b"more nonsense")
    seen = [tool("status", "--json").json["dead_letters"] for _ in range(2)]

    assert [{"at_least": 2}, {"at_least": 2}] == seen
    assert 2 == deployment.unread_dead_letters()


def test_a_plan_shows_requests_and_writes_nothing(deployment: Emulated, tool: Tool) -> None:
    """For any moment; the default is now, and a dry run."""
    at = TODAY + 40 * DAY + SETTLE
    planned = tool("plan", "--dry-run", "--json", "--at", at.isoformat())
    text = tool("plan", "--at", f"{at:%Y-%m-%dT%H:%M}")

    assert (0, 0) == (planned.status, text.status)
    first = planned.json["requests"][0]
    assert ("schedule", "GET") == (first["origin"], first["method"])
    assert f"{TODAY + 40 * DAY - HOUR:%Y-%m-%dT%H:%M:%SZ}" == first["start"]
    assert first["url"].startswith("https://data.mixpanel.com/api/2.0/export?project_id=7&")
    assert "unknown" not in planned.out
    assert 40 == len(planned.json["requests"])
    assert text.lines[0].endswith("announced again. Nothing is published now.")
    assert [] == deployment.objects()


def test_a_moment_that_is_none_is_refused(tool: Tool) -> None:
    """One message, and no traceback."""
    refused = tool("plan", "--at", "noon")

    assert 2 == refused.status
    assert "'noon' is no moment" in refused.err


def test_a_wish_is_left_seen_and_taken_back(deployment: Emulated, tool: Tool) -> None:
    """The whole life of a backfill that an operator wishes for."""
    dry = tool("backfill", "--since", EARLIER, "--dry-run")
    before = deployment.objects()
    wished = tool("backfill", "--since", EARLIER, "--yes")
    after = deployment.objects()
    seen = tool("status", "--json").json["backfill"]["wished_since"]
    shown = tool("backfill")
    same = tool("backfill", "--since", EARLIER)
    no_stop = tool("backfill", "--stop", "--dry-run")
    kept = deployment.objects()
    stopped = tool("backfill", "--stop")
    none = tool("backfill", "--stop")

    assert ([0] * 7, [], ["backfill.json"], ["backfill.json"], []) == (
        [each.status for each in (dry, wished, shown, same, no_stop, stopped, none)],
        before,
        after,
        kept,
        deployment.objects(),
    )
    assert f"wanted since {EARLIER}, by the wish of `backfill --since`" == dry.lines[0]
    assert "nothing was written: this is a dry run" == dry.lines[-1]
    assert wished.lines[-1].endswith(f'export_since = "{EARLIER}" in Terraform makes it permanent')
    assert f"{EARLIER}T00:00:00Z" == seen
    assert dry.lines[0] == shown.lines[0]
    assert [f"nothing to do: everything since {EARLIER} is wished for already"] == same.lines
    assert "nothing was written: this is a dry run" == no_stop.lines[-1]
    assert "the wish is taken back" == stopped.lines[-1]
    assert ["nothing to do: there is no wish"] == none.lines


def test_another_wish_replaces_the_first(deployment: Emulated, tool: Tool) -> None:
    """Also a smaller one; and one that is no wish is replaced like any."""
    tool("backfill", "--since", EARLIER, "--yes")
    smaller = f"{SINCE - 2 * DAY:%Y-%m-%d}"
    replaced = tool("backfill", "--since", smaller, "--yes")
    deployment.bucket.blob("backfill.json").upload_from_string(b"whatever")
    broken = tool("backfill")
    mended = tool("backfill", "--since", smaller, "--yes")

    assert f"this replaces the wish for everything since {EARLIER}" in replaced.lines
    assert 2 == broken.status
    assert "holds no date: delete it, or run `backfill` again" in broken.err
    assert 0 == mended.status
    content = deployment.bucket.blob("backfill.json").download_as_bytes()
    assert f'{{"since": "{smaller}"}}'.encode() == content


def test_without_a_wish_the_settings_are_shown(deployment: Emulated, tool: Tool) -> None:
    """And how to wish for more."""
    shown = tool("backfill")

    assert f"wanted since {SINCE:%Y-%m-%d}, by EXPORT_SINCE" == shown.lines[0]
    assert "there is no wish for more; `backfill --since DATE` leaves one" == shown.lines[-1]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--since", f"{TODAY:%Y-%m-%d}"], 0, "nothing to do: EXPORT_SINCE is"),
        (["--since", EARLIER], 2, "nothing was done: give --yes"),
        (["--since", EARLIER, "--stop"], 2, "give --since DATE or --stop, not both"),
        (["--since", "1999-12-31"], 2, "allowed: a day such as 2026-11-22, not before 2009-01-01"),
        (["--since", ""], 2, "--since is ''; allowed: a day such as"),
    ],
    ids=["later", "nobody agrees", "both", "too early", "empty"],
)
def test_a_wish_that_cannot_be_is_refused(
    deployment: Emulated, tool: Tool, words: list[str], status: int, said: str
) -> None:
    """Nothing is written, and the message says why."""
    refused = tool("backfill", *words)

    assert (status, []) == (refused.status, deployment.objects())
    assert said in refused.out + refused.err


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", []), (b"y\n", ["backfill.json"])])
def test_at_a_terminal_the_operator_is_asked(
    deployment: Emulated, tool: Tool, answer: bytes, left: list[str]
) -> None:
    """Only a yes leaves a wish."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        tool.command("backfill", "--since", EARLIER),
        env=bare_environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        os.write(ours, answer)
        said, _ = process.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)

    assert (not left, left) == (bool(process.returncode), deployment.objects())
    assert f"Wish for everything since {EARLIER}?".encode() in said


def test_a_wish_survives_a_lost_answer(deployment: Emulated, tool: Tool) -> None:
    """Writing it twice is writing it once, and so is deleting it."""
    deployment.store.faults.add("lost_response", match={"method": "POST"})
    written = tool("backfill", "--since", EARLIER, "--yes")
    deployment.store.faults.add("lost_response", match={"method": "DELETE"})
    removed = tool("backfill", "--stop")

    assert (0, 0, []) == (written.status, removed.status, deployment.objects())
