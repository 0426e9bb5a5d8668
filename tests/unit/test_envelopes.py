from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import NotOurs, Poison
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.messages import LandedObject, Message
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT
from tests.strategies import json_values, moments, object_names

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
NAME = ObjectName(RECENT, Interval(EIGHT, EIGHT + timedelta(hours=1)), 1795338900123456)
PUSHED: dict[str, Any] = {
    "data": base64.b64encode(b"{}").decode(),
    "attributes": {"origin": "heal"},
    "messageId": "136969346945",
    "publishTime": "2026-11-22T08:00:00Z",
}


def push(envelope: dict[str, Any] | None = None, **changes: object) -> bytes:
    """A valid push request with some keys of its message changed; None removes one."""
    message = {k: v for k, v in (PUSHED | changes).items() if v is not None}
    whole = {"message": message, "subscription": "projects/p/subscriptions/s"}
    return json.dumps(whole | (envelope or {})).encode()


@given(
    st.binary(),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    moments(),
    st.none() | st.integers(1, 100),
)
def test_a_message_round_trips_through_a_push(
    data: bytes, attributes: dict[str, str], published_at: datetime, attempt: int | None
) -> None:
    """Data, attributes, id, publish time and attempt arrive as they were sent."""
    body = push(
        {} if attempt is None else {"deliveryAttempt": attempt},
        data=base64.b64encode(data).decode(),
        attributes=attributes,
        publishTime=format_moment(published_at),
    )

    expected = Message(data, attributes, "136969346945", published_at, attempt)
    assert expected == Message.from_push(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            push(data=None), Message(b"", {"origin": "heal"}, "136969346945", EIGHT), id="no data"
        ),
        pytest.param(
            push(data=""),
            Message(b"", {"origin": "heal"}, "136969346945", EIGHT),
            id="attributes only, as some publishers write it",
        ),
        pytest.param(
            push(attributes=None), Message(b"{}", {}, "136969346945", EIGHT), id="no attributes"
        ),
        pytest.param(
            push({"deliveryAttempt": 7}),
            Message(b"{}", {"origin": "heal"}, "136969346945", EIGHT, 7),
            id="a subscription with dead letters",
        ),
        pytest.param(
            push(message_id="136969346945", publish_time="2026-11-22T08:00:00Z"),
            Message(b"{}", {"origin": "heal"}, "136969346945", EIGHT),
            id="keys in both spellings, as Pub/Sub sends them",
        ),
        pytest.param(
            push(publishTime="2026-11-22T08:00:00.123456789Z"),
            Message(
                b"{}", {"origin": "heal"}, "136969346945", EIGHT + timedelta(microseconds=123456)
            ),
            id="publish time in nanoseconds",
        ),
    ],
)
def test_every_shape_of_a_push_is_understood(body: bytes, expected: Message) -> None:
    """Whatever Pub/Sub documents to leave out or add, the message is read."""
    assert expected == Message.from_push(body)


@pytest.mark.parametrize(
    ("published", "version"),
    [
        pytest.param("2026-11-22T08:00:00Z", 1795334400000000, id="whole seconds"),
        pytest.param("2026-11-22T08:00:00.123Z", 1795334400123000, id="milliseconds"),
        pytest.param("2026-11-22T08:00:00.123456999Z", 1795334400123456, id="nanoseconds, cut"),
    ],
)
def test_the_version_is_the_publish_time(published: str, version: int) -> None:
    """In microseconds: the same on each redelivery, and a legal part of a name."""
    assert version == Message.from_push(push(publishTime=published)).version


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "the push request is not JSON", id="empty"),
        pytest.param(b"hello", "the push request is not JSON", id="not JSON"),
        pytest.param(b"[]", "the push request is JSON, but not an object", id="a list"),
        pytest.param(
            b"{}",
            "the push request holds no `message`: is the subscription wrapped push?",
            id="no message",
        ),
        pytest.param(
            b'{"message":"hello"}',
            "the push request holds no `message`: is the subscription wrapped push?",
            id="message is text",
        ),
        pytest.param(
            push(messageId=None), "the push request's message has no 'messageId'", id="no id"
        ),
        pytest.param(
            push(publishTime=None),
            "the push request's message has no 'publishTime'",
            id="no publish time",
        ),
        pytest.param(
            push(publishTime=1795334400),
            "the push request's message is malformed: ",
            id="publish time is a number",
        ),
        pytest.param(
            push(publishTime="now"),
            "the push request's message is malformed: "
            "'now' is not a moment such as 2026-11-22T08:00:00Z",
            id="publish time in words",
        ),
        pytest.param(
            push(data="e30"),
            "the push request's message is malformed: ",
            id="base64 cut",
        ),
        pytest.param(
            push(data="{}=="),
            "the push request's message is malformed: ",
            id="not base64",
        ),
        pytest.param(
            push(data=7),
            "the push request's message is malformed: ",
            id="data is a number",
        ),
        pytest.param(
            push(attributes=["origin"]),
            "the push request's message is malformed:",
            id="attributes are a list",
        ),
    ],
)
def test_a_malformed_push_says_what_is_wrong(body: bytes, reason: str) -> None:
    """Every way in which a push can be wrong is poison, with its reason.

    The parser's own words at the end of some reasons differ between versions of Python.
    """
    with pytest.raises(Poison) as caught:
        Message.from_push(body)

    assert reason == str(caught.value)[: len(reason)]


