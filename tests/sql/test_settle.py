"""Settling: what `events_settled` has of a day is what `events` shows, or the day is listed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.bundles import ROOT
from tests.sql.histories import DAY, HOUR, MIDNIGHT, event, unordered
from tests.sql.jobs import NOW, Jobs
from tests.sql.model import Load, Row

YESTERDAY, TODAY = MIDNIGHT.date() - timedelta(1), MIDNIGHT.date()
SETTLED = "SELECT * FROM mixpanel.events_settled"
SHOWN = "SELECT * FROM mixpanel.events"

# An example is several runs, each of several queries.
_some = settings(max_examples=settings().max_examples // 20)


def load(version: int, *rows: Row, hour: int = 0, mode: str = "recent") -> Load:
    start = MIDNIGHT + hour * HOUR
    return Load(mode, start, start + (DAY if mode == "sweep" else HOUR), version, rows)


def at(note: str, time: datetime, insert_id: str | None = None) -> Row:
    return event(note, time=time, insert_id=insert_id)


def settled(jobs: Jobs) -> list[str]:
    """The notes of the rows that are settled."""
    return sorted(row["properties"]["note"] for row in jobs.engine.query(SETTLED))


def unsettled(jobs: Jobs) -> dict[date, bool]:
    """The days that are listed, and whether each was settled once."""
    rows = jobs.engine.query("SELECT event_date, settled_at FROM mixpanel.unsettled_dates")
    return {row["event_date"]: row["settled_at"] is not None for row in rows}


def rested(jobs: Jobs) -> None:
    """Let a week pass."""
    assert jobs.engine.now
    jobs.engine.now += 7 * DAY


FIRST, SECOND = at("first", MIDNIGHT - HOUR), at("second", MIDNIGHT)


def test_days_are_settled_as_they_are_shown(jobs: Jobs) -> None:
    """Every column of every row; copies of an event are one."""
    copies = [at("old", MIDNIGHT, "1"), at("new", MIDNIGHT, "1") | {"processing_time": NOW}]
    jobs.hold([load(1, FIRST, *copies)])
    jobs.run("settle")

    assert ["first", "new"] == settled(jobs)
    assert unordered(jobs.engine.query(SHOWN)) == unordered(jobs.engine.query(SETTLED))
    assert {} == unsettled(jobs)


@pytest.mark.parametrize(
    ("now", "done"),
    [
        pytest.param(MIDNIGHT + 8 * DAY, ["first", "second"], id="both ended a week ago"),
        pytest.param(MIDNIGHT + 8 * DAY - HOUR, ["first"], id="an hour before that"),
        pytest.param(MIDNIGHT + 7 * DAY - HOUR, [], id="neither"),
    ],
)
def test_a_day_is_due_a_week_after_its_end(now: datetime, done: list[str], jobs: Jobs) -> None:
    """Until then it is listed as unsettled."""
    jobs.engine.now = now
    jobs.hold([load(1, FIRST, SECOND)])
    jobs.run("settle")

    assert done == settled(jobs)
    assert 2 - len(done) == len(unsettled(jobs))


CHANGES = [
    pytest.param(
        load(5, SECOND, at("late", MIDNIGHT)), ["first", "late", "second"], id="one more"
    ),
    pytest.param(load(5), ["first"], id="its rows are gone"),
    pytest.param(load(5, at("other", MIDNIGHT)), ["first", "other"], id="other rows"),
    pytest.param(
        load(1, at("late", MIDNIGHT), hour=1),
        ["first", "late", "second"],
        id="a load with an older version, committed later",
    ),
    pytest.param(
        load(9, at("late", MIDNIGHT), mode="sweep"), ["first", "late", "second"], id="a sweep"
    ),
]


@pytest.mark.parametrize(("change", "_"), CHANGES)
def test_a_day_that_has_changed_is_listed(change: Load, _: list[str], jobs: Jobs) -> None:
    """At once, and other days are not."""
    history = [load(4, SECOND), load(3, FIRST, hour=-1)]
    jobs.hold(history)
    jobs.run("settle")
    before = unsettled(jobs)
    jobs.hold([*history, change])

    assert {} == before
    assert {TODAY: True} == unsettled(jobs)


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_day_that_has_changed_is_settled_again(
    change: Load, expected: list[str], jobs: Jobs
) -> None:
    """After a week: until then it stays as it was, and listed."""
    history = [load(4, SECOND), load(3, FIRST, hour=-1)]
    jobs.hold(history)
    jobs.run("settle")
    jobs.hold([*history, change])
    jobs.run("settle")
    meanwhile = settled(jobs)
    rested(jobs)
    jobs.run("settle")

    assert ["first", "second"] == meanwhile
    assert unordered(jobs.engine.query(SHOWN)) == unordered(jobs.engine.query(SETTLED))
    assert expected == settled(jobs)
    assert {} == unsettled(jobs)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(load(2, at("never shown", MIDNIGHT)), id="a superseded version"),
        pytest.param(load(4, hour=5), id="no rows"),
    ],
)
def test_what_changes_nothing_unsettles_nothing(change: Load, jobs: Jobs) -> None:
    """A load of which `events` shows no row."""
    jobs.hold([load(3, SECOND)])
    jobs.run("settle")
    jobs.hold([load(3, SECOND), change])

    assert {} == unsettled(jobs)


def test_whoever_reports_can_ask(jobs: Jobs) -> None:
    """The query of docs/sql.md says whether a month is settled."""
    page = (ROOT / "docs" / "sql.md").read_text()
    (query,) = re.findall(r"### events_settled\n.+?```sql\n(.+?)```", page, re.DOTALL)
    of_october = MIDNIGHT - 30 * DAY
    jobs.hold([load(1, at("october", of_october), SECOND)])
    before = jobs.engine.query(query)
    jobs.run("settle")

    assert [{"is_settled": False}] == before
    assert [{"is_settled": True}] == jobs.engine.query(query)


def test_a_second_run_does_nothing(jobs: Jobs) -> None:
    """What is settled is not touched."""
    jobs.hold([load(1, FIRST, SECOND)])
    jobs.run("settle")
    ledger = jobs.engine.query("SELECT * FROM mixpanel.settled_dates ORDER BY event_date")
    rested(jobs)
    jobs.run("settle")

    assert ledger == jobs.engine.query("SELECT * FROM mixpanel.settled_dates ORDER BY event_date")
    assert [NOW, NOW] == [row["settled_at"] for row in ledger]


def test_step_by_step_is_the_same(jobs: Jobs) -> None:
    """What is tested between steps is what a script does as a whole."""
    tables = [SETTLED, "SELECT * FROM mixpanel.settled_dates"]
    jobs.hold([load(1, FIRST, SECOND), load(2, at("third", MIDNIGHT), hour=1)])
    jobs.run("settle")
    whole = [unordered(jobs.engine.query(rows)) for rows in tables]
    jobs.forget()
    assert 4 == sum(1 for _ in jobs.steps("settle"))

    assert whole == [unordered(jobs.engine.query(rows)) for rows in tables]


@pytest.mark.parametrize("steps", range(6))
def test_a_run_that_dies_is_completed(steps: int, jobs: Jobs) -> None:
    """Wherever it dies: a day is settled whole or not at all, and the next run does the rest."""
    jobs.hold([load(1, FIRST, SECOND, at("third", MIDNIGHT))])
    for _ in islice(jobs.steps("settle"), steps):
        pass
    found = settled(jobs)
    listed = unsettled(jobs)
    jobs.run("settle")

    assert found in ([], ["second", "third"], ["first", "second", "third"])
    assert {YESTERDAY: False, TODAY: False}.items() >= listed.items()
    assert ("second" in found, "first" in found) == (TODAY not in listed, YESTERDAY not in listed)
    assert ["first", "second", "third"] == settled(jobs)
    assert {} == unsettled(jobs)


@pytest.mark.parametrize("steps", range(2, 5))
def test_a_load_during_a_run_is_taken_up(steps: int, jobs: Jobs) -> None:
    """Whether or not its rows were seen, its days are listed until they are settled again.

    The first two steps choose the days, each further one settles a day.
    """
    history = [load(1, FIRST, SECOND)]
    jobs.hold(history)
    run = jobs.steps("settle")
    for _ in islice(run, steps):
        pass
    late = load(2, at("late", MIDNIGHT - HOUR), at("later", MIDNIGHT), hour=1)
    jobs.hold([*history, late])
    for _ in run:
        pass
    listed = unsettled(jobs)
    rested(jobs)
    jobs.run("settle")

    assert {YESTERDAY, TODAY} == listed.keys()
    assert ["first", "late", "later", "second"] == settled(jobs)
    assert {} == unsettled(jobs)


_rows = st.lists(
    st.builds(
        at,
        st.sampled_from("abc"),
        st.sampled_from([MIDNIGHT + hours * HOUR for hours in (-25, -24, -1, 0, 23, 24)]),
        st.sampled_from([None, "1", "2"]),
    ),
    max_size=4,
)
_loads = st.builds(
    lambda version, rows, hour, mode: load(version, *rows, hour=hour, mode=mode),
    st.integers(1, 99),
    _rows,
    st.integers(0, 2),
    st.sampled_from(["recent", "sweep"]),
)
_histories = st.lists(
    _loads, max_size=5, unique_by=lambda each: (each.mode, each.start, each.version)
)


@_some
@given(_histories, st.integers(0, 4), st.integers(0, 5), st.booleans())
def test_what_is_not_listed_is_settled_right(
    jobs: Jobs, history: list[Load], count: int, steps: int, is_later: bool
) -> None:
    """After any history, with a run in it that may die, and a week that may pass."""
    jobs.forget()
    jobs.engine.now = NOW + is_later * 7 * DAY
    jobs.hold(history[:count])
    for _ in islice(jobs.steps("settle"), steps):
        pass
    jobs.hold(history)
    expect_right(jobs)
    rested(jobs)
    jobs.run("settle")

    assert set() == expect_right(jobs)


def expect_right(jobs: Jobs) -> set[date]:
    """Of days that are not listed both have the same rows; the days that are listed."""
    listed = unsettled(jobs).keys()
    shown, there = (
        [row for row in jobs.engine.query(rows) if row["time"].date() not in listed]
        for rows in (SHOWN, SETTLED)
    )

    assert unordered(shown) == unordered(there)
    return set(listed)
