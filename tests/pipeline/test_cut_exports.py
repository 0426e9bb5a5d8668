"""A cut export never lands, whatever form the cut has; its retry lands it whole.

The forms are those that were seen with status 200 by other clients of the export API.
"""

from __future__ import annotations

import base64
import gc
import random
import time
from typing import Any

import pytest

from mixpanel_export.deadlines import Deadline
from mixpanel_export.errors import Setup, Transient
from mixpanel_export.series import RECENT
from tests.pipeline.landing import HastyClock, Landing, landing_fixtures

_MANY = 200  # Events that make a gzipped body; three stay below Mixpanel's limit for that.
_FEW, _POSITIONS = 3, 200
_BIG_EVENTS = 26  # Of 1 MB each, of which gzip saves a quarter.
# A deadline of 500 seconds takes half a second.
_SPEED = 1000.0


_emulators, _landing = landing_fixtures()


@pytest.fixture(name="export", params=[_FEW, _MANY], ids=["plain", "gzipped"])
def _export(request: pytest.FixtureRequest, landing: Landing) -> Landing:
    landing.hold(request.param, **{"Cart Size (# of Items)": 3, "$city": "Zürich"})
    return landing


_ERROR = '{"request":"/api/2.0/export?from_date=2026-02-24","error":"Timeout Error."}'
FORMS: dict[str, dict[str, Any]] = {
    # a) The last line says so (mixpanel-utils issue 5, embulk).
    "a: export terminated early": {"kind": "terminated_early"},
    "a: without newline": {"kind": "terminated_early", "newline": False},
    "a: nothing else": {"kind": "terminated_early", "after_lines": 0},
    # b) Or says it shorter (airbyte, cloudquery 10599).
    "b: terminated early": {"kind": "terminated_early", "text": "terminated early"},
    "b: without newline": {
        "kind": "terminated_early",
        "text": "terminated early",
        "newline": False,
    },
    "b: nothing else": {
        "kind": "terminated_early",
        "text": "terminated early",
        "newline": False,
        "after_lines": 0,
    },
    "b: in JSON": {"kind": "terminated_early", "text": '{"error":"[terminated early]"}'},
    "b: in capitals": {"kind": "terminated_early", "text": "Export Terminated Early."},
    "b: and then goes on": {"kind": "extra_lines", "lines": ["terminated early"], "at": 1},
    # c) The last object is cut, and the body ends in good order.
    "c: after the first byte": {"kind": "cut_line", "at": 1},
    "c: in the middle": {"kind": "cut_line"},
    "c: before the last brace": {"kind": "cut_line", "at": -1},
    "c: only the newline": {"kind": "no_final_newline"},
    "c: an error begins": {"kind": "terminated_early", "text": '{"error":', "newline": False},
    "c: an error begins a line": {"kind": "terminated_early", "text": '{"error":'},
    "c: an error at the end": {"kind": "terminated_early", "text": _ERROR},
    "c: an error instead": {"kind": "terminated_early", "text": _ERROR, "after_lines": 0},
    # d) The connection breaks (tap-mixpanel 1.5.1, mixpanel-utils).
    "d: before the body": {"kind": "cut_chunked", "at": 0},
    "d: after the first byte": {"kind": "cut_chunked", "at": 1},
    "d: in the middle": {"kind": "cut_chunked"},
    "d: before the last byte": {"kind": "cut_chunked", "at": -1},
    "d: before any answer, again and again": {"kind": "reset", "times": 4},
}


def assert_cut(landing: Landing, speed: float = 1.0) -> str:
    """One delivery fails so that Pub/Sub delivers again, and nobody can see anything of it."""
    with pytest.raises(Transient) as failure:
        landing.fetch(speed)

    assert [] == landing.objects()
    return str(failure.value)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_form(form: dict[str, Any], export: Landing) -> None:
    """No form of a cut leaves an object, neither rows nor rejects; the retry lands all rows."""
    export.mixpanel.faults.add(**form)
    assert_cut(export)
    export.fetch()

    assert export.held() == export.landed()
    assert [] == [name for name in export.objects() if name.startswith("rejects/")]


@pytest.mark.parametrize("kind", ["cut_gzip", "cut_gzip_abort"])
def test_every_gzip_position(kind: str, landing: Landing) -> None:
    """A gzip stream cut at any byte does not land, whether its body ends well or breaks off."""
    landing.hold(_MANY)
    landing.fetch()
    size = landing.asked()[-1]["bytes"]
    landing.bucket.delete_blobs(landing.objects())
    edges = [*range(20), *range(size - 20, size)]  # The header and the trailer.
    rest = random.Random(7).sample(range(20, size - 20), _POSITIONS - len(edges))
    for position in edges + rest:
        landing.mixpanel.faults.add(kind, at=position)
        assert_cut(landing)
    landing.fetch()

    assert _POSITIONS + 2 == len(landing.asked())
    assert landing.held() == landing.landed()


