"""Reading: downloads, listings, partial responses; and what the emulator refuses to guess."""

from __future__ import annotations

import gzip
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from google.api_core import exceptions

from local.storage import StorageEmulator
from tests.contract.storage.objects import put


def fetch(url: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    """Status, headers and body of a plain request, for what Google's client hides."""
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (2, 4, b"234"),  # both ends are included
        (7, None, b"789"),
        (None, 2, b"012"),
        (8, 99, b"89"),  # an end behind the content is the end of it
    ],
)
def test_ranges(bucket: Any, start: int | None, end: int | None, expected: bytes) -> None:
    """A download can ask for some bytes only."""
    put(bucket, "digits", b"0123456789")

    assert expected == bucket.blob("digits").download_as_bytes(start=start, end=end)


def test_range_not_satisfiable(bucket: Any) -> None:
    """A range behind the content is a 416; a reader of chunks takes it for the end."""
    put(bucket, "digits", b"0123456789")

    with pytest.raises(exceptions.RequestRangeNotSatisfiable):
        bucket.blob("digits").download_as_bytes(start=10)
    with bucket.blob("digits").open("rb", chunk_size=4) as reader:
        assert b"0123456789" == b"".join(iter(lambda: reader.read(4), b""))


def test_gzip_transcoding(bucket: Any, emulator: StorageEmulator) -> None:
    """Content-Encoding gzip is unpacked for those who do not accept it, ranges ignored."""
    packed = gzip.compress(b"row\n" * 100)
    blob = bucket.blob("packed")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed, content_type="application/json")
    url = f"{emulator.url}/storage/v1/b/landing/o/packed?alt=media"

    status, headers, body = fetch(url, Range="bytes=0-3")

    assert (200, b"row\n" * 100) == (status, body)
    assert "214 UploadServer gunzipped" == headers["Warning"]
    assert (206, packed[:4]) == fetch(url, Range="bytes=0-3", **{"Accept-Encoding": "gzip"})[::2]
    assert packed == blob.download_as_bytes(raw_download=True)
    assert b"row\n" * 100 == blob.download_as_bytes()


def test_gzip_content_type(bucket: Any) -> None:
    """Content of type gzip without Content-Encoding is never touched."""
    packed = gzip.compress(b"row\n" * 100)
    bucket.blob("export.ndjson.gz").upload_from_string(packed, content_type="application/gzip")

    assert packed == bucket.blob("export.ndjson.gz").download_as_bytes()


def test_large_objects(bucket: Any) -> None:
    """64 MB go up and come down in well under three seconds."""
    content = b"0123456789abcdef" * (4 << 20)
    started = time.monotonic()
    bucket.blob("large").upload_from_string(content)
    uploaded = time.monotonic()

    assert content == bucket.blob("large").download_as_bytes()
    assert uploaded - started < 3
    assert time.monotonic() - uploaded < 3


# Listing parameters, then the names and common prefixes they bring.
LISTINGS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "everything": ({}, ["a/1.gz", "a/2.gz", "a/b/3.gz", "a0", "z/"], []),
    "prefix": ({"prefix": "a/"}, ["a/1.gz", "a/2.gz", "a/b/3.gz"], []),
    "delimiter": ({"delimiter": "/"}, ["a0"], ["a/", "z/"]),
    "inside": ({"prefix": "a/", "delimiter": "/"}, ["a/1.gz", "a/2.gz"], ["a/b/"]),
    "offsets": ({"start_offset": "a/2.gz", "end_offset": "a0"}, ["a/2.gz", "a/b/3.gz"], []),
    "limit": ({"max_results": 2}, ["a/1.gz", "a/2.gz"], []),
    "star": ({"match_glob": "a/*.gz"}, ["a/1.gz", "a/2.gz"], []),
    "double star": ({"match_glob": "a/**.gz"}, ["a/1.gz", "a/2.gz", "a/b/3.gz"], []),
    "question mark": ({"match_glob": "a?"}, ["a0"], []),
    "range": ({"match_glob": "a/[2-9].gz"}, ["a/2.gz"], []),
    "negation": ({"match_glob": "a/[!2].gz"}, ["a/1.gz"], []),
    "alternatives": ({"match_glob": "{a/1,a/b/3}.gz"}, ["a/1.gz", "a/b/3.gz"], []),
}


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("page_size", [None, 1])
def test_listings(bucket: Any, listing: str, page_size: int | None) -> None:
    """A listing is sorted and complete, however many pages it takes."""
    parameters, names, prefixes = LISTINGS[listing]
    for name in ("z/", "a/2.gz", "a/b/3.gz", "a0", "a/1.gz"):
        put(bucket, name)

    found = bucket.list_blobs(page_size=page_size, **parameters)

    assert names == [blob.name for blob in found]
    assert set(prefixes) == found.prefixes


def test_listed_metadata(bucket: Any) -> None:
    """A listing shows custom metadata, size and generation of each object."""
    blob = put(bucket, "object", rows="5")

    (listed,) = bucket.list_blobs()

    assert ({"rows": "5"}, 7, blob.generation) == (listed.metadata, listed.size, listed.generation)


def test_partial_responses(bucket: Any) -> None:
    """A field mask hides the rest; one without nextPageToken ends the listing after a page."""
    for number in range(3):
        put(bucket, f"object-{number}", rows="5")

    def names(fields: str) -> list[str]:
        return [blob.name for blob in bucket.list_blobs(page_size=2, fields=fields)]

    (first, *_) = bucket.list_blobs(fields="items(name,metadata/rows)")
    assert ("object-0", {"rows": "5"}, None) == (first.name, first.metadata, first.size)
    assert ["object-0", "object-1", "object-2"] == names("items/name,nextPageToken")
    assert ["object-0", "object-1"] == names("items/name")


@pytest.mark.parametrize(
    "name", ["events/date=2026-11-22/part 1.gz", "a#b?c%d&e", "é/ü", "x:y=z+w", "folder/"]
)
def test_names(bucket: Any, name: str) -> None:
    """Object names may hold anything that a URL has to quote."""
    put(bucket, name, name.encode())

    assert name.encode() == bucket.blob(name).download_as_bytes()
    assert [name] == [blob.name for blob in bucket.list_blobs()]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/storage/v1/b/landing/iam"),
        ("GET", "/storage/v1/b/landing/acl"),
        ("GET", "/storage/v1/b/landing/o/there/acl"),
        ("PUT", "/storage/v1/b/landing/o/there"),
        ("POST", "/batch/storage/v1"),
        ("GET", "/landing/there"),  # the XML API
        ("GET", "/storage/v1/projects/test/hmacKeys"),
        ("GET", "/storage/v1/b/landing/o?softDeleted=true"),
        ("DELETE", "/storage/v1/b/landing/o/there?userProject=other"),
    ],
)
def test_not_emulated(bucket: Any, emulator: StorageEmulator, method: str, path: str) -> None:
    """What is not emulated says so, down to the single parameter."""
    put(bucket, "there")

    status, _, body = fetch(f"{emulator.url}{path}", method)

    assert 501 == status
    assert b"not emulated" in body


def test_not_emulated_fields(bucket: Any) -> None:
    """Versioning and holds answer 501 instead of being accepted and forgotten."""
    blob = put(bucket, "there")
    blob.temporary_hold = True
    bucket.versioning_enabled = True

    for attempt in (blob.patch, bucket.patch):
        with pytest.raises(exceptions.MethodNotImplemented):
            attempt()
