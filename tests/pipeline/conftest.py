"""A stack for the tests here that need one; each has hours and log lines of its own."""

from __future__ import annotations

from tests.functional.fixtures import stack_fixtures

# Slow enough that a function can be started anew before Pub/Sub gives up on it.
_stack, _running, _interval = stack_fixtures(pace=0.002)
