"""A pytest plugin: the fixture `pubsub` is our emulator, then Google's own where there is one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.contract.pubsub_endpoint import PushEndpoint
from tests.contract.pubsub_implementations import (
    GOOGLES,
    OURS,
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


@pytest.fixture(name="endpoint")
def _endpoint() -> Iterator[PushEndpoint]:
    with PushEndpoint() as endpoint:
        yield endpoint
