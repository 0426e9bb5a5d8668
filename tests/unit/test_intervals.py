from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mixpanel_export.intervals import (
    Interval,
    epoch_ms,
    epoch_us,
    format_moment,
    newest_first,
    parse_moment,
)
from tests.strategies import LENGTHS, intervals, lengths, moments

HOUR = timedelta(hours=1)
EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        pytest.param(
            EIGHT.replace(tzinfo=None),
            EIGHT + HOUR,
            "start 2026-11-22T08:00:00 is not in UTC",
            id="start without zone",
        ),
        pytest.param(
            EIGHT,
            (EIGHT + HOUR).replace(tzinfo=None),
            "end 2026-11-22T09:00:00 is not in UTC",
            id="end without zone",
        ),
        pytest.param(
            EIGHT.astimezone(timezone(-5 * HOUR)),
            EIGHT + HOUR,
            "start 2026-11-22T03:00:00-05:00 is not in UTC",
            id="another zone",
        ),
        pytest.param(
            EIGHT.replace(year=26),
            EIGHT.replace(year=26) + HOUR,
            "interval [0026-11-22T08:00:00Z, 0026-11-22T09:00:00Z) begins before 1970",
            id="a year too short",
        ),
        pytest.param(
            EIGHT,
            EIGHT,
            "interval [2026-11-22T08:00:00Z, 2026-11-22T08:00:00Z) is empty or inverted: "
            "end must be after start",
            id="empty",
        ),
        pytest.param(
            EIGHT,
            EIGHT - HOUR,
            "interval [2026-11-22T08:00:00Z, 2026-11-22T07:00:00Z) is empty or inverted: "
            "end must be after start",
            id="inverted",
        ),
        pytest.param(
            EIGHT,
            EIGHT + timedelta(seconds=30),
            "interval [2026-11-22T08:00:00Z, 2026-11-22T08:00:30Z) is 0:00:30 long: "
            "the length must be whole minutes and divide 24 hours",
            id="half a minute, which divides 24 hours",
        ),
        pytest.param(
            EIGHT,
            EIGHT + timedelta(minutes=7),
            "interval [2026-11-22T08:00:00Z, 2026-11-22T08:07:00Z) is 0:07:00 long: "
            "the length must be whole minutes and divide 24 hours",
            id="whole minutes, which do not divide 24 hours",
        ),
        pytest.param(
            EIGHT - 8 * HOUR,
            EIGHT + 40 * HOUR,
            "interval [2026-11-22T00:00:00Z, 2026-11-24T00:00:00Z) is 2 days, 0:00:00 long: "
            "the length must be whole minutes and divide 24 hours",
            id="two days",
        ),
        pytest.param(
            EIGHT + timedelta(minutes=30),
            EIGHT + timedelta(minutes=90),
            "interval [2026-11-22T08:30:00Z, 2026-11-22T09:30:00Z) does not start at a multiple "
            "of its length",
            id="unaligned by half its length",
        ),
        pytest.param(
            EIGHT + timedelta(microseconds=1),
            EIGHT + HOUR + timedelta(microseconds=1),
            "interval [2026-11-22T08:00:00.000001Z, 2026-11-22T09:00:00.000001Z) does not start "
            "at a multiple of its length",
            id="unaligned by a microsecond",
        ),
        pytest.param(
            EIGHT,
            EIGHT + 24 * HOUR,
            "interval [2026-11-22T08:00:00Z, 2026-11-23T08:00:00Z) does not start at a multiple "
            "of its length",
            id="a day that crosses midnight",
        ),
    ],
)
def test_bad_bounds_say_what_is_wrong(start: datetime, end: datetime, message: str) -> None:
    """Each way in which bounds can be wrong has its own message, with the bounds in it."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole message is compared)
        Interval(start, end)

    assert message == str(caught.value)


@given(moments(), st.timedeltas(timedelta(0), timedelta(days=3)), lengths)
def test_newest_first_partitions_the_range(
    since: datetime, span: timedelta, length: timedelta
) -> None:
    """Its intervals are aligned, adjacent, newest first, and nothing that fits is left out."""
    length = max(length, timedelta(minutes=5))  # Shorter ones only make the lists longer.
    until = since + span

    found = list(newest_first(since, until, length))

    for newer, older in pairwise(found):
        assert older.end == newer.start
    assert all(interval.end - interval.start == length for interval in found)
    if found:
        assert since <= found[-1].start < since + length
        assert until - length < found[0].end <= until
    else:
        assert until - since < 2 * length  # Whatever is longer holds an aligned interval.


@given(intervals(), st.timedeltas(timedelta(0), timedelta(days=2)))
def test_newest_first_finds_every_interval_once(interval: Interval, later: timedelta) -> None:
    """An interval is found from its start until any moment after its end, and once."""
    length = interval.end - interval.start
    until = min(interval.end + later, interval.end + 20 * length)

    found = list(newest_first(interval.start, until, length))

    assert 1 == found.count(interval)
    assert interval == found[-1]


@given(intervals(), st.timedeltas(timedelta(microseconds=1), timedelta(minutes=1)))
def test_newest_first_leaves_out_what_does_not_fit(interval: Interval, cut: timedelta) -> None:
    """An interval that begins before the range or ends after it is not in it."""
    length = interval.end - interval.start

    assert [] == list(newest_first(interval.start + cut, interval.end, length))
    assert [] == list(newest_first(interval.start, interval.end - cut, length))


@given(intervals(), st.integers(-3, 3))
def test_intervals_of_one_length_are_equal_or_disjoint(interval: Interval, steps: int) -> None:
    """Neighbours on the same grid share no moment."""
    step = steps * (interval.end - interval.start)
    other = Interval(interval.start + step, interval.end + step)

    assert (steps == 0) == interval.overlaps(other)


@given(intervals(), st.data())
def test_intervals_whose_lengths_divide_each_other_nest(
    long: Interval, data: st.DataObject
) -> None:
    """Of two such intervals, either one holds the other or they share no moment."""
    whole = long.end - long.start
    part = data.draw(st.sampled_from([length for length in LENGTHS if not whole % length]))
    offset = data.draw(st.integers(-2 * (whole // part), 2 * (whole // part)))
    short = Interval(long.start + offset * part, long.start + (offset + 1) * part)

    nested = long.start <= short.start and short.end <= long.end

    assert nested == long.overlaps(short) == short.overlaps(long)


def test_intervals_of_60_and_90_minutes_may_overlap_in_part() -> None:
    """Lengths that do not divide each other give no nesting: whoever changes them must check."""
    hour = Interval(EIGHT + 2 * HOUR, EIGHT + 3 * HOUR)
    longer = Interval(EIGHT + HOUR, EIGHT + timedelta(minutes=150))

    assert hour.overlaps(longer)
    assert longer.start < hour.start < longer.end < hour.end


@given(intervals(), intervals())
def test_overlap_is_sharing_a_moment(one: Interval, other: Interval) -> None:
    """Two intervals overlap exactly if the later start lies in both."""
    shared = max(one.start, other.start)

    assert one.overlaps(other) == (
        one.start <= shared < one.end and other.start <= shared < other.end
    )


@given(intervals())
def test_an_interval_stays_within_its_day(interval: Interval) -> None:
    """Its end is on the day of its start, or the midnight after it."""
    last = interval.end - timedelta(microseconds=1)

    assert interval.start.date() == last.date()


@given(intervals())
def test_an_interval_round_trips_through_text(interval: Interval) -> None:
    """Formatting its bounds and parsing them gives the same interval, and ms agree."""
    text = format_moment(interval.start), format_moment(interval.end)

    assert interval == Interval.parse(*text)
    assert interval.start_ms == interval.start.timestamp() * 1000
    assert interval.end_ms == interval.end.timestamp() * 1000


@given(moments(1, 9999))
@example(datetime(1, 1, 1, tzinfo=UTC))
def test_a_moment_round_trips_through_text(moment: datetime) -> None:
    """RFC 3339 with a final Z holds a moment to the microsecond."""
    text = format_moment(moment)

    assert text.endswith("Z")
    assert moment == parse_moment(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-11-22T08:00:00Z", EIGHT, id="UTC"),
        pytest.param("2026-11-22T03:00:00-05:00", EIGHT, id="another zone"),
        pytest.param("2026-11-22T08:00:00.000000999Z", EIGHT, id="nanoseconds are cut"),
        pytest.param("2026-11-22T08:00:00.5Z", EIGHT + timedelta(seconds=0.5), id="one decimal"),
    ],
)
def test_moments_are_read_in_any_zone(text: str, moment: datetime) -> None:
    """What RFC 3339 allows is understood, and becomes UTC."""
    assert moment == parse_moment(text)
    assert UTC == parse_moment(text).tzinfo


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "'' is not a moment such as 2026-11-22T08:00:00Z", id="empty"),
        pytest.param(
            "yesterday", "'yesterday' is not a moment such as 2026-11-22T08:00:00Z", id="words"
        ),
        pytest.param(
            "2026-11-22T08:00:00",
            "'2026-11-22T08:00:00' names no time zone: write UTC, with a final Z",
            id="no zone",
        ),
        pytest.param(
            "0001-01-01T00:00:00+05:00",
            "'0001-01-01T00:00:00+05:00' is outside the years 1 to 9999",
            id="before year 1 in UTC",
        ),
    ],
)
def test_text_that_is_no_moment_says_why(text: str, message: str) -> None:
    """Each way of not being a moment has its own message."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole message is compared)
        parse_moment(text)

    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("moment", "us", "ms"),
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), 0, 0, id="the epoch"),
        pytest.param(
            datetime(2026, 11, 22, 8, 0, 0, 123_999, tzinfo=UTC),
            1_795_334_400_123_999,
            1_795_334_400_123,
            id="rounded down",
        ),
        pytest.param(
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1, -1, id="before it, down"
        ),
    ],
)
def test_epochs_round_down(moment: datetime, us: int, ms: int) -> None:
    """Milliseconds and microseconds are whole and never later than the moment."""
    assert us == epoch_us(moment)
    assert ms == epoch_ms(moment)
