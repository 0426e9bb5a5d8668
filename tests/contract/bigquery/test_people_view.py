"""The view of people: which fetch of a profile is shown, and which profiles are gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.bigquery.shop import Shop, loaded

Shown = dict[str, tuple[str, datetime]]

_MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Fetch:
    """One loaded version of one interval: profiles as they were `as_of` minutes into the day."""

    mode: str
    hours: tuple[int, int]
    version: int
    as_of: int
    profiles: tuple[tuple[str, str], ...]

    @property
    def moment(self) -> datetime:
        return _MIDNIGHT + timedelta(minutes=self.as_of, microseconds=1)

    def rows(self) -> list[dict[str, Any]]:
        start, end = ((_MIDNIGHT + timedelta(hours=each)).isoformat() for each in self.hours)
        rows = [{"distinct_id": who, "properties": {"name": name}} for who, name in self.profiles]
        return loaded(self.mode, start, end, self.version, rows, as_of=self.moment.isoformat())


def model(fetches: list[Fetch]) -> Shown:
    """What must be shown: the newest snapshot, overwritten by each change since, in order."""
    newest: dict[Any, Fetch] = {}
    for fetch in sorted(fetches, key=lambda each: each.version):
        newest[fetch.mode, fetch.hours] = fetch
    live = sorted(newest.values(), key=lambda each: (each.as_of, each.version))
    snapshots = [each for each in live if each.mode == "snapshot"]
    base = snapshots[-1:]
    since = base[0].as_of if base else 0
    changes = [each for each in live if each.mode == "changes" and each.as_of >= since]
    used = sorted(base + changes, key=lambda each: (each.as_of, each.version))
    return {who: (name, each.moment) for each in used for who, name in each.profiles}


def shown(shop: Shop, fetches: list[Fetch]) -> Shown:
    """What the view shows once all of these are loaded."""
    shop.hold("people", [row for fetch in fetches for row in fetch.rows()])
    rows = shop.query(
        "SELECT distinct_id, JSON_VALUE(properties, '$.name'), as_of FROM mixpanel.people"
    )
    people = {who: (name, as_of) for who, name, as_of in rows}
    assert len(people) == len(rows)
    return people


DAY, NEXT_DAY = (0, 24), (24, 48)
SNAPSHOT = Fetch("snapshot", DAY, 10, 100, (("ann", "old"), ("bob", "old")))
NEXT_SNAPSHOT = Fetch("snapshot", NEXT_DAY, 20, 200, (("ann", "new"),))
CHANGE = Fetch("changes", (1, 2), 30, 150, (("ann", "changed"), ("cid", "changed")))

CASES = {
    "nothing": ([], {}),
    "an empty project": ([Fetch("snapshot", DAY, 1, 100, ())], {}),
    "a snapshot": ([SNAPSHOT], {"ann": "old", "bob": "old"}),
    "a deleted profile is gone with the next snapshot": (
        [SNAPSHOT, NEXT_SNAPSHOT],
        {"ann": "new"},
    ),
    "a change after the snapshot": (
        [SNAPSHOT, CHANGE],
        {"ann": "changed", "bob": "old", "cid": "changed"},
    ),
    "a change before the snapshot, loaded after it": ([NEXT_SNAPSHOT, CHANGE], {"ann": "new"}),
    "a change without any snapshot": ([CHANGE], {"ann": "changed", "cid": "changed"}),
    "a change at the moment of the snapshot": (
        [SNAPSHOT, Fetch("changes", (1, 2), 5, 100, (("cid", "changed"),))],
        {"ann": "old", "bob": "old", "cid": "changed"},
    ),
    "an old interval replayed now is the newest state": (
        [SNAPSHOT, NEXT_SNAPSHOT, Fetch("snapshot", DAY, 40, 300, (("dan", "newest"),))],
        {"dan": "newest"},
    ),
    "an old interval of changes replayed now": (
        [CHANGE, NEXT_SNAPSHOT, Fetch("changes", (1, 2), 40, 300, (("cid", "newest"),))],
        {"ann": "new", "cid": "newest"},
    ),
    "a version that is not live counts for nothing": (
        [SNAPSHOT, CHANGE, Fetch("changes", (1, 2), 29, 160, (("eve", "dead"),))],
        {"ann": "changed", "bob": "old", "cid": "changed"},
    ),
    "changes of a day beside its snapshot are another interval": (
        [SNAPSHOT, Fetch("changes", DAY, 30, 150, (("ann", "changed"),))],
        {"ann": "changed", "bob": "old"},
    ),
    "requests of two modes published at the same moment": (
        [
            Fetch("snapshot", DAY, 1, 100, (("bob", "old"), ("ann", "old"))),
            Fetch("changes", DAY, 1, 150, (("ann", "changed"),)),
        ],
        {"ann": "changed", "bob": "old"},
    ),
    "a profile twice in one fetch": (
        [Fetch("snapshot", DAY, 1, 100, (("ann", "first page"), ("ann", "next page")))],
        {"ann": "next page"},
    ),
}


@pytest.mark.parametrize(("fetches", "names"), CASES.values(), ids=CASES)
def test_the_newest_state_of_each_profile_is_shown(
    shop: Shop, fetches: list[Fetch], names: dict[str, str]
) -> None:
    """Newest by the moment of the fetch; the model that judges the property agrees."""
    people = shown(shop, fetches)

    assert names == {who: name for who, (name, _) in people.items()}
    assert model(fetches) == people


def test_columns_are_kept_as_loaded(shop: Shop) -> None:
    """A profile is shown with its own clock and everything Mixpanel sent."""
    profile = {"distinct_id": "ann", "last_seen": "2026-11-21T23:59:59", "properties": {"$x": [1]}}
    rows = loaded(
        "snapshot",
        "2026-11-22T00:00:00Z",
        "2026-11-23T00:00:00Z",
        1,
        [profile, {"distinct_id": "bob"}],
        as_of="2026-11-23T00:15:00Z",
    )
    shop.hold("people", rows)

    as_of = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)
    assert [
        ("ann", datetime.fromisoformat("2026-11-21T23:59:59"), {"$x": [1]}, as_of),
        ("bob", None, None, as_of),
    ] == shop.query("SELECT * FROM mixpanel.people ORDER BY distinct_id")


_profiles = st.lists(
    st.tuples(st.sampled_from(["ann", "bob", "cid"]), st.sampled_from("xyz")), max_size=4
)
_fetches = st.builds(
    Fetch,
    st.sampled_from(["snapshot", "changes"]),
    st.sampled_from([DAY, NEXT_DAY, (24, 36)]),
    st.integers(1, 6),
    st.integers(0, 9),
    _profiles.map(tuple),
)
# An object loads once, and no two fetches are asked for and made at the same microseconds.
histories = st.lists(
    _fetches,
    max_size=8,
    unique_by=(
        lambda each: (each.mode, each.hours, each.version),
        lambda each: (each.as_of, each.version),
    ),
)


@given(fetches=histories)
def test_any_history_shows_what_the_model_says(shop: Shop, fetches: list[Fetch]) -> None:
    """Snapshots, changes, deletions, replays and late loads, in every mixture."""
    assert model(fetches) == shown(shop, fetches)
