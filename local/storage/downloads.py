"""Serving content: whole, a byte range, or unpacked for clients that do not accept gzip."""

from __future__ import annotations

import gzip
import re
from email.message import Message

from local.http import Json, Response
from local.storage import errors
from local.storage.buckets import StoredObject

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def serve(stored: StoredObject, headers: Message) -> Response:
    """The content as the request's `Range` and `Accept-Encoding` ask for it."""
    resource, data = stored.resource, stored.data
    answer = _headers(resource)
    encoding = resource.get("contentEncoding")
    keeps_encoding = "gzip" in headers.get("Accept-Encoding", "") or "no-transform" in (
        resource.get("cacheControl", "")
    )
    if encoding == "gzip" and not keeps_encoding:
        # Decompressive transcoding: the whole object, whatever range was asked for, of a
        # length that Google does not know in advance.
        warning = {"Warning": "214 UploadServer gunzipped"}
        return Response(200, [gzip.decompress(data)], answer | warning)
    if encoding:
        answer["Content-Encoding"] = encoding
    wanted = _slice(headers.get("Range", ""), len(data))
    if wanted is None:
        return Response(200, data, answer)
    answer["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{len(data)}"
    return Response(206, data[wanted], answer)


def _headers(resource: Json) -> dict[str, str]:
    hashes = (("crc32c", resource["crc32c"]), ("md5", resource.get("md5Hash")))
    answer = {
        "Content-Type": resource["contentType"],
        "ETag": resource["etag"],
        "X-Goog-Generation": resource["generation"],
        "X-Goog-Hash": ",".join(f"{name}={value}" for name, value in hashes if value),
        "X-Goog-Metageneration": resource["metageneration"],
        "X-Goog-Storage-Class": resource["storageClass"],
        "X-Goog-Stored-Content-Encoding": resource.get("contentEncoding", "identity"),
        "X-Goog-Stored-Content-Length": resource["size"],
    }
    for header, key in (
        ("Cache-Control", "cacheControl"),
        ("Content-Disposition", "contentDisposition"),
        ("Content-Language", "contentLanguage"),
    ):
        if key in resource:
            answer[header] = resource[key]
    return answer


def _slice(header: str, size: int) -> slice | None:
    """The bytes that a `Range` header selects; None when it is absent or unreadable."""
    match = _RANGE.fullmatch(header)
    first, last = match.groups() if match else ("", "")
    if not first + last or (first and last and int(last) < int(first)):
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= size:
        raise errors.range_not_satisfiable()
    return slice(start, stop)
