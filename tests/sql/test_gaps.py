"""What is missing, as an analyst sees it: the planner's own rule, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_export.intervals import DAY, Interval, aligned
from mixpanel_export.messages import Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, RECENT, SERIES, SNAPSHOT, SWEEP, Series
from tests.sql.engines import Engine
from tests.sql.gaps import Gap, Loaded, hold, model, shown

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
EVENTS = {"TABLES": "events", "SWEEP_DAYS": "0", "EXPORT_SINCE": "2026-11-22"}
SWEEPS = {"TABLES": "events", "INTERVAL_MINUTES": "1440", "EXPORT_SINCE": "2026-11-20"}
PEOPLE = {"TABLES": "people", "EXPORT_SINCE": "2026-11-20"}
PEOPLE_CHANGES = PEOPLE | {"PEOPLE_SNAPSHOT_MINUTES": "0", "PEOPLE_CHANGES_MINUTES": "60"}


def at(hour: float, minute: int = 0) -> datetime:
    """A moment, counted from the midnight that most cases begin with."""
    return MIDNIGHT + timedelta(hours=hour, minutes=minute)


def span(
    start: float,
    end: float,
    series: Series = RECENT,
    origin: Origin = "schedule",
    version: int = 1,
) -> Loaded:
    """A version of the interval between these hours."""
    return Loaded(ObjectName(series, Interval(at(start), at(end)), version), origin)


def hours(*starts: int, series: Series = RECENT) -> list[Loaded]:
    """The intervals of one hour that start then."""
    return [span(start, start + 1, series) for start in starts]


def gap(start: float, end: float, due: datetime, series: Series = RECENT) -> Gap:
    """What is missing between these hours."""
    return Gap(series, at(start), at(end), due)


NOW = at(4, 20)


@dataclass(frozen=True)
class Case:
    """What is shown by settings, at a moment, of a ledger."""

    ledger: list[Loaded]
    gaps: list[Gap]
    now: datetime = NOW
    environment: Mapping[str, str] = field(default_factory=lambda: EVENTS)


RECENT_DAYS = [span(-48, -24), span(-24, 0)]

# Intervals of one hour, 15 minutes of settle delay, wanted since midnight; it is 04:20.
CASES = {
    "nothing is loaded": Case([], [gap(0, 4, at(1, 15))]),
    "everything is loaded": Case(hours(0, 1, 2, 3), []),
    "a leading gap": Case(hours(2, 3), [gap(0, 2, at(1, 15))]),
    "a gap between": Case(hours(0, 3), [gap(1, 3, at(2, 15))]),
    "a trailing gap": Case(hours(0, 1), [gap(2, 4, at(3, 15))]),
    "several gaps": Case(hours(1), [gap(0, 1, at(1, 15)), gap(2, 4, at(3, 15))]),
    "what has ended is due when it has settled": Case(hours(0, 1, 2), [], at(4, 14)),
    "and from that moment on": Case(hours(0, 1, 2), [gap(3, 4, at(4, 15))], at(4, 15)),
    "loaded before it is due": Case(hours(0, 1, 2, 3, 4, 5), []),
    "what is not due is no gap before it": Case(hours(0, 1, 2, 3, 6), []),
    "a replayed interval": Case(
        [*hours(0, 2, 3), span(0, 1, RECENT, "replay", 2)], [gap(1, 2, at(2, 15))]
    ),
    "nothing is wanted yet": Case([], [], environment=EVENTS | {"EXPORT_SINCE": "2026-11-23"}),
    "another table is not wanted": Case(hours(0, series=CHANGES), [gap(0, 4, at(1, 15))]),
    "longer intervals before": Case([span(0, 2), *hours(2, 3)], []),
    "longer intervals now": Case(
        hours(0, 1, 2), [gap(3, 4, at(4, 15))], environment=EVENTS | {"INTERVAL_MINUTES": "120"}
    ),
    "lengths that do not fit each other": Case(
        [*hours(0), span(1.5, 3), *hours(3)], [gap(1, 1.5, at(2, 15))]
    ),
    "an interval that holds others": Case([span(0, 4), *hours(1)], []),
    "a day in the midst of hours": Case(
        [span(-24, 0), *hours(0)],
        [gap(-48, -24, at(-47, 15)), gap(1, 4, at(2, 15))],
        environment=EVENTS | {"EXPORT_SINCE": "2026-11-20"},
    ),
    "a backfill on its way is wanted since its oldest day": Case(
        [span(-5, -4, RECENT, "backfill"), *hours(-1, 0, 1, 2, 3)],
        [gap(-24, -5, at(-23, 15)), gap(-4, -1, at(-3, 15))],
    ),
    "also when what it loaded was replayed": Case(
        [
            span(-24, -23, RECENT, "backfill"),
            span(-24, -23, RECENT, "replay", 2),
            *hours(0, 1, 2, 3),
        ],
        [gap(-23, 0, at(-22, 15))],
    ),
    "what was replayed by hand from long ago is not wanted": Case(
        [span(-99, -98, RECENT, "replay"), *hours(0, 1, 2, 3)], []
    ),
    "a sweep is due half a day after its day": Case(
        [*RECENT_DAYS, span(-48, -24, SWEEP)], [], at(11, 59), SWEEPS
    ),
    "and from that moment on, a sweep": Case(
        [*RECENT_DAYS, span(-48, -24, SWEEP)], [gap(-24, 0, at(12), SWEEP)], at(12), SWEEPS
    ),
    "a longer settle delay holds for sweeps": Case(
        RECENT_DAYS,
        [gap(-48, -24, at(-10), SWEEP)],
        at(13),
        SWEEPS | {"SETTLE_MINUTES": "840"},
    ),
    "events of a day are not its sweep": Case(
        RECENT_DAYS, [gap(-48, 0, at(-12), SWEEP)], at(12), SWEEPS
    ),
    "of snapshots only the newest is wanted": Case(
        [], [gap(-24, 0, at(0, 15), SNAPSHOT)], environment=PEOPLE
    ),
    "also if it began before events are wanted": Case(
        [],
        [gap(-24, 0, at(0, 15), SNAPSHOT)],
        environment=PEOPLE | {"EXPORT_SINCE": "2026-11-22"},
    ),
    "it is loaded": Case([span(-24, 0, SNAPSHOT)], [], environment=PEOPLE),
    "an older one does not do": Case(
        [span(-48, -24, SNAPSHOT)], [gap(-24, 0, at(0, 15), SNAPSHOT)], environment=PEOPLE
    ),
    "a snapshot is due when its interval has settled": Case(
        [span(-48, -24, SNAPSHOT)], [], at(0, 14), PEOPLE
    ),
    "changes like events": Case(
        hours(-47, -46, series=CHANGES),
        [gap(-48, -47, at(-47, 15), CHANGES), gap(-45, 4, at(-44, 15), CHANGES)],
        environment=PEOPLE_CHANGES,
    ),
    "changes within the heal horizon": Case(
        hours(2, series=CHANGES),
        [gap(1, 2, at(2, 15), CHANGES), gap(3, 4, at(4, 15), CHANGES)],
        environment=PEOPLE_CHANGES | {"HEAL_HORIZON_HOURS": "4"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_due_and_not_loaded_is_a_gap(engine: Engine, case: Case) -> None:
    """As long as can be, with the moment at which its oldest part was due; the planner agrees."""
    hold(engine, case.ledger)

    assert sorted(case.gaps) == shown(engine, case.environment, case.now)
    assert sorted(case.gaps) == model(case.environment, case.now, case.ledger)


_minutes = st.sampled_from(["15", "30", "60", "90", "120", "360", "480", "720", "1440"])
_environments = st.fixed_dictionaries(
    {
        "TABLES": st.sampled_from(["events", "people", "events,people"]),
        "EXPORT_SINCE": st.sampled_from(["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-25"]),
        "INTERVAL_MINUTES": _minutes,
        "SETTLE_MINUTES": st.sampled_from(["0", "1", "15", "719", "721", "1440"]),
        "SWEEP_DAYS": st.sampled_from(["0", "8", "100"]),
        "PEOPLE_SNAPSHOT_MINUTES": _minutes,
        "PEOPLE_CHANGES_MINUTES": _minutes | st.just("0"),
        "HEAL_HORIZON_HOURS": st.sampled_from(["48", "49", "168"]),
    }
)
# Within four days, which settings above may want or not, often at the very moment of a bound.
_clocks = st.builds(
    lambda hour, seconds, microsecond: (
        at(hour) + timedelta(seconds=seconds, microseconds=microsecond)
    ),
    st.integers(-48, 48),
    st.sampled_from([0, 60, 900, 1799, 3599]),
    st.sampled_from([0, 1, 999_999]),
)


@st.composite
def _loads(draw: st.DrawFn) -> Loaded:
    """Any interval that may have been loaded, of any series and length."""
    series = draw(st.sampled_from(SERIES))
    length = timedelta(minutes=int(draw(_minutes)))
    if series == SWEEP:
        length = DAY
    start = aligned(at(draw(st.integers(-80, 47))), length)
    origins: tuple[Origin, ...] = ("schedule", "backfill", "replay")
    name = ObjectName(series, Interval(start, start + length), draw(st.integers(1, 2)))
    return Loaded(name, draw(st.sampled_from(origins)))


_ledgers = st.lists(_loads(), max_size=25, unique_by=lambda each: each.name)


@given(environment=_environments, now=_clocks, ledger=_ledgers)
def test_gaps_are_what_the_planner_calls_missing(
    googlesql: Engine, environment: dict[str, str], now: datetime, ledger: list[Loaded]
) -> None:
    """Whatever was loaded, by whatever settings, at whatever moment."""
    hold(googlesql, ledger)

    assert model(environment, now, ledger) == shown(googlesql, environment, now)


@settings(max_examples=settings().max_examples // 20)  # It takes a server some time.
@given(environment=_environments, now=_clocks, ledger=_ledgers)
def test_gaps_in_the_emulator_are_the_same(
    emulator: Engine, environment: dict[str, str], now: datetime, ledger: list[Loaded]
) -> None:
    """The same for a few ledgers on the other engine."""
    hold(emulator, ledger)

    assert model(environment, now, ledger) == shown(emulator, environment, now)


def test_the_view_has_the_settings_of_the_deployment(engine: Engine) -> None:
    """Of the default series, all that was due since the first day, and that is it."""
    hold(engine, [])
    engine.now = NOW

    expected = [
        ("events", "recent", at(-504), at(4), at(-503, 15)),
        ("events", "sweep", at(-504), at(-24), at(-468)),
        ("people", "snapshot", at(-24), at(0), at(0, 15)),
    ]
    rows = engine.query("SELECT * FROM mixpanel.gaps ORDER BY table_name, mode")
    assert expected == [tuple(row.values()) for row in rows]


def test_columns_are_named(engine: Engine) -> None:
    """In the order of the documentation."""
    hold(engine, [])

    columns = ["table_name", "mode", "gap_start", "gap_end", "due_since"]
    assert columns == list(engine.query("SELECT * FROM mixpanel.gaps")[0])
