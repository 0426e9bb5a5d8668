"""Status, plan and backfill as an operator calls them, on a deployment of its own."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mixpanel_export.intervals import DAY, HOUR, MINUTE, aligned, newest_first
from tests.cli.calling import Tool, bare_environment
from tests.cli.emulated import Emulated, emulated


@dataclass(frozen=True, slots=True)
class Moments:
    """When these tests run. No interval becomes due for half an hour, whatever day begins."""

    now: datetime

    @property
    def today(self) -> datetime:
        """The UTC midnight before them."""
        return aligned(self.now, DAY)

    @property
    def since(self) -> datetime:
        """EXPORT_SINCE of the deployment."""
        return self.today - DAY

    @property
    def settle(self) -> timedelta:
        """SETTLE_MINUTES of the deployment."""
        return (self.now.minute + 30) % 60 * MINUTE

    @property
    def earlier(self) -> str:
        """A day to wish for."""
        return f"{self.since - 10 * DAY:%Y-%m-%d}"


@pytest.fixture(name="moments", scope="module")
def _moments() -> Moments:
    return Moments(datetime.now(UTC))


@pytest.fixture(name="services", scope="module")
def _services(
    tmp_path_factory: pytest.TempPathFactory, moments: Moments
) -> Iterator[tuple[Emulated, Tool]]:
    """A deployment that wants the events of today and yesterday."""
    directory = tmp_path_factory.mktemp("deployment")
    with emulated(
        directory,
        EXPORT_SINCE=f"{moments.since:%Y-%m-%d}",
        TABLES="events",
        SWEEP_DAYS="0",
        SETTLE_MINUTES=str(moments.settle // MINUTE),
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


def test_a_deployment_becomes_healthy(deployment: Emulated, tool: Tool, moments: Moments) -> None:
    """Late gaps make status fail until everything is loaded, landed alone does not do."""
    empty = tool("status", "--json", "--days", "1")
    hours = list(newest_first(moments.since, moments.now - moments.settle, HOUR))
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


def test_a_plan_shows_requests_and_writes_nothing(
    deployment: Emulated, tool: Tool, moments: Moments
) -> None:
    """For any moment; the default is now, and a dry run."""
    at = moments.today + 40 * DAY + moments.settle
    planned = tool("plan", "--dry-run", "--json", "--at", at.isoformat())
    text = tool("plan", "--at", f"{at:%Y-%m-%dT%H:%M}")

    assert (0, 0) == (planned.status, text.status)
    first = planned.json["requests"][0]
    assert ("schedule", "GET") == (first["origin"], first["method"])
    assert f"{moments.today + 40 * DAY - HOUR:%Y-%m-%dT%H:%M:%SZ}" == first["start"]
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


def test_a_wish_is_left_seen_and_taken_back(
    deployment: Emulated, tool: Tool, moments: Moments
) -> None:
    """The whole life of a backfill that an operator wishes for."""
    dry = tool("backfill", "--since", moments.earlier, "--dry-run")
    before = deployment.objects()
    wished = tool("backfill", "--since", moments.earlier, "--yes")
    after = deployment.objects()
    seen = tool("status", "--json").json["backfill"]["wished_since"]
    shown = tool("backfill")
    same = tool("backfill", "--since", moments.earlier)
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
    assert f"wanted since {moments.earlier}, by the wish of `backfill --since`" == dry.lines[0]
    assert "nothing was written: this is a dry run" == dry.lines[-1]
    assert wished.lines[-1].endswith(
        f'export_since = "{moments.earlier}" in Terraform makes it permanent'
    )
    assert f"{moments.earlier}T00:00:00Z" == seen
    assert dry.lines[0] == shown.lines[0]
    assert [
        f"nothing to do: everything since {moments.earlier} is wished for already"
    ] == same.lines
    assert "nothing was written: this is a dry run" == no_stop.lines[-1]
    assert "the wish is taken back" == stopped.lines[-1]
    assert ["nothing to do: there is no wish"] == none.lines


def test_another_wish_replaces_the_first(
    deployment: Emulated, tool: Tool, moments: Moments
) -> None:
    """Also a smaller one; and one that is no wish is replaced like any."""
    tool("backfill", "--since", moments.earlier, "--yes")
    smaller = f"{moments.since - 2 * DAY:%Y-%m-%d}"
    replaced = tool("backfill", "--since", smaller, "--yes")
    deployment.bucket.blob("backfill.json").upload_from_string(b"whatever")
    broken = tool("backfill")
    mended = tool("backfill", "--since", smaller, "--yes")

    assert f"this replaces the wish for everything since {moments.earlier}" in replaced.lines
    assert 2 == broken.status
    assert "holds no date: delete it, or run `backfill` again" in broken.err
    assert 0 == mended.status
    content = deployment.bucket.blob("backfill.json").download_as_bytes()
    assert f'{{"since": "{smaller}"}}'.encode() == content


def test_without_a_wish_the_settings_are_shown(
    deployment: Emulated, tool: Tool, moments: Moments
) -> None:
    """And how to wish for more."""
    shown = tool("backfill")

    assert f"wanted since {moments.since:%Y-%m-%d}, by EXPORT_SINCE" == shown.lines[0]
    assert "there is no wish for more; `backfill --since DATE` leaves one" == shown.lines[-1]


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["--since", "TODAY"], (0, "nothing to do: EXPORT_SINCE is")),
        (["--since", "EARLIER"], (2, "nothing was done: give --yes")),
        (["--since", "EARLIER", "--stop"], (2, "give --since DATE or --stop, not both")),
        (
            ["--since", "1999-12-31"],
            (2, "allowed: a day such as 2026-11-22, not before 2009-01-01"),
        ),
        (["--since", ""], (2, "--since is ''; allowed: a day such as")),
    ],
    ids=["later", "nobody agrees", "both", "too early", "empty"],
)
def test_a_wish_that_cannot_be_is_refused(
    deployment: Emulated,
    tool: Tool,
    moments: Moments,
    words: list[str],
    refusal: tuple[int, str],
) -> None:
    """Nothing is written, and the message says why."""
    days = {"TODAY": f"{moments.today:%Y-%m-%d}", "EARLIER": moments.earlier}
    refused = tool("backfill", *(days.get(word, word) for word in words))

    status, said = refusal
    assert (status, []) == (refused.status, deployment.objects())
    assert said in refused.out + refused.err


def test_a_wrong_subscription_hides_nothing_else(
    deployment: Emulated, services: tuple[Emulated, Tool], tmp_path: Path
) -> None:
    """Dead letters are then not known, and the exit code is that of the rest."""
    outputs = json.loads(services[1].outputs.read_text())
    outputs["dead_letter_subscription"]["value"] = "nowhere"
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(outputs))
    text = Tool(file)("status", "--objective-hours", "100")
    content = Tool(file)("status", "--json", "--objective-hours", "100")

    assert (0, 0, {"at_least": None}) == (
        text.status,
        content.status,
        content.json["dead_letters"],
    )
    assert [True] == [
        line.startswith("Dead letters: not known (") for line in text.lines if "Dead" in line
    ]
    assert [] == deployment.objects()


def test_at_a_terminal_one_sees_that_it_looks(deployment: Emulated, tool: Tool) -> None:
    """On standard error, and nowhere else; a file gets the result alone."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        tool.command("backfill"),
        env=bare_environment() | {"TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        out, _ = process.communicate(timeout=30)
    said = os.read(ours, 10_000)
    os.close(ours)
    os.close(theirs)

    assert b"looking at what is there" in said
    assert b"looking" not in out
    assert "looking" not in tool("backfill").err
    assert [] == deployment.objects()


def test_without_a_terminal_a_bar_has_a_line_of_its_own(
    deployment: Emulated, tool: Tool, moments: Moments
) -> None:
    """And so has the percentage."""
    lines = tool("backfill", "--since", moments.earlier, "--dry-run").lines

    assert [] == deployment.objects()
    assert {"#", "."} >= set(lines[1])
    assert re.fullmatch(r"\d+\.\d %: \d+ of \d+ intervals loaded; .*", lines[2])


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", []), (b"y\n", ["backfill.json"])])
def test_at_a_terminal_the_operator_is_asked(
    deployment: Emulated, tool: Tool, moments: Moments, answer: bytes, left: list[str]
) -> None:
    """Only a yes leaves a wish."""
    status, said = tool.at_terminal(answer, "backfill", "--since", moments.earlier)

    assert (not left, left) == (bool(status), deployment.objects())
    assert f"Wish for everything since {moments.earlier}?".encode() in said


def test_a_wish_survives_a_lost_answer(deployment: Emulated, tool: Tool, moments: Moments) -> None:
    """Writing it twice is writing it once, and so is deleting it."""
    deployment.store.faults.add("lost_response", match={"method": "POST"})
    written = tool("backfill", "--since", moments.earlier, "--yes")
    deployment.store.faults.add("lost_response", match={"method": "DELETE"})
    removed = tool("backfill", "--stop")

    assert (0, 0, []) == (written.status, removed.status, deployment.objects())
