"""Identity over random histories: equal to the model, and no person ever falls apart."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql import identity_model
from tests.sql.engines import Engine
from tests.sql.identity_events import BEFORE, DEVICE, Event, alias, identify, merge, used
from tests.sql.identity_rows import resolved, shown
from tests.sql.raw_rows import loaded

_FIRST, _SECOND, _THIRD = (f"2026-11-{day}T00:00:00Z" for day in (22, 23, 24))
_LOADS = (("recent", _FIRST, _SECOND), ("sweep", _FIRST, _SECOND), ("recent", _SECOND, _THIRD))
_LAST = 20

# Few of each kind, so that they meet; some are of two kinds.
_USERS = ["ann", "bob", "cy", "D1", "$device:D2"]
_DEVICES = ["D1", "D2", "D3", "ann"]
_OTHERS = ["P1", "P2", "P3", "D1", "D2", *(DEVICE + device for device in _DEVICES)]
_NOBODY = ["", "null", '"0"', "Anonymous ", "[]", '{"a":1}', "$device:n/a"]
_FACTS = {"$failure_reason": st.just("errSameIDs"), "$identity_failure_reason": st.just("any")}


def events(moments: st.SearchStrategy[int], suffix: str = "") -> st.SearchStrategy[Event]:
    """Events of people whose ids end so; who is nobody is so to all."""
    users, devices, others = (
        st.sampled_from([each + suffix for each in ids] + _NOBODY[:3])
        for ids in (_USERS, _DEVICES, _OTHERS)
    )
    ids = users | others | st.sampled_from(_NOBODY)
    before = {BEFORE: ids}

    @st.composite
    def identities(draw: st.DrawFn) -> Event:
        more = draw(st.fixed_dictionaries({}, optional=before | _FACTS))
        moment, one, other = draw(moments), draw(ids), draw(ids)
        match draw(st.sampled_from(["identify", "alias", "merge"])):
            case "identify":
                own = one.removeprefix(DEVICE)
                device_id = draw(st.none() | devices | st.just(own))
                return identify(moment, one, other, device_id=device_id, **more)
            case "alias":
                return alias(moment, one, other, **more)
            case _:
                return merge(moment, one, other, **more)

    known = st.builds(used, moments, st.none() | devices, users)
    unknown = st.builds(used, moments, devices, distinct_id=st.none() | users | ids)
    return known | unknown | identities()


def resolves(event: Event) -> bool:
    """Whether it tells whose a device is."""
    return any(kind == "resolved" for kind, *_ in identity_model.links(event))


def knows_no_device(event: Event) -> bool:
    """Whether it names a device nowhere but as where something was done."""
    others = None if event.name == "Order" else event.distinct_id
    return DEVICE not in f"{event.user_id} {others} {event.properties}"


def groups(identity: dict[str, str]) -> set[frozenset[str]]:
    """Who are one person, devices apart."""
    ids = {each: stands for each, stands in identity.items() if not each.startswith(DEVICE)}
    people = (frozenset(each for each in ids if ids[each] == one) for one in ids.values())
    return {person for person in people if len(person) > 1}


_histories = st.lists(events(st.integers(0, _LAST)), max_size=14)


@settings(max_examples=60)
@given(data=st.data(), history=_histories, dead=_histories)
def test_identity_equals_the_model(
    engine: Engine, data: st.DataObject, history: list[Event], dead: list[Event]
) -> None:
    """Of what `events` shows, in whatever order and with whatever copies it was loaded."""
    order = data.draw(st.permutations(history + history[:3]))
    rows = []
    for number, series in enumerate(_LOADS):  # What lives of one is dead of the next.
        if data.draw(st.booleans()):
            rows += loaded(*series, number, [event.row() for event in dead])
        own = [event.row() for event in order[number :: len(_LOADS)]]
        rows += loaded(*series, number + 1, own)

    engine.hold("events", data.draw(st.permutations(rows)))
    assert identity_model.resolved(history) == shown(engine)


@settings(max_examples=25)
@given(
    history=_histories,
    later=events(st.just(_LAST + 1)).filter(lambda event: not resolves(event)),
)
def test_a_person_never_falls_apart(engine: Engine, history: list[Event], later: Event) -> None:
    """Whatever is processed afterwards, unless Mixpanel says for once whose a device is."""
    before = resolved(engine, *history)

    after = resolved(engine, *history, later)
    assert {each: after[each] for each in before} == {
        each: after[stood] for each, stood in before.items()
    }


@settings(max_examples=25)
@given(
    history=st.lists(
        events(st.integers(0, _LAST)).filter(knows_no_device), min_size=4, max_size=14
    )
)
def test_devices_neither_link_nor_part_others(engine: Engine, history: list[Event]) -> None:
    """Where no other event names them, a device hangs on one id, and on no other."""
    everything = groups(resolved(engine, *history))

    said = [event for event in history if event.name != "Order"]
    assert groups(resolved(engine, *said)) == everything


@settings(max_examples=25)
@given(
    history=st.lists(
        st.builds(
            used,
            st.integers(0, 3),
            st.sampled_from(["D1", "D2"]),
            st.none() | st.sampled_from(["ann", "bob"]),
            distinct_id=st.sampled_from(["ann", "bob", "D1", DEVICE + "D1"]),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_a_device_is_one_persons(engine: Engine, history: list[Event]) -> None:
    """However often it changes hands; so devices alone make one person of no two."""
    identity = resolved(engine, *history)

    assert identity_model.resolved(history) == identity
    assert set() == groups(identity)


@settings(max_examples=25)
@given(history=_histories, foreign=st.lists(events(st.integers(0, _LAST), "'s"), max_size=8))
def test_other_people_change_nothing(
    engine: Engine, history: list[Event], foreign: list[Event]
) -> None:
    """A person's ids resolve to the same id whoever else there is."""
    own = resolved(engine, *history)

    everybody = resolved(engine, *foreign, *history)
    assert own == {each: everybody[each] for each in everybody if not each.endswith("'s")}
