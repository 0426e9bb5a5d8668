"""What Terraform makes, made on the emulators: who is told about which objects."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import storage

from local import resources
from local.storage import StorageEmulator
from tests.functional.running import wait_until

TOLD = ("events/1", "events/sweep/1", "people/snapshot/1", "people/changes/1")
UNTOLD = ("incoming/1", "rejects/events/1", "confirmed/events/1", "plans/1", "events.txt")


def test_only_what_lands_for_a_table_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once each, to the loader's topic; what the pipeline keeps for itself reaches nobody."""
    announced: list[tuple[str, str]] = []

    def publish(topic: str, _data: bytes, attributes: dict[str, Any]) -> None:
        announced.append((topic.rpartition("/")[2], attributes["objectId"]))

    with StorageEmulator(publish=publish) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", resources.PROJECT_ID)
        resources.create_bucket()
        bucket = storage.Client(resources.PROJECT_ID).bucket(resources.BUCKET)
        for path in (*UNTOLD, *TOLD):
            bucket.blob(path).upload_from_string(b"")
        wait_until(lambda: len(announced) >= len(TOLD))

    assert [(resources.LANDED, path) for path in sorted(TOLD)] == sorted(announced)
