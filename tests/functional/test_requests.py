"""Requests to the fetcher, good ones by hand and all kinds of bad ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local import resources
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.messages import Message
from tests.fakes.subscription import push_body
from tests.functional.running import Running, body_of

_MESSAGE: dict[str, Any] = {
    "data": base64.b64encode(b"{}").decode(),
    "messageId": "1",
    "publishTime": "2026-11-22T08:00:00Z",
}


def envelope(**changes: Any) -> bytes:
    """A push body whose message has some of its fields changed; None leaves one out."""
    message = {key: value for key, value in (_MESSAGE | changes).items() if value is not None}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


PUSHES = {
    "nothing": (b"", "the push request is not JSON"),
    "not JSON": (b"{", "the push request is not JSON"),
    "not UTF-8": (b"\xff\xfe\x00", "the push request is not JSON"),
    "too deep": (b"[" * 100_000, "the push request is not JSON"),
    "a list": (b"[]", "the push request is JSON, but not an object"),
    "an unwrapped push": (b'{"version":1}', "the push request holds no `message`"),
    "a message that is text": (b'{"message":"hello"}', "the push request holds no `message`"),
    "no message id": (envelope(messageId=None), "message has no 'messageId'"),
    "no publish time": (envelope(publishTime=None), "message has no 'publishTime'"),
    "a publish time without zone": (
        envelope(publishTime="2026-11-22T08:00:00"),
        "message is malformed: '2026-11-22T08:00:00' names no time zone",
    ),
    "a publish time that is no text": (envelope(publishTime=7), "message is malformed"),
    "data that is not base64": (envelope(data="***"), "message is malformed"),
    "attributes that are no map": (envelope(attributes=["a"]), "message is malformed"),
}


@pytest.mark.parametrize("function", ["fetcher", "loader"])
@pytest.mark.parametrize(("body", "reason"), PUSHES.values(), ids=PUSHES)
def test_malformed_push(function: str, body: bytes, reason: str, running: Running) -> None:
    """A push that holds no message is kept as it came, because it is all there is."""
    reply = running.post(function, body)
    (letter,) = running.dead_letters(1)

    assert (200, True) == (reply.status, reply.text.startswith("parked: "))
    assert body == letter.data
    assert ["reason"] == list(letter.attributes)
    assert reason in letter.attributes["reason"]


def not_over(_interval: Interval) -> bytes:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return body_of(Interval(hour + _HOUR, hour + 2 * _HOUR))


def moved(interval: Interval, start: timedelta, end: timedelta) -> bytes:
    return body_of(
        interval,
        start=format_moment(interval.start + start),
        end=format_moment(interval.end + end),
    )


_HOUR, _NOT = timedelta(hours=1), timedelta(0)
REQUESTS: dict[str, tuple[Callable[[Interval], bytes], dict[str, str], str]] = {
    # Attributes alone, as a hand that forgot the body publishes them.
    "no data": (lambda _: b"", {"table": "events"}, "the message body is not JSON"),
    "not an object": (lambda _: b"7", {}, "the message body is JSON, but not an object"),
    "an unknown key": (lambda i: body_of(i, what="full"), {}, "unknown key 'what'"),
    "a missing key": (lambda i: body_of(i, table=None), {}, "key 'table' is missing"),
    "a newer version": (lambda i: body_of(i, version=2), {}, "request version 2 is not 1"),
    "an unknown table": (lambda i: body_of(i, table="groups"), {}, "unknown table 'groups'"),
    "an unknown origin": (body_of, {"origin": "hand"}, "unknown origin 'hand'"),
    "a start that is a number": (lambda i: body_of(i, start=0), {}, "start must be text"),
    "a start without zone": (
        lambda i: body_of(i, start="2025-03-01T00:00:00"),
        {},
        "names no time zone",
    ),
    "inverted": (lambda i: moved(i, 2 * _HOUR, _NOT), {}, "is empty or inverted"),
    "empty": (lambda i: moved(i, _HOUR, _NOT), {}, "is empty or inverted"),
    # 100 minutes do not divide a day.
    "an odd length": (lambda i: moved(i, _NOT, 2 * _HOUR / 3), {}, "divide 24 hours"),
    "unaligned": (lambda i: moved(i, _HOUR / 2, _HOUR / 2), {}, "multiple of its length"),
    "not over yet": (not_over, {}, "is not over yet"),
}


@pytest.mark.parametrize(("body", "attributes", "reason"), REQUESTS.values(), ids=REQUESTS)
def test_bad_request(
    body: Callable[[Interval], bytes],
    attributes: dict[str, str],
    reason: str,
    running: Running,
    interval: Interval,
) -> None:
    """A bad request is parked at its first delivery with what is wrong, and costs no budget."""
    data = body(interval)
    message_id = running.publish(resources.REQUESTS, data, **attributes)
    running.settle()
    (letter,) = running.dead_letters(1)

    assert [200] == running.answers(message_id)
    assert data == letter.data
    assert attributes == {
        key: letter.attributes[key] for key in letter.attributes.keys() - {"reason"}
    }
    assert reason in letter.attributes["reason"]
    assert [] == running.asked()
    assert [] == running.objects()


def test_replay_by_hand(running: Running, interval: Interval) -> None:
    """A body published by hand, without attributes, is a replay: it lands a second version."""
    running.hold(interval, "a")
    running.land(interval)
    running.hold(interval, "late")
    message_id = running.publish(resources.REQUESTS, body_of(interval))
    running.settle()

    assert [200] == running.answers(message_id)
    assert ["schedule", "replay"] == [load["origin"] for load in running.loads(interval)]
    assert [False, True] == [load["is_live"] for load in running.loads(interval)]
    assert ["a", "late"] == running.shown(interval)


@pytest.mark.parametrize("origin", ["schedule", "heal", "backfill"])
def test_already_landed(origin: Any, running: Running, interval: Interval) -> None:
    """Asking for what has landed is done at once and costs no budget."""
    running.hold(interval, "a")
    running.land(interval)
    answers = running.land(interval, origin)

    assert [200] == answers
    assert 1 == len(running.asked())
    assert 1 == len(running.objects())
    (line,) = running.logged("fetcher", "already_landed")
    assert origin == line["origin"]


def test_overtaken(running: Running, interval: Interval) -> None:
    """A replay that is delivered after a later one is done at once and costs no budget."""
    early = datetime.now(UTC)
    running.hold(interval, "a")
    running.land(interval, "replay")
    replay = Message(body_of(interval), {"origin": "replay"}, "1", early)
    reply = running.post("fetcher", push_body(replay, 1))

    assert 200 == reply.status
    assert 1 == len(running.asked())
    assert 1 == len(running.objects())
    (line,) = running.logged("fetcher", "already_landed")
    assert "replay" == line["origin"]


def test_overlap(running: Running, interval: Interval) -> None:
    """Half of an hour that has landed is refused: its rows would be shown twice."""
    running.hold(interval, "a", None)
    running.land(interval)
    half = Interval(interval.start, interval.start + _HOUR / 2)
    answers = running.land(half, "replay")
    (letter,) = running.dead_letters(1)

    assert [200] == answers
    assert f"replay {interval} instead" in letter.attributes["reason"]
    assert 1 == len(running.asked())
    assert ["a", None] == running.shown(interval)
