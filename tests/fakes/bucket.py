"""Cloud Storage: nothing is visible before its commit, and a name can be taken only once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from mixpanel_export.errors import NotOurs
from mixpanel_export.naming import ObjectName, day_prefix
from tests.fakes.journal import Crash, Journal


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A committed object; it never changes."""

    data: bytes
    metadata: dict[str, str]

    def rows(self) -> list[dict[str, Any]]:
        """What a load job reads out of it."""
        return [json.loads(line) for line in gzip.decompress(self.data).splitlines()]


class FakeUpload:
    """Bytes that nobody sees yet."""

    def __init__(self, bucket: FakeBucket, path: str) -> None:
        self._bucket, self._path = bucket, path
        self._data = bytearray()
        self.is_committed = False

    def write(self, data: bytes) -> None:
        self._bucket.journal.before("write")
        self._data += data
        self._bucket.journal.after("write", f"wrote {self._path}")

    def commit(self, metadata: dict[str, str]) -> bool:
        bucket = self._bucket
        bucket.journal.before("commit")
        self.is_committed = True
        is_first = self._path not in bucket.objects or not bucket.is_guarded
        if is_first:
            bucket.objects[self._path] = StoredObject(bytes(self._data), metadata)
            bucket.on_finalize(self._path)
        outcome = "committed" if is_first else "found taken:"
        bucket.journal.after("commit", f"{outcome} {self._path}")
        return is_first


class FakeBucket:
    """One bucket; `on_finalize` hears of each new object.

    Not `is_guarded` is the wrong variant: written to without a precondition.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.objects: dict[str, StoredObject] = {}
        self.is_guarded = True
        self.on_finalize: Callable[[str], None] = lambda _: None

    def landed(self, table: str, day: date) -> list[ObjectName]:
        prefix = day_prefix(table, day)
        self.journal.before("list")
        names = []
        for path in sorted(path for path in self.objects if path.startswith(prefix)):
            with suppress(NotOurs):
                names.append(ObjectName.parse(path))
        self.journal.after("list", f"listed {prefix}")
        return names

    @contextmanager
    def upload(self, path: str) -> Iterator[FakeUpload]:
        upload = FakeUpload(self, path)
        is_alive = True
        try:
            yield upload
        except Crash:
            is_alive = False
            raise
        finally:
            if is_alive and not upload.is_committed:
                self.journal.entries.append(f"discarded {path}")
