from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import Poison, Transient
from mixpanel_export.streams import GzipWriter, lines, whole
from tests.strategies import chunked

BLOCK = 1 << 20
LONGEST = 16 << 20
# Everything at which str.splitlines() would split, and bytes.splitlines() too early.
NO_LINE_ENDS = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei\rj"
content = st.lists(
    st.binary(max_size=20) | st.just(b"") | st.just(NO_LINE_ENDS.encode()), max_size=6
).map(lambda parts: b"".join(part + b"\n" for part in parts))


def pieces(data: bytes, size: int) -> list[bytes]:
    """The data in chunks of one size."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def compress(data: bytes, members: Iterable[int] = ()) -> bytes:
    """One gzip stream, of several members if it is cut at these places."""
    edges = [0, *sorted(members), len(data)]
    parts = [data[a:b] for a, b in pairwise(edges)]
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


@given(content, st.data())
def test_lines_are_what_stands_between_newlines(data: bytes, draw: st.DataObject) -> None:
    """Whatever the bytes are and however they come, only the byte 0x0A ends a line."""
    chunks = draw.draw(chunked(data))

    assert data.split(b"\n")[:-1] == list(lines(chunks, gzipped=False))


@given(content, st.data())
def test_compressed_lines_are_the_same(data: bytes, draw: st.DataObject) -> None:
    """Also in several members, which gzip allows, and cut at any byte on the way."""
    members = draw.draw(st.lists(st.integers(0, len(data)), max_size=3))
    chunks = draw.draw(chunked(compress(data, members)))

    assert data.split(b"\n")[:-1] == list(lines(chunks, gzipped=True))


def test_unicodes_line_ends_are_data() -> None:
    """A line is one event, even with U+2028 or a carriage return in a string."""
    data = NO_LINE_ENDS.encode()

    assert [data, data] == list(lines([data + b"\n" + data + b"\n"], gzipped=False))


def test_an_empty_body_has_no_lines() -> None:
    """That is how Mixpanel answers when there is nothing, uncompressed."""
    assert [] == list(lines([], gzipped=False))


@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzip"])
def test_a_last_line_without_end_is_a_cut(gzipped: bool) -> None:
    """Mixpanel ends every line, so the rest of a line is the rest of an export."""
    data = b'{"a":1}\n{"b":2}'
    found = lines([compress(data) if gzipped else data], gzipped=gzipped)

    assert b'{"a":1}' == next(found)
    with pytest.raises(Transient, match="was cut: its last line has no end"):
        next(found)


SMALL = b"".join(b'{"event":"e%d"}\n' % n for n in range(40))
LARGE = b"".join(random.Random(7).randbytes(60).hex().encode() + b"\n" for _ in range(3_000))


@pytest.mark.parametrize("cut", range(len(compress(SMALL))))
def test_a_small_stream_cut_anywhere_is_a_cut(cut: int) -> None:
    """At each of its bytes, trailer included, a missing rest is noticed."""
    with pytest.raises(Transient, match="the export was cut"):
        list(lines(pieces(compress(SMALL)[:cut], 64), gzipped=True))


def test_a_large_stream_cut_anywhere_is_a_cut() -> None:
    """At 200 places drawn at random, and after each of the last bytes."""
    whole = compress(LARGE)
    places = random.Random(11).sample(range(len(whole)), 200)

    for cut in [*places, *range(len(whole) - 20, len(whole))]:
        with pytest.raises(Transient, match="the export was cut"):
            list(lines(pieces(whole[:cut], 1 << 16), gzipped=True))


def test_a_second_member_cut_anywhere_is_a_cut() -> None:
    """Only between two members would a cut go unnoticed, and Mixpanel sends one."""
    first, second = compress(SMALL), compress(SMALL)

    for cut in range(1, len(second)):
        with pytest.raises(Transient, match="the export was cut"):
            list(lines([first + second[:cut]], gzipped=True))


@pytest.mark.parametrize("bit", range(8))
def test_no_flipped_bit_changes_a_line(bit: int) -> None:
    """A damaged stream is refused; only bits that carry no data may differ."""
    whole = bytearray(compress(SMALL))
    expected = SMALL.split(b"\n")[:-1]
    header = range(4, 10)  # Time, flags and system of origin, which no checksum covers.

    for at in range(len(whole)):
        whole[at] ^= 1 << bit
        try:
            found = list(lines([bytes(whole)], gzipped=True))
        except Transient:
            found = None
        assert found == expected if at in header else found in (None, expected)
        whole[at] ^= 1 << bit


@pytest.mark.parametrize("at", [10, 20, -12, -8, -5, -4, -1])
def test_a_flipped_byte_is_damage(at: int) -> None:
    """In the data as in the checksum and the length behind it."""
    whole = bytearray(compress(SMALL))
    whole[at] ^= 0xFF

    with pytest.raises(Transient, match="the export was cut"):
        list(lines([bytes(whole)], gzipped=True))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(SMALL, id="plain text"),
        pytest.param(zlib.compress(SMALL), id="zlib"),
        pytest.param(compress(SMALL) + b"terminated early\n", id="a notice behind it"),
    ],
)
def test_what_is_not_gzip_is_a_cut(body: bytes) -> None:
    """A body that only claims to be compressed is none that Mixpanel finished."""
    with pytest.raises(Transient, match="the export was cut"):
        list(lines(pieces(body, 7), gzipped=True))


def most_memory(stream: Iterator[bytes]) -> int:
    """The most bytes allocated while all of the stream is read and forgotten."""
    tracemalloc.start()
    try:
        for _ in stream:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("line_bytes", [100_000, 1_000_000])
@pytest.mark.parametrize("chunk_bytes", [1_000, 1 << 16, 1 << 30])
def test_memory_does_not_grow_with_the_export(line_bytes: int, chunk_bytes: int) -> None:
    """25 MB in some kilobytes of gzip are never in memory at once, in whatever chunks."""
    body = compress((b"a" * (line_bytes - 1) + b"\n") * (25_000_000 // line_bytes))

    found = most_memory(lines(pieces(body, chunk_bytes), gzipped=True))

    assert found < 5 * (BLOCK + line_bytes)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    """No event has 16 MiB: it is refused long before memory runs out."""
    body = compress(b"a" * 5 * LONGEST)

    def refused() -> Iterator[bytes]:
        with pytest.raises(Poison) as caught:
            yield from lines(pieces(body, 1 << 16), gzipped=True)
        assert "the export holds a line of more than 16 MiB: no event is so large" == str(
            caught.value
        )

    assert most_memory(refused()) < 2.5 * LONGEST


def test_a_long_line_is_one_line() -> None:
    """Up to the limit, a line may span any number of blocks."""
    long = b"a" * (LONGEST - 1)

    assert [long, b"b"] == list(lines(pieces(compress(long + b"\nb\n"), 1 << 16), gzipped=True))


class Sink:
    """Takes what a writer hands on."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.parts.append(bytes(data))


