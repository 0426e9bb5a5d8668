"""Cloud Storage: where exports land, each object at once and for good.

What an export held is known only at its end, but Cloud Storage takes an object's metadata at the
beginning of an upload. So the bytes go to a temporary object under `incoming/`, which nobody
looks at, and one compose call, which is atomic and may be repeated, gives them their name and
their metadata together. A lifecycle rule removes `incoming/`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from typing import Self

from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.fileio import BlobWriter
from google.cloud.storage.retry import DEFAULT_RETRY

from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner, translated
from mixpanel_export.errors import NotOurs, Transient
from mixpanel_export.intervals import DAY
from mixpanel_export.messages import row_count
from mixpanel_export.naming import CONFIRMED, Landed, ObjectName, day_prefix
from mixpanel_export.series import Series

CONTENT_TYPE = "application/gzip"
_CHUNK_BYTES = 8 << 20
_RETRY = inner(DEFAULT_RETRY)


class ExportBucket:
    """The bucket of one deployment."""

    def __init__(self, client: storage.Client, bucket: str) -> None:
        self._client, self._bucket = client, client.bucket(bucket)

    @classmethod
    def connect(cls, project_id: str, bucket: str) -> Self:
        """The bucket, reached with the function's own credentials."""
        with translated("connecting to Cloud Storage"):
            return cls(storage.Client(project_id), bucket)

    def landed(self, series: Series, since: date, until: date) -> list[Landed]:
        """Every landed version of every interval that starts on one of these UTC days.

        An object that carries no row count is none that landed here.

        Raises:
            Transient, Setup: the bucket cannot be listed.
        """
        landed = []
        for name, blob in self._named("", series, since, until):
            metadata = blob.metadata or {}
            rows = row_count(metadata)
            if rows is not None:
                landed.append(Landed(name, blob.time_created, rows, metadata.get("digest", "")))
        return landed

    def confirmed(self, series: Series, since: date, until: date) -> list[ObjectName]:
        """Every second look that found nothing new, at intervals that start on these UTC days.

        Raises:
            Transient, Setup: the bucket cannot be listed.
        """
        return [name for name, _ in self._named(CONFIRMED, series, since, until)]

    def listed(self, prefix: str) -> dict[str, dict[str, str]]:
        """The metadata of each object whose path begins so, in order of the paths.

        Raises:
            Transient, Setup: the bucket cannot be listed.
        """
        return {blob.name: blob.metadata or {} for blob in self._list(prefix)}

    def read(self, path: str) -> bytes | None:
        """The bytes of a small object; None if there is none.

        Raises:
            Transient, Setup: it cannot be read.
        """
        with translated(f"reading from bucket {self._bucket.name}"):
            blob = self._bucket.blob(path)
            try:
                return bytes(blob.download_as_bytes(timeout=INNER_RETRY_SECONDS, retry=_RETRY))
            except exceptions.NotFound:
                return None

    def create(self, path: str, data: bytes, metadata: Mapping[str, str]) -> bool:
        """Make a small object at once; False if the path is taken, also by this very call.

        Raises:
            Transient, Setup: it was not made.
        """
        with translated(f"writing to bucket {self._bucket.name}"):
            blob = self._bucket.blob(path)
            blob.metadata = dict(metadata)
            try:
                blob.upload_from_string(
                    data,
                    content_type="application/json",
                    if_generation_match=0,
                    timeout=INNER_RETRY_SECONDS,
                    retry=_RETRY,
                )
            except exceptions.PreconditionFailed:
                return False
            return True

    def _named(
        self, root: str, series: Series, since: date, until: date
    ) -> Iterator[tuple[ObjectName, storage.Blob]]:
        first, end = (root + day_prefix(series, day) for day in (since, until + DAY))
        for blob in self._list(f"{root}{series.path}/date=", start_offset=first, end_offset=end):
            with suppress(NotOurs):
                yield ObjectName.parse(blob.name.removeprefix(root)), blob

    def _list(self, prefix: str, **bounds: str) -> Iterator[storage.Blob]:
        """One by one: a client's object takes kilobytes, and there may be a hundred thousand."""
        with translated(f"listing bucket {self._bucket.name}"):
            yield from self._client.list_blobs(
                self._bucket,
                prefix=prefix,
                fields="items(name,metadata,timeCreated),nextPageToken",
                timeout=INNER_RETRY_SECONDS,
                retry=_RETRY,
                **bounds,
            )

    @contextmanager
    def upload(self, path: str) -> Iterator[Landing]:
        """Start an object that will be named `path`; uncommitted, it never has that name.

        Raises:
            Transient, Setup: bytes could not be sent.
        """
        incoming = self._bucket.blob(f"incoming/{uuid.uuid4()}")
        writer = incoming.open(
            "wb",
            chunk_size=_CHUNK_BYTES,
            content_type=CONTENT_TYPE,
            if_generation_match=0,
            retry=_RETRY,
        )
        try:
            with translated(f"uploading to bucket {self._bucket.name}"), _responses(), writer:
                landing = Landing(incoming, writer, path)
                yield landing
                if not landing.is_committed:
                    writer.terminate()
        finally:
            # A writer that could not cancel its upload would finish it when it is collected.
            writer._buffer.close()  # noqa: SLF001  (it has no public way to just stop)


class Landing:
    """An object on its way to its name."""

    def __init__(self, incoming: storage.Blob, writer: BlobWriter, path: str) -> None:
        self._incoming, self._writer, self._path = incoming, writer, path
        self.is_committed = False

    def write(self, data: bytes) -> None:
        """Add bytes; they are sent in chunks of 8 MiB."""
        self._writer.write(data)

    def commit(self, metadata: dict[str, str]) -> bool:
        """Give the object its name and metadata at once; False if another delivery was first.

        The name may also be taken by this very call, when its answer was lost and the client
        asked again; the object tells whose upload it was made from.
        """
        self._writer.close()
        self.is_committed = True
        blob = self._incoming.bucket.blob(self._path)
        blob.content_type = CONTENT_TYPE
        blob.metadata = metadata | {"upload": self._incoming.name}
        try:
            blob.compose([self._incoming], if_generation_match=0, retry=_RETRY)
        except exceptions.PreconditionFailed:
            blob.reload(timeout=INNER_RETRY_SECONDS, retry=_RETRY)
            return (blob.metadata or {}).get("upload") == str(self._incoming.name)
        return True


@contextmanager
def _responses() -> Iterator[None]:
    """The upload part of the client has exceptions of its own: bad statuses, bad checksums."""
    try:
        yield
    except InvalidResponse as error:
        raise exceptions.from_http_response(error.response) from error
    except DataCorruption as error:
        raise Transient("Cloud Storage received other bytes than were sent") from error
