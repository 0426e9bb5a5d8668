"""Buckets: the state of the emulator and the one lock that guards it."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local.clock import Clock
from local.http import Json
from local.storage import errors, resources
from local.storage.preconditions import Preconditions, Version

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_PERMISSION = re.compile(
    r"storage\.(buckets|objects)\.(create|delete|get|getIamPolicy|list|setIamPolicy|update)"
)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One finished generation; a metadata update makes another of these with the same data."""

    resource: dict[str, Json]
    data: bytes

    @property
    def version(self) -> Version:
        return Version(int(self.resource["generation"]), int(self.resource["metageneration"]))


@dataclass(slots=True)
class Bucket:
    """A bucket's settings, live objects and notification configurations."""

    resource: dict[str, Json]
    objects: dict[str, StoredObject] = field(default_factory=dict)
    notification_configs: dict[str, dict[str, Json]] = field(default_factory=dict)

    def check(self, conditions: Preconditions, *, reading: bool = False) -> None:
        """Hold the preconditions against this bucket, which has a metageneration only."""
        conditions.check(Version(0, int(self.resource["metageneration"])), reading=reading)


class Buckets:
    """All buckets of all projects; every change to anything happens under `lock`."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.lock = threading.RLock()
        self._url = url
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def __getitem__(self, name: str) -> Bucket:
        """The bucket of that name, or 404; hold the lock while using it."""
        bucket = self._buckets.get(name)
        if bucket is None:
            raise errors.no_such_bucket()
        return bucket

    def create(self, body: Mapping[str, Json]) -> Json:
        name = body.get("name") or ""
        if not _NAME.fullmatch(name):
            raise errors.invalid(f"Invalid bucket name: '{name}'")
        with self.lock:
            if name in self._buckets:
                raise errors.conflict(
                    "Your previous request to create the named bucket succeeded "
                    "and you already own it."
                )
            created = resources.timestamp(self._clock.moment())
            self._buckets[name] = Bucket(resources.new_bucket(self._url, body, created))
            return self._buckets[name].resource

    def list(self, prefix: str) -> Json:
        with self.lock:
            found = [
                bucket.resource
                for name, bucket in sorted(self._buckets.items())
                if name.startswith(prefix)
            ]
        return {"kind": "storage#buckets"} | ({"items": found} if found else {})

    def get(self, name: str, conditions: Preconditions) -> Json:
        with self.lock:
            self[name].check(conditions, reading=True)
            return self[name].resource

    def patch(self, name: str, body: Mapping[str, Json], conditions: Preconditions) -> Json:
        with self.lock:
            bucket = self[name]
            bucket.check(conditions)
            updated = resources.timestamp(self._clock.moment())
            bucket.resource = resources.patched_bucket(bucket.resource, body, updated)
            return bucket.resource

    def test_permissions(self, name: str, asked: Sequence[str]) -> Json:
        """Which of these the caller has; nobody checks permissions here, so each that exists.

        Source: cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions
        """
        with self.lock:
            self[name]
        if not asked:
            raise errors.required("permissions")
        for permission in asked:
            if not _PERMISSION.fullmatch(permission):
                raise errors.invalid(f"Invalid permission: '{permission}'")
        granted = {"permissions": list(asked)}
        return {"kind": "storage#testIamPermissionsResponse"} | granted

    def delete(self, name: str, conditions: Preconditions) -> None:
        with self.lock:
            bucket = self[name]
            bucket.check(conditions)
            if bucket.objects:
                raise errors.conflict("The bucket you tried to delete is not empty.")
            del self._buckets[name]
