"""The `multipart/related` body of an upload: JSON metadata, then the content."""

from __future__ import annotations

import email
from dataclasses import dataclass
from email.message import Message

from local.http import Json
from local.storage import errors, requests


@dataclass(frozen=True, slots=True)
class Related:
    """Both parts; the content is a view, so that looking at the metadata copies nothing."""

    metadata: dict[str, Json]
    content_type: str
    content: memoryview


def parse(headers: Message, body: bytes) -> Related:
    """Take a body apart.

    Raises:
        StorageError: 400 when it is not two parts between the boundaries it declares.
    """
    boundary = (headers.get_boundary() or "").encode()
    opening, divider, closing = (
        template % boundary for template in (b"--%b\r\n", b"\r\n--%b\r\n", b"\r\n--%b--")
    )
    middle = body.find(divider)
    # The last one: the content may hold anything, its own end mark included.
    end = body.rfind(closing)
    if not boundary or not body.startswith(opening) or not 0 < middle < end:
        raise errors.invalid("Malformed multipart body.")
    _, metadata = _part(body, len(opening), middle)
    part_headers, content = _part(body, middle + len(divider), end)
    return Related(requests.json_object(bytes(metadata)), part_headers.get_content_type(), content)


def _part(body: bytes, start: int, end: int) -> tuple[Message, memoryview]:
    blank = body.find(b"\r\n\r\n", start, end)
    if blank < 0:
        raise errors.invalid("Malformed multipart part.")
    return email.message_from_bytes(body[start:blank]), memoryview(body)[blank + 4 : end]
