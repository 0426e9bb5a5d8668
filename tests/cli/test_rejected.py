"""Which rejects a range has."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, HOUR, Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT, SERIES, SWEEP, Series
from mixpanel_export_cli.rejected import rejects
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.journal import Journal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(name="bucket")
def _bucket() -> FakeBucket:
    return FakeBucket(Journal(), lambda: NOON)


def put(bucket: FakeBucket, name: ObjectName, *entries: dict[str, str]) -> None:
    """The rejects of an export, as the fetcher keeps them."""
    lines = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
    bucket.objects[name.rejects_path] = StoredObject(gzip.compress(lines), {}, NOON)


def at(start: datetime, series: Series = RECENT, length: timedelta = HOUR) -> ObjectName:
    return ObjectName(series, Interval(start, start + length), 7)


NO_JSON, NO_NAME = {"reason": "not JSON", "line": "{"}, {"reason": "no name", "line": "{}"}


def test_reasons_are_counted(bucket: FakeBucket) -> None:
    """Each line of the object is there with its reason; bytes that are no text as base64."""
    put(bucket, at(NOON), NO_JSON, NO_NAME, {"reason": "not JSON", "line_base64": "/w=="})
    (found,) = rejects(bucket, [RECENT], NOON, NOON + HOUR)

    assert at(NOON) == found.name
    assert {"not JSON": 2, "no name": 1} == found.reasons
    assert [("not JSON", "{"), ("no name", "{}"), ("not JSON", "base64:/w==")] == found.lines


def test_intervals_that_meet_the_range(bucket: FakeBucket) -> None:
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
def test_a_damaged_object_is_named(bucket: FakeBucket, data: bytes) -> None:
    """The message says which object, without its data."""
    path = at(NOON).rejects_path
    bucket.objects[path] = StoredObject(data, {}, NOON)

    with pytest.raises(Setup, match=f"object {path} was not written by the fetcher"):
        list(rejects(bucket, [RECENT], NOON, NOON + HOUR))


def test_foreign_objects_are_passed_over(bucket: FakeBucket) -> None:
    """What does not have a name of ours is somebody else's."""
    bucket.objects["rejects/events/date=2026-11-22/notes.txt"] = StoredObject(b"x", {}, NOON)

    assert [] == list(rejects(bucket, [RECENT], NOON, NOON + HOUR))
