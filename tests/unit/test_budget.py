"""How much of what is wanted may be asked of Mixpanel this hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.intervals import DAY, HOUR, MINUTE
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import Landed
from mixpanel_export.plans import Fate, Plan
from mixpanel_export.reconciling import decide
from mixpanel_export.series import RECENT, SERIES, SNAPSHOT
from tests.unit.reconciling_rig import (
    NEWEST,
    NOW,
    POLICY,
    hours_ago,
    known,
    landed,
    plan,
)


class TestBudget:
    """Each API family has its own, and what comes on schedule is never deprived."""

    POLICY = replace(POLICY, since=NEWEST.end - 3 * DAY, requests_per_hour=10)

    def spent(self, n: int, at: datetime = NOW - HOUR / 2, **kind: Any) -> Plan:
        origin = kind.get("origin", "heal")
        requests = [ExportRequest(RECENT, hours_ago(n + 500), origin) for n in range(n)]
        return plan(*requests, at=at, fate=kind.get("fate", "published"))

    @pytest.mark.parametrize(
        ("plans", "scheduled", "others"),
        [
            # Of ten an hour one is kept for what becomes due within the hour.
            pytest.param([], 1, 9, id="nothing was spent"),
            pytest.param([("heal", 4)], 1, 5, id="some was spent on gaps"),
            pytest.param([("heal", 9)], 1, 0, id="all but the reserve was spent"),
            pytest.param([("schedule", 4)], 1, 5, id="live traffic took more than its part"),
            pytest.param([("schedule", 10)], 0, 0, id="all was spent"),
            pytest.param([("heal", 9), ("schedule", 1)], 0, 0, id="all was spent, on both"),
        ],
    )
    def test_what_is_left_is_asked_for(
        self, plans: list[tuple[str, int]], scheduled: int, others: int
    ) -> None:
        """Of a rolling hour."""
        spent = [self.spent(n, origin=origin) for origin, n in plans]

        origins = Counter(r.origin for r in decide(self.POLICY, NOW, known(plans=spent)).requests)

        assert {"schedule": scheduled, "heal": others} == {
            origin: origins[origin] for origin in ("schedule", "heal")
        }

    @pytest.mark.parametrize("fate", ["published", "abandoned", "open"])
    @pytest.mark.parametrize(
        ("ago", "made_late", "left"),
        [
            pytest.param(54 * MINUTE, MINUTE * 0, 0, id="within the hour"),
            pytest.param(55 * MINUTE, MINUTE * 0, 10, id="an hour ago, with some jitter"),
            pytest.param(HOUR, 55 * MINUTE, 0, id="an hour ago, and retried till now"),
            pytest.param(HOUR, 2 * DAY, 10, id="for a moment long past"),
        ],
    )
    def test_what_was_asked_for_within_the_hour_is_spent(
        self, ago: timedelta, made_late: timedelta, left: int, fate: Fate
    ) -> None:
        """Whatever became of the plan: some of its requests may have been published."""
        made = self.spent(10, NOW - ago, fate=fate)
        plans = [replace(made, made_at=made.at + made_late)]

        assert left == len(decide(self.POLICY, NOW, known(plans=plans)).requests)

    def test_families_do_not_share(self) -> None:
        """Mixpanel counts exports and queries apart."""
        policy = replace(self.POLICY, lengths={RECENT: HOUR, SNAPSHOT: DAY})
        spent = [self.spent(10, origin="schedule")]

        requests = decide(policy, NOW, known(plans=spent)).requests

        assert [SNAPSHOT] == [request.series for request in requests]

    def test_the_list_shrinks_from_tick_to_tick(self) -> None:
        """Three days of gaps, ten an hour: what was asked for once is not asked for again."""
        plans: list[Plan] = []
        there: list[Landed] = []
        for hour in range(9):
            now = NOW + hour * HOUR
            requests = decide(self.POLICY, now, known(landed=there, plans=plans)).requests
            plans.append(plan(*requests, at=now))
            there += [landed(request.interval, now) for request in requests]

        assert {10} == {len(made.requests) for made in plans[:7]}
        assert () == decide(self.POLICY, NOW + 9 * HOUR, known(landed=there)).gaps[1:]
        assert len(there) == len({one.name.interval for one in there}) == 72 + 8


@given(st.data())
def test_no_decision_ever_breaks_the_budget_or_repeats_itself(data: st.DataObject) -> None:
    """However often it is called, and whatever for."""
    lengths = data.draw(
        st.dictionaries(
            st.sampled_from(SERIES), st.sampled_from([HOUR, 6 * HOUR, DAY]), min_size=1
        )
    )
    policy = replace(
        POLICY,
        lengths=lengths,
        since=NOW - data.draw(st.integers(1, 5)) * DAY,
        verify_after=data.draw(st.sampled_from([None, DAY])),
        requests_per_hour=data.draw(st.integers(6, 30)),
    )
    now: datetime = NOW
    plans: list[Plan] = []
    for _ in range(data.draw(st.integers(1, 6))):
        now += data.draw(st.sampled_from([timedelta(0), MINUTE, HOUR / 2, HOUR]))
        decision = decide(policy, now, known(plans=plans))
        plans.append(plan(*decision.requests, at=now))
        window = [made for made in plans if abs(now - made.at) < HOUR]
        for family in ("export", "query"):
            made = [r for one in window for r in one.requests if r.series.family == family]
            assert policy.requests_per_hour >= len(made)
            assert len(made) == len(set(made))
        assert set(decision.requests) <= set(decision.wanted)
        assert {w for w in decision.wanted if w.origin != "verify"} <= set(decision.gaps)
