"""Objects: every effect is checked and applied in one step, then announced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from local.clock import Clock
from local.http import Json
from local.storage import checksums, errors, listing, resources
from local.storage.buckets import Bucket, Buckets, StoredObject
from local.storage.notifications import Event
from local.storage.preconditions import ABSENT, UNCONDITIONAL, Preconditions, Version

_MOST_COMPONENTS = 32


@dataclass(frozen=True, slots=True)
class Incoming:
    """An object somebody wants to create: everything but its content."""

    bucket: str
    name: str
    fields: dict[str, Json] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    conditions: Preconditions = UNCONDITIONAL


class Objects:
    """The live objects of all buckets.

    `announce` is called under the lock with the bucket and each event, in the order of effects.
    """

    def __init__(
        self, buckets: Buckets, url: str, clock: Clock, announce: Callable[[Bucket, Event], None]
    ) -> None:
        self._buckets = buckets
        self._url = url
        self._clock = clock
        self._announce = announce
        self._last_generation = 0

    def check_create(self, incoming: Incoming) -> None:
        """Refuse now what `insert` would have to refuse later."""
        if not 1 <= len(incoming.name.encode()) <= 1024 or set(incoming.name) & {"\r", "\n"}:
            raise errors.invalid(f"Invalid object name: '{incoming.name[:80]}'")
        with self._buckets.lock:
            incoming.conditions.check(_version(self._buckets[incoming.bucket], incoming.name))

    def insert(self, incoming: Incoming, data: bytes) -> Json:
        """Create the object or its next generation, all of it at once."""
        computed = checksums.compute(data)
        complaint = checksums.mismatch(incoming.claims, computed)
        if complaint:
            raise errors.invalid(complaint)
        with self._buckets.lock:
            self.check_create(incoming)
            return self._finalize(incoming, incoming.fields | computed, data)

    def get(
        self, bucket: str, name: str, generation: str | None, conditions: Preconditions
    ) -> StoredObject:
        with self._buckets.lock:
            stored = self._live(bucket, name, generation)
            conditions.check(stored.version, reading=True)
            return stored

    def list(self, bucket: str, query: Mapping[str, str]) -> Json:
        with self._buckets.lock:
            live = self._buckets[bucket].objects
            found = {name: stored.resource for name, stored in live.items()}
        return listing.page(found, query)

    def patch(
        self,
        bucket: str,
        name: str,
        generation: str | None,
        body: Mapping[str, Json],
        conditions: Preconditions,
    ) -> Json:
        """Change metadata, not content: the generation stays, the metageneration grows."""
        with self._buckets.lock:
            stored = self._live(bucket, name, generation)
            conditions.check(stored.version)
            updated = resources.timestamp(self._clock.moment())
            resource = resources.patched_object(stored.resource, body, updated)
            owner = self._buckets[bucket]
            owner.objects[name] = StoredObject(resource, stored.data)
            self._announce(owner, Event("OBJECT_METADATA_UPDATE", resource))
            return resource

    def delete(
        self, bucket: str, name: str, generation: str | None, conditions: Preconditions
    ) -> None:
        with self._buckets.lock:
            stored = self._live(bucket, name, generation)
            conditions.check(stored.version)
            owner = self._buckets[bucket]
            del owner.objects[name]
            self._announce(owner, Event("OBJECT_DELETE", stored.resource))

    def compose(self, incoming: Incoming, components: Sequence[Json]) -> Json:
        """Concatenate live objects of the bucket into one, which then has no MD5."""
        if not 1 <= len(components) <= _MOST_COMPONENTS:
            raise errors.invalid(
                f"The number of source components provided ({len(components)}) must be "
                f"from 1 to {_MOST_COMPONENTS}."
            )
        with self._buckets.lock:
            self.check_create(incoming)
            sources = [self._component(incoming.bucket, component) for component in components]
            data = b"".join(source.data for source in sources)
            counts = (source.resource.get("componentCount", 1) for source in sources)
            computed = {"crc32c": checksums.crc32c(data), "componentCount": sum(counts)}
            return self._finalize(incoming, incoming.fields | computed, data)

    def copy(
        self,
        incoming: Incoming,
        *,
        source_bucket: str,
        source_name: str,
        source_generation: str | None,
        source_conditions: Preconditions,
    ) -> Json:
        """Create an object with another's content, and its metadata where none is given."""
        with self._buckets.lock:
            source = self._live(source_bucket, source_name, source_generation)
            source_conditions.check(source.version)
            self.check_create(incoming)
            fields = resources.writable(source.resource) | incoming.fields
            return self._finalize(incoming, fields | checksums.compute(source.data), source.data)

    def _live(self, bucket: str, name: str, generation: str | None = None) -> StoredObject:
        stored = self._buckets[bucket].objects.get(name)
        if stored is None or generation not in {None, stored.resource["generation"]}:
            raise errors.no_such_object(bucket, name)
        return stored

    def _component(self, bucket: str, component: Json) -> StoredObject:
        generation = component.get("generation")
        source = self._live(bucket, component["name"], generation and str(generation))
        wanted = (component.get("objectPreconditions") or {}).get("ifGenerationMatch")
        if wanted is not None:
            Preconditions(generation_match=int(wanted)).check(source.version)
        return source

    def _finalize(self, incoming: Incoming, fields: Mapping[str, Json], data: bytes) -> Json:
        bucket = self._buckets[incoming.bucket]
        replaced = bucket.objects.get(incoming.name)
        now = self._clock.moment()
        # Generations look like Google's: microseconds, made unique and increasing.
        self._last_generation = max(self._last_generation + 1, int(now.timestamp() * 1_000_000))
        resource = resources.new_object(
            url=self._url,
            bucket=incoming.bucket,
            name=incoming.name,
            generation=self._last_generation,
            size=len(data),
            created=resources.timestamp(now),
            fields=fields,
        )
        bucket.objects[incoming.name] = StoredObject(resource, data)
        if replaced is None:
            self._announce(bucket, Event("OBJECT_FINALIZE", resource))
            return resource
        old, new = replaced.resource["generation"], resource["generation"]
        self._announce(bucket, Event("OBJECT_FINALIZE", resource, {"overwroteGeneration": old}))
        overwritten = {"overwrittenByGeneration": new}
        self._announce(bucket, Event("OBJECT_DELETE", replaced.resource, overwritten))
        return resource


def _version(bucket: Bucket, name: str) -> Version:
    stored = bucket.objects.get(name)
    return stored.version if stored else ABSENT
