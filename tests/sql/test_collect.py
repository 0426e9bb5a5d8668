"""Collecting: superseded rows of events go, and no view shows anything else."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql.histories import DAY, HOUR, MIDNIGHT, event, raw_rows, unordered
from tests.sql.jobs import NOW, Jobs, dated
from tests.sql.model import Load, Row

MICROSECOND = timedelta(microseconds=1)
SHOWN = (
    "SELECT * FROM mixpanel.events",
    "SELECT * FROM mixpanel.events_stable",
    "SELECT * FROM mixpanel.people",
    "SELECT * FROM mixpanel.loads",
    "SELECT * FROM mixpanel.touched_dates",
)
KEYS = "_mode, _interval_start, _interval_end, _version, _line"

# An example is several runs, each of several queries.
_some = settings(max_examples=settings().max_examples // 10)


def version(moment: datetime) -> int:
    """The version of a request of this moment."""
    return int(moment.timestamp() * 1_000_000)


OLD, NEW = version(MIDNIGHT + HOUR), version(MIDNIGHT + 12 * HOUR)


def load(number: int, *rows: Row, hour: int = 0, mode: str = "recent") -> Load:
    """Of a day: then an interval of both modes has the same bounds."""
    start = MIDNIGHT + hour * HOUR
    return Load(mode, start, start + DAY, number, rows)


def at(note: str, time: datetime = MIDNIGHT) -> Row:
    return event(note, time=time, insert_id=None)


def kept(jobs: Jobs) -> list[str]:
    """The notes of the raw rows that are left, without marker rows."""
    rows = jobs.engine.query("SELECT * FROM mixpanel_raw.events WHERE time IS NOT NULL")
    return sorted(row["properties"]["note"] for row in rows)


def markers(jobs: Jobs) -> int:
    rows = jobs.engine.query("SELECT _line FROM mixpanel_raw.events WHERE time IS NULL")
    return len(rows)


def shown(jobs: Jobs) -> list[list[Row]]:
    return [unordered(jobs.engine.query(query)) for query in SHOWN]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([load(OLD, at("a"))], ["a"], id="the only version"),
        pytest.param([load(OLD, at("a")), load(NEW, at("b"))], ["b"], id="an older version"),
        pytest.param([load(NEW, at("b")), load(OLD, at("a"))], ["b"], id="committed later"),
        pytest.param([load(OLD, at("a")), load(NEW)], [], id="the newer has no rows"),
        pytest.param(
            [load(OLD, at("a"), at("b", MIDNIGHT - DAY)), load(NEW, at("c"))],
            ["c"],
            id="of two days",
        ),
        pytest.param(
            [load(OLD, at("a")), load(NEW, at("b"), hour=1)], ["a", "b"], id="of other intervals"
        ),
        pytest.param(
            [load(OLD, at("a")), load(NEW, at("b"), mode="sweep")], ["a", "b"], id="of other modes"
        ),
        pytest.param(
            [load(OLD, at("a")), load(NEW, at("b")), load(OLD, at("c"), mode="sweep")],
            ["b", "c"],
            id="but not that of another mode",
        ),
        pytest.param(
            [load(OLD - 1, at("a")), load(OLD, at("b")), load(NEW, at("c"))], ["c"], id="of three"
        ),
        pytest.param(
            [load(OLD, at("a")), load(version(NOW - 7 * DAY), at("b"))], ["b"], id="a week old"
        ),
        pytest.param(
            [load(OLD, at("a")), load(version(NOW - 7 * DAY + MICROSECOND), at("b"))],
            ["a", "b"],
            id="not yet a week old",
        ),
    ],
)
def test_superseded_rows_go(history: list[Load], expected: list[str], jobs: Jobs) -> None:
    """A week after the request of the version that is live; all other rows and markers stay."""
    jobs.hold(history)
    before = shown(jobs)
    jobs.run("collect")

    assert expected == kept(jobs)
    assert len(history) == markers(jobs)
    assert before == shown(jobs)


def test_a_version_that_does_not_say_its_days_is_kept(jobs: Jobs) -> None:
    """Its rows could only be found by reading the whole table."""
    jobs.engine.hold("events", [*raw_rows(load(OLD, at("a"))), *dated(load(NEW, at("b")))])
    jobs.run("collect")

    assert ["a", "b"] == kept(jobs)


def test_rows_of_people_are_history(jobs: Jobs) -> None:
    """Superseded or not."""
    fetches = [Load("snapshot", MIDNIGHT, MIDNIGHT + DAY, n, (), NOW) for n in (OLD, NEW)]
    jobs.engine.hold("people", [row for each in fetches for row in raw_rows(each)])
    before = jobs.engine.query(f"SELECT {KEYS} FROM mixpanel_raw.people")
    jobs.run("collect")

    assert before == jobs.engine.query(f"SELECT {KEYS} FROM mixpanel_raw.people")


def test_a_second_run_does_nothing(jobs: Jobs) -> None:
    """What is collected is remembered, so its partitions are not read again."""
    jobs.hold([load(OLD, at("a"), at("b")), load(NEW, at("c"))])
    jobs.run("collect")
    ledger = jobs.engine.query("SELECT * FROM mixpanel_raw.collected_dates")
    jobs.engine.now = NOW + DAY
    jobs.run("collect")

    assert ledger == jobs.engine.query("SELECT * FROM mixpanel_raw.collected_dates")
    assert [(MIDNIGHT.date(), OLD, 2, NOW)] == [
        (row["event_date"], row["_version"], row["row_count"], row["collected_at"])
        for row in ledger
    ]


def test_what_is_committed_late_is_collected_next(jobs: Jobs) -> None:
    """An older version of an interval whose day was collected already."""
    history = [load(OLD, at("a")), load(NEW, at("c"))]
    jobs.hold(history)
    jobs.run("collect")
    jobs.hold([load(OLD), load(NEW, at("c")), load(OLD + 1, at("b"))])
    jobs.run("collect")

    assert ["c"] == kept(jobs)


def test_step_by_step_is_the_same(jobs: Jobs) -> None:
    """What is tested between steps is what a script does as a whole."""
    tables = [f"SELECT * FROM mixpanel_raw.{name}" for name in ("events", "collected_dates")]
    history = [load(OLD, at("a", MIDNIGHT - DAY), at("b")), load(NEW, at("c"))]
    jobs.hold(history)
    jobs.run("collect")
    whole = [unordered(jobs.engine.query(rows)) for rows in tables]
    jobs.forget()
    jobs.hold(history)
    assert 4 == sum(1 for _ in jobs.steps("collect"))

    assert whole == [unordered(jobs.engine.query(rows)) for rows in tables]


@pytest.mark.parametrize("steps", range(6))
def test_a_run_that_dies_is_completed(steps: int, jobs: Jobs) -> None:
    """Wherever it dies, the views show what they showed, and the next run does the rest."""
    jobs.hold([load(OLD, at("a", MIDNIGHT - DAY), at("b")), load(NEW, at("c"))])
    before = shown(jobs)
    for _ in islice(jobs.steps("collect"), steps):
        pass
    meanwhile = shown(jobs)
    left = kept(jobs)
    jobs.run("collect")

    assert left in (["a", "b", "c"], ["b", "c"], ["c"])
    assert before == meanwhile == shown(jobs)
    assert ["c"] == kept(jobs)


@pytest.mark.parametrize("steps", range(5))
def test_a_version_that_is_superseded_during_a_run_is_whole(steps: int, jobs: Jobs) -> None:
    """Its rows stay until a run that began after it was superseded."""
    replaced = load(OLD, at("d"), at("e", MIDNIGHT - DAY), hour=1)
    history = [load(OLD, at("a", MIDNIGHT - DAY), at("b")), load(NEW, at("c")), replaced]
    jobs.hold(history)
    run = jobs.steps("collect")
    for _ in islice(run, steps):
        pass
    came = load(NEW, at("f"), hour=1)
    jobs.engine.client.query_and_wait(  # It is committed beside what is there.
        "INSERT INTO mixpanel_raw.events (time, properties, _mode, _interval_start,"
        " _interval_end, _version, _line) SELECT NULL, PARSE_JSON('{\"event_dates\": []}'),"
        f" 'recent', TIMESTAMP '{came.start}', TIMESTAMP '{came.end}', {NEW}, 0"
    )
    for _ in run:
        pass
    left = kept(jobs)
    jobs.run("collect")

    assert left in (["c", "d", "e"], ["c"])
    assert (["c", "d", "e"] == left) or steps == 0
    assert ["c"] == kept(jobs)


_rows = st.lists(
    st.builds(at, st.sampled_from("abc"), st.sampled_from([MIDNIGHT - HOUR, MIDNIGHT])),
    max_size=3,
)
_loads = st.builds(
    lambda number, rows, hour, mode: load(number, *rows, hour=hour, mode=mode),
    st.sampled_from([OLD - 1, OLD, NEW, version(NOW), version(NOW) + 1]),
    _rows,
    st.integers(0, 1),
    st.sampled_from(["recent", "sweep"]),
)
_histories = st.lists(
    _loads, max_size=5, unique_by=lambda each: (each.mode, each.start, each.version)
)


@_some
@given(_histories, st.integers(0, 9))
def test_collecting_shows_nowhere(jobs: Jobs, history: list[Load], steps: int) -> None:
    """After any history, with a run that may die, the views show the same; no dead row is left."""
    jobs.forget()
    jobs.hold(history)
    before = shown(jobs)
    for _ in islice(jobs.steps("collect"), steps):
        pass
    events = unordered(jobs.engine.query(SHOWN[0]))
    jobs.run("collect")

    assert before[0] == events
    assert before == shown(jobs)
    assert len(history) == markers(jobs)
    assert expected(history) == kept(jobs)


def expected(history: list[Load]) -> list[str]:
    """The rows of live versions, and of those whose live version is younger than a week."""
    week = version(NOW - 7 * DAY)
    return sorted(
        row["properties"]["note"]
        for each in history
        for row in each.rows
        if each.is_live(history)
        or not any(
            by.version <= week
            for by in history
            if by.is_live(history)
            and (by.mode, by.start, by.end) == (each.mode, each.start, each.end)
        )
    )
