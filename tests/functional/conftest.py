"""One stack for all tests here; each test has hours and log lines of its own."""

from __future__ import annotations

from tests.functional.fixtures import stack_fixtures

# Twenty deliveries take three seconds.
_stack, _running, _interval = stack_fixtures(pace=0.0003)
