"""What a merge of identities between two exports does to the views of events."""

from __future__ import annotations

import pytest

from tests.sql.engines import Engine
from tests.sql.exports import anonymous, hour, merged, modelled, shown
from tests.sql.histories import event, hold, raw_rows
from tests.sql.model import Load

# What `events` shows, and what `events_stable` does.
MERGES = {
    "a merge between two exports": (
        [hour(8, 1, event("a", distinct_id="anon")), hour(9, 2, merged("b", "ann", "anon"))],
        "a b",
        "b",
    ),
    "what was processed last stays, though its id is older": (
        [hour(8, 9, merged("a", "ann", "anon")), hour(9, 2, event("b", distinct_id="anon"))],
        "a b",
        "b",
    ),
    "a merge before both exports": (
        [hour(8, 1, merged("a", "ann", "anon")), hour(9, 2, merged("b", "ann", "anon"))],
        "b",
        "b",
    ),
    "two merges, each between two exports": (
        [
            hour(8, 1, event("a", distinct_id="anon")),
            hour(9, 2, merged("b", "ann", "anon")),
            hour(10, 3, merged("c", "uid-1", "anon")),
        ],
        "a b c",
        "c",
    ),
    "an export that names the new id only": (
        [
            hour(8, 1, event("a", distinct_id="anon")),
            hour(9, 2, merged("b", "ann", "anon")),
            hour(10, 3, event("c", distinct_id="ann")),
        ],
        "a c",
        "c",
    ),
    "two people, who are still two": (
        [hour(8, 1, merged("a", "ann", "anon-1")), hour(9, 2, merged("b", "bob", "anon-2"))],
        "a b",
        "a b",
    ),
    "sent under two ids, which are one person's now": (
        [hour(8, 1, merged("a", "ann", "anon-1")), hour(9, 2, merged("b", "ann", "anon-2"))],
        "b",
        "b",
    ),
    "an id before the merge that is empty is nobody's": (
        [hour(8, 1, merged("a", "ann", "")), hour(9, 2, merged("b", "bob", ""))],
        "a b",
        "a b",
    ),
    "an id before the merge that is null": (
        [hour(8, 1, event("a")), hour(9, 2, merged("b", "ann", None))],
        "b",
        "b",
    ),
    "a number for an id before the merge": (
        [hour(8, 1, event("a", distinct_id="7")), hour(9, 2, merged("b", "ann", 7))],
        "a b",
        "b",
    ),
    "an event without insert id is never a copy": (
        [hour(8, 1, anonymous("a")), hour(9, 2, merged("b", "bob", "ann", insert_id=None))],
        "a b",
        "a b",
    ),
    "of another insert id": (
        [hour(8, 1, event("a")), hour(9, 2, merged("b", "bob", "ann", insert_id="2"))],
        "a b",
        "a b",
    ),
    "a version that was replaced tells nothing": (
        [
            hour(8, 1, event("a", distinct_id="anon")),
            hour(9, 2, merged("b", "ann", "anon")),
            hour(9, 3, event("c", distinct_id="ann")),
        ],
        "a c",
        "a c",
    ),
}


@pytest.mark.parametrize(("history", "notes", "stable"), MERGES.values(), ids=MERGES)
def test_a_merge_of_identities_doubles_no_row(
    engine: Engine, history: list[Load], notes: str, stable: str
) -> None:
    """In `events` it can: there a copy is what Mixpanel calls one, by the id of its export."""
    hold(engine, history)

    assert (notes, stable) == (shown(engine, "events"), shown(engine, "events_stable"))
    assert (notes, stable) == (modelled("events", history), modelled("events_stable", history))


@pytest.mark.parametrize("view", ["events", "events_stable"])
def test_an_object_that_is_loaded_twice(engine: Engine, view: str) -> None:
    """Its rows with an insert id are shown once, and none of them is lost."""
    history = [hour(8, 1, event("a")), hour(9, 2, merged("b", "bob", "ann"), event("c"))]
    engine.hold("events", [row for load in history * 2 for row in raw_rows(load)])

    assert {"events": "b c", "events_stable": "c"}[view] == shown(engine, view)
