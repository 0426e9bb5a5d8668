"""Run the emulator alone: `python -m local.storage --port 9023`."""

from __future__ import annotations

import argparse
import signal
import threading

from local.storage import StorageEmulator


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m local.storage", description=__doc__)
    parser.add_argument("--port", type=int, default=9023, help="0 takes a free one")
    arguments = parser.parse_args()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with StorageEmulator(arguments.port) as emulator:
        print(f"storage listening on {emulator.url}", flush=True)
        stopping.wait()


if __name__ == "__main__":
    main()
