"""What is fetched a second time, and what is loaded again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import Landed
from mixpanel_export.plans import Fate, Plan
from mixpanel_export.reconciling import decide
from mixpanel_export.series import CHANGES, RECENT, SERIES, SNAPSHOT, SWEEP, Series
from tests.unit.reconciling_rig import (
    NEWEST,
    NOW,
    POLICY,
    hours_ago,
    known,
    landed,
    plan,
)

YESTERDAY = Interval(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
THE_DAY_BEFORE = Interval(YESTERDAY.start - DAY, YESTERDAY.start)


class TestSecondLook:
    """Each interval is looked at again a day after its end, once."""

    POLICY = replace(POLICY, since=NEWEST.start - 6 * DAY, verify_after=DAY)
    OLD = hours_ago(30)
    EARLY, LATE = OLD.end + HOUR / 4, OLD.end + DAY

    def looks(self, **parts: Any) -> list[Interval]:
        wanted = decide(self.POLICY, NOW, known(**parts)).wanted
        return [request.interval for request in wanted if request.origin == "verify"]

    @pytest.mark.parametrize("record", ["both", "loaded"])
    def test_an_early_fetch_needs_one(self, record: str) -> None:
        """Whether the object is still there does not matter."""
        early = landed(self.OLD, self.EARLY)
        parts = {"landed": [early], "loaded": [early.name]}
        if record == "loaded":
            del parts["landed"]

        assert [self.OLD] == self.looks(**parts)

    @pytest.mark.parametrize(
        "evidence",
        [
            pytest.param(lambda s: {"landed": [landed(s.OLD, s.LATE)]}, id="a corrected version"),
            pytest.param(lambda s: {"loaded": [landed(s.OLD, s.LATE).name]}, id="a late heal"),
            pytest.param(
                lambda s: {"confirmed": [landed(s.OLD, s.LATE).name]}, id="nothing was new"
            ),
            pytest.param(
                lambda s: {"plans": [plan(ExportRequest(RECENT, s.OLD, "verify"))]}, id="asked"
            ),
        ],
    )
    def test_one_is_enough(self, evidence: Any) -> None:
        """Any fetch that late was a second look."""
        early = landed(self.OLD, self.EARLY)
        parts = {"landed": [], "loaded": []} | evidence(self)
        parts["landed"] = [early, *parts["landed"]]
        parts["loaded"] = [early.name, *parts["loaded"]]

        assert [] == self.looks(**parts)

    @pytest.mark.parametrize(
        ("interval", "is_looked_at"),
        [
            pytest.param(hours_ago(23), False, id="younger than a day"),
            pytest.param(hours_ago(24), True, id="a day old"),
            pytest.param(hours_ago(7 * 24 - 1), False, id="before the first day"),
        ],
    )
    def test_it_is_taken_a_day_after_the_end(self, interval: Interval, is_looked_at: bool) -> None:
        """Not earlier, and not of what was never wanted."""
        one = landed(interval, interval.end)
        looks = self.looks(landed=[one], loaded=[one.name])

        assert is_looked_at == (interval in looks)

    def test_it_is_not_taken_beyond_the_heal_horizon(self) -> None:
        """After a week of failure it is given up."""
        policy = replace(self.POLICY, since=NEWEST.start - 30 * DAY, heal_horizon=2 * DAY)
        old = hours_ago(50)

        parts = known(loaded=[landed(old, old.end).name])
        wanted = decide(policy, NOW, parts).wanted

        assert "verify" not in {request.origin for request in wanted}

    def test_only_events_are_looked_at_again(self) -> None:
        """People are as of the fetch, and a sweep comes late anyway."""
        parts = [landed(self.OLD, self.EARLY, series) for series in SERIES if series != RECENT]

        assert [] == self.looks(landed=parts)

    def test_what_has_to_be_fetched_again_anyway_needs_none(self) -> None:
        """One request for one interval."""
        wanted = decide(self.POLICY, NOW, known(landed=[landed(self.OLD, self.EARLY)])).wanted

        assert ["replay"] == [each.origin for each in wanted if each.interval == self.OLD]

    def test_it_can_be_turned_off(self) -> None:
        """Then nothing is fetched twice."""
        policy = replace(self.POLICY, verify_after=None)
        parts = known(landed=[landed(self.OLD, self.EARLY)])

        assert "verify" not in {request.origin for request in decide(policy, NOW, parts).wanted}


class TestReload:
    """What has landed and is not loaded is announced again."""

    def reloads(self, now: datetime = NOW, **parts: Any) -> list[Landed]:
        return list(decide(POLICY, now, known(**parts)).reloads)

    @pytest.mark.parametrize(
        ("ago", "is_late"),
        [
            pytest.param(HOUR - MINUTE, False, id="it may still be loading"),
            pytest.param(HOUR, True, id="late"),
        ],
    )
    def test_it_waits_for_the_notification_first(self, ago: timedelta, is_late: bool) -> None:
        """The bucket announces each object itself."""
        one = landed(NEWEST, NOW - ago)

        assert ([one] if is_late else []) == self.reloads(landed=[one])

    def test_the_newest_version_is_loaded(self) -> None:
        """An older one would not show."""
        old, new = landed(NEWEST, NOW - 3 * HOUR), landed(NEWEST, NOW - 2 * HOUR)

        assert [new] == self.reloads(landed=[new, old])

    @pytest.mark.parametrize(
        ("loaded_ago", "is_behind"),
        [
            pytest.param(2, False, id="this version"),
            pytest.param(1, False, id="a newer one"),
            pytest.param(3, True, id="an older one: a replay failed to load"),
        ],
    )
    def test_a_version_is_loaded_when_it_or_a_newer_one_is(
        self, loaded_ago: int, is_behind: bool
    ) -> None:
        """Only what would show is worth a load job."""
        one, other = landed(NEWEST, NOW - 2 * HOUR), landed(NEWEST, NOW - loaded_ago * HOUR)

        assert is_behind == bool(self.reloads(landed=[one], loaded=[other.name]))

    @pytest.mark.parametrize(
        ("at", "fate", "is_repeated"),
        [
            # It landed five hours ago: announcements are due after 1, 2 and 4 hours.
            pytest.param(NOW - HOUR + MINUTE, "published", False, id="since it was due"),
            pytest.param(NOW - HOUR, "published", False, id="when it was due"),
            pytest.param(NOW - HOUR - MINUTE, "published", True, id="before it was due"),
            pytest.param(NOW - MINUTE, "abandoned", True, id="in vain"),
            pytest.param(NOW - MINUTE, "open", True, id="by a planner that died"),
        ],
    )
    def test_the_wait_for_another_announcement_doubles(
        self, at: datetime, fate: Fate, is_repeated: bool
    ) -> None:
        """What always fails must not cost a load job and a dead letter every hour."""
        one = landed(NEWEST, NOW - 5 * HOUR)
        plans = [plan(at=at, reloads=[one.name.path], fate=fate)]

        assert is_repeated == bool(self.reloads(landed=[one], plans=plans))

    def test_after_a_day_in_vain_the_interval_is_fetched_again(self) -> None:
        """A new version has job ids of its own, and rows that may be better."""
        one = landed(NEWEST, NOW - DAY)

        decision = decide(POLICY, NOW, known(landed=[one]))

        assert ((one,), ()) == (decision.unloaded, decision.reloads)
        assert ExportRequest(RECENT, NEWEST, "replay") in decision.requests

    def test_how_often_an_object_that_never_loads_is_tried(self) -> None:
        """Five announcements a day, then one export for another object."""
        there, tries = [landed(NEWEST, NOW)], []
        plans: list[Plan] = []
        for hour in range(73):
            now = NOW + hour * HOUR
            policy = replace(POLICY, since=NEWEST.start, lengths={RECENT: HOUR})
            loaded = [landed(hours_ago(-n - 1)).name for n in range(hour)]
            decision = decide(policy, now, known(landed=there, loaded=loaded, plans=plans))
            plans.append(
                plan(*decision.requests, at=now, reloads=[r.name.path for r in decision.reloads])
            )
            tries += [hour] * len(decision.reloads)
            if ExportRequest(RECENT, NEWEST, "replay") in decision.requests:
                there.append(landed(NEWEST, now))
                tries.append(-hour)

        day = [1, 2, 4, 8, 16]
        again = [[*(day_hour + start for day_hour in day), -start - 24] for start in (0, 24, 48)]
        assert [each for tries_of_a_day in again for each in tries_of_a_day] == tries

    @pytest.mark.parametrize(
        ("series", "interval", "is_wanted"),
        [
            pytest.param(RECENT, hours_ago(2), True, id="since the first day"),
            pytest.param(RECENT, hours_ago(3), False, id="before it"),
            pytest.param(SNAPSHOT, YESTERDAY, True, id="the newest snapshot"),
            pytest.param(SNAPSHOT, THE_DAY_BEFORE, False, id="an older one"),
            pytest.param(CHANGES, hours_ago(2), True, id="recent changes"),
            pytest.param(CHANGES, hours_ago(30), False, id="changes beyond the heal horizon"),
            pytest.param(SWEEP, YESTERDAY, False, id="a series that is off"),
        ],
    )
    def test_only_what_is_wanted_is_loaded_again(
        self, series: Series, interval: Interval, is_wanted: bool
    ) -> None:
        """Of people the past is not, whose partitions expire, and would be loaded for ever."""
        lengths = {RECENT: HOUR, SNAPSHOT: DAY, CHANGES: HOUR}
        since = POLICY.since if series == RECENT else NOW - 90 * DAY
        policy = replace(POLICY, lengths=lengths, since=since, heal_horizon=DAY)
        one = landed(interval, NOW - 2 * HOUR, series)

        assert is_wanted == bool(decide(policy, NOW, known(landed=[one])).reloads)

    def test_a_tick_announces_the_newest_sixty(self) -> None:
        """After a long outage BigQuery's own quota must last."""
        policy = replace(POLICY, since=NOW - 90 * DAY)
        there = [landed(hours_ago(n), NOW - 2 * HOUR) for n in range(100)]

        reloads = decide(policy, NOW, known(landed=there)).reloads

        assert [hours_ago(n) for n in range(60)] == [one.name.interval for one in reloads]

    def test_the_same_interval_of_two_series_is_two(self) -> None:
        """A day of events and the sweep of that day have the same bounds."""
        day = YESTERDAY
        policy = replace(POLICY, lengths={RECENT: HOUR, SWEEP: DAY}, since=day.start)
        recent, sweep = (landed(day, NOW - 2 * HOUR, series) for series in (RECENT, SWEEP))
        parts = known(landed=[recent, sweep], loaded=[recent.name])

        assert (sweep,) == decide(policy, NOW, parts).reloads
