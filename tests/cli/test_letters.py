"""What a dead letter says, and where it can go again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from mixpanel_export.errors import Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ExportRequest, LandedObject, Message
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, RECENT
from mixpanel_export_cli.letters import Letter, chosen
from mixpanel_export_cli.redriving import Redriving
from tests.fakes.journal import Crash, Journal

HOUR = Interval.parse("2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z")
GIVEN_UP_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
REQUEST = ExportRequest(RECENT, HOUR, "heal")
LANDED = LandedObject(ObjectName(RECENT, HOUR, 7), "some-bucket", 3)
PATH = "events/date=2026-11-22/20261122T080000Z_20261122T090000Z/7.ndjson.gz"
PARKED = {"reason": "Mixpanel answered 400: no"}
GIVEN_UP = {
    "CloudPubSubDeadLetterSourceDeliveryCount": "20",
    "CloudPubSubDeadLetterSourceSubscription": "export-requests",
    "CloudPubSubDeadLetterSourceSubscriptionProject": "some-project",
    "CloudPubSubDeadLetterSourceTopicPublishTime": "2026-11-22T09:00:00.000Z",
    "googclient_schemaencoding": "JSON",
}


def letter(data: bytes, attributes: dict[str, str], message_id: str = "1") -> Letter:
    return Letter(Message(data, attributes, message_id, GIVEN_UP_AT))


LETTERS = {
    "request, parked": letter(REQUEST.data, REQUEST.attributes | PARKED),
    "request, given up on": letter(REQUEST.data, REQUEST.attributes | GIVEN_UP),
    "notification, parked": letter(LANDED.data, LANDED.attributes | PARKED),
    "notification, given up on": letter(LANDED.data, LANDED.attributes | GIVEN_UP),
    "request without attributes": letter(REQUEST.data, PARKED),
}
_UNKNOWN = "every delivery failed: the function's log says why"
SHOWN = {
    "request, parked": ("the fetcher", "1", PARKED["reason"], f"events {HOUR}"),
    "request, given up on": ("subscription export-requests", "20", _UNKNOWN, f"events {HOUR}"),
    "notification, parked": ("the loader", "1", PARKED["reason"], PATH),
    "notification, given up on": ("subscription export-requests", "20", _UNKNOWN, PATH),
    "request without attributes": (
        "the fetcher",
        "1",
        PARKED["reason"],
        "a message without attributes",
    ),
}


@pytest.mark.parametrize("case", LETTERS)
def test_what_is_shown(case: str) -> None:
    """Who gave up, after how many deliveries, why, and what it was about."""
    one = LETTERS[case]

    assert SHOWN[case] == (one.given_up_by, one.attempts, one.reason, one.subject)


@pytest.mark.parametrize("case", LETTERS)
def test_it_goes_again_as_it_was(case: str) -> None:
    """What giving up added to the attributes is taken away; the body is untouched."""
    one = LETTERS[case]
    original: Any = LANDED if "notification" in case else REQUEST
    attributes = {} if "without" in case else original.attributes

    assert (original.data, attributes) == (one.data, one.attributes)
    assert one.verdict("some-bucket") is None


def test_the_mode_is_shown() -> None:
    """Two series of a table are told apart."""
    request = ExportRequest(CHANGES, HOUR, "replay")

    assert f"people changes {HOUR}" == letter(request.data, request.attributes).subject


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (letter(b"no JSON", PARKED), "the message body is not JSON"),
        (letter(b'{"version":2}', {}), "key 'end' is missing from the request"),
        (letter(REQUEST.data, {"origin": "whim"}), "unknown origin 'whim'"),
        (letter(LANDED.data, LANDED.attributes | {"bucketId": "x"}), "about bucket 'x'"),
        (letter(LANDED.data, LANDED.attributes | {"objectId": "x"}), "object 'x' does not have"),
        (letter(b"{}", LANDED.attributes), "carries no row_count: replay its interval"),
    ],
    ids=["no request", "another version", "origin", "foreign bucket", "foreign object", "count"],
)
def test_what_nobody_understands_is_past_redemption(one: Letter, why: str) -> None:
    """It would only come back, so it is said why it stays."""
    verdict = one.verdict("some-bucket")

    assert verdict is not None
    assert why in verdict


def test_for_scripts() -> None:
    """The JSON of a letter has everything that the table has, and its attributes."""
    assert {
        "message_id": "1",
        "given_up_at": "2026-11-22T09:30:00Z",
        "given_up_by": "subscription export-requests",
        "attempts": 20,
        "reason": _UNKNOWN,
        "subject": f"events {HOUR}",
        "attributes": REQUEST.attributes,
        "not_redrivable": None,
    } == json.loads(json.dumps(LETTERS["request, given up on"].as_json("some-bucket")))


@pytest.mark.parametrize(
    ("one", "costs"),
    [
        (LETTERS["request, parked"], True),
        (LETTERS["notification, parked"], False),
        (letter(b"?", {}), False),
    ],
    ids=["request", "notification", "no request"],
)
def test_what_redriving_costs(one: Letter, costs: bool) -> None:
    """Only a request that can be redriven asks Mixpanel."""
    assert costs is one.costs_a_request("some-bucket")


FIRST, SECOND = letter(b"", {}, "1"), letter(b"", {}, "2")


@pytest.mark.parametrize(
    ("ids", "everything", "expected"),
    [(["2"], False, [SECOND]), ([], True, [FIRST, SECOND]), (["2", "1"], False, [FIRST, SECOND])],
    ids=["one", "all", "each"],
)
def test_the_operator_chooses(ids: list[str], everything: bool, expected: list[Letter]) -> None:
    """By ids, or all."""
    assert expected == chosen([FIRST, SECOND], ids, everything=everything)


@pytest.mark.parametrize(
    ("ids", "everything", "text"),
    [
        ([], False, "give message ids, or --all"),
        (["1"], True, "and not both"),
        (["1", "8", "9"], False, "no dead letter has the id 8, 9"),
    ],
    ids=["none", "both", "unknown"],
)
def test_a_choice_that_is_none_does_nothing(ids: list[str], everything: bool, text: str) -> None:
    """A slip must not drop or publish a part."""
    with pytest.raises(Setup, match=f"^nothing was done: .*{text}"):
        chosen([FIRST, SECOND], ids, everything=everything)


class FakeTopic:
    """Notes what is published."""

    def __init__(self, name: str, journal: Journal) -> None:
        self._name, self._journal = name, journal

    def publish(self, messages: Sequence[Letter]) -> None:
        (message,) = messages
        self._journal.before("publish")
        self._journal.after("publish", f"{self._name} got {message.message_id}")


class FakeHeld:
    """Notes what is removed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def remove(self, one: Letter) -> None:
        self._journal.before("remove")
        self._journal.after("remove", f"removed {one.message_id}")


