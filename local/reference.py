"""`docs/settings.md`, written from what the functions themselves read.

`python -m local.reference` writes it; with `--check` it only says whether it is up to date.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.bundles import ROOT
from mixpanel_export.planner_rules import PLANNER_RULES
from mixpanel_export.settings import (
    FetcherSettings,
    LoaderSettings,
    PlannerSettings,
    variables_of,
)
from mixpanel_export.variables import Refused, Variable

PAGE = ROOT / "docs" / "settings.md"
COMMAND = "PYTHONPATH=shared .venv/bin/python -m local.reference"
SETTINGS: dict[str, type[PlannerSettings | FetcherSettings | LoaderSettings]] = {
    "planner": PlannerSettings,
    "fetcher": FetcherSettings,
    "loader": LoaderSettings,
}
_INTRODUCTION = (
    "# Settings\n\n"
    f"This page is written by `{COMMAND}` from `shared/mixpanel_export/variables.py`.\n\n"
    "Settings are read from the environment at the first request, all at once;"
    " every problem is reported in one message.\n"
    "An empty variable counts as not set.\n"
)
_TOGETHER = """
What is right by itself must also go together; the message names a value that will do:

"""


def page() -> str:
    """The whole page, in Markdown."""
    return "".join([_INTRODUCTION, *(_section(function) for function in SETTINGS)])


def _section(function: str) -> str:
    head = f"\n## Settings of the {function}\n\n| variable | default | allowed | meaning |\n"
    rows = (_row(variable) for variable in variables_of(SETTINGS[function]).values())
    rules = [_TOGETHER, *_rules()] if function == "planner" else []
    return "".join([head, "|---|---|---|---|\n", *rows, *rules])


def _row(variable: Variable[Any]) -> str:
    meaning = f"{variable.meaning}; never shown" if variable.is_secret else variable.meaning
    cells = (f"`{variable.name}`", _default(variable), variable.allowed.words, meaning)
    return f"| {' | '.join(cells)} |\n"


def _default(variable: Variable[Any]) -> str:
    try:
        variable.read({})
    except Refused:
        return "required"
    return f"`{variable.default}`" if variable.default else "none"


def _rules() -> Iterator[str]:
    for rule in PLANNER_RULES:
        sentences = (inspect.getdoc(rule) or "").replace("\n\n", "\n  ")
        yield f"- {sentences}\n"


def main(arguments: list[str] | None = None, path: Path = PAGE) -> None:
    """Write the page, or say that it has to be written.

    Raises:
        SystemExit: it was to be checked and is stale.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    if not parser.parse_args(arguments).check:
        path.write_text(page())
    elif not path.exists() or path.read_text() != page():
        raise SystemExit(f"{path.name} is not what the code says: run `{COMMAND}`")


if __name__ == "__main__":
    main()
