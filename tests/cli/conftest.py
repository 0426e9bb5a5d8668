"""One stack for all tests here that need one, and the tool pointed at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calling import Tool
from tests.cli.emulated import found_at
from tests.functional.fixtures import stack_fixtures
from tests.functional.running import Running

# Twenty deliveries take three seconds.
_stack, _running, _interval = stack_fixtures(pace=0.0003)


@pytest.fixture(name="tool")
def _tool(running: Running, tmp_path: Path) -> Iterator[Tool]:
    """The tool, with the outputs of the running stack in a file."""
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(running.stack.outputs))
    with found_at(running.stack.emulators):
        yield Tool(file)
