"""The resumable protocol on the wire, and errors on demand."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from google.api_core import exceptions

from local.storage import StorageEmulator

CHUNK = 256 * 1024


class Wire:
    """The upload protocol without a client in between."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/upload/storage/v1/b/landing/o?uploadType=resumable"

    def start(self, name: str, parameters: str = "", **metadata: str) -> str:
        """Open a session; the answer is its address."""
        body = json.dumps({"name": name, **metadata}).encode()
        status, headers, answer = self.send("POST", f"{self._url}&{parameters}", body)
        assert 200 == status, answer
        return str(headers["Location"])

    def put(self, session: str, content_range: str, body: bytes = b"", **headers: str) -> Any:
        """Status, `Range` header and body of the answer to a chunk or a status query."""
        headers["Content-Range"] = content_range
        status, received, answer = self.send("PUT", session, body, **headers)
        return status, received["Range"], answer

    def send(self, method: str, url: str, body: bytes = b"", **headers: str) -> Any:
        """Status, headers and body of one answer."""
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


@pytest.fixture(name="wire")
def _wire(emulator: StorageEmulator, bucket: Any) -> Wire:
    return Wire(emulator.url)


def test_session(wire: Wire, bucket: Any, emulator: StorageEmulator) -> None:
    """A session shows nothing until its last byte; then it keeps answering with its object."""
    session = wire.start("object")
    first, last = b"a" * CHUNK, b"b" * 10
    total = CHUNK + 10

    assert (308, None) == wire.put(session, "bytes */*")[:2]
    assert (308, f"bytes=0-{CHUNK - 1}") == wire.put(session, f"bytes 0-{CHUNK - 1}/*", first)[:2]
    # The same chunk again, as after a lost answer, changes nothing.
    assert (308, f"bytes=0-{CHUNK - 1}") == wire.put(session, f"bytes 0-{CHUNK - 1}/*", first)[:2]
    assert (308, f"bytes=0-{CHUNK - 1}") == wire.put(session, f"bytes */{total}")[:2]
    assert not bucket.blob("object").exists()
    assert [] == list(bucket.list_blobs())

    status, _, answer = wire.put(session, f"bytes {CHUNK}-{total - 1}/{total}", last)
    assert 200 == status
    assert (200, answer) == wire.put(session, "bytes */*")[::2]
    assert (200, answer) == wire.put(session, f"bytes {CHUNK}-{total - 1}/{total}", last)[::2]
    assert first + last == bucket.blob("object").download_as_bytes()
    assert 1 == len(emulator.journal)


@pytest.mark.parametrize(
    ("content_range", "size", "expected"),
    [
        (f"bytes 0-{CHUNK - 2}/*", CHUNK - 1, 400),  # not a multiple of 256 KiB
        (f"bytes 0-9/{CHUNK}", 10, 400),  # the same, of a known size
        (f"bytes {CHUNK}-{2 * CHUNK - 1}/*", CHUNK, 503),  # a gap
        (f"bytes 0-{CHUNK - 1}/*", 10, 400),  # a body that is shorter than it says
        (f"bytes 0-{CHUNK - 1}/10", CHUNK, 400),  # more than the total
        ("bytes 0-9/10", 10, 400),  # another size than the session was opened for
        ("0-9/10", 10, 400),
    ],
)
def test_bad_chunks(
    wire: Wire, emulator: StorageEmulator, content_range: str, size: int, expected: int
) -> None:
    """A chunk that does not fit is refused and persists nothing."""
    url = f"{emulator.url}/upload/storage/v1/b/landing/o?uploadType=resumable&name=object"
    opened = wire.send("POST", url, b"{}", **{"X-Upload-Content-Length": "999"})
    session = opened[1]["Location"]

    assert expected == wire.put(session, content_range, b"x" * size)[0]
    assert [] == emulator.journal


def test_cancelled_session(wire: Wire, emulator: StorageEmulator) -> None:
    """Cancelling a session answers 499, and the session is gone."""
    session = wire.start("object")
    wire.put(session, f"bytes 0-{CHUNK - 1}/*", b"a" * CHUNK)

    assert 499 == wire.send("DELETE", session)[0]
    assert 404 == wire.put(session, f"bytes */{CHUNK}")[0]
    assert [] == emulator.journal


def test_session_preconditions(wire: Wire, bucket: Any, emulator: StorageEmulator) -> None:
    """Preconditions hold when a session starts and again when it finalizes."""
    session = wire.start("raced", "ifGenerationMatch=0")
    bucket.blob("raced").upload_from_string("the other one")

    assert 412 == wire.put(session, "bytes 0-3/4", b"ours")[0]
    with pytest.raises(AssertionError, match="conditionNotMet"):
        wire.start("raced", "ifGenerationMatch=0")
    assert b"the other one" == bucket.blob("raced").download_as_bytes()
    assert 1 == len(emulator.journal)


def test_hash_header(wire: Wire, emulator: StorageEmulator) -> None:
    """A final chunk whose X-Goog-Hash is not that of the whole content creates nothing."""
    session = wire.start("object")
    wrong = {"X-Goog-Hash": "crc32c=AAAAAA=="}
    right = {"X-Goog-Hash": "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg=="}

    status, _, answer = wire.put(session, "bytes 0-4/5", b"hello", **wrong)

    assert (400, []) == (status, emulator.journal)
    assert b"doesn't match calculated CRC32C" in answer
    assert 200 == wire.put(session, "bytes 0-4/5", b"hello", **right)[0]


def test_errors_on_demand(bucket: Any, emulator: StorageEmulator, wire: Wire) -> None:
    """An injected error strikes before the effect, only the calls it matches, as often as told."""
    fault = {
        "kind": "error",
        "status": 403,
        "reason": "forbidden",
        "times": 2,
        "match": {"operation": "compose", "name": "whole"},
    }
    wire.send("POST", f"{emulator.url}/_admin/faults", json.dumps(fault).encode())
    part = bucket.blob("part")
    part.upload_from_string("part")
    bucket.blob("other").compose([part])

    for _ in range(2):
        with pytest.raises(exceptions.Forbidden) as refusal:
            bucket.blob("whole").compose([part])
        assert "forbidden" == refusal.value.errors[0]["reason"]
    assert not bucket.blob("whole").exists()
    bucket.blob("whole").compose([part])
