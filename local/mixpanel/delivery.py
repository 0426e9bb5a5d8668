"""From lines to the bytes of a response, and the ways in which they get lost between."""

from __future__ import annotations

import itertools
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from local.http import Hangup, Json, Response
from local.mixpanel.calls import Call

_CHUNK_BYTES: Final = 64 * 1024
_GZIP_FROM_BYTES: Final = 1400
_GZIP_WINDOW: Final = 31


def deliver(call: Call, lines: Iterable[bytes]) -> Response:
    """The 200 that streams these lines, compressed if the caller asked and it is worth it."""
    for kind, strike in _LINE_FAULTS.items():
        if fault := call.fault(kind):
            lines = strike(list(lines), fault)
    headers = {"Content-Type": "text/plain"}
    chunks = _joined(lines)
    first = next(chunks, b"")
    body: Iterable[bytes] = itertools.chain([first], chunks)
    if len(first) > _GZIP_FROM_BYTES and _accepts_gzip(call):
        headers["Content-Encoding"] = "gzip"
        body = _struck_gzip(call, _compressed(body))
    return Response(200, struck_bytes(call, body), headers)


def struck_bytes(call: Call, chunks: Iterable[bytes]) -> Iterable[bytes]:
    """The chunks, after the faults that strike any body."""
    if fault := call.fault("cut_chunked"):
        return _aborted(b"".join(chunks), fault)
    if fault := call.fault("stall"):
        return _stalled(b"".join(chunks), fault)
    return chunks


def _with_extra(lines: list[bytes], fault: dict[str, Json]) -> list[bytes]:
    at = fault.get("at", len(lines))
    # Escaped surrogates let a fault posted as JSON carry bytes that are not UTF-8.
    extra = [line.encode(errors="surrogateescape") + b"\n" for line in fault["lines"]]
    return [*lines[:at], *extra, *lines[at:]]


def _with_duplicates(lines: list[bytes], fault: dict[str, Json]) -> list[bytes]:
    first = fault.get("first", len(lines))
    return [line for line in lines[:first] for _ in range(2)] + lines[first:]


def _terminated(lines: list[bytes], fault: dict[str, Json]) -> list[bytes]:
    kept = lines[: fault.get("after_lines", len(lines) // 2)]
    text = fault.get("text", "export terminated early").encode()
    return [*kept, text + (b"\n" if fault.get("newline", True) else b"")]


def _cut_in_last(lines: list[bytes], fault: dict[str, Json]) -> list[bytes]:
    if not lines:
        return lines
    last = lines[-1].rstrip(b"\n")
    return [*lines[:-1], last[: _position(fault, len(last))]]


def _without_final_newline(lines: list[bytes], _fault: dict[str, Json]) -> list[bytes]:
    return [*lines[:-1], lines[-1].rstrip(b"\n")] if lines else lines


_LINE_FAULTS: Final = {
    "extra_lines": _with_extra,
    "duplicate_lines": _with_duplicates,
    "terminated_early": _terminated,
    "cut_line": _cut_in_last,
    "no_final_newline": _without_final_newline,
}


def _struck_gzip(call: Call, chunks: Iterable[bytes]) -> Iterable[bytes]:
    if fault := call.fault("cut_gzip"):
        body = b"".join(chunks)
        return [body[: _position(fault, len(body))]]
    if fault := call.fault("cut_gzip_abort"):
        return _aborted(b"".join(chunks), fault)
    return chunks


def _joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= _CHUNK_BYTES:
            yield b"".join(batch)
            batch, size = [], 0
    yield b"".join(batch)


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=1, wbits=_GZIP_WINDOW)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _aborted(body: bytes, fault: dict[str, Json]) -> Iterator[bytes]:
    yield b""
    raise Hangup(body[: _position(fault, len(body))])


def _stalled(body: bytes, fault: dict[str, Json]) -> Iterator[bytes]:
    at = _position(fault, len(body))
    yield body[:at]
    time.sleep(fault["seconds"])
    yield body[at:]


def _position(fault: dict[str, Json], size: int) -> int:
    """The `at` of a fault, counted from the end if negative; always before the end."""
    at = int(fault.get("at", size // 2))
    return max(min(at if at >= 0 else size + at, size - 1), 0)


def _accepts_gzip(call: Call) -> bool:
    offered = call.request.headers.get("Accept-Encoding", "").lower().split(",")
    return any(coding.split(";")[0].strip() == "gzip" for coding in offered)
