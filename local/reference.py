"""The tables of `docs/settings.md`, in Markdown: what the functions themselves read."""

from __future__ import annotations

import inspect
from typing import Any

from local.markdown import table
from mixpanel_export.planner_rules import PLANNER_RULES
from mixpanel_export.settings import (
    FetcherSettings,
    LoaderSettings,
    PlannerSettings,
    variables_of,
)
from mixpanel_export.variables import Refused, Variable

SETTINGS: dict[str, type[PlannerSettings | FetcherSettings | LoaderSettings]] = {
    "planner": PlannerSettings,
    "fetcher": FetcherSettings,
    "loader": LoaderSettings,
}


def parts() -> dict[str, str]:
    """Each table, and what must go together, by the name of its place on the page."""
    tables = {function: _table(function) for function in SETTINGS}
    return tables | {"planner-rules": "".join(map(_rule, PLANNER_RULES))}


def _table(function: str) -> str:
    variables = variables_of(SETTINGS[function]).values()
    return table(("variable", "default", "allowed", "meaning"), map(_row, variables))


def _row(variable: Variable[Any]) -> tuple[str, ...]:
    meaning = f"{variable.meaning}; never shown" if variable.is_secret else variable.meaning
    return f"`{variable.name}`", _default(variable), variable.allowed.words, meaning


def _default(variable: Variable[Any]) -> str:
    try:
        variable.read({})
    except Refused:
        return "required"
    return f"`{variable.default}`" if variable.default else "none"


def _rule(rule: object) -> str:
    sentences = (inspect.getdoc(rule) or "").replace("\n\n", "\n  ")
    return f"- {sentences}\n"
