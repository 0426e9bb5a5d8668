"""Cloud Storage, as only an operator uses it: permissions, rejects, and the wish for the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from google.api_core import exceptions
from google.cloud.storage.retry import DEFAULT_RETRY

from mixpanel_export.backfill import PATH
from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, inner, translated
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import Series
from mixpanel_export.storage import ExportBucket

_RETRY = inner(DEFAULT_RETRY)  # Writing or deleting the wish twice does no more than once.


class OperatorsBucket(ExportBucket):
    """The bucket of one deployment, reached with the operator's own credentials."""

    def rejected(self, series: Series, since: date, until: date) -> list[ObjectName]:
        """Every version of which there are rejects, of intervals that start on these UTC days.

        Raises:
            Transient, Setup: the bucket cannot be listed.
        """
        return [name for name, _ in self._named("rejects/", series, since, until)]

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
            self._bucket.blob(PATH).upload_from_string(
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
                self._bucket.blob(PATH).delete(timeout=INNER_RETRY_SECONDS, retry=_RETRY)
            except exceptions.NotFound:
                return
