"""The second look at an interval: what is as before is confirmed, what differs lands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mixpanel_export.errors import Poison, Transient
from mixpanel_export.intervals import DAY, Interval
from mixpanel_export.series import CHANGES, SNAPSHOT, SWEEP, Series
from tests.fakes.exporter import event_line
from tests.fakes.journal import Crash
from tests.unit.fetching_rig import (
    ASKED,
    CLOSED,
    COMMITTED,
    COMMITTED_REJECTS,
    DISCARDED,
    DISCARDED_REJECTS,
    FIRST,
    HOUR,
    INTERVAL,
    LISTED,
    NAME,
    PATH,
    PUBLISHED,
    SECOND,
    START,
    WROTE,
    WROTE_REJECTS,
    Fetch,
)

LISTED_CONFIRMED = f"listed confirmed/{LISTED.removeprefix('listed ')}"
TRACE = NAME.confirmed_path
BEFORE = [LISTED, LISTED_CONFIRMED, ASKED]


@pytest.fixture(name="fetch")
def _fetch() -> Fetch:
    """An hour whose first version holds two events; a day has passed since."""
    fetch = Fetch()
    fetch.deliver(at=PUBLISHED - timedelta(minutes=1))
    del fetch.journal.entries[:], fetch.journal.lines[:]
    return fetch


def test_the_same_rows_are_confirmed(fetch: Fetch) -> None:
    """In another order, with rejects or without: no version lands, an empty trace does."""
    fetch.body = [SECOND + b"<html>\n" + FIRST]

    fetch.deliver("verify")

    assert [
        *BEFORE,
        DISCARDED_REJECTS,
        DISCARDED,
        CLOSED,
        f"committed {TRACE}",
        "INFO confirmed: confirmed: 2 records",
    ] == fetch.journal.entries
    trace = fetch.bucket.objects[TRACE]
    facts = {key: fetch.journal.lines[0][key] for key in ("digest", "row_count")}
    assert b"" == trace.data
    assert {"fetched_at": "2026-11-22T09:20:00Z"} | {
        key: str(value) for key, value in facts.items()
    } == trace.metadata
    day = START.date()
    assert [NAME] == fetch.bucket.confirmed(NAME.series, day, day)
    assert [1] == [len(fetch.bucket.landed(NAME.series, day, day))]


@pytest.mark.parametrize(
    ("body", "late_visible", "removed"),
    [
        pytest.param([FIRST, SECOND, event_line(INTERVAL, "late")], 1, 0, id="one more"),
        pytest.param([FIRST], 0, 1, id="one fewer"),
        pytest.param([], 0, 2, id="none left"),
        pytest.param([FIRST, event_line(INTERVAL, "i2", plan="pro")], 0, 0, id="one changed"),
    ],
)
def test_other_rows_land_as_any_version(
    fetch: Fetch, body: list[bytes], late_visible: int, removed: int
) -> None:
    """One line more says how many rows came late or went; these are net counts."""
    fetch.body = body

    fetch.deliver("verify")

    assert [
        *BEFORE,
        LISTED,
        WROTE,
        COMMITTED,
        CLOSED,
        f"INFO retrieved: retrieved: {len(body)} records",
        f"INFO corrected: corrected: {late_visible} records more, {removed} fewer",
    ] == fetch.journal.entries
    assert TRACE not in fetch.bucket.objects
    assert {
        "severity": "INFO",
        "event": "corrected",
        "message": f"corrected: {late_visible} records more, {removed} fewer",
        "table": "events",
        "mode": "recent",
        "start": "2026-11-22T08:00:00Z",
        "end": "2026-11-22T09:00:00Z",
        "version": NAME.version,
        "origin": "verify",
        "late_visible": late_visible,
        "removed": removed,
    } == fetch.journal.lines[1]


def test_late_events_are_told_with_what_lands(fetch: Fetch) -> None:
    """Of the version that landed, before what it corrected; of one that is confirmed nothing."""
    late = event_line(INTERVAL, "late", time=INTERVAL.start_ms - 30 * 3_600_000)
    fetch.body = [FIRST, SECOND, late]
    fetch.deliver("verify")
    fetch.clock.move(60)
    fetch.deliver("verify", at=PUBLISHED + timedelta(minutes=1))

    assert ["retrieved", "late_data", "corrected", "confirmed"] == [
        line["event"] for line in fetch.journal.lines
    ]


def test_rejects_land_with_what_differs(fetch: Fetch) -> None:
    """They are of the version that lands, so they are committed with it."""
    fetch.body = [FIRST + b"<html>\n" + SECOND + SECOND]

    fetch.deliver("verify")

    assert [*BEFORE, LISTED, WROTE, WROTE_REJECTS, COMMITTED_REJECTS, COMMITTED] == (
        fetch.journal.entries[:8]
    )


def test_an_interval_never_seen_is_simply_landed() -> None:
    """A second look at what was lost is its first: nothing is said to be corrected."""
    fetch = Fetch()

    fetch.deliver("verify")

    assert [
        *BEFORE,
        LISTED,
        WROTE,
        COMMITTED,
        CLOSED,
        "INFO retrieved: retrieved: 2 records",
    ] == fetch.journal.entries


def test_a_look_older_than_what_is_live_is_not_taken(fetch: Fetch) -> None:
    """Delivered late, after a replay: that one was asked for later, so it has seen more."""
    fetch.deliver("replay", at=PUBLISHED + timedelta(seconds=1))
    del fetch.journal.entries[:]

    fetch.deliver("verify")

    assert [LISTED, "INFO already_landed: already landed"] == fetch.journal.entries
    assert {PATH, TRACE}.isdisjoint(fetch.bucket.objects)


@pytest.mark.parametrize(
    ("body", "is_refused"),
    [
        pytest.param([FIRST, SECOND], False, id="confirmed: nothing would be doubled"),
        pytest.param([FIRST], True, id="not confirmed"),
    ],
)
def test_an_overlap_that_landed_meanwhile_stops_a_version(
    fetch: Fetch, body: list[bytes], is_refused: bool
) -> None:
    """Half of the hour landed while Mixpanel was asked: only what would land is refused."""

    def overtake(_: Interval) -> list[bytes]:
        fetch.has_landed(Interval(START, START + HOUR / 2))
        return body

    fetch.exporter.content = overtake

    if is_refused:
        with pytest.raises(Poison, match="rows would be doubled"):
            fetch.deliver("verify")
    else:
        fetch.deliver("verify")

    ending = [LISTED, DISCARDED, CLOSED]
    if not is_refused:
        ending = [DISCARDED, CLOSED, f"committed {TRACE}", "INFO confirmed: confirmed: 2 records"]
    assert [*BEFORE, *ending] == fetch.journal.entries
    assert PATH not in fetch.bucket.objects


def test_the_newest_version_is_what_is_looked_at_again(fetch: Fetch) -> None:
    """An older one that held the same rows is not live, so it confirms nothing."""
    fetch.has_landed(version=NAME.version - 1, digest="another", rows=5)

    fetch.deliver("verify")

    assert [0, 3] == [fetch.journal.lines[1][key] for key in ("late_visible", "removed")]


def test_another_interval_confirms_nothing(fetch: Fetch) -> None:
    """The hour before, with more versions and the same rows, is another interval."""
    fetch.has_landed(Interval(START - HOUR, START), NAME.version + 1, rows=9)
    fetch.body = [FIRST]

    fetch.deliver("verify")

    assert 1 == fetch.journal.lines[1]["removed"]


@pytest.mark.parametrize("body", [[FIRST, SECOND], [FIRST]], ids=["confirmed", "landed"])
def test_a_look_is_taken_once(fetch: Fetch, body: list[bytes]) -> None:
    """A redelivery costs listings, and no query of Mixpanel's budget."""
    fetch.body = body
    fetch.deliver("verify")
    del fetch.journal.entries[:]

    fetch.deliver("verify")

    assert [
        [LISTED, LISTED_CONFIRMED, "INFO already_confirmed: already confirmed"],
        [LISTED, "INFO already_landed: already landed"],
    ][PATH in fetch.bucket.objects] == fetch.journal.entries


