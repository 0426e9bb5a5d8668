"""`python -m local.bigquery --port N [--database FILE]`."""

from __future__ import annotations

import argparse
import signal

from local.bigquery import BigQueryEmulator


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="local.bigquery", description="A BigQuery emulator.")
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for a free one")
    parser.add_argument("--database", default=":memory:", help="DuckDB file, kept afterwards")
    arguments = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    # Blocked before any thread starts, so that only `sigwait` below takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with BigQueryEmulator(arguments.port, arguments.database) as emulator:
        print(f"bigquery listening on {emulator.url}", flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
