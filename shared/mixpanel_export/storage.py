"""Cloud Storage: where exports land, each object at once and for good.

What an export held is known only at its end, but Cloud Storage takes an object's metadata at the
beginning of an upload. So the bytes go to a temporary object under `incoming/`, which nobody
looks at, and one compose call, which is atomic and may be repeated, gives them their name and
their metadata together. A lifecycle rule removes `incoming/`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
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
from mixpanel_export.naming import ObjectName, day_prefix

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

    def landed(self, table: str, day: date) -> list[ObjectName]:
        """Every landed version of every interval that starts on this UTC day.

        Raises:
            Transient, Setup: the bucket cannot be listed.
        """
        with translated(f"listing bucket {self._bucket.name}"):
            blobs = self._client.list_blobs(
                self._bucket,
                prefix=day_prefix(table, day),
                fields="items(name),nextPageToken",
                timeout=INNER_RETRY_SECONDS,
                retry=_RETRY,
            )
            paths = [blob.name for blob in blobs]
        names = []
        for path in paths:
            with suppress(NotOurs):
                names.append(ObjectName.parse(path))
        return names

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
