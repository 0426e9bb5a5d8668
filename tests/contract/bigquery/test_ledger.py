"""The ledger as the planner reads it: production code against the view of loads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.bigquery import BigQueryEmulator
from mixpanel_export.errors import ExportError, Setup, Transient
from mixpanel_export.intervals import DAY, MINUTE, Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from mixpanel_export.warehouse import Ledger
from tests.contract.bigquery.shop import Shop
from tests.sql.raw_rows import loaded

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
TODAY = Interval(MIDNIGHT, MIDNIGHT + DAY)
FIRST_HOUR = Interval(MIDNIGHT, MIDNIGHT + HOUR)


@pytest.fixture(name="ledger")
def _ledger(shop: Shop, service: BigQueryEmulator) -> Iterator[Ledger]:
    for table in ("events", "people"):
        shop.hold(table, [])
    yield Ledger(shop.client, "mixpanel", "EU")
    service.faults.clear()


def hold(shop: Shop, *names: ObjectName) -> None:
    """Let these be loaded, each with its marker row alone."""
    for table in ("events", "people"):
        own = [name for name in names if name.series.table == table]
        shop.hold(table, [row for name in own for row in marker(name.series, name)])


def marker(series: Series, name: ObjectName) -> list[dict[str, Any]]:
    start, end = (each.isoformat() for each in (name.interval.start, name.interval.end))
    return loaded(series.mode, start, end, name.version, [])


def test_every_version_of_every_series_is_loaded(shop: Shop, ledger: Ledger) -> None:
    """Also versions that are not live any more; equal bounds in another series are another."""
    names = [
        ObjectName(RECENT, FIRST_HOUR, 1),
        ObjectName(RECENT, FIRST_HOUR, 1795348800123456),
        ObjectName(RECENT, TODAY, 3),
        ObjectName(SWEEP, TODAY, 3),
        ObjectName(SNAPSHOT, TODAY, 4),
        ObjectName(CHANGES, TODAY, 4),
    ]
    hold(shop, *names)

    assert sorted(names) == sorted(ledger.loaded(MIDNIGHT))


def test_an_empty_ledger_holds_nothing(ledger: Ledger) -> None:
    """Before the first load there are views, but no rows."""
    assert [] == ledger.loaded(MIDNIGHT)


def test_the_first_moment_belongs_to_the_range(shop: Shop, ledger: Ledger) -> None:
    """An interval counts by its start, to the microsecond; there is no last moment."""
    later = Interval(MIDNIGHT + 400 * DAY, MIDNIGHT + 400 * DAY + HOUR)
    hold(shop, ObjectName(RECENT, FIRST_HOUR, 1), ObjectName(RECENT, later, 2))

    assert [1, 2] == sorted(name.version for name in ledger.loaded(MIDNIGHT))
    after = MIDNIGHT + timedelta(microseconds=1)
    assert [2] == [name.version for name in ledger.loaded(after)]


def test_what_this_release_does_not_know_is_left_out(shop: Shop, ledger: Ledger) -> None:
    """A mode of a later release, or an interval that is none, hides nothing else."""
    start, end, odd = ((MIDNIGHT + n * MINUTE).isoformat() for n in (0, 60, 7))
    known = ObjectName(RECENT, FIRST_HOUR, 1)
    shop.hold(
        "events",
        [
            *marker(RECENT, known),
            *loaded("hourly", start, end, 2, []),
            *loaded("recent", start, odd, 3, []),
            *loaded("snapshot", start, end, 4, []),
        ],
    )

    assert [known] == ledger.loaded(MIDNIGHT)


def test_a_ledger_of_many_pages_is_read_whole(shop: Shop, ledger: Ledger) -> None:
    """More than a year of hours and more than one page of an answer."""
    starts = [MIDNIGHT + n * MINUTE for n in range(10_001)]
    names = [ObjectName(RECENT, Interval(start, start + MINUTE), 1) for start in starts]
    hold(shop, *names)

    assert set(names) == set(ledger.loaded(MIDNIGHT))


@pytest.mark.parametrize(
    ("dataset", "location"),
    [
        pytest.param("nothing", "EU", id="no such dataset"),
        pytest.param("mixpanel_raw", "EU", id="no such view"),
        pytest.param("mixpanel", "US", id="another location"),
    ],
)
def test_a_ledger_that_is_not_there_is_a_matter_of_setup(
    shop: Shop, dataset: str, location: str
) -> None:
    """A person must create it or correct the setting."""
    with pytest.raises(Setup, match="reading the ledger was refused"):
        Ledger(shop.client, dataset, location).loaded(MIDNIGHT)


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (403, "accessDenied", Setup),
        (400, "invalidQuery", Setup),
        (403, "quotaExceeded", Transient),
    ],
)
def test_a_refusal_is_not_tried_again_in_the_same_tick(
    ledger: Ledger, service: BigQueryEmulator, status: int, reason: str, error: type[ExportError]
) -> None:
    """The next tick asks again."""
    match = {"operation": "jobs.query"}
    service.faults.add("error", status=status, reason=reason, match=match)

    with pytest.raises(error, match="reading the ledger"):
        ledger.loaded(MIDNIGHT)
    assert [] == ledger.loaded(MIDNIGHT)


def test_a_server_error_is_tried_again(
    shop: Shop, ledger: Ledger, service: BigQueryEmulator
) -> None:
    """Google's own retry is the inner loop."""
    hold(shop, ObjectName(RECENT, FIRST_HOUR, 1))
    service.faults.add("error", status=503, match={"operation": "jobs.query"})

    assert [ObjectName(RECENT, FIRST_HOUR, 1)] == ledger.loaded(MIDNIGHT)
