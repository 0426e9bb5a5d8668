"""What the tool foresees is what the planner does, on a running stack of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from local import resources
from mixpanel_export.intervals import DAY, HOUR, aligned, format_moment
from tests.cli.calling import Tool
from tests.cli.emulated import found_at
from tests.functional.running import Running, run_stack, watch

Asked = tuple[str, ...]


@pytest.fixture(name="now")
def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(name="since")
def _since(now: datetime) -> datetime:
    return aligned(now - 3 * HOUR, DAY)


@pytest.fixture(name="planned")
def _planned(tmp_path: Path, since: datetime) -> Iterator[tuple[Running, Tool]]:
    """A stack with a small budget, and the tool pointed at it."""
    settings = {
        "EXPORT_SINCE": f"{since:%Y-%m-%d}",
        "REQUESTS_PER_HOUR": "6",
        "VERIFY_AFTER_HOURS": "1",
        "HEAL_HORIZON_HOURS": "3",
    }
    with (
        run_stack(tmp_path / "stack", pace=0.002, settings=settings) as stack,
        watch(stack) as running,
        found_at(stack.emulators),
    ):
        file = tmp_path / "outputs.json"
        file.write_text(json.dumps(stack.outputs))
        yield running, Tool(file)


def foreseen(preview: dict[str, Any]) -> tuple[list[Asked], list[Asked]]:
    """The messages of a preview, and what it would ask Mixpanel."""
    keys = ("table", "mode", "start", "end", "origin")
    messages = [tuple(request[key] for key in keys) for request in preview["requests"]]
    asked = []
    for request in preview["requests"]:
        url = urlsplit(request["url"])
        query = dict(parse_qsl(url.query)) | {"where": request["where"] or ""}
        asked.append((request["method"], url.path, _text(query)))
    return sorted(messages), sorted(asked)


def done(running: Running) -> tuple[list[Asked], list[Asked]]:
    """The messages that were delivered, and what Mixpanel was asked."""
    messages = []
    for delivery in running.deliveries(resources.REQUESTS):
        attributes = delivery["attributes"]
        mode = attributes.get("mode", "recent")
        rest = [attributes[key] for key in ("start", "end", "origin")]
        messages.append((attributes["table"], mode, *rest))
    asked = [(call["method"], call["path"], _text(call["query"])) for call in running.asked()]
    return sorted(messages), sorted(asked)


def _text(query: dict[str, str]) -> str:
    """What selects rows; until which day, the moment of the fetch decides."""
    selecting = ("project_id", "from_date", "where")
    return json.dumps({name: query.get(name, "") for name in selecting})


def test_a_tick_does_what_the_plan_foresaw(
    planned: tuple[Running, Tool], now: datetime, since: datetime
) -> None:
    """Live traffic first; an hour later, with a wish, the backfill behind it."""
    running, tool = planned
    origins = []
    for at in (now - 2 * HOUR, now - HOUR + timedelta(minutes=5)):
        preview = tool("plan", "--json", "--at", format_moment(at)).json
        origins.append({request["origin"] for request in preview["requests"]})
        with watch(running.stack) as watched:
            running.stack.tick(at)
            watched.settle()
            assert foreseen(preview) == done(watched)
        tool("backfill", "--since", f"{since - 9 * DAY:%Y-%m-%d}", "--yes")

    assert (True, True) == ("schedule" in origins[0], "backfill" in origins[1])
    assert 0 == tool("status", "--objective-hours", "100").status
