"""A stack that keeps running for whoever explores it."""

from __future__ import annotations

import json
import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local import resources
from local.calls import STATE, is_running
from local.demo import traffic
from local.stack import CREDENTIALS, MIXPANEL_PROJECT_ID, Stack

_PACE = 0.05  # Minutes between deliveries become seconds.


def up(directory: Path) -> None:
    """Keep a stack running until a signal, with traffic of yesterday and today.

    Raises:
        SystemExit: one is running there already.
    """
    state = directory / STATE
    if state.exists() and is_running(json.loads(state.read_text())["planner_url"]["value"]):
        raise SystemExit("a stack is running already: end it with Ctrl-C first")
    with Stack(directory, pace=_PACE) as stack:
        for back in (1, 0):
            moment = datetime.now(UTC) - timedelta(days=back)
            traffic.generate(stack.mixpanel, MIXPANEL_PROJECT_ID, moment.date(), seed=back)
        state.write_text(json.dumps(stack.outputs))
        _introduce(stack)
        _wait_for_signal()
    state.unlink()


def _introduce(stack: Stack) -> None:
    print(f"Mixpanel simulator   {stack.mixpanel.url}/api/2.0/export")
    print(f"Pub/Sub emulator     {stack.pubsub.host}, watch {stack.pubsub.admin_url}")
    print(f"Storage emulator     {stack.storage.url}, bucket {resources.BUCKET}")
    print(f"BigQuery emulator    {stack.bigquery.url}, dataset {resources.DATASET}")
    for function in stack.functions.values():
        print(f"{function.name:20} {function.url}, log {os.path.relpath(function.log)}")
    print(f"\nThe tool's checks of Mixpanel need: export MIXPANEL_CREDENTIALS={CREDENTIALS}")
    print("In another terminal: make tick, or make replay TABLE=events START=... END=...")
    print("Ctrl-C ends it.", flush=True)


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
