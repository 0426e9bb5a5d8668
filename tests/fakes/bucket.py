"""Cloud Storage: nothing is visible before its commit, and a name can be taken only once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mixpanel_export.errors import NotOurs
from mixpanel_export.intervals import DAY
from mixpanel_export.messages import row_count
from mixpanel_export.naming import CONFIRMED, Landed, ObjectName, day_prefix
from mixpanel_export.series import Series
from tests.fakes.journal import Crash, Journal


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A committed object; it never changes."""

    data: bytes
    metadata: dict[str, str]
    landed_at: datetime

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
            bucket.objects[self._path] = StoredObject(bytes(self._data), metadata, bucket.now())
            bucket.on_finalize(self._path)
        outcome = "committed" if is_first else "found taken:"
        bucket.journal.after("commit", f"{outcome} {self._path}")
        return is_first


class FakeBucket:
    """One bucket; `on_finalize` hears of each new object.

    Not `is_guarded` is the wrong variant: written to without a precondition.
    """

    def __init__(self, journal: Journal, now: Callable[[], datetime]) -> None:
        self.journal, self.now = journal, now
        self.objects: dict[str, StoredObject] = {}
        self.is_guarded = True
        self.on_finalize: Callable[[str], None] = lambda _: None

    def landed(self, series: Series, since: date, until: date) -> list[Landed]:
        return [
            Landed(name, stored.landed_at, rows, stored.metadata.get("digest", ""))
            for name, stored in self._named("", series, since, until)
            if (rows := row_count(stored.metadata)) is not None
        ]

    def confirmed(self, series: Series, since: date, until: date) -> list[ObjectName]:
        return [name for name, _ in self._named(CONFIRMED, series, since, until)]

    def listed(self, prefix: str) -> dict[str, dict[str, str]]:
        self.journal.before("list")
        paths = sorted(path for path in self.objects if path.startswith(prefix))
        self.journal.after("list", f"listed {prefix}")
        return {path: self.objects[path].metadata for path in paths}

    def read(self, path: str) -> bytes | None:
        self.journal.before("read")
        stored = self.objects.get(path)
        self.journal.after("read", f"read {path}")
        return stored.data if stored else None

    def create(self, path: str, data: bytes, metadata: Mapping[str, str]) -> bool:
        self.journal.before("create")
        is_first = path not in self.objects
        if is_first:
            self.objects[path] = StoredObject(data, dict(metadata), self.now())
        self.journal.after("create", f"{'created' if is_first else 'found taken:'} {path}")
        return is_first

    def _named(
        self, root: str, series: Series, since: date, until: date
    ) -> Iterator[tuple[ObjectName, StoredObject]]:
        first, end = (root + day_prefix(series, day) for day in (since, until + DAY))
        self.journal.before("list")
        paths = sorted(path for path in self.objects if first <= path < end)
        self.journal.after("list", f"listed {first} to {until}")
        for path in paths:
            with suppress(NotOurs):
                yield ObjectName.parse(path.removeprefix(root)), self.objects[path]

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
