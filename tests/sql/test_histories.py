"""Any history of loads: what the views show of it is what the model says.

A history is what was loaded until some moment, in the order in which it was. As each beginning of
a history is one, too, what holds for all of them holds after every load.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql import model
from tests.sql.engines import Engine
from tests.sql.histories import DAY, HOUR, MIDNIGHT, event, hold, profile, raw_rows, unordered
from tests.sql.model import Load, Row

MICROSECOND = timedelta(microseconds=1)
BEFORE = f"${model.BEFORE}"
LEDGER = (
    *("table_name", "mode", "interval_start", "interval_end", "version"),
    *("row_count", "as_of", "is_live"),
)

# An example is several queries of each engine: a third of what the profile asks for.
_some = settings(max_examples=settings().max_examples // 3)

_hours = st.sampled_from([(0, 1), (1, 2), (0, 24)])
_times = st.sampled_from(
    [MIDNIGHT - MICROSECOND, MIDNIGHT, MIDNIGHT + MICROSECOND, MIDNIGHT + DAY]
)
_events = st.builds(
    event,
    st.sampled_from("ab"),
    time=_times,
    event_name=st.sampled_from(["Paid", "paid"]),
    distinct_id=st.sampled_from([None, "ann", "bob", "anon"]),
    insert_id=st.sampled_from([None, "1", "2"]),
    processing_time=st.sampled_from([MIDNIGHT, MIDNIGHT + HOUR]),
    properties=st.sampled_from([{}] + [{BEFORE: before} for before in (None, "", "ann", "anon")]),
)
_profiles = st.builds(
    lambda who, name, last_seen: profile(who, name=name) | {"last_seen": last_seen},
    st.sampled_from(["ann", "bob", "cid"]),
    st.sampled_from("xy"),
    st.sampled_from([None, datetime.fromisoformat("2026-11-21T23:59:59")]),
)


def _load(
    mode: str, hours: tuple[int, int], version: int, rows: list[Row], as_of: int | None = None
) -> Load:
    start, end = (MIDNIGHT + each * HOUR for each in hours)
    moment = None if as_of is None else MIDNIGHT + as_of * HOUR
    return Load(mode, start, end, version, tuple(rows), moment)


def _object(load: Load) -> Any:
    return load.mode, load.start, load.end, load.version


def _version(load: Load) -> Any:
    """No event is in two series, so that no rows of two of them can tie."""
    return load.start, load.version


_exports = st.builds(
    _load,
    st.sampled_from(["recent", "sweep"]),
    _hours,
    st.integers(1, 6),
    st.lists(_events, max_size=5),
)
_fetches = st.builds(
    _load,
    st.sampled_from(["snapshot", "changes"]),
    _hours,
    st.integers(1, 6),
    st.lists(_profiles, max_size=4),
    st.integers(0, 9) | st.integers(0, 99),
)
# An object is loaded once.
histories_of_events = st.lists(_exports, max_size=6, unique_by=_version)
histories_of_people = st.lists(_fetches, max_size=7, unique_by=_object)


def rows(engine: Engine, view: str, *columns: str, **parameters: Any) -> list[Row]:
    """What a view shows, in an order that can be compared."""
    return unordered(
        engine.query(f"SELECT {', '.join(columns) or '*'} FROM mixpanel.{view}", **parameters)
    )


@_some
@given(history=histories_of_events, lo=_times, hi=_times)
def test_events_are_those_of_the_model(
    engine: Engine, history: list[Load], lo: datetime, hi: datetime
) -> None:
    """Copies within and across intervals, replays with fewer rows, sweeps, in any order."""
    hold(engine, history)

    assert unordered(model.events(history)) == rows(engine, "events")
    assert unordered(model.events_stable(history)) == rows(engine, "events_stable")
    between = rows(engine, "events_between(@lo, @hi)", lo=lo, hi=hi)
    assert unordered(model.events_between(history, lo, hi)) == between
    filtered = rows(engine, "events WHERE time >= @lo AND time < @hi", lo=lo, hi=hi)
    assert filtered == between
    assert unordered(model.loads(history)) == rows(engine, "loads", *LEDGER)


@_some
@given(history=histories_of_people)
def test_people_are_those_of_the_model(engine: Engine, history: list[Load]) -> None:
    """Snapshots, changes, deletions, replays and late loads, in every mixture."""
    hold(engine, history)

    people = rows(engine, "people", "distinct_id", "last_seen", "properties")
    assert unordered(model.people(history)) == rows(engine, "people")
    assert unordered(model.people_history(history)) == rows(
        engine, "people_history", *model.HISTORY_COLUMNS
    )
    current = "people_history WHERE valid_to IS NULL AND NOT is_deleted"
    assert people == rows(engine, current, "distinct_id", "last_seen", "properties")
    assert unordered(model.loads(history)) == rows(engine, "loads", *LEDGER)


@_some
@given(history=histories_of_people, days=st.integers(0, 5))
def test_what_has_expired_deletes_nobody(engine: Engine, history: list[Load], days: int) -> None:
    """Rows expire by the day of their moment; that their marker rows stay makes no difference."""
    cut = MIDNIGHT + days * DAY
    raw = [row for load in history for row in raw_rows(load)]
    kept = [row for row in raw if not row["_line"] or row["as_of"] >= cut.isoformat()]
    engine.hold("people", kept)

    young = [load for load in history if load.as_of and load.as_of >= cut]
    assert unordered(model.people(young)) == rows(engine, "people")
    assert unordered(model.people_history(young)) == rows(
        engine, "people_history", *model.HISTORY_COLUMNS
    )


# What was sent: who did it, with which insert id, and the hours in which copies arrived.
_sent = st.tuples(
    st.sampled_from(["anon-1", "anon-2", "ann"]),
    st.sampled_from([None, "1", "2"]),
    st.sets(st.integers(0, 2), min_size=1),
)
# Who becomes whom before which export.
_merges = st.dictionaries(
    st.sampled_from(["anon-1", "anon-2"]), st.tuples(st.integers(0, 3), st.sampled_from(["ann"]))
)


@_some
@given(
    sent=st.lists(_sent, max_size=5, unique_by=lambda each: each[:2]),
    merges=_merges,
    order=st.permutations(range(3)),
)
def test_merges_double_no_event_and_hide_none(
    engine: Engine,
    sent: list[tuple[str, str | None, set[int]]],
    merges: dict[str, tuple[int, str]],
    order: list[int],
) -> None:
    """Whichever hours were exported before a merge, and whichever after it.

    Two events with one insert id are one for Mixpanel as soon as they are one person's.
    """
    history = []
    for turn, number in enumerate(order):
        exported = []
        for who, insert_id, hours in sent:
            since, becomes = merges.get(who, (3, who))
            is_merged = since <= turn
            exported += [
                event(
                    who,
                    distinct_id=becomes if is_merged else who,
                    insert_id=insert_id,
                    processing_time=MIDNIGHT + number * HOUR,
                    properties={BEFORE: who} if is_merged else {},
                )
            ] * (number in hours)
        history.append(_load("recent", (number, number + 1), turn + 1, exported))
    hold(engine, history)

    anonymous = Counter({who: len(hours) for who, insert_id, hours in sent if not insert_id})
    stable = rows(engine, "events_stable")
    shown = Counter(row["properties"]["note"] for row in stable if not row["insert_id"])
    assert anonymous == shown
    keyed = [(row["properties"]["note"], row["insert_id"]) for row in stable if row["insert_id"]]
    assert len(keyed) == len(set(keyed))
    final = {who: becomes for who, (since, becomes) in merges.items() if since < 3}
    people = {(final.get(who, who), insert_id) for who, insert_id, _ in sent if insert_id}
    assert people == {(final.get(who, who), insert_id) for who, insert_id in keyed}
