"""The fetcher when things go wrong: a cut export never lands, and nothing is left behind."""

from __future__ import annotations

import gzip

import pytest

from mixpanel_export.errors import ExportError, Poison, RateLimited, Setup, Transient
from tests.fakes.exporter import event_line
from tests.fakes.journal import Crash
from tests.unit.fetching_rig import (
    ASKED,
    CLOSED,
    COMMITTED,
    COMMITTED_REJECTS,
    DISCARDED,
    DISCARDED_REJECTS,
    FIRST,
    INTERVAL,
    LISTED,
    PATH,
    SECOND,
    WROTE,
    WROTE_REJECTS,
    Fetch,
    gzipped,
    junk,
)


@pytest.fixture(name="fetch")
def _fetch() -> Fetch:
    return Fetch()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(FIRST + SECOND[:-1], id="no final newline"),
        pytest.param(FIRST + SECOND[:30], id="inside the last line"),
        pytest.param(FIRST + SECOND[:30] + b"\n", id="inside the last line, with a newline"),
        pytest.param(FIRST + b'{"error":\n', id="an error, itself cut"),
        pytest.param(FIRST + junk(error="server error"), id="an error instead of an event"),
        pytest.param(FIRST + b"\n", id="an empty last line"),
        pytest.param(FIRST + b"export terminated early\n", id="notice at the end"),
        pytest.param(b"terminated early\n", id="notice alone"),
        pytest.param(b"terminated early", id="notice alone without newline"),
        pytest.param(FIRST + b"terminated early\n" + SECOND, id="notice in the middle"),
        pytest.param(FIRST + b"Export Terminated Early\n" + SECOND, id="notice in capitals"),
        pytest.param(b"[terminated early]\n" + FIRST, id="notice in brackets"),
        pytest.param(junk(error="[terminated early]") + FIRST, id="notice as JSON"),
        pytest.param(b'"terminated early"\n' + FIRST, id="notice as a JSON string"),
        pytest.param(
            FIRST + FIRST[:40] + b"terminated early\n" + FIRST, id="notice in a cut line"
        ),
    ],
)
@pytest.mark.parametrize("is_gzipped", [False, True], ids=["plain", "gzip"])
def test_a_cut_export_never_lands(fetch: Fetch, body: bytes, is_gzipped: bool) -> None:
    """However it shows, a cut is tried again later, and nothing of it is visible."""
    fetch.exporter.gzipped = is_gzipped
    fetch.body = [gzipped(body) if is_gzipped else body]

    with pytest.raises(Transient, match="the export was cut"):
        fetch.deliver()
    assert {} == fetch.bucket.objects
    assert [DISCARDED, CLOSED] == fetch.journal.entries[-2:]


def test_a_compressed_export_cut_at_any_byte_never_lands(fetch: Fetch) -> None:
    """The trailer proves that all bytes came, also where the cut falls between two lines."""
    fetch.exporter.gzipped = True
    whole = gzipped(FIRST, SECOND)
    for end in range(len(whole)):
        fetch.body = [whole[:end]]
        with pytest.raises(Transient, match="the export was cut"):
            fetch.deliver()
    assert {} == fetch.bucket.objects


def test_a_damaged_compressed_export_never_lands(fetch: Fetch) -> None:
    """The checksum in the trailer is checked."""
    fetch.exporter.gzipped = True
    whole = bytearray(gzip.compress(FIRST, compresslevel=0))
    whole[40] ^= 1
    fetch.body = [bytes(whole)]

    with pytest.raises(Transient, match="the export was cut or damaged"):
        fetch.deliver()
    assert {} == fetch.bucket.objects


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(event_line(INTERVAL, "i1", note="export terminated early"), id="a property"),
        pytest.param(event_line(INTERVAL, "i1", **{"terminated early": 1}), id="a key"),
        pytest.param(FIRST.replace(b"Sign up", b"terminated early"), id="the event's name"),
    ],
)
def test_an_event_may_say_what_the_notice_says(fetch: Fetch, body: bytes) -> None:
    """Only a line that is no event can be Mixpanel's notice."""
    fetch.body = [body]

    fetch.deliver()

    assert ["i1", None] == fetch.insert_ids()


def test_a_rejected_event_may_say_what_the_notice_says(fetch: Fetch) -> None:
    """An event without a usable time is an event, even as the last line: rejected, not a cut."""
    fetch.body = [FIRST + event_line(INTERVAL, "i2", time=None, note="terminated early")]

    fetch.deliver()

    assert ["i1", None] == fetch.insert_ids()
    assert ["no usable time"] == [reject["reason"] for reject in fetch.rejects()]


def test_an_event_outside_the_interval_may_come_last(fetch: Fetch) -> None:
    """A whole last line ends the export, whether or not it becomes a row."""
    outside = event_line(INTERVAL, "other", mp_processing_time_ms=INTERVAL.end_ms)
    fetch.body = [FIRST + b"<html>\n" + outside]

    fetch.deliver()

    assert ["i1", None] == fetch.insert_ids()
    assert ["not JSON"] == [reject["reason"] for reject in fetch.rejects()]


