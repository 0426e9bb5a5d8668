"""What has become of each interval, and the gaps among them: the planner's own conclusions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval, newest_first
from mixpanel_export.reconciling import Known, Policy, decide
from mixpanel_export.series import RECENT, SNAPSHOT, SWEEP
from mixpanel_export.standings import standings_of
from mixpanel_export_cli.calendar_lines import heading, lines_of
from mixpanel_export_cli.states import Cell, State, gaps_of
from mixpanel_export_cli.surveying import Survey
from tests.cli.pasts import NOW, TODAY, Past, hour

Sample = tuple[Policy, datetime, Known]


def survey_of(past: Past) -> Survey:
    """All intervals as they are now."""
    situation = past.onlooker.look(NOW)
    policy, known = situation.policy, situation.known
    gaps, since = decide(policy, NOW, known).gaps, past.settings.export_since
    return Survey(policy, NOW, known, standings_of(policy, NOW, known, gaps, since))


def cell_of(past: Past, start: int) -> Cell:
    """The interval that starts at this hour of today."""
    cells = survey_of(past).due()
    return next(cell for cell in cells if cell.interval.start == TODAY + start * HOUR)


def _landed(past: Past) -> None:
    past.load(hour(2))
    past.land(hour(3))


def _landed_again(past: Past) -> None:
    past.load(hour(3))
    past.land(hour(3), after=3 * HOUR)
    past.land(hour(3), after=5 * HOUR)


def _replayed(past: Past) -> None:
    past.load(hour(3))
    past.land(hour(3), after=5 * HOUR)


def _replaced(past: Past) -> None:
    past.load(hour(3))
    past.load(hour(3), after=5 * HOUR)


def _older_landed_late(past: Past) -> None:
    past.load(hour(3), after=5 * HOUR)
    past.land(hour(3))


def _other_lengths(past: Past) -> None:
    for minutes in (180, 210):
        start = TODAY + minutes * MINUTE
        past.load(Interval(start, start + 30 * MINUTE))


def _asked(past: Past, ago: timedelta) -> None:
    past.load(hour(2))
    past.ask("heal", ago, hour(3))


def _half(past: Past) -> None:
    past.load(Interval(TODAY + 3 * HOUR, TODAY + 3 * HOUR + 30 * MINUTE))


@pytest.mark.parametrize(
    ("happen", "state", "since"),
    [
        pytest.param(lambda _: None, State.MISSING, "04:15", id="nothing"),
        pytest.param(lambda past: past.load(hour(3)), State.LOADED, None, id="loaded"),
        # Nobody sees it, and that since it was due.
        pytest.param(_landed, State.LANDED, "04:15", id="landed"),
        # The older version shows; the newer one has waited since it landed.
        pytest.param(_replayed, State.LANDED, "09:01", id="a newer version landed"),
        # Fetched again because it is not loaded, it has not begun to wait anew.
        pytest.param(_landed_again, State.LANDED, "07:01", id="two newer versions landed"),
        pytest.param(_replaced, State.REPLACED, None, id="two versions loaded"),
        pytest.param(_older_landed_late, State.LOADED, None, id="an older version landed"),
        pytest.param(lambda past: _asked(past, HOUR), State.ASKED, "04:15", id="asked"),
        # HEAL_AFTER_MINUTES is 180.
        pytest.param(lambda past: _asked(past, 3 * HOUR), State.MISSING, "04:15", id="long ago"),
        pytest.param(_other_lengths, State.LOADED, None, id="in two halves"),
        pytest.param(_half, State.MISSING, "04:15", id="half of it"),
    ],
)
def test_an_interval_is_in_the_state_that_its_past_led_to(
    happen: object, state: State, since: str | None
) -> None:
    """One state for each past, and the moment since which analysts have missed something."""
    past = Past()
    happen(past)  # type: ignore[operator]  # One of the callables above.
    cell = cell_of(past, 3)

    assert (state, since) == (cell.state, cell.since and f"{cell.since:%H:%M}")


def gaps_since(past: Past) -> list[tuple[str, str, str, State]]:
    """The gaps, each with its bounds and since when it is one."""
    return [
        (at(gap.start), at(gap.end), at(gap.since), gap.state)
        for gap in gaps_of(survey_of(past).due())
    ]


def at(moment: datetime) -> str:
    """Day and time, short enough to read."""
    return f"{moment:%d %H:%M}"


def awaited(past: Past) -> list[str]:
    """Where what a backfill has yet to come to begins and ends."""
    cells = [cell for cell in survey_of(past).due() if cell.is_awaited]
    bounds = (cells[-1].interval.start, cells[0].interval.end) if cells else ()
    return [at(moment) for moment in bounds]


def _days(past: Past, *days: int) -> None:
    """Let these days of November have been loaded when they were due."""
    for day in days:
        for start in range(24):
            past.load(hour(start, TODAY.replace(day=day)))


def test_what_is_older_than_everything_is_awaited() -> None:
    """A backfill goes back in time: before the oldest there is, it has yet to come."""
    past = Past(EXPORT_SINCE="2026-11-01")
    _days(past, 20, 21)
    for start in range(10):
        past.load(hour(start))

    assert ["01 00:00", "20 00:00"] == awaited(past)
    assert [("22 10:00", "22 11:00", "22 11:15", State.MISSING)] == gaps_since(past)


def test_a_hole_stays_a_gap_whatever_its_age() -> None:
    """Older than HEAL_HORIZON_HOURS it is asked for as a backfill, and is as late as it is old."""
    past = Past(EXPORT_SINCE="2026-11-01", HEAL_HORIZON_HOURS="48")
    _days(past, 1, *range(3, 22))
    for start in range(11):
        past.load(hour(start))
    past.ask("backfill", HOUR, *(hour(start, TODAY.replace(day=2)) for start in range(24)))

    assert [] == awaited(past)
    assert [("02 00:00", "03 00:00", "02 01:15", State.ASKED)] == gaps_since(past)


def test_as_long_as_there_is_nothing_at_all_nothing_is_awaited() -> None:
    """A deployment that never worked is as late as it is old."""
    past = Past(EXPORT_SINCE="2026-11-21")

    assert [] == awaited(past)
    assert [("21 00:00", "22 11:00", "21 01:15", State.MISSING)] == gaps_since(past)


def test_what_is_asked_for_the_first_time_is_not_late() -> None:
    """As long as nothing is there at all, gaps are as old as the first request for any of them."""
    past = Past(EXPORT_SINCE="2026-11-21")
    past.ask("heal", 2 * HOUR, hour(7), hour(8))
    past.ask("schedule", HOUR, hour(9))

    assert [
        ("22 10:00", "22 11:00", "22 11:15", State.MISSING),
        ("22 07:00", "22 10:00", "22 09:16", State.ASKED),
        ("21 00:00", "22 07:00", "22 09:16", State.MISSING),
    ] == gaps_since(past)


def test_what_is_wished_for_is_awaited_even_then() -> None:
    """It lies before EXPORT_SINCE, so nobody has had it yet."""
    past = Past()
    past.bucket.create("backfill.json", b'{"since": "2026-11-20"}', {})

    assert ["20 00:00", "22 00:00"] == awaited(past)
    assert [("22 00:00", "22 11:00", "22 01:15", State.MISSING)] == gaps_since(past)


def test_what_a_backfill_passes_by_is_a_gap_since_then() -> None:
    """It is not late because its interval is old: until then it was awaited."""
    past = Past(EXPORT_SINCE="2026-11-10")
    _days(past, 21)
    for start in range(11):
        past.load(hour(start))
    past.load(hour(22, TODAY - 2 * DAY), after=NOW - HOUR - hour(23, TODAY - 2 * DAY).start)

    assert ["10 00:00", "20 22:00"] == awaited(past)
    assert [("20 23:00", "21 00:00", "22 10:16", State.MISSING)] == gaps_since(past)


def test_what_landed_of_a_backfill_is_a_gap_since_then() -> None:
    """Once it has landed, it should be loaded."""
    past = Past(EXPORT_SINCE="2026-10-01")
    october = datetime(2026, 10, 1, tzinfo=TODAY.tzinfo)
    past.land(hour(0, october), after=NOW - october - 2 * HOUR)

    *_, oldest = survey_of(past).due()

    assert (State.LANDED, NOW - HOUR, False) == (oldest.state, oldest.since, oldest.is_awaited)


def test_a_gap_is_never_younger_than_nothing() -> None:
    """What landed after the moment that is looked at, or by a clock that is ahead."""
    past = Past()
    past.load(hour(10))
    past.land(hour(10), after=NOW + HOUR - hour(11).start)

    [gap] = [gap for gap in gaps_of(survey_of(past).due()) if gap.state == State.LANDED]
    assert 0 * HOUR == gap.age(NOW)


@pytest.mark.parametrize(
    ("minutes", "count", "label", "width"),
    [
        (1440, 3, "2026-11-22", 1),
        (60, 3, "2026-11-22", 24),
        (30, 3, "2026-11-22", 48),
        (16, 6, "2026-11-22 00:00", 45),
        (15, 6, "2026-11-22 00:00", 48),
        (5, 18, "2026-11-22 00:00", 48),
        (1, 72, "2026-11-22 00:00", 60),
    ],
)
def test_a_line_holds_no_more_than_60_intervals(
    minutes: int, count: int, label: str, width: int
) -> None:
    """A day is cut into equal lines, in order of time, under the newest day first."""
    cells = [
        Cell(RECENT, interval, State.LOADED)
        for interval in newest_first(TODAY - 2 * DAY, TODAY + DAY, minutes * MINUTE)
    ]
    lines = list(lines_of(cells))

    assert (count, label) == (len(lines), lines[0].label)
    assert {width} == {len(line.text) for line in lines}
    shown = [cell.interval.start for line in lines for cell in line.cells]
    assert sorted(shown, key=lambda start: (-start.toordinal(), start)) == shown


def test_a_calendar_shows_one_mark_an_interval() -> None:
    """Every state has a mark of its own, readable without colour."""
    past = Past()
    for start in (0, 1, 2):
        past.load(hour(start))
    past.load(hour(2), after=2 * HOUR)
    past.land(hour(4))
    past.ask("heal", HOUR, hour(5))
    lines = lines_of(list(survey_of(past).days(RECENT, 2)))

    assert [
        ("2026-11-22", "##RXLaXXXXX............."),  # X marks a missing interval.
        ("2026-11-21", "------------------------"),
    ] == [(line.label, line.text) for line in lines]
    assert "events, one mark for 1 h, UTC" == heading(RECENT, HOUR)
    assert "people snapshot, one mark for 90 min, UTC" == heading(SNAPSHOT, 90 * MINUTE)


def test_people_of_the_past_are_not_wanted() -> None:
    """A snapshot that was missed cannot be had any more, and is no gap; one that was had shows."""
    past = Past(TABLES="events,people", EXPORT_SINCE="2026-11-01")
    past.load(Interval(TODAY - 3 * DAY, TODAY - 2 * DAY), SNAPSHOT)
    survey = survey_of(past)

    assert [".", "X", "-", "#", "-"] == [
        line.text for line in lines_of(list(survey.days(SNAPSHOT, 5)))
    ]
    assert [(State.MISSING, False)] == [
        (cell.state, cell.is_awaited) for cell in survey.due() if cell.series == SNAPSHOT
    ]


def test_a_day_that_settles_is_not_due_yet() -> None:
    """A sweep waits for half a day, and is not late before it could have been there."""
    past = Past(SWEEP_DAYS="100", EXPORT_SINCE="2026-11-20")
    survey = survey_of(past)

    assert ["..X-"] == ["".join(line.text for line in lines_of(list(survey.days(SWEEP, 4))))]
    assert [TODAY - DAY + 12 * HOUR] == [
        cell.since for cell in survey.due() if cell.series == SWEEP
    ]
