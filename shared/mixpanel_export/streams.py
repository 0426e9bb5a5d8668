"""The bytes of an export on their way in and out, in constant memory.

HTTP 200 proves nothing about a Mixpanel export: it may end early in every way a stream can. What
a stream itself can show is checked here: the gzip trailer and the final newline.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator

from isal import isal_zlib

from mixpanel_export.errors import Poison, Transient

_GZIP = 31
_BLOCK_BYTES = 1 << 20
_DEFLATE_LEVEL = 2
_FLUSH_BYTES = 1 << 18
_LONGEST_LINE_BYTES = 16 << 20  # Mixpanel's own limit is 1 MB an event.
_LARGEST_PAGE_BYTES = 64 << 20  # 13 kB for each of 5,000 profiles; parsed, it takes more memory.


def lines(chunks: Iterable[bytes], *, gzipped: bool) -> Iterator[bytes]:
    """Each line of a body without its newline; only the byte 0x0A ends a line.

    Raises:
        Transient: the body was cut: its gzip stream or its last line has no end.
        Poison: a line is too long to be an event.
    """
    blocks = _inflate(chunks) if gzipped else iter(chunks)
    rest = bytearray()
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            rest += block[:end]
            for line in io.BytesIO(rest):
                yield line[:-1]
            rest.clear()
        rest += block[end:]
        if len(rest) > _LONGEST_LINE_BYTES:
            raise Poison("the export holds a line of more than 16 MiB: no event is so large")
    if rest:
        raise Transient("the export was cut: its last line has no end")


def whole(chunks: Iterable[bytes], *, gzipped: bool) -> bytes:
    """A whole body.

    Raises:
        Transient: its gzip stream has no end.
        Poison: it is larger than 64 MiB.
    """
    body = bytearray()
    for block in _inflate(chunks) if gzipped else chunks:
        body += block
        if len(body) > _LARGEST_PAGE_BYTES:
            raise Poison("a page of profiles has more than 64 MiB: the function cannot hold it")
    return bytes(body)


class GzipWriter:
    """Compresses what is written to it and hands it on in large pieces."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._deflate = isal_zlib.compressobj(_DEFLATE_LEVEL, isal_zlib.DEFLATED, _GZIP)
        self._pending = bytearray()

    def write(self, data: bytes) -> None:
        """Add bytes to the stream."""
        self._pending += data
        if len(self._pending) >= _FLUSH_BYTES:
            self._write(self._deflate.compress(self._pending))
            self._pending.clear()

    def finish(self) -> None:
        """Hand on everything that is left, with the gzip trailer."""
        self._write(self._deflate.compress(self._pending) + self._deflate.flush())


def _inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The plain bytes of one or more gzip members, at most a block at a time."""
    inflate = isal_zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            data, is_full = chunk, False
            while data or (is_full and not inflate.eof):
                if inflate.eof:
                    inflate = isal_zlib.decompressobj(_GZIP)
                block = inflate.decompress(data, _BLOCK_BYTES)
                yield block
                is_full = len(block) == _BLOCK_BYTES
                data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # The stubs call it an instance.
        raise Transient(f"the export was cut or damaged: {error}") from None
    if not inflate.eof:
        raise Transient("the export was cut: its gzip stream has no end")
