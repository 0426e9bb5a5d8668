"""The export bucket's small doors, through Google's client: listing, reading, creating."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from local.storage import StorageEmulator
from mixpanel_export.errors import Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.series import CHANGES, RECENT, SERIES, SWEEP, Series
from mixpanel_export.storage import ExportBucket

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def name(day: int = 0, series: Series = RECENT, version: int = 1) -> ObjectName:
    start = NOON + day * DAY
    return ObjectName(series, Interval(start, start + timedelta(hours=1)), version)


@pytest.fixture(name="exports")
def _exports(client: Any, bucket: Any) -> ExportBucket:
    return ExportBucket(client, bucket.name)


@pytest.fixture(name="land")
def _land(bucket: Any) -> Any:
    def land(path: str, **metadata: str) -> None:
        blob = bucket.blob(path)
        blob.metadata = metadata
        blob.upload_from_string(b"rows")

    return land


def test_a_landed_version_tells_when_and_what(exports: ExportBucket, land: Any) -> None:
    """Listing gives all that the planner compares; no object is opened."""
    before = datetime.now(UTC)
    land(name().path, row_count="3", digest="d4")

    (landed,) = exports.landed(RECENT, date(2026, 11, 21), date(2026, 11, 21))

    assert Landed(name(), landed.landed_at, 3, "d4") == landed
    assert timedelta(0) <= landed.landed_at - before < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        pytest.param(20, 23, [-1, 0, 1, 2], id="all"),
        pytest.param(21, 22, [0, 1], id="both ends included"),
        pytest.param(21, 21, [0], id="one day"),
        pytest.param(24, 30, [], id="none"),
    ],
)
def test_days_are_listed_from_the_first_to_the_last(
    exports: ExportBucket, land: Any, since: int, until: int, days: list[int]
) -> None:
    """By the UTC day on which an interval starts."""
    for day in (-1, 0, 1, 2):
        land(name(day).path, row_count="0")

    landed = exports.landed(RECENT, date(2026, 11, since), date(2026, 11, until))

    assert [name(day) for day in days] == [version.name for version in landed]


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_each_series_is_listed_alone(exports: ExportBucket, land: Any, series: Series) -> None:
    """Also where the path of one begins with that of another."""
    for other in SERIES:
        land(name(series=other).path, row_count="0")
        land(name(series=other, version=2).confirmed_path)
        land(name(series=other, version=3).rejects_path, row_count="0")

    landed = exports.landed(series, date(2026, 11, 1), date(2026, 11, 30))
    confirmed = exports.confirmed(series, date(2026, 11, 1), date(2026, 11, 30))

    assert [name(series=series)] == [version.name for version in landed]
    assert [name(series=series, version=2)] == confirmed


def test_an_object_without_a_row_count_has_not_landed(exports: ExportBucket, land: Any) -> None:
    """Such as one that a person copied there: a load of it could not be checked."""
    land(name().path)
    land(f"{name().path}.bak", row_count="1")

    assert [] == exports.landed(RECENT, date(2026, 11, 21), date(2026, 11, 21))


def test_more_objects_than_a_page_holds_are_all_listed(exports: ExportBucket, land: Any) -> None:
    """Google lists a thousand at once."""
    for version in range(1, 1003):
        land(name(series=CHANGES, version=version).path, row_count="0")

    assert 1002 == len(exports.landed(CHANGES, date(2026, 11, 21), date(2026, 11, 21)))


def test_a_small_object_is_created_once(exports: ExportBucket) -> None:
    """The second call changes nothing, and is told."""
    assert exports.create("plans/1.json", b"first", {"at": "noon"})
    assert not exports.create("plans/1.json", b"second", {})
    assert b"first" == exports.read("plans/1.json")
    assert {"plans/1.json": {"at": "noon"}} == exports.listed("plans/")


def test_what_is_not_there_reads_as_nothing(exports: ExportBucket) -> None:
    """Not as an error: most of the time there is no such object."""
    assert exports.read("backfill.json") is None
    assert {} == exports.listed("plans/")


def test_an_answer_that_is_lost_leaves_the_object(
    emulator: StorageEmulator, exports: ExportBucket
) -> None:
    """The client asks again, and is told that the path is taken."""
    emulator.faults.add("lost_response", match={"operation": "upload"})

    assert not exports.create("plans/1.json", b"first", {})
    assert b"first" == exports.read("plans/1.json")


@pytest.mark.parametrize(
    ("status", "failure"), [(403, Setup), (501, Setup), (400, Setup), (409, Transient)]
)
def test_a_refusal_says_whom_it_concerns(
    emulator: StorageEmulator, exports: ExportBucket, status: int, failure: type[Exception]
) -> None:
    """What only a person can mend is told from what passes."""
    for call in (
        lambda: exports.read("backfill.json"),
        lambda: exports.listed("plans/"),
        lambda: exports.create("plans/1.json", b"", {}),
        lambda: exports.landed(SWEEP, date(2026, 11, 21), date(2026, 11, 21)),
    ):
        emulator.faults.add("error", status=status)
        with pytest.raises(failure, match="bucket landing"):
            call()
