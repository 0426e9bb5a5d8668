"""Which gaps are asked for, in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval, aligned, newest_first
from mixpanel_export.messages import ExportRequest
from mixpanel_export.plans import Fate
from mixpanel_export.reconciling import decide
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP
from tests.strategies import LENGTHS
from tests.unit.reconciling_rig import (
    NEWEST,
    NOTHING,
    NOW,
    POLICY,
    asked,
    hours_ago,
    known,
    landed,
    plan,
)


def test_everything_since_the_first_day_that_has_settled_is_asked_for_newest_first() -> None:
    """With nothing known, all of it is missing."""
    assert [("22 10:00", "schedule"), ("22 09:00", "heal"), ("22 08:00", "heal")] == asked(
        decide(POLICY, NOW, NOTHING)
    )


@pytest.mark.parametrize(
    ("minute", "newest"),
    [
        pytest.param(14, "22 09:00", id="one minute before it has settled"),
        pytest.param(15, "22 10:00", id="at the moment it has settled"),
    ],
)
def test_an_interval_is_due_once_it_has_settled(minute: int, newest: str) -> None:
    """Rows become visible late, so the interval is not asked for earlier."""
    assert newest == asked(decide(POLICY, NOW.replace(minute=minute), NOTHING))[0][0]


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param({"landed": [landed(hours_ago(1))]}, id="landed"),
        pytest.param({"loaded": [landed(hours_ago(1)).name]}, id="loaded, its object long gone"),
        pytest.param(
            {"plans": [plan(ExportRequest(RECENT, hours_ago(1), "heal"))]}, id="asked for just now"
        ),
    ],
)
def test_what_is_there_or_on_its_way_is_not_asked_for(evidence: dict[str, Any]) -> None:
    """Any of the three records is enough."""
    assert ["22 10:00", "22 08:00"] == [
        start for start, _ in asked(decide(POLICY, NOW, known(**evidence)))
    ]


@pytest.mark.parametrize(
    ("at", "fate", "is_asked"),
    [
        pytest.param(NOW - 3 * HOUR + MINUTE, "published", False, id="a young request"),
        pytest.param(NOW - 3 * HOUR, "published", True, id="it grew old"),
        pytest.param(NOW - MINUTE, "abandoned", True, id="it was not published"),
        pytest.param(NOW - MINUTE, "open", True, id="its planner died"),
        pytest.param(NOW + 2 * HOUR, "published", False, id="a clock was two hours ahead"),
        pytest.param(NOW + DAY, "published", True, id="a clock was a day ahead"),
    ],
)
def test_a_request_is_not_repeated_while_it_is_young(
    at: datetime, fate: Fate, is_asked: bool
) -> None:
    """Pub/Sub itself delivers it again for about three hours."""
    plans = [plan(ExportRequest(RECENT, NEWEST, "schedule"), at=at, fate=fate)]

    assert is_asked == (("22 10:00", "schedule") in asked(decide(POLICY, NOW, known(plans=plans))))


def test_a_gap_that_was_asked_for_is_still_a_gap() -> None:
    """An operator wants to see it until it has landed."""
    plans = [plan(ExportRequest(RECENT, NEWEST, "schedule"))]

    decision = decide(POLICY, NOW, known(plans=plans))

    assert NEWEST in [gap.interval for gap in decision.gaps]
    assert NEWEST not in [request.interval for request in decision.wanted]


@pytest.mark.parametrize(
    ("ended_ago", "origin"),
    [
        pytest.param(DAY, "heal", id="yesterday"),
        pytest.param(7 * DAY - HOUR, "heal", id="within the horizon"),
        pytest.param(7 * DAY, "backfill", id="beyond it"),
    ],
)
def test_beyond_the_heal_horizon_a_gap_is_a_backfill(ended_ago: timedelta, origin: str) -> None:
    """What analysts look at comes before what nobody has missed for a week."""
    now = NOW.replace(minute=0)
    policy = replace(POLICY, since=now - 30 * DAY)
    start = now - ended_ago - HOUR

    origins = {
        request.interval.start: request.origin for request in decide(policy, now, NOTHING).gaps
    }

    assert origin == origins[start]


def test_with_short_intervals_all_of_the_last_hour_comes_on_schedule() -> None:
    """A tick an hour asks for twelve intervals of five minutes, all of them live."""
    policy = replace(POLICY, lengths={RECENT: 5 * MINUTE})

    origins = Counter(request.origin for request in decide(policy, NOW, NOTHING).wanted)

    assert 12 == origins["schedule"]


def test_urgency_goes_before_age() -> None:
    """Live traffic, then second looks, then gaps, then the past; the newest first in each."""
    policy = replace(POLICY, since=NEWEST.end - 8 * DAY, heal_horizon=2 * DAY, verify_after=DAY)
    old = hours_ago(30)
    early = landed(old, at=old.end + HOUR / 4)

    wanted = decide(policy, NOW, known(landed=[early], loaded=[early.name])).wanted
    origins = [request.origin for request in wanted]

    assert sorted(origins, key=["schedule", "verify", "heal", "backfill"].index) == origins
    assert {"schedule": 1, "verify": 1} == {
        origin: origins.count(origin) for origin in ("schedule", "verify")
    }
    healed = [request.interval.end for request in wanted if request.origin == "heal"]
    assert sorted(healed, reverse=True) == healed


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        pytest.param(NOW, "20", id="in the morning"),
        pytest.param(NOW.replace(hour=12, minute=0), "21", id="at noon"),
    ],
)
def test_the_newest_sweep_comes_on_schedule(now: datetime, newest: str) -> None:
    """It becomes due at noon of the day after, and is the newest until the next one does."""
    policy = replace(POLICY, lengths={SWEEP: DAY}, since=NOW.replace(hour=0, minute=0) - 5 * DAY)

    first, *older = asked(decide(policy, now, NOTHING))

    assert (f"{newest} 00:00", "schedule") == first
    assert {"heal"} == {origin for _, origin in older}


class TestPeople:
    """People are always as of now."""

    POLICY = replace(POLICY, lengths={SNAPSHOT: DAY, CHANGES: HOUR}, heal_horizon=3 * HOUR)

    def test_only_the_newest_snapshot_is_wanted(self) -> None:
        """Also before the first day, so that a new pipeline has people at once."""
        wanted = decide(self.POLICY, NOW, NOTHING).wanted
        snapshots = [request for request in wanted if request.series == SNAPSHOT]

        midnight = NOW.replace(hour=0, minute=0)
        expected = ExportRequest(SNAPSHOT, Interval(midnight - DAY, midnight), "schedule")
        assert [expected] == snapshots

    def test_changes_are_healed_within_the_horizon_only(self) -> None:
        """Beyond it a snapshot has long replaced them."""
        policy = replace(self.POLICY, since=NOW - 30 * DAY)

        wanted = decide(policy, NOW, NOTHING).wanted

        assert ["22 10:00", "22 09:00"] == [
            f"{request.interval.start:%d %H:%M}" for request in wanted if request.series == CHANGES
        ]


@given(
    st.sampled_from(LENGTHS),
    st.sampled_from(LENGTHS),
    st.sets(st.integers(0, 60)),
    st.integers(0, 13 * 60).map(lambda minutes: NOW + minutes * MINUTE),
)
def test_after_a_change_of_length_all_is_covered_once(
    before: timedelta, after: timedelta, missing: set[int], now: datetime
) -> None:
    """What landed with another length counts: every minute ends up in exactly one interval."""
    midnight = NOW.replace(hour=0, minute=0)
    policy = replace(POLICY, lengths={RECENT: after}, since=midnight)
    watermark = now - policy.settle
    there = [
        interval
        for n, interval in enumerate(newest_first(policy.since, watermark, before))
        if n not in missing
    ]

    gaps = decide(policy, now, known(landed=[landed(interval) for interval in there])).gaps

    tiles = sorted([*there, *(gap.interval for gap in gaps)])
    assert not any(one.overlaps(other) for one, other in pairwise(tiles))
    end = aligned(watermark, after)
    holes = [one for one, other in pairwise(tiles) if one.end < min(other.start, end)]
    assert [] == holes
    assert end == policy.since or end <= tiles[-1].end
