"""What holds for every past that a deployment may have.

Apart from the tests with servers: a Google client that is still retrying in some thread draws from
the random state that Hypothesis watches.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.intervals import DAY, HOUR, newest_first
from mixpanel_export.planning import Situation
from mixpanel_export.reconciling import Known, Policy, decide, due
from mixpanel_export_cli.forecast import Queue, progress_of
from mixpanel_export_cli.gaps import gaps_of
from mixpanel_export_cli.previewing import preview
from mixpanel_export_cli.states import IS_GAP, State, Survey
from tests.cli.pasts import project, situations

Sample = tuple[Policy, datetime, Known]


@given(situations())
def test_every_due_interval_is_in_exactly_one_state(sample: Sample) -> None:
    """The survey has each interval that is due once, newest first."""
    policy, now, known = sample
    cells = list(Survey(policy, now, known).due())

    expected = [(series, one) for series in policy.lengths for one in due(policy, series, now)]
    assert expected == [(cell.series, cell.interval) for cell in cells]


@given(situations())
def test_a_calendar_has_every_interval_of_its_days(sample: Sample) -> None:
    """Whole days, each interval once, and the due ones as the survey of what is due has them."""
    policy, now, known = sample
    survey = Survey(policy, now, known)
    due_cells = set(survey.due())

    for series, length in policy.lengths.items():
        cells = list(survey.days(series, 5))
        midnight = now.replace(hour=0, minute=0) + DAY
        assert list(newest_first(midnight - 5 * DAY, midnight, length)) == [
            cell.interval for cell in cells
        ]
        assert {cell for cell in due_cells if cell.series == series} <= set(cells)
        late = {State.PENDING} | IS_GAP
        others = [cell for cell in cells if cell not in due_cells]
        assert all(
            (cell.state == State.PENDING) == (cell.interval.end > now - policy.settle)
            for cell in others
            if cell.state in late
        )


@given(situations())
def test_the_planner_finds_the_same_gaps(sample: Sample) -> None:
    """Missing is what the planner finds missing; landed is what it would announce again."""
    policy, now, known = sample
    decision = decide(policy, now, known)
    cells = list(Survey(policy, now, known).due())

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
            for landed in decision.reloads
        )
    }


@given(situations())
def test_gaps_hold_every_interval_that_is_one_once(sample: Sample) -> None:
    """Gaps are cut where state, series or time break, and nowhere else."""
    policy, now, known = sample
    cells = [cell for cell in Survey(policy, now, known).due() if cell.state in IS_GAP]
    gaps = gaps_of(cells)

    held = [
        (gap.series, interval, gap.state)
        for gap in gaps
        for interval in newest_first(gap.start, gap.end, policy.lengths[gap.series])
    ]
    assert [(cell.series, cell.interval, cell.state) for cell in cells] == held
    assert len(cells) == sum(gap.intervals for gap in gaps)
    assert all(gap.since <= now and gap.age(now) >= 0 * HOUR for gap in gaps)
    neighbours = Counter((gap.series, gap.state, gap.is_backfill, gap.start) for gap in gaps)
    assert not any(neighbours[gap.series, gap.state, gap.is_backfill, gap.end] for gap in gaps)


@given(situations())
def test_progress_adds_up(sample: Sample) -> None:
    """Nothing is counted twice, 100 % means everything, and no estimate is negative."""
    policy, now, known = sample
    progress = progress_of(policy, Survey(policy, now, known).due(), decide(policy, now, known))

    assert 0 <= progress.loaded <= progress.loaded + progress.landed + progress.under_way
    assert progress.left >= progress.landed + progress.under_way
    assert 0 <= progress.percent <= 100
    assert (progress.percent == 100) == (progress.left == 0)
    assert progress.lasts is None or progress.lasts >= timedelta(0)


@given(st.integers(0, 10**6), st.integers(0, 60))
def test_more_requests_never_last_shorter(waiting: int, per_hour: int) -> None:
    """An estimate grows with what waits."""
    less, more = (Queue("export", count, per_hour).lasts for count in (waiting, waiting + 1))

    assert more is None or (less is not None and less < more)


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
