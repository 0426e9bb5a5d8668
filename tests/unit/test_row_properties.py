"""What holds of rows whatever the lines are; `test_rows` has the cases by name."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.intervals import Interval
from mixpanel_export.naming import ObjectName
from mixpanel_export.rows import Rejected, Rows
from mixpanel_export.series import RECENT, SWEEP, Series
from tests.bigquery_rules import accept
from tests.strategies import Wild, wild_objects, wild_values

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = Interval(EIGHT, EIGHT + timedelta(hours=1))
FIRST_DAY_MS = HOUR.start_ms - (6 * 24 + 8) * 3_600_000
EASTERN = ZoneInfo("America/New_York")
REASONS = {
    "not JSON",
    "no `event` with `properties`",
    "no usable mp_processing_time_ms",
    "no usable time",
}
COLUMNS = {
    "event_name": "event",
    "distinct_id": "distinct_id",
    "device_id": "$device_id",
    "user_id": "$user_id",
    "insert_id": "$insert_id",
}


def rows(version: int = 7, interval: Interval = HOUR, series: Series = RECENT) -> Rows:
    """Rows of one version of one interval."""
    return Rows(ObjectName(series, interval, version), EASTERN)


def exact(value: Any) -> str:
    """Text that tells 1 from 1.0 and from True, unlike `==`."""
    return json.dumps(value, sort_keys=True)


@st.composite
def wild_lines(draw: st.DrawFn) -> tuple[bytes, Wild, Wild]:
    """A line with any event and properties, valid times, and what must be kept of both."""
    event = draw(wild_values.filter(lambda wild: wild.kept is not None))
    properties = draw(wild_objects)
    ids = draw(st.dictionaries(st.sampled_from(sorted(COLUMNS.values())), wild_values, max_size=4))
    time = draw(st.integers(-62_000_000_000, 99_999_999_999) | st.floats(0, 10**10))
    processed = draw(st.integers(HOUR.start_ms, HOUR.end_ms - 1))
    members = [
        *([properties.text[1:-1]] if properties.kept else []),
        *(f'"{key}":{value.text}' for key, value in ids.items()),
        f'"time":{time!r}',
        f'"mp_processing_time_ms":{processed}',
    ]
    text = "{" + ",".join(members) + "}"
    kept = properties.kept | {key: value.kept for key, value in ids.items()}
    kept |= {"time": time, "mp_processing_time_ms": processed}
    converted = sum(wild.converted for wild in (properties, *ids.values()))
    line = f'{{"event":{event.text},"properties":{text}}}'
    return line.encode(), event, Wild(text, kept, converted)


@given(wild_lines())
def test_any_properties_become_a_row_that_bigquery_takes(line: tuple[bytes, Wild, Wild]) -> None:
    """One bad row fails a whole load, so no value may be bad; all else is as it was sent."""
    text, event, properties = line
    is_old = round(properties.kept["time"] * 1000) < FIRST_DAY_MS
    made = rows(series=SWEEP if is_old else RECENT)

    outcome = made.row(text)

    assert isinstance(outcome, bytes)
    row = accept(outcome)
    assert exact(properties.kept) == exact(row["properties"])
    assert event.converted + properties.converted == made.tally.converted
    sent = properties.kept | {"event": event.kept}
    for column, key in COLUMNS.items():
        value = sent.get(key)
        if value is None or (column == "insert_id" and value == ""):
            assert None is row[column]
        elif isinstance(value, str):
            assert value == row[column]
        else:
            assert exact(value) == exact(json.loads(row[column]))


broken_lines = st.one_of(
    st.binary(),
    wild_values.map(lambda wild: wild.text.encode()),
    wild_objects.map(lambda wild: f'{{"event":"a","properties":{wild.text}}}'.encode()),
    st.tuples(wild_lines(), st.floats(0, 1), st.binary(max_size=3), st.integers(0, 9)).map(
        # The line, with some of its bytes replaced by others, or just cut.
        lambda p: (text := p[0][0])[: (at := int(p[1] * len(text)))] + p[2] + text[at + p[3] :]
    ),
)


@given(st.lists(wild_lines().map(lambda line: line[0]) | broken_lines, max_size=3))
def test_no_bytes_make_it_raise_and_every_line_is_counted(lines: list[bytes]) -> None:
    """A line is a row, outside, or rejected for a reason that holds no data; none gets lost."""
    made = rows()

    outcomes = [made.row(line) for line in lines]

    accepted = [accept(outcome) for outcome in outcomes if isinstance(outcome, bytes)]
    rejected = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    tally = made.tally
    assert {rejection.reason for rejection in rejected} <= REASONS
    assert (len(accepted), len(rejected)) == (tally.rows, tally.rejected)
    assert len(lines) == tally.rows + tally.outside + tally.rejected
    assert list(range(1, tally.rows + 1)) == [row["_line"] for row in accepted]
    assert min((row["time"] for row in accepted), default=None) == tally.min_time
    assert max((row["time"] for row in accepted), default=None) == tally.max_time


def simple(number: object, event: str = "a", **more: object) -> bytes:
    """A small valid line."""
    properties = {"time": 1795316460, "mp_processing_time_ms": HOUR.start_ms, "n": number} | more
    return json.dumps({"event": event, "properties": properties}).encode()


def digest(*lines: bytes, version: int = 7, interval: Interval = HOUR) -> str:
    """The digest of an export of these lines."""
    made = rows(version, interval)
    for line in lines:
        made.row(line)
    return str(made.tally.facts()["digest"])


few = st.lists(st.integers(0, 3).map(simple), max_size=6)


@given(few, few | st.none(), st.randoms(use_true_random=False))
def test_digests_are_equal_exactly_for_equal_multisets(
    one: list[bytes], other: list[bytes] | None, random: Any
) -> None:
    """Order does not matter, but how often a row occurs does."""
    if other is None:
        other = random.sample(one, len(one))

    assert (Counter(one) == Counter(other)) == (digest(*one) == digest(*other))


@given(wild_objects, wild_objects)
def test_different_rows_have_different_digests(one: Wild, other: Wild) -> None:
    """Any difference in the properties shows."""
    digests = {
        digest(simple(1).replace(b'"n": 1', b'"n": %s' % wild.text.encode()))
        for wild in (one, other)
    }

    assert len({exact(one.kept), exact(other.kept)}) == len(digests)


def test_a_row_twice_is_not_a_row_never() -> None:
    """A digest by exclusive or would forget every pair."""
    pair = simple(1), simple(1)

    assert digest() != digest(*pair) != digest(pair[0])


def test_a_digest_has_one_length() -> None:
    """It is a sum, so that order does not matter, but one that cannot outgrow its column."""
    assert {32} == {len(digest(*map(simple, range(n)))) for n in (0, 1, 2, 50)}


def test_every_field_is_in_the_digest() -> None:
    """Changing, adding or removing one field, or the event, makes another digest."""
    lines = [
        simple(1),
        simple(2),
        simple("1"),
        simple(None),
        simple(1, event="b"),
        simple(1, time=1795316461),
        simple(1, mp_processing_time_ms=HOUR.start_ms + 1),
        simple(1, distinct_id="someone"),
        simple(1, **{"$insert_id": ""}),
        simple(1, more=None),
    ]

    assert len(lines) == len({digest(line) for line in lines})


def test_the_digest_knows_neither_version_nor_line_nor_interval() -> None:
    """Two fetches that hold the same events agree, which is what a second look compares."""
    day = Interval(EIGHT.replace(hour=0), EIGHT.replace(hour=0) + timedelta(days=1))
    lines = [simple(1), simple(2)]

    assert digest(*lines) == digest(*lines, version=8) == digest(*lines, interval=day)


def test_the_order_of_keys_is_not_in_the_digest() -> None:
    """Mixpanel promises no order within a line either."""
    reordered = dict(reversed(json.loads(simple(1))["properties"].items()))

    assert digest(simple(1)) == digest(
        json.dumps({"properties": reordered, "event": "a"}, indent=1).replace("\n", "").encode()
    )


def test_a_converted_value_does_not_cost_the_others_anything() -> None:
    """In one line with every oddity, each is text, and the plain values are untouched."""
    text = rb'{"event":"a","properties":{"time":1795316460,"mp_processing_time_ms":%d,' % (
        HOUR.start_ms + 5
    )
    deep = b"[" * 600 + b"]" * 600
    text += rb'"big":18446744073709551616,"nan":NaN,"lone":"\ud800","deep":%s,"n":1.5}}' % deep
    made = rows()

    outcome = made.row(text)

    assert isinstance(outcome, bytes)
    properties = accept(outcome)["properties"]
    assert 4 == made.tally.converted
    assert ["18446744073709551616", "NaN", "\ufffd", 1.5] == [
        properties[key] for key in ("big", "nan", "lone", "n")
    ]
