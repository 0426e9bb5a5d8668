"""Raw export: what the lines and the bodies look like."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.mixpanel import MixpanelSimulator
from tests.contract.mixpanel.client import (
    OLD,
    SAMPLE_LINES,
    export,
    happen,
    lines,
    simulator,
)


@pytest.fixture(name="mixpanel")
def _mixpanel() -> Iterator[MixpanelSimulator]:
    with simulator() as mixpanel:
        yield mixpanel


@pytest.mark.parametrize("line", SAMPLE_LINES, ids=range(len(SAMPLE_LINES)))
def test_real_lines_come_back_equal(mixpanel: MixpanelSimulator, line: bytes) -> None:
    """Every line seen in the wild leaves the simulator byte for byte as it was."""
    wire_time = json.loads(line)["properties"]["time"]
    mixpanel.load(OLD, [line])

    response = export(
        mixpanel, from_date="2010-01-01", time_in_ms=wire_time > 10**11, project_id=OLD
    )

    assert line + b"\n" == response.content
    assert [json.loads(line)] == mixpanel.events(OLD)


def test_keys_have_mixpanels_order(mixpanel: MixpanelSimulator) -> None:
    """Compact JSON: time, distinct_id, then ASCII byte order."""
    properties: dict[str, Any] = {"b": 1, "a": "é", "B": [1, {"z": 1.5}], "$os": None, "7": True}
    happen(mixpanel, "2026-11-21T10:00:00Z", distinct_id="d", **properties)

    assert (
        '{"event":"e","properties":{"time":1795237200,"distinct_id":"d","$os":null,"7":true,'
        '"B":[1,{"z":1.5}],"a":"é","b":1,"mp_processing_time_ms":1795255200000}}\n'
    ) == export(mixpanel).content.decode()


@pytest.mark.parametrize(
    ("stored", "seconds", "milliseconds"),
    [
        # Whole seconds, the usual case.
        ("1795237200", "1795237200", "1795237200000"),
        # Seconds with a fraction keep it.
        ("1795237200.002", "1795237200.002", "1795237200002"),
        # Milliseconds, as a line of a time_in_ms export has them.
        ("1795237200602", "1795237200", "1795237200602"),
    ],
)
def test_time_in_ms(
    mixpanel: MixpanelSimulator, stored: str, seconds: str, milliseconds: str
) -> None:
    """Seconds by default, whole milliseconds on request."""
    template = '{"event":"e","properties":{"time":%s,"n":123456789012345678901}}\n'
    mixpanel.load(OLD, [template % stored])

    assert template % seconds == export(mixpanel).text
    assert template % milliseconds == export(mixpanel, time_in_ms="true").text


def test_ingested_fraction_of_a_second(mixpanel: MixpanelSimulator) -> None:
    """An event that came with milliseconds shows them in seconds, too."""
    happen(mixpanel, "2026-11-21T10:00:00.602Z")

    assert [1795237200.602] == [line["properties"]["time"] for line in lines(export(mixpanel))]


def test_strings_stay_on_their_line(mixpanel: MixpanelSimulator) -> None:
    """Only a line feed ends a line: U+2028 goes out raw, control characters escaped."""
    happen(mixpanel, "2026-11-21T10:00:00Z", text="a\u2028b\u0085c\u0006\nd")

    response = export(mixpanel)

    assert "a\u2028b\u0085c\\u0006\\nd" in response.content.decode()
    assert ["a\u2028b\u0085c\u0006\nd"] == [x["properties"]["text"] for x in lines(response)]


def test_stream_is_chunked_text(mixpanel: MixpanelSimulator) -> None:
    """No Content-Length, text/plain."""
    happen(mixpanel, "2026-11-21T10:00:00Z")

    response = export(mixpanel)

    assert "text/plain" == response.headers["Content-Type"]
    assert "chunked" == response.headers["Transfer-Encoding"]
    assert "Content-Length" not in response.headers


def test_nothing_found_is_an_empty_200(mixpanel: MixpanelSimulator) -> None:
    """An empty result is no error and has no line, not even an empty one."""
    assert (200, b"") == (export(mixpanel).status_code, export(mixpanel).content)


@pytest.mark.parametrize(
    ("accept", "padding", "expected"),
    [
        ("gzip", 1500, "gzip"),
        ("deflate, gzip;q=1.0", 1500, "gzip"),
        # Small bodies are not worth it.
        ("gzip", 100, None),
        # Nobody asked.
        ("identity", 1500, None),
    ],
)
def test_gzip(
    mixpanel: MixpanelSimulator, accept: str, padding: int, expected: str | None
) -> None:
    """Bodies above 1400 bytes are compressed for those who ask."""
    happen(mixpanel, "2026-11-21T10:00:00Z", padding="x" * padding)
    response = requests.get(
        f"{mixpanel.url}/api/2.0/export?project_id=1&from_date=2026-11-21&to_date=2026-11-21",
        headers={"Accept-Encoding": accept},
        auth=("user", "secret"),
        stream=True,
        timeout=5,
    )
    body = b"".join(response.raw.stream(decode_content=False))

    assert expected == response.headers.get("Content-Encoding")
    plain = gzip.decompress(body) if expected else body
    assert mixpanel.events(OLD) == [json.loads(plain)]


def test_a_large_export_streams(mixpanel: MixpanelSimulator) -> None:
    """A large body comes in many chunks, none of them large, and nothing is lost."""
    line = SAMPLE_LINES[0]
    mixpanel.load(OLD, [line] * 20_000)
    response = requests.get(
        f"{mixpanel.url}/api/2.0/export?project_id=1&from_date=2022-10-17&to_date=2022-10-17",
        headers={"Accept-Encoding": "identity"},
        auth=("user", "secret"),
        stream=True,
        timeout=5,
    )

    sizes = [len(chunk) for chunk in response.raw.stream()]

    assert (len(line) + 1) * 20_000 == sum(sizes)
    assert max(sizes) < 100_000
