"""Which requests a replay makes, and when they have arrived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval, aligned
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import ObjectName
from mixpanel_export.reconciling import Policy
from mixpanel_export.series import CHANGES, RECENT, SERIES, SNAPSHOT, SWEEP, TABLES, Series
from mixpanel_export.settings import PlannerSettings
from mixpanel_export_cli.replaying import Arrival, Lying, Replay, length_of, replay_of, settled
from mixpanel_export_cli.tables import Mode, Table, series_of
from tests.cli.outputs import PLANNER
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.journal import Journal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EIGHT = Interval.parse("2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z")
NINE = Interval(EIGHT.end, EIGHT.end + HOUR)


class FakeLedger:
    """What is loaded; it may grow."""

    def __init__(self, *loaded: ObjectName) -> None:
        self.names = list(loaded)

    def loaded(self, since: datetime) -> list[ObjectName]:
        return [name for name in self.names if name.interval.start >= since]


@pytest.fixture(name="bucket")
def _bucket() -> FakeBucket:
    return FakeBucket(Journal(), lambda: NOON)


def policy(**changes: str) -> Policy:
    return Policy.of(PlannerSettings.from_env(PLANNER | changes))


def of(start: datetime, length: timedelta, series: Series = RECENT) -> ObjectName:
    return ObjectName(series, Interval(start, start + length), 7)


def land(bucket: FakeBucket, *names: ObjectName) -> None:
    """Let exports lie in the bucket."""
    for name in names:
        bucket.objects[name.path] = StoredObject(b"", {"row_count": "1"}, NOON)


def shown(replay: Replay) -> list[str]:
    """The bounds of the requests, and the remarks."""
    intervals = [request.interval for request in replay.requests]
    return [*(f"{each.start:%H:%M}-{each.end:%H:%M}" for each in intervals), *replay.remarks]


NOTHING = Lying((), ())
CUT = "Only whole intervals are taken: those that the range cuts are left out."
OTHER_LENGTH = (
    "Not of 60 minutes: {}, as they landed with another length, or lie between such."
).format


def test_whole_intervals_newest_first() -> None:
    """Intervals that the range cuts are left out, and that is said."""
    replay = replay_of(RECENT, NOON - 2.5 * HOUR, NOON - MINUTE, HOUR, NOTHING)

    assert ["10:00-11:00", CUT] == shown(replay)
    assert {(RECENT, "replay")} == {(one.series, one.origin) for one in replay.requests}
    assert ["11:00-12:00", "10:00-11:00"] == shown(
        replay_of(RECENT, NOON - 2 * HOUR, NOON, HOUR, NOTHING)
    )


@pytest.mark.parametrize(
    ("series", "changes", "end"),
    [
        (RECENT, {}, NOON - 15 * MINUTE),
        (RECENT, {"SETTLE_MINUTES": "1440", "VERIFY_AFTER_HOURS": "0"}, NOON - DAY),
        (RECENT, {"SETTLE_MINUTES": "0"}, NOON),
        (SWEEP, {}, NOON - 12 * HOUR),
        (SNAPSHOT, {}, NOON - 15 * MINUTE),
        (CHANGES, {"SETTLE_MINUTES": "90"}, NOON - 90 * MINUTE),
    ],
    ids=["events", "slow events", "at once", "sweep", "snapshot", "changes"],
)
def test_what_has_not_settled_is_not_fetched(
    series: Series, changes: dict[str, str], end: datetime
) -> None:
    """A replay that comes too early would replace what is whole by a part, for good."""
    wanted = policy(PEOPLE_CHANGES_MINUTES="60", EXPORT_SINCE="2026-11-22", **changes)

    assert end == settled(wanted, series, NOON - 9 * DAY, NOON + DAY, NOON)
    assert NOON - 8 * DAY == settled(wanted, series, NOON - 9 * DAY, NOON - 8 * DAY, NOON)


@pytest.mark.parametrize(
    ("since", "text"),
    [
        (
            NOON - 15 * MINUTE,
            r"nothing .* has settled: events can be fetched until 2026-11-22 11:45",
        ),
        (NOON + HOUR, "nothing in this range has settled"),
        (datetime(9999, 12, 31, 23, tzinfo=UTC), "nothing in this range has settled"),
        (datetime(1969, 12, 31, tzinfo=UTC), "START 1969-12-31 is before 1970"),
        (datetime(1, 1, 1, tzinfo=UTC), "before 1970"),
    ],
    ids=["settling", "future", "end of time", "before 1970", "year 1"],
)
def test_odd_moments_are_explained(since: datetime, text: str) -> None:
    """It says until when there is something to have."""
    until = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)

    with pytest.raises(Setup, match=text):
        settled(policy(), RECENT, since, until, NOON)


def test_what_landed_is_fetched_again_as_it_landed(bucket: FakeBucket) -> None:
    """After a change of the length the old bounds count, in bucket and ledger."""
    quarter = HOUR / 4
    land(bucket, of(NOON, HOUR / 2), of(NOON + HOUR / 2, HOUR / 2))
    ledger = FakeLedger(*(of(NOON + HOUR + n * quarter, quarter) for n in range(4)))
    since, until = NOON - HOUR, NOON + 2 * HOUR
    lying = Lying.of(RECENT, since, until, bucket, ledger)

    assert [
        "13:45-14:00",
        "13:30-13:45",
        "13:15-13:30",
        "13:00-13:15",
        "12:30-13:00",
        "12:00-12:30",
        "11:00-12:00",
        OTHER_LENGTH(6),
    ] == shown(replay_of(RECENT, since, until, HOUR, lying))


def test_beside_what_landed_only_the_rest_is_new(bucket: FakeBucket) -> None:
    """A longer interval would double what has landed inside of it."""
    land(bucket, of(NOON, HOUR / 4))
    lying = Lying.of(RECENT, NOON, NOON + HOUR, bucket, FakeLedger())

    assert [
        "12:45-13:00",
        "12:30-12:45",
        "12:15-12:30",
        "12:00-12:15",
        OTHER_LENGTH(4),
    ] == shown(replay_of(RECENT, NOON, NOON + HOUR, HOUR, lying))


def test_what_lies_partly_in_the_range_is_left_out(bucket: FakeBucket) -> None:
    """Neither it nor a part of it is asked for, although the setting's intervals would fit."""
    land(bucket, of(NOON, HOUR), of(NOON + HOUR, HOUR))
    since, until = NOON + HOUR / 2, NOON + 2 * HOUR
    lying = Lying.of(RECENT, since, until, bucket, FakeLedger())

    replay = replay_of(RECENT, since, until, HOUR / 4, lying)
    assert ["13:00-14:00", CUT] == shown(replay)[:2]

    with pytest.raises(Setup, match=r"of 15 minutes .* nor one that has landed, such as .*14:00"):
        replay_of(RECENT, since, NOON + HOUR, HOUR / 4, lying)