def test_a_line_too_long_to_be_an_event_is_poison(fetch: Fetch) -> None:
    """It would take all memory; no later try can help."""
    fetch.body = [b"x" * (1 << 20)] * 17

    with pytest.raises(Poison, match="a line of more than 16 MiB"):
        fetch.deliver()
    assert {} == fetch.bucket.objects


BEGINNING = [LISTED, ASKED]
RECEIVED = [*BEGINNING, LISTED]


@pytest.mark.parametrize(
    ("step", "call", "late", "journal"),
    [
        ("list", 1, False, []),
        ("list", 1, True, [LISTED]),
        ("ask", 1, False, [LISTED]),
        ("ask", 1, True, BEGINNING),
        ("receive", 1, False, [*BEGINNING, DISCARDED, CLOSED]),
        ("receive", 2, False, [*BEGINNING, DISCARDED_REJECTS, DISCARDED, CLOSED]),
        ("list", 2, False, [*BEGINNING, DISCARDED_REJECTS, DISCARDED, CLOSED]),
        ("list", 2, True, [*RECEIVED, DISCARDED_REJECTS, DISCARDED, CLOSED]),
        ("write", 1, False, [*RECEIVED, DISCARDED_REJECTS, DISCARDED, CLOSED]),
        ("write", 2, False, [*RECEIVED, WROTE, DISCARDED_REJECTS, DISCARDED, CLOSED]),
        (
            "commit",  # Of the rejects.
            1,
            False,
            [*RECEIVED, WROTE, WROTE_REJECTS, DISCARDED_REJECTS, DISCARDED, CLOSED],
        ),
        (
            "commit",  # Of the export.
            2,
            False,
            [*RECEIVED, WROTE, WROTE_REJECTS, COMMITTED_REJECTS, DISCARDED, CLOSED],
        ),
        (
            "commit",  # Its answer is lost.
            2,
            True,
            [*RECEIVED, WROTE, WROTE_REJECTS, COMMITTED_REJECTS, COMMITTED, CLOSED],
        ),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [Transient("made up"), Setup("made up"), RateLimited("made up"), Poison("made up")],
    ids=lambda fault: type(fault).__name__,
)
def test_a_failed_step_is_raised_as_it_is_and_leaves_nothing_half_done(
    fetch: Fetch, step: str, call: int, *, late: bool, journal: list[str], fault: ExportError
) -> None:
    """Nothing is reported; what was being written is discarded; the connection is closed."""
    fetch.body = [FIRST + b"<html>\n" + SECOND, SECOND]
    fetch.journal.fail(step, fault, call=call, late=late)

    with pytest.raises(type(fault), match="made up"):
        fetch.deliver()
    assert journal == fetch.journal.entries
    assert (PATH in fetch.bucket.objects) == (COMMITTED in journal)


@pytest.mark.parametrize("fault", [Transient("made up"), Crash()], ids=["failure", "crash"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("step", "call"),
    [
        ("list", 1),
        ("ask", 1),
        ("list", 2),
        ("write", 1),
        ("write", 2),
        ("commit", 1),
        ("commit", 2),
    ],
)
def test_the_next_delivery_ends_what_one_began(
    fetch: Fetch, step: str, call: int, *, late: bool, fault: BaseException
) -> None:
    """Wherever a delivery ends early, a redelivery lands the same version, once and whole."""
    fetch.body = [FIRST + b"<html>\n" + SECOND]
    fetch.journal.fail(step, fault, call=call, late=late)
    with pytest.raises(type(fault)):
        fetch.deliver("replay")
    assert [] == fetch.journal.lines

    fetch.deliver("replay")

    assert ["i1", "i2", None] == fetch.insert_ids()
    assert [{"reason": "not JSON", "line": "<html>"}] == fetch.rejects()
    assert 2 == len(fetch.bucket.objects)
    assert 1 == len(fetch.journal.lines)


def test_receiving_ends_at_the_deadline(fetch: Fetch) -> None:
    """A slow export is given up on before the platform stops waiting for us."""
    fetch.body = [FIRST] * 100
    fetch.exporter.seconds_a_chunk = 10

    with pytest.raises(Transient, match="gave up receiving an export after 500 s"):
        fetch.deliver()
    assert {} == fetch.bucket.objects
    assert 500 == fetch.clock.monotonic()


def test_the_deadline_counts_from_the_start_of_the_delivery(fetch: Fetch) -> None:
    """What listing and asking took is not there for receiving."""
    fetch.seconds_a_step = 120  # Before and after the listing, before and after the asking.
    fetch.exporter.seconds_a_chunk = 1

    with pytest.raises(Transient, match="gave up receiving an export after 500 s"):
        fetch.deliver()
    assert [LISTED, ASKED, DISCARDED, CLOSED] == fetch.journal.entries
