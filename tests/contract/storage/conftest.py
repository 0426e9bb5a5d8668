"""Fixtures for the Storage tests: an emulator, Google's client of it, and a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.cloud.storage import Client

from local.storage import StorageEmulator

Publish = Callable[[str, bytes, dict[str, str]], None]


@pytest.fixture(name="publish")
def _publish() -> Publish:
    return lambda *_: None


@pytest.fixture(name="emulator")
def _emulator(monkeypatch: pytest.MonkeyPatch, publish: Publish) -> Iterator[StorageEmulator]:
    with StorageEmulator(publish=publish) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        yield emulator


@pytest.fixture(name="client")
def _client(emulator: StorageEmulator) -> Iterator[Any]:
    client: Any = Client(project="test")
    yield client
    client.close()


@pytest.fixture(name="bucket")
def _bucket(client: Any) -> Any:
    return client.create_bucket("landing")
