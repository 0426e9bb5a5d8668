"""All log lines of one story on one local stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mixpanel_export.messages import Message
from tests.fakes.subscription import push_body
from tests.functional.running import Running, body_of, fresh_hours, run_stack, watch
from tests.terraform.logs import story
from tests.terraform.logs.incidents import INCIDENTS
from tests.terraform.logs.metrics import Timed
from tests.terraform.logs.recording import Line, Recorder, lines_of, placed
from tests.terraform.logs.story import Tick

_PACE = 0.0003
_PROJECT_SECRET = "0123456789abcdef0123456789abcdef"
# When fetcher and loader follow a tick; nothing depends on how soon.
_FOLLOWS_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Lines of an ordinary time, of an outage after it, and of single incidents by their name."""

    ordinary: Sequence[Tick]
    outage: Sequence[Tick]
    incidents: Mapping[str, Sequence[Line]]

    def lines(self, source: str | None = None) -> list[Line]:
        """Those of `ordinary`, of `outage` or of an incident; without a source, all."""
        ticks = {"ordinary": self.ordinary, "outage": self.outage}
        by_ticks = {name: [line for each in ticks[name] for line in each.lines] for name in ticks}
        sources = by_ticks | {name: list(lines) for name, lines in self.incidents.items()}
        return sources[source] if source else [line for each in sources.values() for line in each]

    def events(self, source: str, event: str, **fields: Any) -> list[Line]:
        """The lines of an event whose fields have these values."""
        lines = [line for line in self.lines(source) if line.event == event]
        return [line for line in lines if fields.items() <= line.payload.items()]


def record(directory: Path) -> Chronicle:
    """Start a stack, let everything happen, and stop it."""
    with run_stack(directory / "stack", pace=_PACE, settings=story.settings()) as stack:
        recorder, hours = Recorder(stack), fresh_hours()
        with watch(stack) as running:
            ordinary = story.ordinary_time(running, recorder)
        incidents: dict[str, Sequence[Line]] = {}
        for name, incident in INCIDENTS.items():
            with watch(stack) as running:
                incident(running, next(hours))
            incidents[name] = recorder.new_lines()
        with watch(stack) as running:
            incidents["a project secret"] = _project_secret(running, directory / "fetcher.log")
            outage = story.outage(running, directory)
    return Chronicle(ordinary, outage, incidents)


def timeline(ticks: Sequence[Tick]) -> list[Timed]:
    """The lines of ticks at their times."""
    return [
        timed
        for tick in ticks
        for line in tick.lines
        for timed in placed(
            [line], tick.at if line.function == "planner" else tick.at + _FOLLOWS_AFTER
        )
    ]


def _project_secret(running: Running, log: Path) -> list[Line]:
    """The lines of a fetcher whose credentials are a project secret."""
    running.mixpanel.add_project(2, service_accounts={}, api_secret=_PROJECT_SECRET)
    changes = {"MIXPANEL_CREDENTIALS": _PROJECT_SECRET, "MIXPANEL_PROJECT_ID": "2"}
    message = Message(body_of(next(fresh_hours())), {}, "1", datetime.now(UTC))
    with story.another(running, "fetcher", log, **changes) as url:
        running.post("fetcher", push_body(message), url=url)
    running.settle()
    return lines_of("fetcher", log)