def test_one_reset(landing: Landing) -> None:
    """A connection that breaks before any answer is tried again within the delivery."""
    landing.hold(_FEW)
    landing.mixpanel.faults.add("reset")
    landing.fetch()

    assert [None, 200] == [call["status"] for call in landing.asked()]
    assert ["ConnectionError", None] == [
        line["error"] for line in landing.lines if line["event"] == "mixpanel_response"
    ]
    assert landing.held() == landing.landed()


@pytest.mark.parametrize(
    "fault",
    [{"kind": "slow_first_byte"}, {"kind": "stall"}, {"kind": "stall", "at": -1}],
    ids=["slow_first_byte", "stall", "stall before the last byte"],
)
def test_deadline(fault: dict[str, Any], landing: Landing) -> None:
    """An export that takes longer than a delivery may is given up, though it was whole."""
    landing.hold(_MANY)
    landing.mixpanel.faults.add(**fault, seconds=0.8)
    said = assert_cut(landing, _SPEED)
    landing.fetch()

    assert "gave up receiving an export after 500 s; will start again" == said
    assert landing.held() == landing.landed()


def test_a_read_that_waits_is_ended_at_the_deadline(landing: Landing) -> None:
    """A server that falls silent does not keep a delivery beyond its time."""
    landing.hold(_MANY)
    landing.mixpanel.faults.add("stall", at=-1, seconds=8)
    began = time.monotonic()
    with (
        pytest.raises(Transient, match="gave up receiving an export"),
        landing.exporter().export(RECENT, landing.interval, Deadline(HastyClock(), 1)) as export,
    ):
        list(export.chunks())

    assert time.monotonic() - began < 6


def test_no_further_try_after_the_deadline(landing: Landing) -> None:
    """Once its time is up a delivery asks Mixpanel no more: the next one has the budget."""
    landing.hold(_FEW)
    landing.mixpanel.faults.add("slow_first_byte", seconds=0.8)
    landing.mixpanel.faults.add("status", status=503)
    assert_cut(landing, _SPEED)

    assert [503] == [call["status"] for call in landing.asked()]


@pytest.mark.parametrize("can_cancel", [True, False], ids=["cancelled", "cancelling fails"])
def test_cut_after_megabytes(can_cancel: bool, landing: Landing) -> None:
    """What was already sent to the bucket when the export is cut never shows, nor does its name.

    Also when the server does not hear of the cancellation, and after the writer is collected,
    whose destructor would finish the upload.
    """
    for number in range(_BIG_EVENTS):
        text = base64.b64encode(random.Random(number).randbytes(780_000)).decode()
        landing.hold(1, text=text)
    if not can_cancel:
        landing.storage.faults.add("hangup", match={"operation": "upload_cancel"}, times=100)
    landing.count_chunks()
    landing.mixpanel.faults.add("cut_gzip", at=-9)
    assert_cut(landing)
    gc.collect()

    assert 2 == landing.chunks_sent()
    assert [] == landing.objects()


class BugError(Exception):
    """Something nobody expected."""


def upload_megabytes(landing: Landing, then: Exception | None = None) -> None:
    """Send three chunks and a bit, and leave without a commit."""
    with landing.exports.upload("events/x") as upload:
        for _ in range(3):
            upload.write(random.Random(1).randbytes(9 << 20))
        if then:
            raise then


@pytest.mark.parametrize("can_cancel", [True, False], ids=["cancelled", "cancelling fails"])
def test_exception_while_uploading(can_cancel: bool, landing: Landing) -> None:
    """Whatever is raised in the middle of an upload, no object appears."""
    if not can_cancel:
        landing.storage.faults.add("hangup", match={"operation": "upload_cancel"}, times=100)
    # If cancelling fails, too, that is what is reported: it is answered like a lost connection.
    with pytest.raises(BugError if can_cancel else Transient):
        upload_megabytes(landing, BugError())
    gc.collect()

    assert [] == landing.objects()


def test_upload_without_commit(landing: Landing) -> None:
    """An upload that nobody commits leaves nothing behind."""
    upload_megabytes(landing)
    gc.collect()

    assert [] == landing.objects()


def test_refused_chunk(landing: Landing) -> None:
    """A bucket that refuses in the middle of an upload shows nothing of it."""
    landing.storage.faults.add(
        "error", status=403, reason="forbidden", skip=1, match={"operation": "upload_chunk"}
    )
    with pytest.raises(Setup):
        upload_megabytes(landing)
    gc.collect()

    assert [] == landing.objects()
