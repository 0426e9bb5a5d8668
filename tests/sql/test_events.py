"""Which row of an event the views show, of several versions and copies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sql import model
from tests.sql.engines import Engine
from tests.sql.exports import anonymous, day, hour, modelled, shown
from tests.sql.histories import DAY, HOUR, MIDNIGHT, event, hold
from tests.sql.model import Load

MICROSECOND = timedelta(microseconds=1)

VERSIONS = {
    "nothing was loaded": ([], ""),
    "an interval without events": ([hour(8, 1)], ""),
    "the newest version replaces those before": (
        [hour(8, 1, event("a")), hour(8, 2, event("b"))],
        "b",
    ),
    "an older version that is loaded later stays hidden": (
        [hour(8, 2, event("b")), hour(8, 1, event("a"))],
        "b",
    ),
    "a replay may hold fewer events": (
        [hour(8, 1, event("a"), anonymous("b"), anonymous("c")), hour(8, 2, anonymous("d"))],
        "d",
    ),
    "a replay may hold none": ([hour(8, 1, event("a")), hour(8, 2)], ""),
    "another interval is not replaced": (
        [hour(8, 1, anonymous("a")), hour(9, 2, anonymous("b"))],
        "a b",
    ),
    "a sweep has versions of its own, with the same bounds": (
        [day("recent", 2, anonymous("a")), day("sweep", 1, anonymous("b"))],
        "a b",
    ),
}
COPIES = {
    "a copy in a later interval": ([hour(8, 1, event("a")), hour(9, 2, event("b"))], "b"),
    "a copy in the same export": ([hour(8, 1, event("a"), event("b"))], "b"),
    "what was processed last wins, not what was fetched last": (
        [hour(8, 9, event("a")), hour(9, 2, event("b"))],
        "b",
    ),
    "whatever the order of the export": (
        [
            day(
                "recent",
                1,
                event("a", processing_time=MIDNIGHT + 2 * HOUR),
                event("b", processing_time=MIDNIGHT + HOUR),
            )
        ],
        "a",
    ),
    "a copy in a version that was replaced counts for nothing": (
        [hour(8, 1, event("a")), hour(9, 2, event("b")), hour(9, 3)],
        "a",
    ),
    "a copy in the sweep": (
        [hour(8, 1, event("a")), day("sweep", 2, event("b", processing_time=MIDNIGHT))],
        "a",
    ),
    "an event without insert id is never a copy": (
        [hour(8, 1, anonymous("a"), anonymous("b")), hour(9, 2, anonymous("c"))],
        "a b c",
    ),
    "of another time": (
        [hour(8, 1, event("a"), event("b", time=MIDNIGHT + MICROSECOND))],
        "a b",
    ),
    "of another name": ([hour(8, 1, event("a"), event("b", event_name="paid"))], "a b"),
    "of another person": ([hour(8, 1, event("a"), event("b", distinct_id="bob"))], "a b"),
    "of another insert id": ([hour(8, 1, event("a"), event("b", insert_id="2"))], "a b"),
    "of nobody": (
        [hour(8, 1, event("a", distinct_id=None)), hour(9, 1, event("b", distinct_id=None))],
        "b",
    ),
}


@pytest.mark.parametrize(("history", "notes"), (VERSIONS | COPIES).values(), ids=VERSIONS | COPIES)
@pytest.mark.parametrize("view", ["events", "events_between", "events_stable"])
def test_each_event_is_shown_once(
    engine: Engine, view: str, history: list[Load], notes: str
) -> None:
    """From live versions only, the copy processed last; so says the model, too."""
    hold(engine, history)

    assert notes == shown(engine, view)
    assert notes == modelled(view, history)


FULL = event(
    "all columns",
    device_id="d-1",
    user_id="u-1",
    properties={
        f"${model.BEFORE}": "anon",
        "$city": "Paris",
        "nested": {"list": [1, 2.5, None, True]},
    },
)


def test_columns_are_kept_as_loaded(engine: Engine) -> None:
    """With the version and the start of the interval that brought the row."""
    load = hour(8, 1795348800123456, FULL, event("few columns", insert_id="2"))
    hold(engine, [load])

    full, few = (
        row | {"_interval_start": load.start, "_version": load.version} for row in load.rows
    )
    by_note = "ORDER BY JSON_VALUE(properties, '$.note')"
    expected = [full, few]
    assert expected == engine.query(f"SELECT * FROM mixpanel.events {by_note}")
    between = f"SELECT * FROM mixpanel.events_between(@lo, @hi) {by_note}"
    assert expected == engine.query(between, lo=MIDNIGHT, hi=MIDNIGHT + DAY)
    stable = [full | {model.BEFORE: "anon"}, few | {model.BEFORE: None}]
    assert stable == engine.query(f"SELECT * FROM mixpanel.events_stable {by_note}")