def test_a_replay_of_what_was_confirmed_lands(fetch: Fetch) -> None:
    """A trace is of its own version; whoever replays wants a version."""
    fetch.deliver("verify")

    fetch.deliver("replay", at=PUBLISHED + timedelta(seconds=1))

    assert "retrieved" == fetch.journal.lines[-1]["event"]
    assert LISTED_CONFIRMED not in fetch.journal.entries[8:]


def test_of_two_looks_side_by_side_one_leaves_the_trace(fetch: Fetch) -> None:
    """The other finds it, and is done as well."""

    def overtake(_: Interval) -> list[bytes]:
        fetch.exporter.content = lambda _: [FIRST, SECOND]
        fetch.deliver("verify")
        return [FIRST, SECOND]

    fetch.exporter.content = overtake

    fetch.deliver("verify")

    assert ["confirmed", "already_confirmed"] == [line["event"] for line in fetch.journal.lines]
    assert "INFO already_confirmed: already confirmed, meanwhile" == fetch.journal.entries[-1]


@pytest.mark.parametrize("fault", [Transient("made up"), Crash()], ids=["failure", "crash"])
@pytest.mark.parametrize(
    ("step", "call", "late", "is_traced"),
    [
        ("list", 2, False, False),
        ("ask", 1, True, False),
        ("receive", 1, False, False),
        ("commit", 1, False, False),
        ("commit", 1, True, True),
    ],
)
def test_the_next_delivery_ends_the_look(
    fetch: Fetch, step: str, call: int, *, late: bool, is_traced: bool, fault: BaseException
) -> None:
    """Wherever it ended early, nothing has landed, and the redelivery leaves one trace."""
    fetch.journal.fail(step, fault, call=call, late=late)
    with pytest.raises(type(fault)):
        fetch.deliver("verify")
    assert [] == fetch.journal.lines
    assert is_traced == (TRACE in fetch.bucket.objects)

    fetch.deliver("verify")

    assert TRACE in fetch.bucket.objects
    assert PATH not in fetch.bucket.objects
    assert ["already_confirmed" if is_traced else "confirmed"] == [
        line["event"] for line in fetch.journal.lines
    ]


def test_a_cut_look_confirms_nothing(fetch: Fetch) -> None:
    """Also when the rows before the cut are those that are live."""
    fetch.body = [FIRST + SECOND + b"terminated early\n"]

    with pytest.raises(Transient, match="the export was cut"):
        fetch.deliver("verify")
    assert TRACE not in fetch.bucket.objects


@pytest.mark.parametrize("series", [SWEEP, SNAPSHOT, CHANGES], ids=str)
def test_other_series_have_no_second_look(fetch: Fetch, series: Series) -> None:
    """People change all the time, and the past of a sweep has settled."""
    day = Interval(START.replace(hour=0) - DAY, START.replace(hour=0))

    with pytest.raises(Poison, match=f"{series} has no second look: replay .* instead"):
        fetch.deliver("verify", day, series)
    assert [] == fetch.journal.entries
