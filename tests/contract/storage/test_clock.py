"""The times of buckets and objects: those of a clock that may jump, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.clock import Clock
from local.storage import StorageEmulator
from tests.contract.storage.conftest import Publish
from tests.contract.storage.objects import put

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
THE_DAY_BEFORE = NOON - timedelta(days=1)


@pytest.fixture(name="clock")
def _clock() -> Clock:
    clock = Clock()
    clock.set(NOON)
    return clock


@pytest.fixture(name="emulator")
def _emulator(
    monkeypatch: pytest.MonkeyPatch, publish: Publish, clock: Clock
) -> Iterator[StorageEmulator]:
    with StorageEmulator(publish=publish, clock=clock) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        yield emulator


def test_times_follow_the_clock(bucket: Any, clock: Clock) -> None:
    """Creations and updates carry the time the clock shows, also after it was put back."""
    blob = put(bucket, "object")
    clock.set(THE_DAY_BEFORE)
    blob.metadata = {"seen": "yes"}
    blob.patch()
    bucket.labels = {"seen": "yes"}
    bucket.patch()
    earlier = put(bucket, "another")

    assert [
        (NOON, THE_DAY_BEFORE),
        (NOON, THE_DAY_BEFORE),
        (THE_DAY_BEFORE, THE_DAY_BEFORE),
    ] == [(each.time_created, each.updated) for each in (bucket, blob, earlier)]


def test_generations_grow_whatever_the_clock_does(bucket: Any, clock: Clock) -> None:
    """A generation is the clock's microsecond, or the next number where that is taken or past."""
    noon = int(NOON.timestamp() * 1_000_000)

    generations = [put(bucket, "object").generation]
    generations.append(put(bucket, "object").generation)
    clock.set(THE_DAY_BEFORE)
    generations.append(put(bucket, "object").generation)
    clock.set(NOON + timedelta(seconds=1))
    generations.append(put(bucket, "object").generation)

    assert [noon, noon + 1, noon + 2, noon + 1_000_000] == generations
