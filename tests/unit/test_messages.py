from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import Poison
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import MESSAGE_VERSION, ORIGINS, ExportRequest, Origin
from mixpanel_export.series import RECENT, SERIES
from tests.strategies import json_values, requests

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = Interval(EIGHT, EIGHT + timedelta(hours=1))
BODY = {
    "version": 1,
    "table": "events",
    "start": "2026-11-22T08:00:00Z",
    "end": "2026-11-22T09:00:00Z",
}


def body(**changes: object) -> bytes:
    """A valid request with some keys changed; None removes one."""
    return json.dumps({k: v for k, v in (BODY | changes).items() if v is not None}).encode()


def test_a_request_is_written_as_agreed() -> None:
    """Body and attributes are the contract with whoever publishes or filters by hand."""
    request = ExportRequest(RECENT, HOUR, "heal")

    assert BODY == json.loads(request.data)
    assert {
        "table": "events",
        "start": "2026-11-22T08:00:00Z",
        "end": "2026-11-22T09:00:00Z",
        "origin": "heal",
    } == request.attributes


@given(requests)
def test_a_request_round_trips(request: ExportRequest) -> None:
    """What is published is what is decoded."""
    assert request == ExportRequest.decode(request.data, request.attributes)


@pytest.mark.parametrize("origin", ORIGINS)
def test_every_origin_is_known(origin: Origin) -> None:
    """No origin that the planner or an operator may write is refused."""
    assert origin == ExportRequest.decode(body(), {"origin": origin}).origin


def test_a_hand_published_request_is_a_replay() -> None:
    """Without attributes, as from a console, a request means: fetch it again."""
    assert ExportRequest(RECENT, HOUR, "replay") == ExportRequest.decode(body(), {})


def test_attributes_do_not_overrule_the_body() -> None:
    """Interval and table are read from the body only."""
    misleading = {"table": "people", "start": "1999-01-01T00:00:00Z", "origin": "verify"}

    assert ExportRequest(RECENT, HOUR, "verify") == ExportRequest.decode(body(), misleading)


@pytest.mark.parametrize(
    ("data", "attributes", "reason"),
    [
        pytest.param(b"", {}, "the message body is not JSON", id="empty"),
        pytest.param(b"events", {}, "the message body is not JSON", id="not JSON"),
        pytest.param(b"\xff\xfe\xfd", {}, "the message body is not JSON", id="not text"),
        pytest.param(b"[" * 10**5, {}, "the message body is not JSON", id="nested too deep"),
        pytest.param(b"1" * 5000, {}, "the message body is not JSON", id="a number too long"),
        pytest.param(b"[]", {}, "the message body is JSON, but not an object", id="a list"),
        pytest.param(b"null", {}, "the message body is JSON, but not an object", id="null"),
        pytest.param(
            body(where="true"),
            {},
            "unknown key 'where': a request has end, mode, start, table, version",
            id="unknown key",
        ),
        pytest.param(body(end=None), {}, "key 'end' is missing from the request", id="no end"),
        pytest.param(
            body(version=None), {}, "key 'version' is missing from the request", id="no version"
        ),
        pytest.param(body(version=2), {}, "request version 2 is not 1", id="newer version"),
        pytest.param(body(version="1"), {}, "request version '1' is not 1", id="version as text"),
        pytest.param(body(version=True), {}, "request version True is not 1", id="version true"),
        pytest.param(
            body(table="groups"),
            {},
            "unknown table 'groups': known are events, people",
            id="table",
        ),
        pytest.param(
            body(table=["events"]),
            {},
            "unknown table ['events']: known are events, people",
            id="tables",
        ),
        pytest.param(
            body(table="people"),
            {},
            "table people needs a mode: known are snapshot, changes",
            id="people without a mode",
        ),
        pytest.param(
            body(mode="snapshot"),
            {},
            "unknown mode 'snapshot': known are recent, sweep",
            id="a mode of the other table",
        ),
        pytest.param(
            body(mode=["sweep"]), {}, "unknown mode ['sweep']: known are recent, sweep", id="modes"
        ),
        pytest.param(
            body(mode=""), {}, "unknown mode '': known are recent, sweep", id="empty mode"
        ),
        pytest.param(
            body(start=1795334400),
            {},
            "start must be text such as 2026-11-22T08:00:00Z, not 1795334400",
            id="start as epoch",
        ),
        pytest.param(
            body(end=["2026-11-22T09:00:00Z"]),
            {},
            "end must be text such as 2026-11-22T08:00:00Z, not ['2026-11-22T09:00:00Z']",
            id="end in a list",
        ),
        pytest.param(
            body(start="2026-11-22 8 am"),
            {},
            "'2026-11-22 8 am' is not a moment such as 2026-11-22T08:00:00Z",
            id="start in words",
        ),
        pytest.param(
            body(end="2026-11-22T09:00:00"),
            {},
            "'2026-11-22T09:00:00' names no time zone: write UTC, with a final Z",
            id="end without zone",
        ),
        pytest.param(
            body(start="2026-11-22T09:00:00Z", end="2026-11-22T08:00:00Z"),
            {},
            "interval [2026-11-22T09:00:00Z, 2026-11-22T08:00:00Z) is empty or inverted: "
            "end must be after start",
            id="inverted",
        ),
        pytest.param(
            body(start="2026-11-22T08:30:00Z", end="2026-11-22T09:30:00Z"),
            {},
            "interval [2026-11-22T08:30:00Z, 2026-11-22T09:30:00Z) does not start at a multiple "
            "of its length",
            id="unaligned",
        ),
        pytest.param(
            body(),
            {"origin": "me"},
            "unknown origin 'me': known are schedule, heal, backfill, verify, replay",
            id="origin",
        ),
    ],
)
def test_a_malformed_request_says_what_is_wrong(
    data: bytes, attributes: dict[str, str], reason: str
) -> None:
    """Every way in which a request can be wrong is poison, with a reason to act on."""
    with pytest.raises(Poison) as caught:
        ExportRequest.decode(data, attributes)

    assert reason == str(caught.value)


bodies = (
    st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(
        {}, optional={key: json_values | st.just(value) for key, value in BODY.items()}
    ).map(lambda value: json.dumps(value).encode())
)


@given(bodies, st.dictionaries(st.text(max_size=3) | st.just("origin"), st.text()))
def test_a_body_is_a_request_or_poison(data: bytes, attributes: dict[str, str]) -> None:
    """No bytes make the decoder fail in a way that would be delivered again for ever."""
    try:
        request = ExportRequest.decode(data, attributes)
    except Poison:
        return

    assert json.loads(data)["version"] == MESSAGE_VERSION
    assert request.series in SERIES
