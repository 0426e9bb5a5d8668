"""Google's writer and uploads against the emulator: how they end, well and badly."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage.exceptions import InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY

from local.storage import StorageEmulator

CHUNK = 256 * 1024
QUICK: Any = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.05)


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_writer(bucket: Any, size: int) -> None:
    """A writer of unknown size lands exactly what was written, also whole chunks or nothing."""
    content = b"x" * size
    with bucket.blob("object").open("wb", chunk_size=CHUNK) as writer:
        writer.write(content)
        assert not bucket.blob("object").exists()

    assert content == bucket.blob("object").download_as_bytes()


def cut_off(writer: Any, content: bytes) -> None:
    """Write, then leave the writer by an exception."""
    with writer:
        writer.write(content)
        raise ValueError("cut")


def test_exception_exit(bucket: Any, emulator: StorageEmulator) -> None:
    """A writer left by an exception leaves no object, but its session stays open.

    The client (3.17) sends its cancelling DELETE to the address that opens sessions, not to that
    of the session, and ignores the answer; the cloud forgets the session after a week.
    """
    writer = bucket.blob("object").open("wb", chunk_size=CHUNK)
    with pytest.raises(ValueError, match="cut"):
        cut_off(writer, b"x" * 3 * CHUNK)
    session = writer._upload_and_transport[0].resumable_url
    del writer
    gc.collect()

    assert [] == emulator.journal
    status = requests.put(session, headers={"Content-Range": "bytes */*"}, timeout=5)
    assert (308, f"bytes=0-{3 * CHUNK - 1}") == (status.status_code, status.headers["Range"])


def test_exception_exit_without_server(bucket: Any, emulator: StorageEmulator) -> None:
    """When cancelling fails, too, the writer stays open and its destructor lands a cut object.

    `terminate` closes the buffer only after the DELETE: if that raises, `__exit__` raises the
    connection error in place of ours, and once nobody holds the writer, `__del__` calls `close`,
    which finalizes. Code that must never land a cut export has to close the writer's buffer
    itself, or upload to a name that nobody reads.
    """
    emulator.faults.add("hangup", match={"operation": "upload_cancel", "method": "DELETE"})
    writer = bucket.blob("object").open("wb", chunk_size=CHUNK)
    with pytest.raises(requests.ConnectionError):
        cut_off(writer, b"x" * (CHUNK + 1))
    assert not writer.closed
    assert [] == emulator.journal

    del writer
    gc.collect()

    assert CHUNK + 1 == bucket.get_blob("object").size


@pytest.mark.parametrize("leave", ["drop", "close"])
def test_abandoned_writer(bucket: Any, emulator: StorageEmulator, leave: str) -> None:
    """A writer that is dropped without `with`, or closed half-way, lands a partial object."""
    writer = bucket.blob("object").open("wb", chunk_size=CHUNK)
    writer.write(b"x" * (CHUNK + 1))
    assert [] == emulator.journal

    if leave == "close":
        writer.close()
    del writer
    gc.collect()

    assert CHUNK + 1 == bucket.get_blob("object").size


def test_upload_precondition(bucket: Any) -> None:
    """A refused create-only upload or composition is a PreconditionFailed."""
    blob = bucket.blob("object")
    blob.upload_from_string("first", if_generation_match=0)

    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("second", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("object", chunk_size=CHUNK).upload_from_string(
            b"x" * 9_000_000, if_generation_match=0
        )
    with pytest.raises(exceptions.PreconditionFailed):
        blob.compose([blob], if_generation_match=0)
    assert b"first" == bucket.blob("object").download_as_bytes()


def test_writer_precondition(bucket: Any) -> None:
    """A refused create-only writer is an InvalidResponse, and its destructor tries once more.

    A `close` that failed leaves the buffer open, so that `__del__` repeats all of it: whoever
    still holds the exception decides when. Here the way has become free by then.
    """
    bucket.blob("object").upload_from_string("first")
    writer = bucket.blob("object").open("wb", if_generation_match=0)
    writer.write(b"second")
    with pytest.raises(InvalidResponse) as refusal:
        writer.close()

    assert 412 == refusal.value.response.status_code
    assert b"first" == bucket.blob("object").download_as_bytes()

    bucket.blob("object").delete()
    del writer, refusal
    gc.collect()
    assert b"second" == bucket.blob("object").download_as_bytes()


def test_lost_response(bucket: Any, emulator: StorageEmulator) -> None:
    """The client repeats a create-only upload and meets its own object: 412, though it won."""
    emulator.faults.add("lost_response", match={"operation": "upload", "name": "object"})

    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("object").upload_from_string("ours", if_generation_match=0, retry=QUICK)

    assert b"ours" == bucket.blob("object").download_as_bytes()
    assert 1 == len(emulator.journal)


@pytest.mark.parametrize("fault", ["lost_response", "hangup", "error"])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_faulty_chunks(bucket: Any, emulator: StorageEmulator, fault: str, skip: int) -> None:
    """A writer survives a fault at any chunk, the finalizing one included, and lands once."""
    emulator.faults.add(fault, skip=skip, match={"operation": "upload_chunk", "name": "object"})
    content = b"a" * CHUNK + b"b" * CHUNK + b"c"
    with bucket.blob("object").open(
        "wb", chunk_size=CHUNK, if_generation_match=0, retry=QUICK
    ) as writer:
        writer.write(content)

    assert content == bucket.blob("object").download_as_bytes()
    assert 1 == len(emulator.journal)
