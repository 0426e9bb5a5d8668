"""Which rejects a range has."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from mixpanel_export.intervals import DAY, HOUR, Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT, SERIES, SWEEP, Series
from mixpanel_export_cli.rejected import rejects
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.journal import Journal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class FakeOperatorsBucket(FakeBucket):
    """The bucket, as an operator lists it."""

    def rejected(self, series: Series, since: date, until: date) -> list[ObjectName]:
        return [name for name, _ in self._named("rejects/", series, since, until)]


@pytest.fixture(name="bucket")
def _bucket() -> FakeOperatorsBucket:
    return FakeOperatorsBucket(Journal(), lambda: NOON)


def put(bucket: FakeOperatorsBucket, name: ObjectName, *entries: dict[str, str]) -> None:
    """The rejects of an export, as the fetcher keeps them."""
    lines = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
    bucket.objects[name.rejects_path] = StoredObject(gzip.compress(lines), {}, NOON)


def at(start: datetime, series: Series = RECENT, length: timedelta = HOUR) -> ObjectName:
    return ObjectName(series, Interval(start, start + length), 7)


NO_JSON, NO_NAME = {"reason": "not JSON", "line": "{"}, {"reason": "no name", "line": "{}"}


def test_reasons_are_counted(bucket: FakeOperatorsBucket) -> None:
    """Each line of the object is there with its reason; bytes that are no text as base64."""
    put(bucket, at(NOON), NO_JSON, NO_NAME, {"reason": "not JSON", "line_base64": "/w=="})
    (found,) = rejects(bucket, [RECENT], NOON, NOON + HOUR)

    assert at(NOON) == found.name
    assert {"not JSON": 2, "no name": 1} == found.reasons
    assert [("not JSON", "{"), ("no name", "{}"), ("not JSON", "base64:/w==")] == found.lines


def test_an_empty_line_is_a_reject(bucket: FakeOperatorsBucket) -> None:
    """Nothing is something that could not become a row."""
    put(bucket, at(NOON), {"reason": "not JSON", "line": ""})
    (found,) = rejects(bucket, [RECENT], NOON, NOON + HOUR)

    assert [("not JSON", "")] == found.lines


def test_a_series_is_listed_once(bucket: FakeOperatorsBucket) -> None:
    """However many days the range has, and no day after its end."""
    put(bucket, at(NOON), NO_JSON)
    (found,) = rejects(bucket, [RECENT, SWEEP], NOON - 30 * DAY, NOON + DAY / 2)

    assert [
        "listed rejects/events/date=2026-10-23/ to 2026-11-22",
        f"read {found.name.rejects_path}",
        "listed rejects/events/sweep/date=2026-10-23/ to 2026-11-22",
    ] == bucket.journal.entries


def test_intervals_that_meet_the_range(bucket: FakeOperatorsBucket) -> None:
    """Those that only touch a bound of the range do not count; days and series are in order."""
    names = [at(NOON + hours * HOUR) for hours in (-25, -24, -1, 0, 11, 36)]
    for name in names:
        put(bucket, name, NO_JSON)
    midnight = NOON - 12 * HOUR
    put(bucket, at(midnight, SWEEP, DAY), NO_JSON)
    since, until = NOON - 24 * HOUR, NOON + 11 * HOUR

    assert [*names[1:4], at(midnight, SWEEP, DAY)] == [
        found.name for found in rejects(bucket, SERIES, since, until)
    ]
    assert [at(midnight, SWEEP, DAY)] == [
        found.name for found in rejects(bucket, [SWEEP], NOON, NOON + HOUR / 4)
    ]


@pytest.mark.parametrize(
    "data",
    [b"plain", gzip.compress(b"x" * 99)[:-9], gzip.compress(b"no JSON"), gzip.compress(b"5")],
    ids=["not compressed", "cut", "not JSON", "no object"],
)
def test_a_damaged_object_is_one_of_many(bucket: FakeOperatorsBucket, data: bytes) -> None:
    """Nobody knows what was in it, and the others are shown all the same."""
    bucket.objects[at(NOON).rejects_path] = StoredObject(data, {}, NOON)
    put(bucket, at(NOON + HOUR), NO_JSON)
    damaged, other = rejects(bucket, [RECENT], NOON, NOON + 2 * HOUR)

    assert (at(NOON), None, {}) == (damaged.name, damaged.lines, damaged.reasons)
    assert {"not JSON": 1} == other.reasons


def test_foreign_objects_are_passed_over(bucket: FakeOperatorsBucket) -> None:
    """What does not have a name of ours is somebody else's."""
    bucket.objects["rejects/events/date=2026-11-22/notes.txt"] = StoredObject(b"x", {}, NOON)

    assert [] == list(rejects(bucket, [RECENT], NOON, NOON + HOUR))
