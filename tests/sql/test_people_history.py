"""What tells versions of a profile apart, and what is left of them when rows expire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.sql.engines import Engine
from tests.sql.fetches import Version, at, changes, history_of, in_order, minute, snapshot
from tests.sql.histories import DAY, MIDNIGHT, hold, profile, raw_rows
from tests.sql.model import Load


@pytest.mark.parametrize(
    ("properties", "count"),
    [
        pytest.param({"b": {"d": [1, 2], "c": None}, "a": 1}, 1, id="the same, in another order"),
        pytest.param({"a": 1, "b": {"c": None, "d": [2, 1]}}, 2, id="a list in another order"),
        pytest.param({"a": "1", "b": {"c": None, "d": [1, 2]}}, 2, id="text for a number"),
        pytest.param({"a": 1, "b": {"d": [1, 2]}}, 2, id="one property less"),
        pytest.param({"a": 1, "b": {"c": None, "d": [1, 2]}, "e": None}, 2, id="one more"),
        pytest.param({}, 2, id="none"),
    ],
)
def test_properties_are_compared_by_value(
    engine: Engine, properties: dict[str, Any], count: int
) -> None:
    """The order of members says nothing; all else is another version."""
    before = profile("ann", a=1, b={"c": None, "d": [1, 2]})
    after = profile("ann") | {"properties": properties}
    loads = [
        Load("changes", MIDNIGHT, MIDNIGHT + DAY, version, (row,), at(version))
        for version, row in enumerate((before, after), 1)
    ]
    hold(engine, loads)

    assert [{"versions": count}] == engine.query(
        "SELECT COUNT(*) AS versions FROM mixpanel.people_history"
    )


def test_being_seen_again_is_a_version(engine: Engine) -> None:
    """$last_seen is a property like any other: a profile that was seen since is not the same."""
    clocks = ("2026-11-20T10:00:00", "2026-11-21T10:00:00", "2026-11-21T10:00:00")
    loads = [
        Load(
            "changes",
            MIDNIGHT,
            MIDNIGHT + DAY,
            version,
            (profile("ann") | {"last_seen": datetime.fromisoformat(clock)},),
            at(version),
        )
        for version, clock in enumerate(clocks, 1)
    ]
    hold(engine, loads)

    assert [(at(1), at(2)), (at(2), None)] == [
        (row["valid_from"], row["valid_to"])
        for row in engine.query("SELECT * FROM mixpanel.people_history ORDER BY valid_from")
    ]


def test_nothing_known_is_not_the_same_as_deleted(engine: Engine) -> None:
    """A tombstone is a version of its own, also behind a profile without any property."""
    bare = profile("ann") | {"properties": None}
    load = Load("snapshot", MIDNIGHT, MIDNIGHT + DAY, 1, (bare,), at(1))
    hold(engine, [load, snapshot(2, "", day=1)])

    assert [("ann", None, 1, 2), ("ann", None, 2, None)] == [
        (row["distinct_id"], row["properties"], minute(row["valid_from"]), minute(row["valid_to"]))
        for row in engine.query("SELECT * FROM mixpanel.people_history ORDER BY valid_from")
    ]


SEEN = [
    snapshot(0 * 1440 + 10, "ann:old bob:old", day=0),
    changes(0 * 1440 + 20, "ann:new"),
    snapshot(1 * 1440 + 10, "bob:old", day=1),
    snapshot(2 * 1440 + 10, "bob:old cid:old", day=2),
    changes(2 * 1440 + 20, "cid:new", day=2),
    snapshot(3 * 1440 + 10, "cid:new", day=3),
]


@pytest.mark.parametrize(
    ("days", "versions"),
    [
        (
            0,
            [
                ("ann", "old", 10, 20),
                ("ann", "new", 20, 1450),
                ("ann", None, 1450, None),
                ("bob", "old", 10, 4330),
                ("bob", None, 4330, None),
                ("cid", "old", 2890, 2900),
                ("cid", "new", 2900, None),
            ],
        ),
        (
            1,
            [
                ("bob", "old", 1450, 4330),
                ("bob", None, 4330, None),
                ("cid", "old", 2890, 2900),
                ("cid", "new", 2900, None),
            ],
        ),
        (
            2,
            [
                ("bob", "old", 2890, 4330),
                ("bob", None, 4330, None),
                ("cid", "old", 2890, 2900),
                ("cid", "new", 2900, None),
            ],
        ),
        (3, [("cid", "new", 4330, None)]),
        (4, []),
    ],
)
def test_rows_that_have_expired(engine: Engine, days: int, versions: list[Version]) -> None:
    """History begins with the oldest row that is kept; marker rows that outlive it add nothing."""
    cut = (MIDNIGHT + days * DAY).isoformat()
    rows = [row for load in SEEN for row in raw_rows(load)]
    engine.hold("people", [row for row in rows if row["_line"] == 0 or row["as_of"] >= cut])

    assert in_order(versions) == history_of(engine)


@pytest.mark.parametrize(
    ("minutes", "names"),
    [
        (99, {}),
        (100, {"ann": "old", "bob": "old"}),
        (150, {"ann": "new", "bob": "old"}),
        (200, {"ann": "new"}),
        (10_000, {"ann": "new"}),
    ],
)
def test_people_as_they_were(engine: Engine, minutes: int, names: dict[str, str]) -> None:
    """At any moment a profile has one version at most, deleted or not."""
    hold(
        engine,
        [
            snapshot(100, "ann:old bob:old"),
            changes(150, "ann:new"),
            snapshot(200, "ann:new", day=1),
        ],
    )
    sql = """
        SELECT distinct_id, JSON_VALUE(properties, '$.name') AS name
        FROM mixpanel.people_history
        WHERE valid_from <= @moment AND (valid_to IS NULL OR @moment < valid_to) AND NOT is_deleted
    """

    assert names == {
        row["distinct_id"]: row["name"] for row in engine.query(sql, moment=at(minutes))
    }