@pytest.fixture(name="journal")
def _journal() -> Journal:
    return Journal()


@pytest.fixture(name="redriving")
def _redriving(journal: Journal) -> Redriving:
    return Redriving(
        requests=FakeTopic("requests", journal),
        notifications=FakeTopic("notifications", journal),
        held=FakeHeld(journal),
        bucket="some-bucket",
    )


SENT = [
    letter(REQUEST.data, REQUEST.attributes, "a"),
    letter(b"?", {}, "b"),
    letter(LANDED.data, LANDED.attributes, "c"),
]


def test_published_before_removed(redriving: Redriving, journal: Journal) -> None:
    """Each letter goes to its own topic and only then leaves; what is no message stays."""
    outcomes = [(one.message_id, problem) for one, problem in redriving.redrive(SENT)]

    assert [("a", None), ("b", "the message body is not JSON"), ("c", None)] == outcomes
    assert [
        "requests got a",
        "removed a",
        "notifications got c",
        "removed c",
    ] == journal.entries


@pytest.mark.parametrize(
    ("step", "entries"),
    [
        ("before publish", []),
        ("after publish", ["requests got a"]),
        ("before remove", ["requests got a"]),
        ("after remove", ["requests got a", "removed a"]),
    ],
)
@pytest.mark.parametrize("fault", [Transient("down"), Crash()], ids=["failure", "crash"])
def test_nothing_is_lost(
    redriving: Redriving,
    journal: Journal,
    step: str,
    entries: list[str],
    fault: BaseException,
) -> None:
    """Wherever it ends, no letter is removed that was not published."""
    when, _, what = step.partition(" ")
    journal.fail(what, fault, late=when == "after")

    with pytest.raises(type(fault)):
        list(redriving.redrive(SENT))

    assert entries == journal.entries
