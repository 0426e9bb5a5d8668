"""`python -m local.pubsub`: the emulator as a process of its own."""

from __future__ import annotations

import argparse
import signal

from local.pubsub.emulator import PubSubEmulator


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m local.pubsub", description=__doc__)
    parser.add_argument("--port", type=int, default=8085, help="gRPC port (default 8085)")
    parser.add_argument("--admin-port", type=int, default=0, help="HTTP port (default: free)")
    parser.add_argument("--time-scale", type=float, default=1.0, help="factor on backoff")
    arguments = parser.parse_args()
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with PubSubEmulator(arguments.port, arguments.admin_port, arguments.time_scale) as emulator:
        address = f"http://{emulator.host} (admin: {emulator.admin_url})"
        print(f"pubsub listening on {address}", flush=True)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