@given(
    st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(
        {}, optional={key: json_values | st.just(value) for key, value in PUSHED.items()}
    ).map(lambda message: json.dumps({"message": message}).encode())
)
def test_a_push_is_a_message_or_poison(body: bytes) -> None:
    """No bytes make the parser fail in a way that would be delivered again for ever."""
    try:
        message = Message.from_push(body)
    except Poison:
        return

    assert UTC == message.published_at.tzinfo


def notification(name: ObjectName, rows: object, **changes: str) -> Message:
    """A storage notification about a landed object."""
    attributes = {"eventType": "OBJECT_FINALIZE", "bucketId": "exports", "objectId": name.path}
    data = json.dumps({"name": name.path, "metadata": {"row_count": rows}}).encode()
    return Message(data, attributes | changes, "1", EIGHT)


@given(object_names, st.integers(0, 10**12))
def test_a_landed_object_is_read_from_its_notification(name: ObjectName, rows: int) -> None:
    """Name and row count come from the notification alone: nothing else is asked."""
    landed = LandedObject.decode(notification(name, str(rows)), "exports")

    assert LandedObject(name, "exports", rows) == landed
    assert f"gs://exports/{name.path}" == landed.uri


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"eventType": "OBJECT_DELETE"}, "notification of type 'OBJECT_DELETE'", id="deleted"
        ),
        pytest.param(
            {"bucketId": "other"}, "notification about bucket 'other'", id="another bucket"
        ),
        pytest.param(
            {"objectId": NAME.rejects_path},
            f"object {NAME.rejects_path!r} does not have a name this pipeline gives",
            id="rejects",
        ),
        pytest.param(
            {"objectId": ""}, "object '' does not have a name this pipeline gives", id="no name"
        ),
    ],
)
def test_other_notifications_are_not_ours(changes: dict[str, str], reason: str) -> None:
    """Another event, bucket or object is acknowledged, not parked."""
    with pytest.raises(NotOurs) as caught:
        LandedObject.decode(notification(NAME, "1", **changes), "exports")

    assert reason == str(caught.value)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("-1", id="negative"),
        pytest.param("1.0", id="fraction"),
        pytest.param(7, id="a number, which metadata cannot hold"),
        pytest.param("\u00b2", id="a superscript, which is no decimal"),
        pytest.param("1" * 5000, id="longer than Python converts"),
    ],
)
def test_a_landed_object_without_row_count_is_poison(rows: object) -> None:
    """A load that could not be checked is never started."""
    with pytest.raises(Poison) as caught:
        LandedObject.decode(notification(NAME, rows), "exports")

    assert f"object {NAME.path} carries no row_count: replay its interval" == str(caught.value)


@given(
    st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | json_values.map(lambda value: json.dumps({"metadata": value}).encode())
    | json_values.map(lambda value: json.dumps({"metadata": {"row_count": value}}).encode()),
    st.sampled_from([NAME.path, "x"]) | st.text(),
)
def test_a_notification_is_landed_not_ours_or_poison(data: bytes, path: str) -> None:
    """No payload makes the decoder fail in another way."""
    attributes = {"eventType": "OBJECT_FINALIZE", "bucketId": "exports", "objectId": path}
    try:
        landed = LandedObject.decode(Message(data, attributes, "1", EIGHT), "exports")
    except (NotOurs, Poison):
        return

    assert path == landed.name.path
