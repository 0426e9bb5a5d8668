"""Which ids are one person's: what Mixpanel's documents call so, and nothing else."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.sql.engines import Engine
from tests.sql.identity_events import BEFORE, Event, alias, identify, merge, used
from tests.sql.identity_rows import load, people, resolved, shown

_LONGEST_CHAIN = 512
_MANY = 200

LINKS: dict[str, tuple[list[Event], dict[str, str]]] = {
    "nothing says anything": ([], {}),
    "one id alone is linked with nothing": ([used(1, "D1"), used(2, None, "ann")], {}),
    # docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-simplified
    "a new user signs up": (
        [used(1, "D1"), used(2, "D1"), used(3, "D1", "U1")],
        people("U1 $device:D1"),
    ),
    "a user returns with a new device": (
        [used(1, "D1"), used(2, "D1", "U1"), used(3, "D2"), used(4, "D2", "U1")],
        people("U1 $device:D1 $device:D2"),
    ),
    "users share a device, and reset gives it a new id": (
        [used(1, "D1"), used(2, "D1", "U1"), used(3, "D2"), used(4, "D2", "U2")],
        people("U1 $device:D1", "U2 $device:D2"),
    ),
    "users share a device without reset: it stays the first one's": (
        [used(2, "D1", "U1"), used(3, "D1", "U2"), used(4, "D2", "U2"), used(5, "D1", "U1")],
        people("U1 $device:D1", "U2 $device:D2"),
    ),
    "the first one is who was processed first, in whatever order rows come": (
        [used(9, "D1", "U1"), used(2, "D1", "U2"), used(9, "D1", "U2")],
        people("U2 $device:D1"),
    ),
    "of two who were processed at once the first of the alphabet": (
        [used(1, "D1", "b"), used(1, "D1", "a")],
        people("a $device:D1"),
    ),
    "a device id that is also a user id is still a device": (
        [used(1, "+65", "charlie"), used(2, "D2", "+65")],
        people("charlie $device:+65", "+65 $device:D2"),
    ),
    "a device is whose Mixpanel resolved it to be, before whoever is seen on it": (
        [
            used(9, "D1", distinct_id="U1"),
            used(
                10, "D1", "U2", **{"$identity_failure_reason": "errAnonDistinctIdAssignedAlready"}
            ),
        ],
        people("U1 $device:D1"),
    ),
    "and after": (
        [used(1, "D1", "U2"), used(2, "D1"), used(3, "D1", distinct_id="U1"), used(4, "D2", "U2")],
        people("U1 $device:D1", "U2 $device:D2"),
    ),
    "the first to whom it was resolved, in whatever order rows come": (
        [used(9, "D1", distinct_id="U1"), used(2, "D1", distinct_id="U2"), used(1, "D1", "U3")],
        people("U2 $device:D1"),
    ),
    "of two to whom it was resolved at once the first of the alphabet": (
        [used(1, "D1", distinct_id="b"), used(1, "D1", distinct_id="a"), used(0, "D1", "0a")],
        people("a $device:D1"),
    ),
    "who is known says nothing of whose the device is by the distinct_id": (
        [used(1, "D1", "U1", distinct_id="U2")],
        people("U1 $device:D1"),
    ),
    "neither nobody nor the device is to whom it was resolved": (
        [used(1, "D1", distinct_id=each) for each in ("null", "D1", "$device:D1", "$device:D2")]
        + [Event(1, "Order", "", "D1"), Event(1, "Order", None, "D1"), used(2, "D1", "U1")],
        people("U1 $device:D1"),
    ),
    "only other events tell whom a device was resolved to": (
        [Event(1, name, "U1", "D1") for name in ("$identify", "$create_alias", "$merge")],
        {},
    ),
    # docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-original
    "who stands for a person may be another device of theirs": (
        [
            identify(1, "$device:D1", "U1", device_id="D1"),
            identify(2, "$device:D2", "U1", device_id="D2"),
            used(3, "D1", distinct_id="$device:D2"),
            used(4, "D2", distinct_id="$device:D1"),
        ],
        people("U1 $device:D1 $device:D2"),
    ),
    "or an id without a prefix, which keeps all together": (
        [
            identify(1, "D1", "U1"),
            identify(2, "D2", "U1"),
            used(3, "D1", "U1", distinct_id="D2"),
            used(4, "D1", distinct_id="D2"),
            used(5, "D2", distinct_id="D2"),
        ],
        people("U1 D1 D2 $device:D1"),
    ),
    "identify links an anonymous id with a user": (
        [identify(1, "D1", "U1"), identify(2, "D2", "U1")],
        people("U1 D1 D2"),
    ),
    "identify takes an anonymous id once": (
        [identify(1, "D1", "U1"), identify(2, "D1", "U2")],
        people("U1 D1"),
    ),
    "identify as libraries send it": (
        [
            Event(1, "$identify", "U1", "D1", properties={"$anon_distinct_id": "$device:D1"}),
            Event(2, "$identify", "U2", "D2", properties={"$anon_distinct_id": "D2"}),
        ],
        people("U1 $device:D1", "U2 D2"),
    ),
    "identify after another user, without reset, is about no anonymous id": (
        [used(1, "D1", "U1"), identify(2, "U1", "U2", device_id="D1"), used(3, "D1", "U2")],
        people("U1 $device:D1"),
    ),
    "identify and events compete for a device": (
        [identify(1, "$device:D1", "U1"), used(2, "D1", "U2"), used(3, "D2", "U2")],
        people("U1 $device:D1", "U2 $device:D2"),
    ),
    "ids on the event itself do not count for identify": (
        [Event(1, "$identify", "U1", "D1", "U1", {"$failure_reason": "errManyIDs"})],
        {},
    ),
    "an alias is a second id": ([alias(1, "mail", "U1")], people("U1 mail")),
    "an alias belongs to one id": (
        [alias(1, "mail", "U1"), alias(2, "mail", "U2")],
        people("U1 mail"),
    ),
    "aliases can be chained, and one id can have many": (
        [alias(1, "b", "a"), alias(2, "c", "b"), alias(3, "d", "a")],
        people("a b c d"),
    ),
    "merge links any two ids": (
        [merge(1, "U2", "U1"), merge(2, "D1", "D2"), merge(3, "U2", "D1")],
        people("U1 U2 D1 D2"),
    ),
    "merge overrides that a device is somebody's": (
        [used(1, "D1", "U1"), used(2, "D2", "U2"), merge(3, "$device:D1", "U2")],
        people("U1 U2 $device:D1 $device:D2"),
    ),
    "a merge is by documents of two ids": (
        [
            Event(1, "$merge", properties={"$distinct_ids": ["a"]}),
            Event(2, "$merge", properties={"$distinct_ids": "ab"}),
            Event(3, "$merge"),
        ],
        {},
    ),
    "Mixpanel's own account of a merge, beside the event's own": (
        [identify(1, "D1", "U1", distinct_id="X", **{BEFORE: "U1"})],
        people("U1 D1 X"),
    ),
    "an alias is for the id that was sent": (
        [alias(1, "mail", "X", **{BEFORE: "U1"})],
        people("U1 X mail"),
    ),
    "what identifies or merges does not name its own distinct_id": (
        [
            Event(1, "$merge", "1f0c", properties={"$distinct_ids": ["a", "b"]}),
            Event(2, "$merge", "1f0c", properties={"$distinct_ids": ["c", "d"]}),
            identify(3, "D1", "U1", distinct_id="1f0c"),
        ],
        people("a b", "c d", "U1 D1"),
    ),
    "a failure links nothing": (
        [
            identify(1, "D1", "U1", **{"$failure_reason": "errAnonDistinctIdAssignedAlready"}),
            merge(2, "a", "b", **{"$failure_reason": "errManyIDs"}),
            alias(3, "c", "d", **{"$failure_reason": "errAliasAlreadyExists"}),
            identify(4, "D2", "U2", **{"$identity_failure_reason": "any"}),
        ],
        {},
    ),
    "a failure takes nothing either": (
        [identify(1, "D1", "U1", **{"$failure_reason": "errManyIDs"}), identify(2, "D1", "U2")],
        people("U2 D1"),
    ),
    "numbers are ids by their text": (
        [merge(1, 12, "13"), identify(2, "D1", 12), used(3, "D2", "13")],
        people("12 13 D1 $device:D2"),
    ),
    "an id linked with itself is linked with nothing": (
        [merge(1, "a", "a"), identify(2, "b", "b"), alias(3, "c", "c")],
        {},
    ),
    "other events mean nothing, whatever their properties": (
        [Event(1, "Order", "U1", properties={"$distinct_ids": ["a", "b"], "alias": "c"})],
        {},
    ),
}


@pytest.mark.parametrize(("events", "expected"), LINKS.values(), ids=LINKS)
def test_ids_are_linked_as_documented(
    engine: Engine, events: list[Event], expected: dict[str, str]
) -> None:
    """Each rule of Mixpanel's, and each case in which it links nothing."""
    assert expected == resolved(engine, *events)


