"""Cloud Storage: what the operator may do with the bucket."""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud import storage

from mixpanel_export.cloud_errors import INNER_RETRY_SECONDS, translated


def granted(project_id: str, bucket: str, permissions: Sequence[str]) -> list[str]:
    """Which of these permissions the operator has on the bucket.

    Raises:
        Setup: there is no such bucket, or Google does not know the operator.
        Transient: Cloud Storage does not tell.
    """
    with translated(f"asking for permissions on bucket {bucket}"):
        client = storage.Client(project_id)
        answer = client.bucket(bucket).test_iam_permissions(
            list(permissions), timeout=INNER_RETRY_SECONDS
        )
        return list(answer)
