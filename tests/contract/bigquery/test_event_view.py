"""The view of events over two series: each event once, whichever series brought it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.bigquery.shop import Shop, loaded

_MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
_DAY, _NEXT_DAY = _MIDNIGHT.isoformat(), (_MIDNIGHT + timedelta(days=1)).isoformat()


@dataclass(frozen=True)
class Event:
    """What Mixpanel processed `hour` hours into the day and happened `age` days before it.

    Equal events with an insert id are copies of one event, those without are events of their own.
    """

    name: str
    hour: int
    age: int
    insert_id: str | None

    @property
    def is_swept(self) -> bool:
        return self.age > 6

    def row(self) -> dict[str, Any]:
        time = _MIDNIGHT - timedelta(days=self.age)
        processed = _MIDNIGHT + timedelta(hours=self.hour)
        return {
            "time": time.isoformat(),
            "event_name": self.name,
            "distinct_id": "ann",
            "insert_id": self.insert_id,
            "processing_time": processed.isoformat(),
        }


def shown(shop: Shop, rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """Names and insert ids of the events that the view shows, with how often."""
    shop.hold("events", rows)
    return Counter(shop.query("SELECT event_name, insert_id FROM mixpanel.events"))


def pair(mode: str, version: int, *names: str) -> list[dict[str, Any]]:
    rows = [Event(name, 1, 0, None).row() for name in names]
    return loaded(mode, _DAY, _NEXT_DAY, version, rows)


@pytest.mark.parametrize(("recent", "sweep"), list(product([0, 1, 2], repeat=2)))
def test_a_day_of_recent_events_and_its_sweep_keep_both(
    shop: Shop, recent: int, sweep: int
) -> None:
    """Of the same bounds in two modes each has its own newest version, and hides none other's."""
    rows = [
        row
        for mode, versions in (("recent", recent), ("sweep", sweep))
        for version in range(1, versions + 1)
        for row in pair(mode, version, f"{mode} {version}", f"{mode} {version}")
    ]

    expected = Counter[tuple[Any, ...]]()
    for name in ([f"recent {recent}"] if recent else []) + ([f"sweep {sweep}"] if sweep else []):
        expected[name, None] = 2
    assert expected == shown(shop, rows)


@pytest.mark.parametrize("sweep_version", [1, 2, 3])
def test_a_version_counts_within_its_mode(shop: Shop, sweep_version: int) -> None:
    """Whether the sweep was asked before, with or after the interval makes no difference."""
    rows = pair("recent", 2, "recent") + pair("sweep", sweep_version, "swept")

    assert Counter({("recent", None): 1, ("swept", None): 1}) == shown(shop, rows)


_events = st.builds(
    Event,
    st.sampled_from("xy"),
    st.integers(0, 23),
    st.sampled_from([0, 3, 6, 7, 90]),
    st.sampled_from([None, "1", "2"]),
)


@given(
    events=st.lists(_events, max_size=8),
    dead=st.lists(_events, max_size=3),
    hours=st.sampled_from([24, 12, 8]),
    is_replayed=st.booleans(),
)
def test_sweep_and_recent_show_each_event_once(
    shop: Shop, events: list[Event], dead: list[Event], hours: int, *, is_replayed: bool
) -> None:
    """Whatever the length of the intervals; rows of versions that were replaced are not shown."""
    spans = [("recent", hour, hour + hours) for hour in range(0, 24, hours)] + [("sweep", 0, 24)]
    rows = []
    for mode, first, end in spans:
        start, until = ((_MIDNIGHT + timedelta(hours=each)).isoformat() for each in (first, end))
        own = [
            event.row()
            for event in events
            if event.is_swept == (mode == "sweep") and first <= event.hour < end
        ]
        if is_replayed:
            rows += loaded(mode, start, until, 1, [event.row() for event in dead])
        rows += loaded(mode, start, until, 2, own)

    anonymous = [event for event in events if event.insert_id is None]
    keyed = {(each.name, each.age, each.insert_id) for each in events if each.insert_id}
    expected = Counter[tuple[Any, ...]]((each.name, None) for each in anonymous)
    expected.update((name, insert_id) for name, _, insert_id in keyed)
    assert expected == shown(shop, rows)
