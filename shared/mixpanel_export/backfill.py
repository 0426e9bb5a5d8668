"""The wish to have more of the past, kept in the bucket until somebody takes it back.

It only moves `EXPORT_SINCE` to an earlier day; what is missing since then is found like any gap.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from mixpanel_export.errors import Setup

PATH = "backfill.json"
_MIXPANEL_BEGAN = date(2009, 1, 1)


def encode(since: date) -> bytes:
    """The wish for everything processed since this UTC day."""
    return json.dumps({"since": since.isoformat()}).encode()


def decode(data: bytes) -> datetime:
    """The first moment that is wished for, UTC.

    Raises:
        Setup: the object was not written by `encode`.
    """
    try:
        since = date.fromisoformat(json.loads(data)["since"])
    except (ValueError, TypeError, KeyError):
        since = date.min
    if since < _MIXPANEL_BEGAN:
        raise Setup(
            f"object {PATH} of the bucket holds no date: delete it, or run `backfill` again"
        )
    return datetime(since.year, since.month, since.day, tzinfo=UTC)