CANONICAL: dict[str, tuple[list[Event], str]] = {
    "a user, not a device": ([used(1, "a", "z")], "z"),
    "a user, not who is only merged": ([merge(1, "a", "z"), used(2, "D1", "z")], "z"),
    "a user, not the id an alias was made for": ([alias(1, "z", "a"), identify(2, "a", "z")], "z"),
    "a user, not to whom a device was resolved": (
        [used(1, "D1", distinct_id="a"), merge(2, "a", "z"), used(3, "D2", "z")],
        "z",
    ),
    "to whom a device was resolved, not the device": ([used(1, "a", distinct_id="z")], "z"),
    "the id an alias was made for": ([alias(1, "a", "z")], "z"),
    "who is merged, not who is anonymous": (
        [identify(1, "a", "c"), merge(2, "c", "b"), merge(3, "b", "a")],
        "c",
    ),
    "of two users the one linked first": (
        [used(1, "D1", "z"), used(2, "D2", "a"), merge(3, "a", "z")],
        "z",
    ),
    "of two linked at once the first of the alphabet": ([merge(1, "b", "a")], "a"),
    "by the code points of ids, not by a language": ([merge(1, "a", "B")], "B"),
}


@pytest.mark.parametrize(("events", "expected"), CANONICAL.values(), ids=CANONICAL)
def test_an_id_stands_for_all(engine: Engine, events: list[Event], expected: str) -> None:
    """Users before others, then what was linked first, then the alphabet."""
    assert {expected} == set(resolved(engine, *events).values())


