"""`python -m local.mixpanel --port N`: the simulator with one project, until interrupted."""

from __future__ import annotations

import argparse
import signal
import threading

from local.mixpanel.simulator import MixpanelSimulator


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="local.mixpanel", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with MixpanelSimulator(parser.parse_args().port) as simulator:
        simulator.add_project(1)
        print(f"mixpanel listening on {simulator.url}", flush=True)
        print("project 1, service account user:secret, project secret api-secret", flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
