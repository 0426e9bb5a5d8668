"""Calls to a running stack: a tick, and a replay."""

from __future__ import annotations

import json
import os
import socket
import urllib.error
import urllib.parse
import urllib.request
from datetime import timedelta
from pathlib import Path

from mixpanel_export.intervals import newest_first, parse_moment
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import TABLES
from mixpanel_export.publisher import Topic

STATE = "stack.json"
_INTERVAL = timedelta(hours=1)


def call_planner(url: str, at: str | None) -> int:
    """Call the planner as Cloud Scheduler does at this moment; the status.

    Raises:
        HTTPError: it refused.
    """
    headers = {"X-CloudScheduler": "true"} | ({"X-CloudScheduler-ScheduleTime": at} if at else {})
    request = urllib.request.Request(url, b"{}", headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as response:
        return int(response.status)


def tick(directory: Path, at: str | None) -> None:
    """Let the planner of the running stack plan once.

    Raises:
        SystemExit: no stack is running, or the planner refused.
    """
    try:
        print(f"planner answered {call_planner(_addresses(directory)['planner'], at)}")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"planner answered {error.code}: {error.read().decode()}") from None


def replay(directory: Path, table: str, start: str, end: str) -> None:
    """Publish a request for each whole interval in `[start, end)` to the running stack.

    Raises:
        SystemExit: no stack is running, or this is no such range.
    """
    if table not in TABLES:
        raise SystemExit(f"TABLE is {table!r}; known are {', '.join(TABLES)}")
    try:
        intervals = list(newest_first(parse_moment(start), parse_moment(end), _INTERVAL))
    except ValueError as error:
        raise SystemExit(f"START and END: {error}") from None
    if not intervals:
        raise SystemExit(f"no whole hour lies between {start} and {end}")
    addresses = _addresses(directory)
    os.environ.update(addresses)
    requests = [ExportRequest(table, interval, "replay") for interval in intervals]
    Topic.connect(addresses["GOOGLE_CLOUD_PROJECT"], addresses["topic"]).publish(requests)
    for request in requests:
        print(f"asked again for {request.table} {request.interval}")


def _addresses(directory: Path) -> dict[str, str]:
    try:
        addresses: dict[str, str] = json.loads((directory / STATE).read_text())
    except FileNotFoundError:
        addresses = {}
    if not addresses or not is_running(addresses["planner"]):
        raise SystemExit("no stack is running: start one with `make up`")
    return addresses


def is_running(url: str) -> bool:
    """Whether somebody listens at this address."""
    address = urllib.parse.urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) == 0