def test_a_version_that_was_replaced_links_nothing(engine: Engine) -> None:
    """As in `events`: what a replay did not bring again is gone."""
    rows = load(1, [merge(1, "a", "b"), used(2, "D1", "ann")]) + load(2, [used(2, "D1", "bob")])
    engine.hold("events", rows)

    assert people("bob $device:D1") == shown(engine)


def test_a_user_may_have_any_number_of_devices(engine: Engine) -> None:
    """Mixpanel sets no limit (Simplified ID Merge)."""
    events = [used(number, f"D{number:04}", "ann") for number in range(_MANY)]

    expected = people(" ".join(["ann", *(f"$device:D{number:04}" for number in range(_MANY))]))
    assert expected == resolved(engine, *events)


def chain(length: int) -> list[Event]:
    """Merges of one id after another, in no order."""
    names = [f"{number:03}" for number in range(length)]
    merges = [merge(1, one, other) for one, other in pairwise(names)]
    random.Random(length).shuffle(merges)
    return merges


def test_a_chain_as_long_as_mixpanel_allows_is_one_person(engine: Engine) -> None:
    """A cluster has at most 500 ids (Original ID Merge), and 512 are resolved."""
    expected = dict.fromkeys((f"{number:03}" for number in range(_LONGEST_CHAIN)), "000")
    assert expected == resolved(engine, *chain(_LONGEST_CHAIN))


def test_a_longer_chain_is_refused(engine: Engine) -> None:
    """No person is counted twice in silence."""
    engine.hold("events", load(1, chain(2 * _LONGEST_CHAIN)))

    with pytest.raises(Exception, match="A chain of more than 512 linked ids"):
        shown(engine)


def test_unique_users_are_counted_with_resolved_ids(engine: Engine) -> None:
    """Mixpanel's documented query finds one row for each id, and counts one person once."""
    events = [
        used(1, "D1"),
        used(2, "D1", "ann"),
        used(3, "D2"),
        used(4, "D2", "ann"),
        used(5, "D3"),
        Event(6, "Order", ""),
    ]
    engine.hold("events", load(1, events))

    # The query of docs/sql.md.
    rows = engine.query(
        """
        SELECT
          DATE(e.time) AS day,
          COUNT(DISTINCT IFNULL(i.resolved_id, NULLIF(e.distinct_id, ''))) AS users,
          COUNT(*) AS events
        FROM mixpanel.events AS e
        LEFT JOIN mixpanel.identity AS i ON i.distinct_id = e.distinct_id
        GROUP BY day
        """
    )
    assert [(2, 6)] == [(row["users"], row["events"]) for row in rows]
