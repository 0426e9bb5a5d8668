"""Calls to a running stack: a tick."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

STATE = "stack.json"


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
        print(f"planner answered {call_planner(_outputs(directory)['planner_url'], at)}")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"planner answered {error.code}: {error.read().decode()}") from None


def _outputs(directory: Path) -> dict[str, Any]:
    """What the running stack says of itself, in the shape of `terraform output -json`."""
    try:
        outputs = json.loads((directory / STATE).read_text())
    except FileNotFoundError:
        outputs = {}
    values = {name: output["value"] for name, output in outputs.items()}
    if not values or not is_running(values["planner_url"]):
        raise SystemExit("no stack is running: start one with `make up`")
    return values


def is_running(url: str) -> bool:
    """Whether somebody listens at this address."""
    address = urllib.parse.urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) == 0
