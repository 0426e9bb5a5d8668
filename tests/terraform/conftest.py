"""What every test of the infrastructure may ask for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.terraform import states
from tests.terraform.runs import State


@pytest.fixture(name="states", scope="session")
def _states() -> Mapping[str, State]:
    """The state after each run of `terraform/tests/`, by the run's name."""
    return states.states()
