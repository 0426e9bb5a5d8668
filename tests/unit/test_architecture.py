"""What import-linter cannot say: one edge a client, and only wiring in the doors."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "shared" / "mixpanel_export"
CLIENTS = {
    "google.cloud.bigquery": "warehouse",
    "google.cloud.pubsub_v1": "publisher",
    "google.cloud.storage": "storage",
    "tenacity": "mixpanel",
    "urllib3": "mixpanel",
}


def imported(source: Path) -> set[str]:
    """The full names of everything a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_each_client_of_an_outside_system_is_imported_in_exactly_one_edge() -> None:
    """Whoever replaces a client changes one module."""
    users = defaultdict(set)
    for source in [*PACKAGE.glob("*.py"), *ROOT.glob("functions/*/main.py")]:
        for name in imported(source):
            for client in CLIENTS:
                if name == client or name.startswith(f"{client}."):
                    users[client].add(source.stem)

    assert {client: {edge} for client, edge in CLIENTS.items()} == users


@pytest.mark.parametrize("function", ["planner", "fetcher", "loader"])
def test_a_door_only_wires(function: str) -> None:
    """`main.py` has no branch, no loop and no handler of its own."""
    tree = ast.parse((ROOT / "functions" / function / "main.py").read_text())
    logic = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.IfExp, ast.Match)

    assert [] == [node for node in ast.walk(tree) if isinstance(node, logic)]


def test_modules_stay_small() -> None:
    """No module of ours is longer than 300 lines, and half of them are under about 100."""
    ours = (
        "shared/*/*.py",
        "cli/*/*.py",
        "local/**/*.py",
        "functions/*/*.py",
        "terraform/**/*.tf",
    )
    lengths = {
        str(source.relative_to(ROOT)): len(source.read_text().splitlines())
        for pattern in ours
        for source in ROOT.glob(pattern)
    }

    assert [] == [module for module, length in lengths.items() if length > 300]
    assert sorted(lengths.values())[len(lengths) // 2] <= 120