def written(parts: Iterable[bytes]) -> list[bytes]:
    """What comes out when these parts are written."""
    sink = Sink()
    writer = GzipWriter(sink.write)
    for part in parts:
        writer.write(part)
    writer.finish()
    return sink.parts


@given(content, st.data())
def test_what_is_written_is_read_back(data: bytes, draw: st.DataObject) -> None:
    """By Python's own gzip and by our reader, in whatever parts it was written."""
    found = written(draw.draw(chunked(data)))

    assert data == gzip.decompress(b"".join(found))
    assert data.split(b"\n")[:-1] == list(lines(found, gzipped=True))


def test_much_is_written_in_a_few_large_pieces() -> None:
    """Rows are small; each piece handed on is a call, so they are gathered first."""
    found = written(LARGE.splitlines(keepends=True) * 10)

    assert LARGE * 10 == gzip.decompress(b"".join(found))
    assert len(found) <= 1 + len(LARGE) * 10 // (1 << 18)


def test_an_unfinished_object_is_no_gzip() -> None:
    """Without the end, nobody can take it for whole."""
    sink = Sink()
    GzipWriter(sink.write).write(LARGE * 10)

    assert b"" != b"".join(sink.parts)
    with pytest.raises(EOFError):
        gzip.decompress(b"".join(sink.parts))


@given(content, st.data())
def test_a_page_is_received_whole(data: bytes, draw: st.DataObject) -> None:
    """Compressed or not, wherever its chunks are cut."""
    for body, gzipped in ((data, False), (compress(data), True)):
        assert data == whole(draw.draw(chunked(body)), gzipped=gzipped)


def test_a_compressed_page_without_an_end_is_a_cut() -> None:
    """As for the lines of an export."""
    with pytest.raises(Transient, match="gzip stream has no end"):
        whole([compress(LARGE)[:-1]], gzipped=True)


@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzip"])
def test_a_page_too_large_is_poison(gzipped: bool) -> None:
    """It is given up before it is all held, however small it is on its way."""
    most = 64 << 20
    endless = [b" " * most, b" "]
    body = [compress(part) for part in endless] if gzipped else endless

    with pytest.raises(Poison, match="more than 64 MiB"):
        whole(body, gzipped=gzipped)
    assert most == len(whole(body[:1], gzipped=gzipped))
