"""Objects of load jobs, fetched over the JSON API of whatever STORAGE_EMULATOR_HOST names."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import urllib.error
import urllib.parse
import urllib.request
import zlib

from local.bigquery.errors import ApiError, invalid, not_emulated, not_found

_GZIP = b"\x1f\x8b"
_URI = re.compile(r"gs://([^/]+)/(.+)", re.DOTALL)
_TIMEOUT_SECONDS = 60

# A proxy from the environment must not see the stack's own traffic.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def check_uri(uri: str) -> None:
    """Refuse what is not one object."""
    if not _URI.fullmatch(uri):
        raise invalid(f"Source URI must be a Google Cloud Storage location: {uri}")
    if "*" in uri:
        raise not_emulated(f"wildcards in source URIs: {uri}")


def read(uri: str) -> tuple[bytes, int]:
    """The rows of an object, unpacked if it is gzip, and its size as stored.

    Raises:
        ApiError: `notFound` for a missing object, `invalid` for a damaged one, `backendError`
            when Storage does not answer properly.
    """
    stored = _download(uri)
    try:
        # The magic bytes decide, as in BigQuery; several gzip members are one stream.
        data = gzip.decompress(stored) if stored.startswith(_GZIP) else stored
    except (EOFError, OSError, zlib.error) as error:
        message = f"Error while reading data, error message: Failed to decompress: {error}"
        raise ApiError("invalid", f"{message} File: {uri}", location=uri) from error
    return data, len(stored)


def _download(uri: str) -> bytes:
    host = os.environ.get("STORAGE_EMULATOR_HOST")
    match = _URI.fullmatch(uri)
    if not host or not match:
        raise not_emulated("load jobs without STORAGE_EMULATOR_HOST")
    bucket, name = (urllib.parse.quote(part, safe="") for part in match.groups())
    base = host if "://" in host else f"http://{host}"
    request = urllib.request.Request(
        f"{base.rstrip('/')}/download/storage/v1/b/{bucket}/o/{name}?alt=media",
        # Otherwise Storage unpacks objects that carry Content-Encoding: gzip.
        headers={"Accept-Encoding": "gzip"},
    )
    try:
        with _opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise not_found(f"URI {uri}") from error
        raise ApiError("backendError", f"Storage answered {error.code} for {uri}") from error
    except (OSError, http.client.HTTPException) as error:
        raise ApiError("backendError", f"Storage did not deliver {uri}: {error}") from error
