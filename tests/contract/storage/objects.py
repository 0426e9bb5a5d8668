"""What several Storage tests do."""

from __future__ import annotations

from typing import Any


def put(bucket: Any, name: str, content: bytes = b"content", **metadata: str) -> Any:
    """Create or replace an object and return its blob."""
    blob = bucket.blob(name)
    blob.metadata = metadata or None
    blob.upload_from_string(content, content_type="text/plain")
    return blob