def test_what_landed_twice_over_is_left_out(bucket: FakeBucket) -> None:
    """The fetcher would park it: its rows are in another interval, too."""
    land(bucket, of(NOON, HOUR / 4))
    ledger = FakeLedger(of(NOON, HOUR), of(NOON + HOUR, HOUR))
    lying = Lying.of(RECENT, NOON, NOON + 2 * HOUR, bucket, ledger)

    assert [
        "13:00-14:00",
        "12:00-12:15",
        OTHER_LENGTH(1),
        "Left out: 1, of which rows have landed in another interval.",
    ] == shown(replay_of(RECENT, NOON, NOON + 2 * HOUR, HOUR, lying))


def test_another_series_or_day_does_not_matter(bucket: FakeBucket) -> None:
    """A sweep covers the day that is replayed hour by hour."""
    land(bucket, of(NOON - 12 * HOUR, DAY, SWEEP), of(NOON + HOUR, HOUR / 2))
    ledger = FakeLedger(of(NOON - 12 * HOUR, DAY, SWEEP))
    lying = Lying.of(RECENT, NOON, NOON + HOUR, bucket, ledger)

    assert ["12:00-13:00"] == shown(replay_of(RECENT, NOON, NOON + HOUR, HOUR, lying))


@given(data=st.data())
def test_no_request_overlaps_what_landed(data: st.DataObject) -> None:
    """Whatever lies there in whichever lengths: equal, or disjoint, and inside the range."""
    lengths = st.sampled_from([15 * MINUTE, HOUR / 2, HOUR, 90 * MINUTE])
    quarters = st.integers(0, 60)

    def interval(draw: tuple[int, timedelta]) -> Interval:
        start = aligned(NOON - 12 * HOUR + draw[0] * 15 * MINUTE, draw[1])
        return Interval(start, start + draw[1])

    intervals = st.lists(st.tuples(quarters, lengths).map(interval), max_size=6)
    landed, loaded = set(data.draw(intervals)), set(data.draw(intervals))
    length = data.draw(lengths)
    since, until = (NOON - 12 * HOUR + data.draw(quarters) * 15 * MINUTE for _ in range(2))
    assume(since < until)
    try:
        replay = replay_of(RECENT, since, until, length, Lying(landed, landed | loaded))
    except Setup:
        return
    asked = [request.interval for request in replay.requests]

    assert sorted(set(asked), reverse=True) == asked
    for one in asked:
        assert since <= one.start < one.end <= until
        assert not [other for other in landed if other != one and other.overlaps(one)]


def test_one_snapshot_is_enough() -> None:
    """Each snapshot is of now, so a range of days needs one; of changes each is asked for."""
    midnight = NOON - 12 * HOUR
    snapshot = replay_of(SNAPSHOT, midnight - 9 * DAY, midnight, DAY, NOTHING)

    assert [Interval(midnight - DAY, midnight)] == [one.interval for one in snapshot.requests]
    assert 9 == len(replay_of(CHANGES, midnight - 9 * DAY, midnight, DAY, NOTHING).requests)


@pytest.mark.parametrize(
    ("since", "until"),
    [(NOON, NOON), (NOON, NOON - DAY), (NOON - HOUR / 2, NOON)],
    ids=["empty", "inverted", "half an hour"],
)
def test_a_range_without_interval_is_refused(since: datetime, until: datetime) -> None:
    """It says how long an interval is."""
    with pytest.raises(Setup, match=r"no whole interval of 60 minutes .* move START and END"):
        replay_of(RECENT, since, until, HOUR, NOTHING)


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
    on = policy(INTERVAL_MINUTES="30", PEOPLE_CHANGES_MINUTES="360")
    lengths = {RECENT: HOUR / 2, SWEEP: DAY, SNAPSHOT: DAY, CHANGES: 6 * HOUR}

    assert lengths[series] == length_of(series, on)


@pytest.mark.parametrize(
    ("series", "changes"),
    [
        (SWEEP, {"SWEEP_DAYS": "0"}),
        (SNAPSHOT, {"PEOPLE_SNAPSHOT_MINUTES": "0", "PEOPLE_CHANGES_MINUTES": "60"}),
        (SNAPSHOT, {"TABLES": "events"}),
    ],
    ids=["sweep", "snapshot", "table"],
)
def test_a_series_that_is_off_is_refused(series: Series, changes: dict[str, str]) -> None:
    """The fetcher would refuse it, or nobody would read it."""
    with pytest.raises(Setup, match=f"{series} is off in this deployment"):
        length_of(series, policy(**changes))


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
