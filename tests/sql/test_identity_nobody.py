"""An id that stands for nobody does not make one person of everybody."""

from __future__ import annotations

import pytest

from tests.sql.engines import Engine
from tests.sql.identity_events import BEFORE, Event, Json, alias, identify, merge, used
from tests.sql.identity_model import NOBODY
from tests.sql.identity_rows import people, resolved


@pytest.mark.parametrize("spelling", ["{}", '"{}"', "'{}'", " {} ", "\t{}\n", '"{}', '" {}\'"'])
def test_who_stands_for_nobody_is_linked_with_nobody(engine: Engine, spelling: str) -> None:
    """No id that Mixpanel refuses makes one person of all who had it, however it is written."""
    events = [used(0, "D0", "ann")]
    for number, nobody in enumerate(NOBODY):
        for case in (nobody, nobody.upper()):
            written = spelling.format(case)
            events += [
                used(number, f"D{number}", written),
                used(number, written, f"U{number}"),
                used(number, f"E{number}", distinct_id=written),
                used(number, written, distinct_id=f"X{number}"),
                identify(number, f"A{number}", written),
                identify(number, written, f"U{number}"),
                identify(number, f"$device:{written}", f"U{number}"),
                alias(number, written, f"U{number}"),
                alias(number, f"B{number}", written),
                merge(number, written, f"U{number}"),
                merge(number, f"C{number}", written),
                Event(number, "$merge", written, None, None, {BEFORE: f"V{number}"}),
                Event(number, "$merge", f"W{number}", None, None, {BEFORE: written}),
            ]

    assert people("ann $device:D0") == resolved(engine, *events)


@pytest.mark.parametrize("value", [None, True, False, [], {}, ["a"], {"a": 1}, "[1]", '{"a":1}'])
def test_what_is_no_text_or_number_is_nobody(engine: Engine, value: Json) -> None:
    """Neither JSON nor its text is an id."""
    events = [
        event
        for number in range(2)
        for event in (
            merge(number, value, f"U{number}"),
            merge(number, f"U{number}", value),
            alias(number, value, f"U{number}"),
            identify(number, value, f"U{number}"),
            used(number, f"D{number}", value if isinstance(value, str) else None),
            used(number, value if isinstance(value, str) else None, f"U{number}"),
        )
    ]

    assert {} == resolved(engine, *events)


def test_a_device_is_never_resolved_to_nobody(engine: Engine) -> None:
    """Who stands for nobody takes no device from who was seen on it."""
    events = [used(1, "D1", distinct_id="null"), used(2, "D1", "ann")]

    assert people("ann $device:D1") == resolved(engine, *events)


def test_a_users_first_device_owner_is_somebody(engine: Engine) -> None:
    """Who stands for nobody takes no device from the user who comes after."""
    events = [used(1, "D1", "null"), used(2, "D1", "ann"), used(3, "D1", "bob")]

    assert people("ann $device:D1") == resolved(engine, *events)
