"""Which requests a replay makes, and when they have arrived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, HOUR, Interval
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, RECENT, SERIES, SNAPSHOT, SWEEP, TABLES, Series
from mixpanel_export.settings import PlannerSettings
from mixpanel_export_cli.replaying import Arrival, length_of, requests_of
from mixpanel_export_cli.tables import Mode, Table, series_of
from tests.cli.outputs import PLANNER

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EIGHT = Interval.parse("2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z")
NINE = Interval(EIGHT.end, EIGHT.end + HOUR)


class FakeLedger:
    """What is loaded; it may grow."""

    def __init__(self, *loaded: ObjectName) -> None:
        self.names = list(loaded)

    def loaded(self, since: datetime) -> list[ObjectName]:
        return [name for name in self.names if name.interval.start >= since]


def starts(requests: list[ExportRequest]) -> list[str]:
    return [f"{request.interval.start:%d %H:%M}" for request in requests]


def test_whole_intervals_newest_first() -> None:
    """Intervals that the range cuts are left out."""
    since, until = NOON - timedelta(hours=3, minutes=30), NOON - timedelta(minutes=1)
    requests = requests_of(RECENT, since, until, HOUR, NOON)

    assert ["22 10:00", "22 09:00"] == starts(requests)
    assert {(RECENT, "replay")} == {(one.series, one.origin) for one in requests}


def test_what_is_not_over_is_left_out() -> None:
    """The fetcher would park a request for an interval that has not ended."""
    requests = requests_of(RECENT, NOON - 2 * HOUR, NOON + DAY, HOUR, NOON + HOUR / 2)

    assert ["22 11:00", "22 10:00"] == starts(requests)


def test_one_snapshot_is_enough() -> None:
    """Each snapshot is of now, so a range of days needs one; of changes each is asked for."""
    since = NOON - 10 * DAY

    assert ["21 00:00"] == starts(requests_of(SNAPSHOT, since, NOON, DAY, NOON))
    assert 9 == len(requests_of(CHANGES, since, NOON, DAY, NOON))


@pytest.mark.parametrize(
    ("since", "until"),
    [(NOON, NOON), (NOON, NOON - DAY), (NOON - HOUR / 2, NOON), (NOON + DAY, NOON + 2 * DAY)],
    ids=["empty", "inverted", "half an hour", "future"],
)
def test_a_range_without_interval_is_refused(since: datetime, until: datetime) -> None:
    """It says how long an interval is."""
    with pytest.raises(Setup, match=r"no whole interval of 60 minutes .* move START and END"):
        requests_of(RECENT, since, until, HOUR, NOON)


def test_the_years_before_1970_are_refused() -> None:
    """There is no interval, and no traceback."""
    before = datetime(1969, 12, 31, tzinfo=UTC)

    with pytest.raises(Setup, match="before 1970"):
        requests_of(RECENT, before, before + DAY, HOUR, NOON)


@pytest.mark.parametrize(
    ("table", "mode", "series"),
    [
        (Table.EVENTS, None, RECENT),
        (Table.EVENTS, Mode.SWEEP, SWEEP),
        (Table.PEOPLE, None, SNAPSHOT),
        (Table.PEOPLE, Mode.CHANGES, CHANGES),
    ],
)
def test_series(table: Table, mode: Mode | None, series: Series) -> None:
    """People without a mode are a snapshot."""
    assert series == series_of(table, mode)


def test_every_table_and_mode_can_be_named() -> None:
    """A new series cannot be forgotten here."""
    assert {series.table for series in SERIES} == set(Table) == set(TABLES)
    assert {series.mode for series in SERIES} == set(Mode)


def test_a_mode_of_another_table_is_refused() -> None:
    """It says which modes there are."""
    with pytest.raises(Setup, match="unknown mode 'snapshot': known are recent, sweep"):
        series_of(Table.EVENTS, Mode.SNAPSHOT)


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_length_as_configured(series: Series) -> None:
    """Each series has intervals of its own length in the deployment."""
    on = PLANNER | {"INTERVAL_MINUTES": "30", "PEOPLE_CHANGES_MINUTES": "360"}
    lengths = {RECENT: HOUR / 2, SWEEP: DAY, SNAPSHOT: DAY, CHANGES: 6 * HOUR}

    assert lengths[series] == length_of(series, PlannerSettings.from_env(on))


@pytest.mark.parametrize(
    ("series", "variable"),
    [(SWEEP, "SWEEP_DAYS"), (SNAPSHOT, "PEOPLE_SNAPSHOT_MINUTES")],
    ids=["sweep", "snapshot"],
)
def test_a_series_that_is_off_is_refused(series: Series, variable: str) -> None:
    """The fetcher would refuse it, or nobody would read it."""
    off = PLANNER | {variable: "0", "PEOPLE_CHANGES_MINUTES": "60"}

    with pytest.raises(Setup, match=f"{series} is off in this deployment"):
        length_of(series, PlannerSettings.from_env(off))


def test_arrival_waits_for_newer_versions() -> None:
    """A version that was loaded before does not count, nor one of another series."""
    requests = [ExportRequest(RECENT, each, "replay") for each in (NINE, EIGHT)]
    ledger = FakeLedger(ObjectName(RECENT, EIGHT, 5), ObjectName(RECENT, EIGHT, 3))
    arrival = Arrival.after(ledger, requests)
    waited_for = [arrival.missing()]
    for name in (
        ObjectName(SWEEP, EIGHT, 9),
        ObjectName(RECENT, EIGHT, 4),
        ObjectName(RECENT, NINE, 1),
        ObjectName(RECENT, EIGHT, 6),
    ):
        ledger.names.append(name)
        waited_for.append(arrival.missing())

    assert [2, 2, 2, 1, 0] == [len(missing) for missing in waited_for]
    assert [requests[1]] == waited_for[3]
