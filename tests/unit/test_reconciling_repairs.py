"""What is fetched a second time, and what is loaded again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import Landed
from mixpanel_export.plans import Fate
from mixpanel_export.reconciling import decide
from mixpanel_export.series import RECENT, SERIES, SWEEP
from tests.unit.reconciling_rig import (
    NEWEST,
    NOW,
    POLICY,
    hours_ago,
    known,
    landed,
    plan,
)


class TestSecondLook:
    """Each interval is looked at again a day after its end, once."""

    POLICY = replace(POLICY, since=NEWEST.start - 6 * DAY, verify_after=DAY)
    OLD = hours_ago(30)
    EARLY, LATE = OLD.end + HOUR / 4, OLD.end + DAY

    def looks(self, **parts: Any) -> list[Interval]:
        wanted = decide(self.POLICY, NOW, known(**parts)).wanted
        return [request.interval for request in wanted if request.origin == "verify"]

    @pytest.mark.parametrize("record", ["landed", "loaded"])
    def test_an_early_fetch_needs_one(self, record: str) -> None:
        """Whether the object is still there does not matter."""
        early = landed(self.OLD, self.EARLY)

        assert [self.OLD] == self.looks(**{record: [early if record == "landed" else early.name]})

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
        parts = {"landed": []} | evidence(self)
        parts["landed"] = [landed(self.OLD, self.EARLY), *parts["landed"]]

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
        looks = self.looks(landed=[landed(interval, interval.end)])

        assert is_looked_at == (interval in looks)

    def test_it_is_not_taken_beyond_the_heal_horizon(self) -> None:
        """After a week of failure it is given up."""
        policy = replace(self.POLICY, since=NEWEST.start - 30 * DAY, heal_horizon=2 * DAY)
        old = hours_ago(50)

        wanted = decide(policy, NOW, known(landed=[landed(old, old.end)])).wanted

        assert "verify" not in {request.origin for request in wanted}

    def test_only_events_are_looked_at_again(self) -> None:
        """People are as of the fetch, and a sweep comes late anyway."""
        parts = [landed(self.OLD, self.EARLY, series) for series in SERIES if series != RECENT]

        assert [] == self.looks(landed=parts)

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
            pytest.param(NOW - HOUR + MINUTE, "published", False, id="a young announcement"),
            pytest.param(NOW - HOUR, "published", True, id="it grew old"),
            pytest.param(NOW - MINUTE, "abandoned", True, id="it was not published"),
        ],
    )
    def test_an_announcement_is_not_repeated_while_it_is_young(
        self, at: datetime, fate: Fate, is_repeated: bool
    ) -> None:
        """The loader needs its time."""
        one = landed(NEWEST, NOW - 5 * HOUR)
        plans = [plan(at=at, reloads=[one.name.path], fate=fate)]

        assert is_repeated == bool(self.reloads(landed=[one], plans=plans))

    def test_the_same_interval_of_two_series_is_two(self) -> None:
        """A day of events and the sweep of that day have the same bounds."""
        day = Interval(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
        recent, sweep = (landed(day, NOW - 2 * HOUR, series) for series in (RECENT, SWEEP))

        assert [sweep] == self.reloads(landed=[recent, sweep], loaded=[recent.name])
