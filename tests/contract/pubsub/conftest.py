"""A pytest plugin with the Pub/Subs under test.

`pubsub` is our emulator, then Google's own where there is one; `ours` is a new `emulator` of ours
with fast clocks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.pubsub import PubSubEmulator
from tests.contract.pubsub.endpoint import PushEndpoint
from tests.contract.pubsub.implementations import (
    DEADLINE_SCALE,
    GOOGLES,
    OURS,
    TIME_SCALE,
    PubSub,
    connect,
    start_googles,
    start_ours,
)

_numbers = itertools.count(1)


@pytest.fixture(name="service", scope="session", params=[OURS, GOOGLES])
def _service(request: pytest.FixtureRequest) -> Iterator[PubSub]:
    start = {OURS: start_ours, GOOGLES: start_googles}[request.param]
    with start() as host, connect(request.param, host) as service:
        yield service


@pytest.fixture(name="pubsub")
def _pubsub(service: PubSub) -> PubSub:
    return replace(service, project=f"projects/test-{next(_numbers)}")


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[PubSubEmulator]:
    with PubSubEmulator(time_scale=TIME_SCALE, deadline_scale=DEADLINE_SCALE) as emulator:
        yield emulator


@pytest.fixture(name="ours")
def _ours(emulator: PubSubEmulator) -> Iterator[PubSub]:
    with connect(OURS, emulator.host) as pubsub:
        pubsub.create_topic()
        yield pubsub


@pytest.fixture(name="endpoint")
def _endpoint() -> Iterator[PushEndpoint]:
    with PushEndpoint() as endpoint:
        yield endpoint
