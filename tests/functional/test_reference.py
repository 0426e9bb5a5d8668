"""The reference of settings says what the functions read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local import reference
from local.bundles import ROOT
from mixpanel_export.errors import Setup

PAGE = ROOT / "docs" / "settings.md"
REQUIRED = {
    "GCP_PROJECT_ID": "some-project",
    "EXPORT_BUCKET": "some-bucket",
    "MIXPANEL_PROJECT_ID": "1",
    "MIXPANEL_CREDENTIALS": "user:secret",
    "BIGQUERY_LOCATION": "EU",
    "EXPORT_SINCE": "2026-03-01",
}


class Environment(dict[str, str]):
    """Variables, and which of them were asked for."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


def described(function: str) -> dict[str, str]:
    """The variables in a function's table, each with what it says of the default."""
    section = PAGE.read_text().split(f"## Settings of the {function}\n")[1]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section.split("\n## ")[0], re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("function", reference.SETTINGS)
def test_settings_are_as_described(function: str) -> None:
    """Each variable that a function reads is in its table with its default, and no other is."""
    from_env = reference.SETTINGS[function].from_env
    environment = Environment(REQUIRED)
    settings = from_env(environment)
    with pytest.raises(Setup) as empty:
        from_env({})
    missing = set(re.findall(r"- (\w+) is not set", str(empty.value)))
    defaults = described(function)

    assert environment.read == defaults.keys()
    assert missing == {name for name, default in defaults.items() if default == "required"}
    for name, default in defaults.items():
        if default not in ("required", "none"):
            assert settings == from_env(REQUIRED | {name: default.strip("`")}), name
