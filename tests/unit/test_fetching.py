"""The fetcher against fakes: when it fetches, what it lands, and the whole order of things."""

from __future__ import annotations

import base64

import pytest

from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ORIGINS, Message, Origin
from tests.fakes.exporter import event_line
from tests.unit.fetching_rig import (
    ASKED,
    CLOSED,
    COMMITTED,
    COMMITTED_REJECTS,
    FIRST,
    HOUR,
    INTERVAL,
    LISTED,
    NAME,
    PATH,
    PUBLISHED,
    REJECTS,
    SECOND,
    START,
    WROTE,
    WROTE_REJECTS,
    Fetch,
    gzipped,
)

ALREADY_LANDED = "INFO already_landed: already landed"
FETCHED_AGAIN = {"replay", "verify"}


@pytest.fixture(name="fetch")
def _fetch() -> Fetch:
    return Fetch()


def test_an_interval_is_landed_before_it_is_reported(fetch: Fetch) -> None:
    """Looked, asked, looked again, written, committed; only then said to be retrieved."""
    fetch.deliver()

    assert [
        LISTED,
        ASKED,
        LISTED,
        WROTE,
        COMMITTED,
        CLOSED,
        "INFO retrieved: retrieved: 2 records",
    ] == fetch.journal.entries
    assert [PATH] == list(fetch.bucket.objects)
    assert ["i1", "i2", None] == fetch.insert_ids()


def test_rejects_are_committed_before_what_they_were_left_out_of(fetch: Fetch) -> None:
    """Once an interval has landed nobody fetches it again, so its rejects must be there."""
    fetch.body = [FIRST + b"<html>\n" + SECOND]

    fetch.deliver()

    assert [
        LISTED,
        ASKED,
        LISTED,
        WROTE,
        WROTE_REJECTS,
        COMMITTED_REJECTS,
        COMMITTED,
        CLOSED,
        "INFO retrieved: retrieved: 2 records",
    ] == fetch.journal.entries
    assert ["i1", "i2", None] == fetch.insert_ids()
    assert [{"reason": "not JSON", "line": "<html>"}] == fetch.rejects()


def test_the_marker_and_the_object_and_the_log_tell_the_same(fetch: Fetch) -> None:
    """Rows, rejects and outsiders are counted once, and told in three places."""
    late = event_line(INTERVAL, "late", time=INTERVAL.start_ms - 1000)
    outside = event_line(INTERVAL, "other", mp_processing_time_ms=INTERVAL.end_ms)
    timeless = event_line(INTERVAL, "timeless", time=None)
    fetch.body = [FIRST, late, b"<html>\n", outside, timeless]

    fetch.deliver(origin="backfill")

    counts = {"row_count": 2, "rejected": 2, "outside": 1, "converted": 0}
    times = {"min_time": "2026-11-22T07:59:59.000Z", "max_time": "2026-11-22T08:00:00.000Z"}
    marker = fetch.rows()[-1]
    digest = marker["properties"]["digest"]
    facts = counts | times | {"digest": digest, "origin": "backfill"}
    fetched = {"fetched_at": "2026-11-22T09:20:00Z", "seconds": 0.0}
    dates = {"late_rows": 0, "event_dates": [{"date": "2026-11-22", "rows": 2}]}
    assert facts | fetched | dates == marker["properties"]
    assert {key: str(value) for key, value in facts.items()} | {"seconds": "0.0"} == (
        fetch.bucket.objects[PATH].metadata
    )
    assert fetch.bucket.objects[PATH].metadata == fetch.bucket.objects[REJECTS].metadata
    assert (
        facts
        | {
            "severity": "INFO",
            "event": "retrieved",
            "message": "retrieved: 2 records",
            "table": "events",
            "mode": "recent",
            "start": "2026-11-22T08:00:00Z",
            "end": "2026-11-22T09:00:00Z",
            "version": NAME.version,
            "seconds": 0.0,
            "delivery_attempt": 2,
        }
        == fetch.journal.lines[0]
    )


def test_late_events_are_counted_by_days(fetch: Fetch) -> None:
    """A line for each number of whole days that occurs, right after the count of all."""
    day_ms = 24 * 3_600_000
    fetch.body = [
        event_line(INTERVAL, f"{days}.{n}", time=INTERVAL.start_ms - int(days * day_ms))
        for days, count in {5.5: 1, 0.9: 5, 2: 2, 6.2: 1, -0.5: 1}.items()
        for n in range(count)
    ]

    fetch.deliver("heal")

    assert [
        "INFO retrieved: retrieved: 10 records",
        "INFO late_data: late data: 2 records, 2 days late",
        "INFO late_data: late data: 1 records, 5 days late",
        "INFO late_data: late data: 1 records, 6+ days late",
    ] == fetch.journal.entries[-4:]
    assert {
        "severity": "INFO",
        "event": "late_data",
        "message": "late data: 2 records, 2 days late",
        "table": "events",
        "mode": "recent",
        "start": "2026-11-22T08:00:00Z",
        "end": "2026-11-22T09:00:00Z",
        "version": NAME.version,
        "origin": "heal",
        "days_late": "2",
        "row_count": 2,
    } == fetch.journal.lines[1]


