"""The Pub/Sub emulator as a process, and its ports."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from local.pubsub import PubSubEmulator
from tests.contract.pubsub.implementations import OURS, connect


def test_port_is_not_shared(emulator: PubSubEmulator) -> None:
    """A second emulator on the same port fails to start, instead of taking every other call."""
    with pytest.raises(RuntimeError, match="bind"):
        PubSubEmulator(port=emulator.port)


def test_process_says_where_it_listens_until_it_is_told_to_stop() -> None:
    """`python -m local.pubsub` prints its address and ends cleanly on SIGTERM."""
    command = [sys.executable, "-m", "local.pubsub", "--port", "0", "--time-scale", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        listening = re.fullmatch(
            r"pubsub listening on http://(\S+) \(admin: (\S+)\)\n", process.stdout.readline()
        )
        assert listening
        with connect(OURS, listening[1]) as pubsub:
            pubsub.create_topic()
        with urllib.request.urlopen(f"{listening[2]}/_admin/subscriptions") as answer:
            assert {} == json.load(answer)
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(timeout=10)
