"""Which fetch of a profile the view of people shows, and what history makes of all of them."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.sql.engines import Engine
from tests.sql.fetches import (
    Version,
    at,
    changes,
    history_of,
    in_order,
    modelled,
    people_of,
    snapshot,
)
from tests.sql.histories import DAY, MIDNIGHT, hold, profile, raw_rows
from tests.sql.model import Load

# What was loaded, whom `people` shows, and what `people_history` tells.
CASES: dict[str, tuple[list[Load], dict[str, str], list[Version]]] = {
    "nothing": ([], {}, []),
    "an empty project": ([snapshot(100, "")], {}, []),
    "a snapshot": (
        [snapshot(100, "ann:old bob:old")],
        {"ann": "old", "bob": "old"},
        [("ann", "old", 100, None), ("bob", "old", 100, None)],
    ),
    "snapshots that show the same": (
        [snapshot(100, "ann:old"), snapshot(200, "ann:old", day=1), changes(300, "ann:old")],
        {"ann": "old"},
        [("ann", "old", 100, None)],
    ),
    "a new version": (
        [snapshot(100, "ann:old"), snapshot(200, "ann:new", day=1)],
        {"ann": "new"},
        [("ann", "old", 100, 200), ("ann", "new", 200, None)],
    ),
    "there and back again": (
        [snapshot(100, "ann:old"), changes(150, "ann:new"), snapshot(200, "ann:old", day=1)],
        {"ann": "old"},
        [("ann", "old", 100, 150), ("ann", "new", 150, 200), ("ann", "old", 200, None)],
    ),
    "a deleted profile is gone with the next snapshot": (
        [snapshot(100, "ann:old bob:old"), snapshot(200, "ann:old", day=1)],
        {"ann": "old"},
        [("ann", "old", 100, None), ("bob", "old", 100, 200), ("bob", None, 200, None)],
    ),
    "a profile that stays away has one tombstone": (
        [snapshot(100, "bob:old"), snapshot(200, "", day=1), snapshot(300, "", day=2)],
        {},
        [("bob", "old", 100, 200), ("bob", None, 200, None)],
    ),
    "a deleted profile that appears again": (
        [snapshot(100, "bob:old"), snapshot(200, "", day=1), snapshot(300, "bob:old", day=2)],
        {"bob": "old"},
        [("bob", "old", 100, 200), ("bob", None, 200, 300), ("bob", "old", 300, None)],
    ),
    "a deleted profile that a change brings back": (
        [snapshot(100, "bob:old"), snapshot(200, "", day=1), changes(250, "bob:old")],
        {"bob": "old"},
        [("bob", "old", 100, 200), ("bob", None, 200, 250), ("bob", "old", 250, None)],
    ),
    "a change after the snapshot": (
        [snapshot(100, "ann:old bob:old"), changes(150, "ann:new cid:new")],
        {"ann": "new", "bob": "old", "cid": "new"},
        [
            ("ann", "old", 100, 150),
            ("ann", "new", 150, None),
            ("bob", "old", 100, None),
            ("cid", "new", 150, None),
        ],
    ),
    "a change does not tell that others are gone": (
        [snapshot(100, "ann:old bob:old"), changes(150, "")],
        {"ann": "old", "bob": "old"},
        [("ann", "old", 100, None), ("bob", "old", 100, None)],
    ),
    "a change before the snapshot, loaded after it": (
        [snapshot(200, "ann:new"), changes(150, "ann:old cid:old", version=900)],
        {"ann": "new"},
        [
            ("ann", "old", 150, 200),
            ("ann", "new", 200, None),
            ("cid", "old", 150, 200),
            ("cid", None, 200, None),
        ],
    ),
    "a change without any snapshot": (
        [changes(150, "ann:old cid:old")],
        {"ann": "old", "cid": "old"},
        [("ann", "old", 150, None), ("cid", "old", 150, None)],
    ),
    "of one moment a snapshot comes before changes, whatever their versions": (
        [
            snapshot(100, "ann:old bob:old", version=900),
            changes(100, "ann:new cid:new", version=5),
        ],
        {"ann": "new", "bob": "old", "cid": "new"},
        [
            ("ann", "old", 100, 100),
            ("ann", "new", 100, None),
            ("bob", "old", 100, None),
            ("cid", "new", 100, None),
        ],
    ),
    "of two snapshots of one moment the newer version comes last": (
        [snapshot(100, "ann:new", version=9), snapshot(100, "ann:old bob:old", version=8)],
        {"ann": "new"},
        [
            ("ann", "old", 100, 100),
            ("ann", "new", 100, None),
            ("bob", "old", 100, 100),
            ("bob", None, 100, None),
        ],
    ),
    "an old interval replayed now is the newest state": (
        [snapshot(100, "ann:old"), snapshot(200, "ann:new", day=1), snapshot(300, "dan:newest")],
        {"dan": "newest"},
        [
            ("ann", "old", 100, 200),
            ("ann", "new", 200, 300),
            ("ann", None, 300, None),
            ("dan", "newest", 300, None),
        ],
    ),
    "what a replay superseded is still what was seen": (
        [changes(150, "ann:old"), changes(160, "bob:old")],
        {"ann": "old", "bob": "old"},
        [("ann", "old", 150, None), ("bob", "old", 160, None)],
    ),
    "a version that is not the newest counts by its moment, too": (
        [changes(150, "ann:old", version=30), changes(160, "ann:new", version=29)],
        {"ann": "new"},
        [("ann", "old", 150, 160), ("ann", "new", 160, None)],
    ),
    "changes of a day beside its snapshot are another interval": (
        [snapshot(100, "bob:old ann:old", version=1), changes(150, "ann:new", version=1)],
        {"ann": "new", "bob": "old"},
        [("ann", "old", 100, 150), ("ann", "new", 150, None), ("bob", "old", 100, None)],
    ),
    "of a profile that is twice in one fetch, the last": (
        [snapshot(100, "ann:first-page ann:next-page")],
        {"ann": "next-page"},
        [("ann", "next-page", 100, None)],
    ),
}


@pytest.mark.parametrize(("loads", "names", "versions"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "reversed"])
def test_the_moment_of_a_fetch_decides(
    engine: Engine,
    loads: list[Load],
    names: dict[str, str],
    versions: list[Version],
    *,
    is_reversed: bool,
) -> None:
    """Not the interval, nor the version, nor when it was loaded; so says the model, too."""
    hold(engine, reversed(loads) if is_reversed else loads)

    assert names == people_of(engine)
    assert in_order(versions) == history_of(engine)
    assert (names, in_order(versions)) == modelled(loads)


def test_an_object_that_is_loaded_twice(engine: Engine) -> None:
    """It tells nothing new, and deletes nobody."""
    loads = [snapshot(100, "ann:old bob:old"), snapshot(200, "ann:new", day=1)]
    engine.hold("people", [row for load in loads * 2 for row in raw_rows(load)])

    assert modelled(loads) == (people_of(engine), history_of(engine))


def test_columns_are_kept_as_loaded(engine: Engine) -> None:
    """A profile is shown with its own clock and everything Mixpanel sent."""
    seen = {"last_seen": datetime.fromisoformat("2026-11-21T23:59:59")}
    rows = (profile("ann", **{"$x": [1]}) | seen, profile("bob"))
    hold(engine, [Load("snapshot", MIDNIGHT, MIDNIGHT + DAY, 1, rows, at(15))])

    ann, bob = rows
    assert [ann | {"as_of": at(15)}, bob | {"as_of": at(15)}] == engine.query(
        "SELECT * FROM mixpanel.people ORDER BY distinct_id"
    )
    current = {"valid_from": at(15), "valid_to": None, "is_deleted": False}
    assert [ann | current, bob | current] == engine.query(
        "SELECT * FROM mixpanel.people_history ORDER BY distinct_id"
    )
