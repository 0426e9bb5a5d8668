"""`python -m local demo | up | tick`: the pipeline on this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.bundles import ROOT


def main() -> int:
    """Run one command; the exit status."""
    arguments = _parser().parse_args()
    directory = arguments.directory
    # Each command imports what it needs: all of it takes seconds.
    match arguments.command:
        case "demo":
            from local.demo import day  # noqa: PLC0415  (see above)

            return day.run(directory)
        case "up":
            from local import exploring  # noqa: PLC0415  (see above)

            exploring.up(directory)
        case "tick":
            from local import calls  # noqa: PLC0415  (see above)

            calls.tick(directory, arguments.at)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str, folder: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text)
        command.add_argument("--directory", type=Path, default=ROOT / "build" / folder)
        return command

    add("demo", "simulate a day and check it row by row", "demo")
    add("up", "keep the stack running", "up")
    tick = add("tick", "let the planner of the running stack plan once", "up")
    tick.add_argument("--at", help="the scheduled moment, such as 2026-11-22T08:20:00Z")
    return parser


if __name__ == "__main__":
    sys.exit(main())