def test_an_empty_interval_lands_as_a_marker_alone(fetch: Fetch) -> None:
    """Nothing happened in that hour, which differs from nothing being known about it."""
    fetch.body = []

    fetch.deliver()

    assert [
        LISTED,
        ASKED,
        LISTED,
        WROTE,
        COMMITTED,
        CLOSED,
        "INFO retrieved: retrieved: 0 records",
    ] == fetch.journal.entries
    (marker,) = fetch.rows()
    assert (0, 0) == (marker["_line"], marker["properties"]["row_count"])
    assert {"min_time", "max_time"}.isdisjoint(fetch.bucket.objects[PATH].metadata)


def test_a_compressed_export_lands_like_a_plain_one(fetch: Fetch) -> None:
    """Chunks may cut the compressed bytes anywhere."""
    body = gzipped(FIRST, SECOND)
    fetch.exporter.gzipped = True
    fetch.body = [body[n : n + 1] for n in range(len(body))]

    fetch.deliver()

    assert ["i1", "i2", None] == fetch.insert_ids()


def test_lines_may_be_split_over_chunks(fetch: Fetch) -> None:
    """Where one chunk ends and the next begins means nothing."""
    fetch.body = [(FIRST + SECOND)[:10], (FIRST + SECOND)[10:-1], b"\n"]

    fetch.deliver()

    assert ["i1", "i2", None] == fetch.insert_ids()


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_has_landed_is_fetched_again_only_on_demand(fetch: Fetch, origin: Origin) -> None:
    """Another version stops a schedule, a heal and a backfill; not a replay nor a verify."""
    fetch.has_landed(version=NAME.version - 1)

    fetch.deliver(origin)

    if origin in FETCHED_AGAIN:
        assert [ASKED, WROTE, COMMITTED, CLOSED] == [
            entry for entry in fetch.journal.entries if entry in (ASKED, WROTE, COMMITTED, CLOSED)
        ]
    else:
        assert [LISTED, ALREADY_LANDED] == fetch.journal.entries


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_a_newer_version_holds_is_not_fetched(fetch: Fetch, origin: Origin) -> None:
    """Asked for later, it was fetched later, and stays live: another would cost, and not show."""
    fetch.has_landed(version=NAME.version - 1)
    fetch.has_landed(version=NAME.version + 1)

    fetch.deliver(origin)

    assert [LISTED, ALREADY_LANDED] == fetch.journal.entries
    assert PATH not in fetch.bucket.objects


@pytest.mark.parametrize("origin", ["replay", "verify"])
def test_a_newer_version_of_another_interval_does_not_count(fetch: Fetch, origin: Origin) -> None:
    """The next hour may have landed long ago."""
    fetch.has_landed(Interval(START + HOUR, START + 2 * HOUR), NAME.version + 1)

    fetch.deliver(origin)

    assert ["i1", "i2", None] == fetch.insert_ids()


@pytest.mark.parametrize("origin", ORIGINS)
def test_one_version_is_never_fetched_twice(fetch: Fetch, origin: Origin) -> None:
    """A redelivery after the landing costs a look, and no query of Mixpanel's budget."""
    fetch.deliver(origin)
    del fetch.journal.entries[:]
    fetch.body = [SECOND]

    fetch.deliver(origin)

    assert [LISTED, ALREADY_LANDED] == fetch.journal.entries
    assert ["i1", "i2", None] == fetch.insert_ids()


def test_a_message_from_hand_is_a_replay(fetch: Fetch) -> None:
    """Without attributes the interval is fetched again."""
    fetch.has_landed()
    body = b'{"version":1,"table":"events","start":"2026-11-22T08:00Z","end":"2026-11-22T09:00Z"}'

    fetch.fetcher.handle(Message(body, {}, "1", PUBLISHED))

    assert "replay" == fetch.bucket.objects[PATH].metadata["origin"]


def test_a_line_that_is_not_text_is_kept_all_the_same(fetch: Fetch) -> None:
    """Rejects hold every byte, as Base64 where it is not UTF-8."""
    fetch.body = [b"\xff\xfe\n" + FIRST]

    fetch.deliver()

    encoded = base64.b64encode(b"\xff\xfe").decode()
    assert [{"reason": "not JSON", "line_base64": encoded}] == fetch.rejects()


def test_of_two_deliveries_side_by_side_the_first_to_end_lands(fetch: Fetch) -> None:
    """The other finds the name taken, leaves the object alone, and is done as well."""

    def overtake(_: Interval) -> list[bytes]:
        fetch.exporter.content = lambda _: [FIRST]
        fetch.deliver("replay")
        return [FIRST, b"<html>\n", SECOND]

    fetch.exporter.content = overtake

    fetch.deliver("replay")

    assert f"found taken: {PATH}" in fetch.journal.entries
    assert ["i1", None] == fetch.insert_ids()
    assert ["retrieved", "already_landed"] == [line["event"] for line in fetch.journal.lines]
