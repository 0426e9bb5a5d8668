"""Which properties the catalog shows, with which types, how often, and since when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql import project
from tests.sql.engines import EmulatorEngine, Engine, GoogleSqlEngine
from tests.sql.raw_rows import loaded

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
COLUMNS = "property, types, events, first_seen, last_seen, share"

Json = Any
Shown = tuple[str, list[str], int, int, int, float]


def hold(engine: Engine, every: Iterable[Json]) -> None:
    """Let the events have these properties, each a minute after the one before."""
    rows = [
        {"time": (START + minute * MINUTE).isoformat(), "event_name": "x", "properties": each}
        for minute, each in enumerate(every)
    ]
    engine.hold("events", loaded("recent", START.isoformat(), (START + HOUR).isoformat(), 1, rows))


def shown(engine: Engine, source: str = "mixpanel.property_catalog") -> list[Shown]:
    """What the catalog shows, moments as the minute of the event."""
    return [
        (
            row["property"],
            row["types"],
            row["events"],
            (row["first_seen"] - START) // MINUTE,
            (row["last_seen"] - START) // MINUTE,
            row["share"],
        )
        for row in engine.query(f"SELECT {COLUMNS} FROM {source} ORDER BY property")
    ]


CATALOGS: dict[str, tuple[list[Json], list[Shown]]] = {
    "no events": ([], []),
    "events without properties": ([{}, {}], []),
    "counts": (
        [{"a": 1}, {"b": "x"}, {"a": 2, "b": "y"}, {"a": 3}],
        [("a", ["number"], 3, 0, 3, 0.75), ("b", ["string"], 2, 1, 2, 0.5)],
    ),
    "every type, null among them": (
        [{"a": "x"}, {"a": 1}, {"a": 1.5}, {"a": True}, {"a": [1]}, {"a": {"b": 1}}, {"a": None}],
        [("a", ["array", "boolean", "null", "number", "object", "string"], 7, 0, 6, 1.0)],
    ),
    "nothing but null": ([{}, {"a": None}], [("a", ["null"], 1, 1, 1, 0.5)]),
    "the top level alone": (
        [{"a": {"b": 1}, "a.b": [], "c": [{"d": 1}]}],
        [
            ("a", ["object"], 1, 0, 0, 1.0),
            ("a.b", ["array"], 1, 0, 0, 1.0),
            ("c", ["array"], 1, 0, 0, 1.0),
        ],
    ),
    "case counts": (
        [{"A": 1}, {"a": 2}],
        [("A", ["number"], 1, 0, 0, 0.5), ("a", ["number"], 1, 1, 1, 0.5)],
    ),
}
# A quoted name beside the name itself, escapes that look like others, and what a path would mean.
STRANGE = [
    "$city",
    "Cart Size (# of Items)",
    "a.b",
    '"a.b"',
    'a"b',
    "a\\b",
    'a\\"b',
    "a\nb",
    "a\u2028b",
    "größe",
    "价格",
    "😀",
    "*",
    "0",
    "$",
    "$.a",
    "[0]",
    "'",
    '"',
    '""',
    "\\",
    "null",
    "${x}",
    "/a/b",
]

# A value of each JSON type, and types by the names that Google gives them.
VALUES: list[Json] = ["x", "1", "", 0, 1.5, True, False, None, [], [1, {"a": 1}], {}, {"a": 1}]
TYPE_NAMES = {type(None): "null", bool: "boolean", int: "number", float: "number"}
TYPE_NAMES |= {str: "string", list: "array", dict: "object"}
_names = st.sampled_from(["a", "A", "b", *STRANGE]) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5
)
# Of a few names, so that one has values of several types.
_events = st.lists(_names, min_size=1, max_size=5, unique=True).flatmap(
    lambda names: st.lists(
        st.dictionaries(st.sampled_from(names), st.sampled_from(VALUES)), min_size=1, max_size=9
    )
)


def model(every: list[Json]) -> list[Shown]:
    """What the catalog must show of events with these properties."""
    held = {
        name: [at for at, each in enumerate(every) if name in each] for name in set().union(*every)
    }
    kinds = {name: {TYPE_NAMES[type(every[at][name])] for at in held[name]} for name in held}
    return [
        (name, sorted(kinds[name]), len(at), at[0], at[-1], len(at) / len(every))
        for name, at in sorted(held.items())
    ]


def keys_of(properties: Json) -> list[str]:
    """What JSON_KEYS answers: names, those in quotes that JSON would escape, and with a point."""
    quoted = {name: json.dumps(name, ensure_ascii=False) for name in properties}
    return sorted(
        text if "." in name or text[1:-1] != name else name for name, text in quoted.items()
    )


@pytest.mark.emulator_only("JSON_KEYS is younger than the evaluator")
@pytest.mark.parametrize(("every", "expected"), CATALOGS.values(), ids=CATALOGS)
def test_the_catalog_shows(engine: Engine, every: list[Json], expected: list[Shown]) -> None:
    """One row for each name of a property, whatever its values."""
    hold(engine, every)

    assert expected == shown(engine)


@pytest.mark.emulator_only("JSON_KEYS is younger than the evaluator")
def test_a_name_is_shown_as_mixpanel_sent_it(engine: Engine) -> None:
    """Without the quotes that JSON_KEYS puts around some; each has its own type."""
    types: list[Json] = ["x", 1, True, None]
    names = {"string": STRANGE[0::4], "number": STRANGE[1::4], "boolean": STRANGE[2::4]}
    names["null"] = STRANGE[3::4]
    hold(engine, [{name: types[place % 4] for place, name in enumerate(STRANGE)}])

    expected = {name: [kind] for kind, some in names.items() for name in some}
    assert expected == {name: kinds for name, kinds, *_ in shown(engine)}


@settings(max_examples=settings().max_examples // 5)  # An example takes a load and a query.
@given(_events)
def test_the_catalog_is_that_of_the_model(emulator: EmulatorEngine, every: list[Json]) -> None:
    """Of any events: names however strange, each with values of several types."""
    hold(emulator, every)

    assert model(every) == sorted(shown(emulator))


@pytest.mark.parametrize(("every", "expected"), CATALOGS.values(), ids=CATALOGS)
def test_the_evaluator_shows_the_same_once_told_the_keys(
    googlesql: GoogleSqlEngine, every: list[Json], expected: list[Shown]
) -> None:
    """Each event brings what JSON_KEYS would answer, as a property that is left out."""
    assert expected == told(googlesql, every)


def test_the_evaluator_shows_a_name_as_mixpanel_sent_it(googlesql: GoogleSqlEngine) -> None:
    """The quotes that JSON_KEYS puts around some are taken off in Google's own JSON."""
    shown_names = [name for name, *_ in told(googlesql, [dict.fromkeys(STRANGE, 1)])]

    assert sorted(STRANGE) == sorted(shown_names)


def told(engine: GoogleSqlEngine, every: list[Json]) -> list[Shown]:
    """What the query of the view shows when the keys are a property."""
    hold(engine, [each | {"keys": keys_of(each)} for each in every])
    query = project.view_queries()["mixpanel.property_catalog"]
    query_with_keys = query.replace(
        "JSON_KEYS(e.properties, 1)", "JSON_VALUE_ARRAY(e.properties, '$.keys')"
    )
    assert query_with_keys != query
    return shown(engine, f"({query_with_keys})")


@pytest.mark.emulator_only("JSON_KEYS is younger than the evaluator")
def test_a_replaced_version_and_a_copy_count_for_nothing(engine: Engine) -> None:
    """The catalog is of what the view of events shows."""
    bounds = "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"
    event = {
        "time": START.isoformat(),
        "event_name": "x",
        "insert_id": "1",
        "processing_time": START.isoformat(),
    }
    rows = loaded("recent", *bounds, 1, [event | {"properties": {"gone": 1}}])
    rows += loaded("recent", *bounds, 2, [event | {"properties": {"a": 1}}] * 2)
    engine.hold("events", rows)

    assert [("a", ["number"], 1, 0, 0, 1.0)] == shown(engine)
