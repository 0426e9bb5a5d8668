"""What a dead letter says, and where it can go again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mixpanel_export.errors import Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ExportRequest, LandedObject, Message
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, RECENT
from mixpanel_export_cli.letters import Letter, chosen
from mixpanel_export_cli.pacing import Pace
from mixpanel_export_cli.redriving import Redriving, dropped
from tests.fakes.clock import FakeClock
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
        "origin": "heal",
        "subject": f"events {HOUR}",
        "attributes": REQUEST.attributes,
        "not_redrivable": None,
        "comes_back_unless_mended": False,
    } == json.loads(json.dumps(LETTERS["request, given up on"].as_json("some-bucket")))


@pytest.mark.parametrize(
    ("one", "origin", "prospect", "is_replay"),
    [
        (letter(REQUEST.data, REQUEST.attributes), "heal", "yes", False),
        (LETTERS["request, parked"], "heal", "in vain unless the cause is mended", False),
        (LETTERS["request without attributes"], "replay", "in vain unless .* mended", True),
        (LETTERS["notification, given up on"], "", "yes", False),
        (LETTERS["notification, parked"], "", "in vain unless the cause is mended", False),
        (letter(b"?", {"origin": "replay"}), "replay", "refused, drop it", False),
    ],
    ids=["given up", "parked", "replay", "notification", "parked notification", "no request"],
)
def test_what_will_become_of_it(one: Letter, origin: str, prospect: str, is_replay: bool) -> None:
    """What a function refused at once, it refuses again; nobody repeats a replay."""
    assert (origin, is_replay) == (one.origin, one.is_replay("some-bucket"))
    assert re.fullmatch(prospect, one.prospect("some-bucket"))


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
        (["1", "8", "9"], False, "no dead letter that can be seen has the id 8, 9"),
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
    """Notes what is removed; the leases of the `lost` have run out."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.lost: set[str] = set()

    def is_held(self, one: Letter) -> bool:
        return one.message_id not in self.lost

    def renew(self) -> None:
        self._journal.before("renew")
        self._journal.after("renew", "renewed")

    def remove(self, one: Letter) -> None:
        self._journal.before("remove")
        self._journal.after("remove", f"removed {one.message_id}")


@pytest.fixture(name="journal")
def _journal() -> Journal:
    return Journal()


@pytest.fixture(name="held")
def _held(journal: Journal) -> FakeHeld:
    return FakeHeld(journal)


@pytest.fixture(name="redriving")
def _redriving(journal: Journal, held: FakeHeld) -> Redriving:
    return Redriving(
        requests=FakeTopic("requests", journal),
        notifications=FakeTopic("notifications", journal),
        held=held,
        bucket="some-bucket",
    )


SENT = [
    letter(REQUEST.data, REQUEST.attributes, "a"),
    letter(b"?", {}, "b"),
    letter(LANDED.data, LANDED.attributes, "c"),
]


def redriven(redriving: Redriving) -> list[tuple[str, str | None]]:
    clock = FakeClock(GIVEN_UP_AT, Journal())
    outcomes = redriving.redrive(SENT, Pace(20), clock)
    return [(one.message_id, problem) for one, problem in outcomes]


def test_published_before_removed(redriving: Redriving, journal: Journal) -> None:
    """Each letter goes to its own topic and only then leaves; what costs nothing goes first."""
    assert [
        ("b", "the message body is not JSON; drop it when it is understood"),
        ("c", None),
        ("a", None),
    ] == redriven(redriving)
    assert [
        "renewed",
        "notifications got c",
        "removed c",
        "renewed",
        "requests got a",
        "removed a",
    ] == journal.entries


def test_a_lost_letter_is_not_published(
    redriving: Redriving, held: FakeHeld, journal: Journal
) -> None:
    """Another reader may have it by now; it is said, and the others go on."""
    held.lost = {"c"}

    (_, lost, last) = redriven(redriving)
    assert ("c", "its lease has run out, so others may have it; redrive it again") == lost
    assert ("a", None) == last
    assert ["renewed", "renewed", "requests got a", "removed a"] == journal.entries


def test_requests_are_paced(redriving: Redriving, journal: Journal) -> None:
    """They cost budget, notifications do not; leases are kept alive between."""
    clock = FakeClock(GIVEN_UP_AT, Journal())
    requests = [letter(REQUEST.data, REQUEST.attributes, str(number)) for number in range(3)]
    notifications = [letter(LANDED.data, LANDED.attributes, f"n{number}") for number in range(3)]
    gone = {
        one.message_id: clock.now() - GIVEN_UP_AT
        for one, _ in redriving.redrive([*requests, *notifications], Pace(2), clock)
    }
    at_once, half_an_hour = timedelta(0), timedelta(minutes=30)

    assert {
        "n0": at_once,
        "n1": at_once,
        "n2": at_once,
        "0": at_once,
        "1": half_an_hour,
        "2": 2 * half_an_hour,
    } == gone
    assert 3600 + 6 == journal.entries.count("renewed")


def test_what_is_dropped_is_told_one_by_one(held: FakeHeld, journal: Journal) -> None:
    """A failure midway leaves it known how many went; the rest stays."""
    journal.fail("remove", Transient("down"), call=2)
    gone: list[Letter] = []

    with pytest.raises(Transient):
        gone.extend(dropped(SENT, held))

    assert SENT[:1] == gone
    assert ["renewed", "removed a", "renewed"] == journal.entries


@pytest.mark.parametrize(
    ("step", "entries"),
    [
        ("before publish", []),
        ("after publish", ["notifications got c"]),
        ("before remove", ["notifications got c"]),
        ("after remove", ["notifications got c", "removed c"]),
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
        redriven(redriving)

    assert ["renewed", *entries] == journal.entries
