"""What holds for every past that a deployment may have.

Apart from the tests with servers: a Google client that is still retrying in some thread draws from
the random state that Hypothesis watches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.freshness import freshness_of
from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval, newest_first
from mixpanel_export.planning import Situation
from mixpanel_export.reconciling import Known, Policy, decide, due, wanted_since
from mixpanel_export.series import RECENT, SWEEP, Series
from mixpanel_export.standings import Standings, standings_of
from mixpanel_export_cli.assessing import DeadLetterCount, View, assess
from mixpanel_export_cli.forecast import Queue, progress_of
from mixpanel_export_cli.previewing import preview
from mixpanel_export_cli.states import Cell, State, gaps_of
from mixpanel_export_cli.status_json import as_json
from mixpanel_export_cli.surveying import Survey
from tests.cli.pasts import NOW, Past, pasts, project, situations

Sample = tuple[Policy, datetime, Known]


def cells_of(sample: Sample) -> list[Cell]:
    """Every interval that is due."""
    return list(survey_of(sample).due())


def standings(sample: Sample) -> dict[Series, Standings]:
    """How every interval stands."""
    policy, now, known = sample
    gaps = decide(policy, now, known).gaps
    return standings_of(policy, now, known, gaps, policy.since)


def survey_of(sample: Sample) -> Survey:
    """The survey of all intervals."""
    policy, now, known = sample
    return Survey(policy, now, known, standings(sample))


@given(situations())
def test_every_due_interval_is_in_exactly_one_state(sample: Sample) -> None:
    """The survey has each interval that is due once, newest first."""
    policy, now, _ = sample
    cells = cells_of(sample)

    expected = [(series, one) for series in policy.lengths for one in due(policy, series, now)]
    assert expected == [(cell.series, cell.interval) for cell in cells]


@given(situations())
def test_a_calendar_has_every_interval_of_its_days(sample: Sample) -> None:
    """Whole days, each interval once, and the due ones as the survey of what is due has them."""
    policy, now, _ = sample
    survey = survey_of(sample)
    due_cells = set(survey.due())

    for series, length in policy.lengths.items():
        cells = list(survey.days(series, 5))
        midnight = now.replace(hour=0, minute=0) + DAY
        assert list(newest_first(midnight - 5 * DAY, midnight, length)) == [
            cell.interval for cell in cells
        ]
        assert {cell for cell in due_cells if cell.series == series} <= set(cells)
        since = wanted_since(policy, series, now)
        assert all(
            cell.state == (State.PENDING if cell.interval.start >= since else State.UNWANTED)
            for cell in cells
            if cell not in due_cells and not cell.is_visible
        )


@given(situations())
def test_a_gap_begins_when_its_interval_becomes_due(sample: Sample) -> None:
    """As the planner has it; later only where a backfill passed it by, or a version waits."""
    policy, now, known = sample
    archived = replace(known, landed=[], loaded=[replace(one, version=1) for one in known.loaded])

    for cell in cells_of((policy, now, archived)):
        if cell.since and cell.series in (RECENT, SWEEP):
            assert cell.interval == next(due(policy, cell.series, cell.since))
            assert cell.interval != next(due(policy, cell.series, cell.since - MINUTE), None)


@given(situations())
def test_the_planner_finds_the_same_gaps(sample: Sample) -> None:
    """Missing is what the planner finds missing; landed is what it would announce again."""
    policy, now, known = sample
    decision = decide(policy, now, known)
    cells = cells_of(sample)

    missing = {cell for cell in cells if cell.state in (State.MISSING, State.ASKED)}
    assert missing == {
        cell
        for cell in cells
        if any(
            gap.series == cell.series and gap.interval.overlaps(cell.interval)
            for gap in decision.gaps
        )
    }
    assert {cell for cell in cells if cell.state == State.LANDED} == {
        cell
        for cell in set(cells) - missing
        if any(
            landed.name.series == cell.series and landed.name.interval.overlaps(cell.interval)
            for landed in decision.unloaded
        )
    }


@given(situations())
def test_gaps_hold_every_interval_that_is_one_once(sample: Sample) -> None:
    """Gaps are cut where state, series or time break, and nowhere else."""
    policy, now, _ = sample
    cells = [cell for cell in cells_of(sample) if cell.since]
    gaps = gaps_of(cells)

    held = [
        (gap.series, interval, gap.state)
        for gap in gaps
        for interval in newest_first(gap.start, gap.end, policy.lengths[gap.series])
    ]
    assert [(cell.series, cell.interval, cell.state) for cell in cells] == held
    assert len(cells) == sum(gap.intervals for gap in gaps)
    assert all(gap.since <= now for gap in gaps)
    neighbours = Counter((gap.series, gap.state, gap.start) for gap in gaps)
    assert not any(neighbours[gap.series, gap.state, gap.end] for gap in gaps)


@given(situations())
def test_what_is_awaited_is_older_than_all_there_is(sample: Sample) -> None:
    """Of each series it is one stretch, at its old end; a hole is never awaited."""
    policy, now, known = sample
    cells = cells_of(sample)

    for series in policy.lengths:
        of_series = [cell for cell in cells if cell.series == series]
        count = sum(cell.is_awaited for cell in of_series)
        assert all(cell.is_awaited for cell in of_series[len(of_series) - count :])
        there = [
            name.interval.start
            for name in (*(landed.name for landed in known.landed), *known.loaded)
            if name.series == series
        ]
        first = min(there, default=now - 9 * DAY)
        assert all(cell.interval.start < first for cell in of_series if cell.is_awaited)


def complete_until(cells: list[Cell], now: datetime, loaded: list[Interval]) -> datetime | None:
    """Up to where one can go from the oldest interval without meeting one that nobody sees."""
    oldest = cells[-1].interval.start if cells else now
    until = max((interval.end for interval in loaded if interval.end <= oldest), default=None)
    for cell in reversed(cells):
        if not (cell.is_visible or cell.is_awaited):
            break
        until = cell.interval.end if cell.is_visible else until
    return until


@given(situations())
def test_freshness_is_what_all_intervals_come_to(sample: Sample) -> None:
    """The planner looks at the gaps alone, and says what one sees who looks at everything."""
    policy, now, known = sample
    cells = cells_of(sample)
    found = list(freshness_of(standings(sample), now))

    assert list(policy.lengths) == [fresh.series for fresh in found]
    for fresh in found:
        of_series = [cell for cell in cells if cell.series == fresh.series]
        loaded = [name.interval for name in known.loaded if name.series == fresh.series]
        ages = [gap.age(now) for gap in gaps_of(of_series)]
        assert complete_until(of_series, now, loaded) == fresh.complete_until
        assert max(ages, default=timedelta(0)) == fresh.gap_age
        assert max((one.end for one in loaded), default=None) == fresh.loaded_until
        if loaded:
            assert now - max(one.end for one in loaded) == fresh.age
        else:
            lateness = [now - cell.interval.end for cell in of_series]
            assert timedelta(0) <= fresh.age <= max(lateness, default=timedelta(0))


@given(pasts())
def test_the_planners_lines_are_what_status_says(past: Past) -> None:
    """Right after a tick: of each series how far it is loaded, its oldest gap, and the budget."""
    planned, *lines = past.tick()
    situation = past.onlooker.look(NOW)
    none, view = DeadLetterCount(0), View(1, 6 * HOUR)
    status = as_json(assess(situation, past.settings.export_since, NOW, none, view))

    ages = {
        series: [gap["age_seconds"] for gap in status["gaps"] if identity(gap) == series]
        for series in map(identity, status["freshness"])
    }
    assert [
        (*identity(fresh), fresh["newest_until"], fresh["complete_until"], max(old, default=0))
        for fresh, old in zip(status["freshness"], ages.values(), strict=True)
    ] == [
        (*identity(line), line["loaded_until"], line["complete_until"], line["gap_seconds"])
        for line in lines
    ]
    assert [fresh["newest_age_seconds"] for fresh in status["freshness"]] == [
        line["age_seconds"] if line["loaded_until"] else None for line in lines
    ]
    assert {each["family"]: (each["planned"], each["limit"]) for each in status["budget"]} == {
        family: (planned[f"{family}_spent"], planned["requests_per_hour"])
        for family in ("export", "query")
    }


def identity(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The series of a line, or of a part of the status."""
    return entry["table"], entry["mode"]


