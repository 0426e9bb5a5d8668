"""The fetcher and sweeps: what the hours of a day leave out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mixpanel_export.errors import Poison
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT, SWEEP
from tests.fakes.exporter import event_line
from tests.unit.fetching_rig import CLOSED, FIRST, HOUR, INTERVAL, NAME, START, Fetch


@pytest.fixture(name="fetch")
def _fetch() -> Fetch:
    return Fetch()


@pytest.mark.parametrize("origin", ["schedule", "replay"])
@pytest.mark.parametrize(
    "interval",
    [INTERVAL, Interval(START - 8 * HOUR, START + 4 * HOUR)],
    ids=["an hour", "half a day"],
)
def test_a_sweep_of_less_than_a_day_is_poison(
    fetch: Fetch, origin: Origin, interval: Interval
) -> None:
    """Two sweeps of one day would hold the same rows; it says what to ask for."""
    fetch.clock.move(24 * 3600)

    with pytest.raises(Poison, match="a sweep is of a whole day, not of"):
        fetch.deliver(origin, interval, SWEEP)
    assert [] == fetch.journal.entries


def test_what_no_wait_can_help_is_parked_at_once(fetch: Fetch) -> None:
    """Also when it ends in a moment, and everything else would be delivered again."""
    fetch.clock.move(-20 * 60 - 1)

    with pytest.raises(Poison, match="a sweep is of a whole day, not of"):
        fetch.deliver("schedule", INTERVAL, SWEEP)
    assert [] == fetch.journal.entries


def test_a_sweep_lands_what_its_hours_leave_out(fetch: Fetch) -> None:
    """Its rows are those of a series of its own, beside the hours of its day."""
    fetch.clock.move(24 * 3600)
    fetch.has_landed()
    fetch.has_landed(series=RECENT, interval=Interval(START - HOUR, START))
    old = event_line(INTERVAL, "old", time=INTERVAL.start_ms - 50 * 24 * 3_600_000)
    fetch.body = [FIRST + old]
    day = Interval(START.replace(hour=0), START.replace(hour=0) + timedelta(days=1))
    path = ObjectName(SWEEP, day, NAME.version).path

    fetch.deliver("schedule", day, SWEEP)

    assert [
        "listed events/sweep/date=2026-11-22/ to 2026-11-22",
        f"asked Mixpanel for events sweep {day}",
        f"wrote {path}",
        f"committed {path}",
        CLOSED,
        "INFO retrieved: retrieved: 1 records",
        "INFO late_data: late data: 1 records, 6+ days late",
    ] == fetch.journal.entries
    assert [("old", "sweep"), (None, "sweep")] == [
        (row["insert_id"], row["_mode"]) for row in fetch.rows(path)
    ]
    assert ("sweep", 1) == (fetch.journal.lines[0]["mode"], fetch.journal.lines[0]["outside"])
