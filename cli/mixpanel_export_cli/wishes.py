"""Cloud Storage: the one object by which an operator wishes for more of the past."""

from __future__ import annotations

from typing import Self

from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from mixpanel_export.backfill import PATH
from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner, translated

_RETRY = inner(DEFAULT_RETRY)  # Doing either of these twice does no more than doing it once.


class Wishes:
    """Where the planner of one deployment looks for a wish."""

    def __init__(self, client: storage.Client, bucket: str) -> None:
        self._blob = client.bucket(bucket).blob(PATH)

    @classmethod
    def connect(cls, project_id: str, bucket: str) -> Self:
        """The place, reached with the operator's own credentials."""
        with translated("connecting to Cloud Storage"):
            return cls(storage.Client(project_id), bucket)

    def put(self, data: bytes) -> None:
        """Leave a wish; it replaces an older one.

        Raises:
            Transient, Setup: it is not certain that it was written.
        """
        with translated(f"writing {PATH} to the bucket"):
            self._blob.upload_from_string(
                data,
                content_type="application/json",
                timeout=INNER_RETRY_SECONDS,
                retry=_RETRY,
            )

    def remove(self) -> None:
        """Take the wish back, if there is one.

        Raises:
            Transient, Setup: it is not certain that it is gone.
        """
        with translated(f"deleting {PATH} from the bucket"):
            try:
                self._blob.delete(timeout=INNER_RETRY_SECONDS, retry=_RETRY)
            except exceptions.NotFound:
                return
