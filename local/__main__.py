"""`python -m local demo | up | tick | replay`: the pipeline on this machine."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local import resources
from local.bundles import ROOT
from local.demo import day, traffic
from local.stack import MIXPANEL_PROJECT_ID, Stack
from mixpanel_export.intervals import newest_first, parse_moment
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import TABLES
from mixpanel_export.publisher import Topic

_DEMO, _UP = ROOT / "build" / "demo", ROOT / "build" / "up"
_STATE = _UP / "stack.json"
_INTERVAL = timedelta(hours=1)


def up() -> int:
    """Keep the stack running, with traffic of yesterday and today to explore."""
    with Stack(_UP, pace=0.05) as stack:
        for back in (1, 0):
            moment = datetime.now(UTC) - timedelta(days=back)
            traffic.generate(stack.mixpanel, MIXPANEL_PROJECT_ID, moment.date(), seed=back)
        state = stack.environment | {"planner": stack.functions["planner"].url}
        _STATE.write_text(json.dumps(state))
        print(f"Mixpanel simulator   {stack.mixpanel.url}/api/2.0/export")
        print(f"Pub/Sub emulator     {stack.pubsub.host}, watch {stack.pubsub.admin_url}")
        print(f"Storage emulator     {stack.storage.url}, bucket {resources.BUCKET}")
        print(f"BigQuery emulator    {stack.bigquery.url}, dataset {resources.DATASET}")
        for function in stack.functions.values():
            print(f"{function.name:20} {function.url}, log {_shown(function.log)}")
        print("\nIn another terminal: make tick, or make replay TABLE=events START=... END=...")
        print("Ctrl-C ends it.", flush=True)
        _wait_for_signal()
    _STATE.unlink()
    return 0


def tick(at: str | None) -> int:
    """Call the planner of the running stack as Cloud Scheduler does."""
    headers = {"X-CloudScheduler": "true"} | ({"X-CloudScheduler-ScheduleTime": at} if at else {})
    request = urllib.request.Request(_state()["planner"], b"{}", headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as response:
        print(f"planner answered {response.status}")
    return 0


def replay(table: str, start: str, end: str) -> int:
    """Publish a request for each interval in `[start, end)` to the running stack."""
    if table not in TABLES:
        raise SystemExit(f"TABLE is {table!r}; known are {', '.join(TABLES)}")
    try:
        intervals = list(newest_first(parse_moment(start), parse_moment(end), _INTERVAL))
    except ValueError as error:
        raise SystemExit(f"START and END: {error}") from None
    if not intervals:
        raise SystemExit(f"no whole hour lies between {start} and {end}")
    os.environ.update(_state())
    requests = [ExportRequest(table, interval, "replay") for interval in intervals]
    Topic.connect(resources.PROJECT_ID, resources.REQUESTS).publish(requests)
    for request in requests:
        print(f"asked again for {request.table} {request.interval}")
    return 0


def _state() -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(_STATE.read_text())
    except FileNotFoundError:
        raise SystemExit("no stack is running: start one with `make up`") from None
    return state


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT)


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="simulate a day and check it row by row")
    commands.add_parser("up", help="keep the stack running")
    ticking = commands.add_parser("tick", help="let the planner plan once")
    ticking.add_argument("--at", help="the scheduled moment, such as 2026-11-22T08:20:00Z")
    replaying = commands.add_parser("replay", help="fetch intervals again")
    for name in ("table", "start", "end"):
        replaying.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    match arguments.command:
        case "demo":
            return day.run(_DEMO)
        case "up":
            return up()
        case "tick":
            return tick(arguments.at)
    return replay(arguments.table, arguments.start, arguments.end)


if __name__ == "__main__":
    sys.exit(main())
