"""Each fault as a client sees it."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.mixpanel import MixpanelSimulator
from local.mixpanel.calls import FAULT_KINDS
from tests.contract.mixpanel.client import OLD, export, happen, names, simulator


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        for number in range(10):
            happen(mixpanel, "2026-11-21T10:00:00Z", name=f"e{number}", n=number, pad="x" * 200)
        yield mixpanel


@pytest.fixture(name="whole")
def _whole(mixpanel: MixpanelSimulator) -> bytes:
    return export(mixpanel).content


def plain(mixpanel: MixpanelSimulator, **headers: str) -> requests.Response:
    """The response with its body still on the wire; not compressed unless asked."""
    return requests.get(
        f"{mixpanel.url}/api/2.0/export?project_id=1&from_date=2026-11-20&to_date=2026-11-22",
        headers={"Accept-Encoding": "identity"} | headers,
        auth=("user", "secret"),
        stream=True,
        timeout=5,
    )


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 429, 500, 502, 503, 504])
def test_status(mixpanel: MixpanelSimulator, status: int) -> None:
    """Any status, once, with the error body that clients know."""
    mixpanel.faults.add("status", status=status)

    failed = export(mixpanel)

    assert status == failed.status_code
    assert {"request", "error"} == failed.json().keys()
    assert "Retry-After" not in failed.headers
    assert 200 == export(mixpanel).status_code


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("<html>502 Bad Gateway</html>", "text/html", "<html>502 Bad Gateway</html>"),
        ("upstream timeout", "text/plain", "upstream timeout"),
        ({"error": "Timeout Error."}, "application/json", '{"error": "Timeout Error."}'),
    ],
)
def test_status_with_any_body(
    mixpanel: MixpanelSimulator, body: Any, kind: str, text: str
) -> None:
    """Proxies answer in HTML, servers in text or JSON; some say when to come back."""
    mixpanel.faults.add("status", status=502, body=body, retry_after=7, headers={"Via": "proxy"})

    failed = export(mixpanel)

    assert (text, kind) == (failed.text, failed.headers["Content-Type"].split(";")[0])
    assert ("7", "proxy") == (failed.headers["Retry-After"], failed.headers["Via"])


def test_match_skip_and_times(mixpanel: MixpanelSimulator) -> None:
    """A fault chooses its calls by their parameters and can wait and repeat."""
    mixpanel.faults.add("status", status=500, skip=1, times=2, match={"from_date": "2026-11-20"})

    statuses = [
        export(mixpanel, from_date="2026-11-21").status_code,
        *(export(mixpanel).status_code for _ in range(4)),
    ]

    assert [200, 200, 500, 500, 200] == statuses


def test_match_on_where_and_path(mixpanel: MixpanelSimulator) -> None:
    """So one interval among many can be made to fail."""
    where = 'properties["n"] >= {}'
    mixpanel.faults.add("status", status=500, match={"where": ">= 5", "path": "/export"})

    statuses = [export(mixpanel, where=where.format(n)).status_code for n in (4, 5)]

    assert [200, 500] == statuses


@pytest.mark.parametrize(
    ("fault", "tail"),
    [
        ({}, b"export terminated early\n"),
        ({"text": "terminated early", "newline": False}, b"terminated early"),
        ({"text": '{"error": "terminated early"}'}, b'{"error": "terminated early"}\n'),
    ],
)
def test_terminated_early(
    mixpanel: MixpanelSimulator, whole: bytes, fault: dict[str, Any], tail: bytes
) -> None:
    """Status 200, a clean end, and a last line that tells that lines are missing."""
    mixpanel.faults.add("terminated_early", after_lines=3, **fault)

    response = export(mixpanel)

    assert 200 == response.status_code
    assert b"".join(whole.splitlines(keepends=True)[:3]) + tail == response.content


def test_terminated_before_the_first_line(mixpanel: MixpanelSimulator) -> None:
    """The words can be the whole body, even where nothing was to be exported."""
    mixpanel.remove(OLD, where="true")
    mixpanel.faults.add("terminated_early", text="terminated early")

    assert b"terminated early\n" == export(mixpanel).content


@pytest.mark.parametrize(("at", "kept"), [(1, b"{"), (30, None), (-1, None)])
def test_cut_line(mixpanel: MixpanelSimulator, whole: bytes, at: int, kept: bytes | None) -> None:
    """The last object breaks off inside, and the body ends as if that were all."""
    mixpanel.faults.add("cut_line", at=at)
    *before, last = whole.splitlines(keepends=True)

    body = export(mixpanel).content

    assert b"".join(before) + (kept or last.rstrip()[:at]) == body


def test_no_final_newline(mixpanel: MixpanelSimulator, whole: bytes) -> None:
    """All lines are there; only the last line feed is not."""
    mixpanel.faults.add("no_final_newline")

    assert whole[:-1] == export(mixpanel).content


def test_cut_chunked(mixpanel: MixpanelSimulator, whole: bytes) -> None:
    """The connection breaks inside a chunk: the client has some bytes and an error."""
    mixpanel.faults.add("cut_chunked", at=700)

    response = plain(mixpanel)
    parts: list[bytes] = []
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        parts.extend(response.iter_content(100))

    received = b"".join(parts)
    assert whole[: len(received)] == received
    assert 0 < len(received) <= 700
    assert 700 == mixpanel.requests()[-1]["bytes"]


@pytest.mark.parametrize("at", [100, -1, -8])
def test_cut_gzip(mixpanel: MixpanelSimulator, whole: bytes, at: int) -> None:
    """The compressed body is short, the framing clean: only the missing trailer tells."""
    mixpanel.faults.add("cut_gzip", at=at)

    response = plain(mixpanel, **{"Accept-Encoding": "gzip"})
    body = response.raw.read(decode_content=False)

    unpacker = zlib.decompressobj(wbits=31)
    assert whole.startswith(unpacker.decompress(body))
    assert not unpacker.eof
    with pytest.raises(EOFError):
        gzip.decompress(body)


def test_cut_gzip_needs_a_compressed_body(mixpanel: MixpanelSimulator, whole: bytes) -> None:
    """It waits for a call that it can strike."""
    mixpanel.faults.add("cut_gzip")

    assert whole == plain(mixpanel).content
    with pytest.raises(EOFError):
        gzip.decompress(plain(mixpanel, **{"Accept-Encoding": "gzip"}).raw.read())


def test_cut_gzip_abort(mixpanel: MixpanelSimulator) -> None:
    """The connection breaks inside the compressed body."""
    mixpanel.faults.add("cut_gzip_abort", at=100)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        export(mixpanel)


def test_reset(mixpanel: MixpanelSimulator) -> None:
    """The connection breaks before the first byte, and the journal knows no status."""
    mixpanel.faults.add("reset")

    with pytest.raises(requests.exceptions.ConnectionError):
        export(mixpanel)

    last = mixpanel.requests()[-1]
    assert (None, ["reset"], 0) == (last["status"], last["faults"], last["bytes"])


def test_slow_first_byte(mixpanel: MixpanelSimulator, whole: bytes) -> None:
    """Wide scans take their time before they answer at all."""
    mixpanel.faults.add("slow_first_byte", seconds=0.2)
    started = time.monotonic()

    response = plain(mixpanel)

    assert time.monotonic() - started >= 0.2
    assert whole == response.content


def test_stall(mixpanel: MixpanelSimulator, whole: bytes) -> None:
    """The body pauses in its middle; what came before has arrived."""
    mixpanel.faults.add("stall", at=1000, seconds=0.2)
    parts = plain(mixpanel).raw.stream()
    first = next(parts)
    started = time.monotonic()
    rest = b"".join(parts)

    assert (whole[:1000], whole[1000:]) == (first, rest)
    assert time.monotonic() - started >= 0.15


def test_ignore_where(mixpanel: MixpanelSimulator) -> None:
    """Rows come back that the filter excludes."""
    mixpanel.faults.add("ignore_where")
    where = 'properties["n"] == 3'

    found = [names(export(mixpanel, where=where)) for _ in range(2)]

    assert [[f"e{n}" for n in range(10)], ["e3"]] == found


@pytest.mark.parametrize(
    ("fault", "where_at"), [({}, 10), ({"at": 0}, 0), ({"at": 4}, 4), ({"at": -1}, 9)]
)
def test_extra_lines(
    mixpanel: MixpanelSimulator, whole: bytes, fault: dict[str, Any], where_at: int
) -> None:
    """Any bytes can stand among the lines: separators, controls, junk, broken UTF-8."""
    extra = ['{"event":"a\u2028b"}', "\x06", "<null>", "", "broken \udcff"]
    expected = ['{"event":"a\u2028b"}'.encode(), b"\x06", b"<null>", b"", b"broken \xff"]
    # Over HTTP, because the lone surrogate has to survive that way.
    requests.post(
        f"{mixpanel.url}/_admin/faults",
        data=json.dumps({"kind": "extra_lines", "lines": extra} | fault),
        timeout=5,
    )

    found = export(mixpanel).content.split(b"\n")

    lines = whole.split(b"\n")
    assert [*lines[:where_at], *expected, *lines[where_at:]] == found


def test_duplicate_lines(mixpanel: MixpanelSimulator) -> None:
    """Some lines, or all, come twice."""
    mixpanel.faults.add("duplicate_lines", first=2)
    mixpanel.faults.add("duplicate_lines")

    some, every = names(export(mixpanel)), names(export(mixpanel))

    assert ["e0", "e0", "e1", "e1", "e2"] == some[:5]
    assert (12, 20) == (len(some), len(every))


def test_every_kind_is_tested() -> None:
    """A new kind of fault needs a test here or in the engage tests."""
    tested = {name.removeprefix("test_") for name in globals()}

    assert {"error_with_200", "expire_session"} == set(FAULT_KINDS) - tested
