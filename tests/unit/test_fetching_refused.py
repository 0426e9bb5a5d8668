"""The fetcher against fakes: what it refuses, and that nothing is left of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mixpanel_export.errors import ExportError, Poison, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ORIGINS, Message, Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import RECENT
from tests.unit.fetching_rig import (
    ASKED,
    CLOSED,
    DISCARDED,
    DISCARDED_REJECTS,
    FIRST,
    HOUR,
    LISTED,
    PUBLISHED,
    SECOND,
    START,
    Fetch,
)

FETCHED_FIRST: list[Origin] = ["schedule", "heal", "backfill", "replay"]


@pytest.fixture(name="fetch")
def _fetch() -> Fetch:
    return Fetch()


def test_a_message_that_is_no_request_is_poison(fetch: Fetch) -> None:
    """Nothing is listed, asked or written for it."""
    with pytest.raises(Poison, match="not JSON"):
        fetch.fetcher.handle(Message(b"gimme", {}, "1", PUBLISHED))
    assert [] == fetch.journal.entries


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize(
    ("early", "expected", "said"),
    [
        pytest.param(5 * 60 + 1e-6, Poison, "is not over yet: ask again after its end", id="far"),
        pytest.param(5 * 60, Transient, "ends in a moment: will try again", id="5 minutes"),
        pytest.param(1e-6, Transient, "ends in a moment: will try again", id="a microsecond"),
    ],
)
def test_an_interval_that_is_not_over_does_not_land(
    fetch: Fetch, origin: Origin, early: float, expected: type[ExportError], said: str
) -> None:
    """Landed now, it would count as whole; a clock a little behind is worth another delivery."""
    fetch.clock.move(-20 * 60)
    fetch.clock.move(-early)

    with pytest.raises(expected, match=said):
        fetch.deliver(origin)
    assert [] == fetch.journal.entries

    fetch.clock.move(early)
    fetch.deliver(origin)
    assert ["i1", "i2", None] == fetch.insert_ids()


OVERLAPPING = [
    pytest.param(Interval(START, START + 2 * HOUR), id="longer"),
    pytest.param(Interval(START, START + HOUR / 2), id="shorter, the first half"),
    pytest.param(Interval(START + HOUR / 2, START + HOUR), id="shorter, the second half"),
    pytest.param(Interval(START - 8 * HOUR, START + 16 * HOUR), id="a day"),
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("other", OVERLAPPING)
def test_an_overlap_with_another_length_is_poison(
    fetch: Fetch, origin: Origin, other: Interval
) -> None:
    """The same events would show in two intervals, also after a replay."""
    fetch.has_landed(other)

    with pytest.raises(Poison, match="rows would be doubled"):
        fetch.deliver(origin)
    assert [LISTED] == fetch.journal.entries


@pytest.mark.parametrize("origin", FETCHED_FIRST)
@pytest.mark.parametrize("other", OVERLAPPING)
def test_an_overlap_that_landed_meanwhile_is_poison(
    fetch: Fetch, origin: Origin, other: Interval
) -> None:
    """Mixpanel takes minutes to answer; neither rows nor rejects are left behind."""

    def overtake(_: Interval) -> list[bytes]:
        fetch.has_landed(other)
        return [FIRST + b"<html>\n" + SECOND]

    fetch.exporter.content = overtake

    with pytest.raises(Poison, match=f"overlaps {re.escape(str(other))}, which has landed"):
        fetch.deliver(origin)
    assert [LISTED, ASKED, LISTED, DISCARDED_REJECTS, DISCARDED, CLOSED] == fetch.journal.entries
    assert [ObjectName(RECENT, other, 1).path] == list(fetch.bucket.objects)


def test_neighbours_do_not_stand_in_the_way(fetch: Fetch) -> None:
    """Intervals that only touch share no row, whether they landed before or meanwhile."""

    def overtake(_: Interval) -> list[bytes]:
        fetch.has_landed(Interval(START + HOUR, START + HOUR + timedelta(minutes=1)))
        return [FIRST + SECOND]

    fetch.has_landed(Interval(START - HOUR, START))
    fetch.exporter.content = overtake

    fetch.deliver()

    assert ["i1", "i2", None] == fetch.insert_ids()
