"""Cloud Storage, as only an operator uses it: permissions, and the wish for more of the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from mixpanel_export.backfill import PATH
from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner, translated

_RETRY = inner(DEFAULT_RETRY)  # Doing either of these twice does no more than doing it once.


class OperatorsBucket:
    """The bucket of one deployment."""

    def __init__(self, client: storage.Client, bucket: str) -> None:
        self._bucket = client.bucket(bucket)
        self._wish = self._bucket.blob(PATH)

    @classmethod
    def connect(cls, project_id: str, bucket: str) -> Self:
        """The bucket, reached with the operator's own credentials."""
        with translated("connecting to Cloud Storage"):
            return cls(storage.Client(project_id), bucket)

    def granted(self, permissions: Sequence[str]) -> list[str]:
        """Which of these permissions the operator has.

        Raises:
            Setup: there is no such bucket, or Google does not know the operator.
            Transient: Cloud Storage does not tell.
        """
        with translated(f"asking for permissions on bucket {self._bucket.name}"):
            return list(
                self._bucket.test_iam_permissions(list(permissions), timeout=INNER_RETRY_SECONDS)
            )

    def put_wish(self, data: bytes) -> None:
        """Leave a wish; it replaces an older one.

        Raises:
            Transient, Setup: it is not certain that it was written.
        """
        with translated(f"writing {PATH} to the bucket"):
            self._wish.upload_from_string(
                data,
                content_type="application/json",
                timeout=INNER_RETRY_SECONDS,
                retry=_RETRY,
            )

    def remove_wish(self) -> None:
        """Take the wish back, if there is one.

        Raises:
            Transient, Setup: it is not certain that it is gone.
        """
        with translated(f"deleting {PATH} from the bucket"):
            try:
                self._wish.delete(timeout=INNER_RETRY_SECONDS, retry=_RETRY)
            except exceptions.NotFound:
                return