@given(situations())
def test_progress_adds_up(sample: Sample) -> None:
    """Nothing is counted twice, 100 % means everything, and no estimate is negative."""
    policy, now, known = sample
    progress = progress_of(policy, cells_of(sample), decide(policy, now, known))

    assert progress.open >= 0
    assert progress.awaited >= progress.under_way
    assert progress.wanted == progress.loaded + progress.awaited + progress.open
    assert 0 <= progress.percent <= 100
    assert (progress.percent == 100) == (progress.loaded == progress.wanted)
    assert progress.lasts >= timedelta(0)
    assert progress.awaited or not any(queue.waiting for queue in progress.queues)


@given(st.integers(0, 10**6), st.integers(0, 60), st.integers(0, 60), st.integers(1, 60))
def test_more_requests_never_last_shorter(
    waiting: int, ahead: int, at_once: int, per_hour: int
) -> None:
    """An estimate grows with what waits."""
    less, more = (
        Queue("export", count, ahead, at_once, per_hour).lasts for count in (waiting, waiting + 1)
    )

    assert less <= more <= less + (ahead + 1) * HOUR


@given(situations())
def test_a_preview_is_what_the_planner_decides(sample: Sample) -> None:
    """Every request is made or waits, and costs add up within the budget."""
    policy, now, known = sample
    seen = preview(Situation(policy, known, 1), project(), now)
    decision = decide(policy, now, known)

    assert list(decision.requests) == [call.request for call in seen.calls]
    assert sorted(decision.wanted, key=repr) == sorted(
        [*(call.request for call in seen.calls), *seen.waiting], key=repr
    )
    assert len(seen.calls) == sum(cost.asked for cost in seen.costs)
    assert len(seen.waiting) == sum(cost.waiting for cost in seen.costs)
    assert all(cost.asked == 0 or cost.spent + cost.asked <= cost.limit for cost in seen.costs)
