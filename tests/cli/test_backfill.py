"""Wishes for more of the past, against fakes: when one is worth leaving, and what it takes."""

from __future__ import annotations

from datetime import datetime

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, HOUR
from mixpanel_export.series import SWEEP
from mixpanel_export_cli.forecast import Queue
from mixpanel_export_cli.wishing import (
    Wish,
    day_of,
    loaded_before,
    objection,
    progress_with,
    wish_of,
)
from tests.cli.pasts import NOW, TODAY, Past, hour

NONE, BROKEN = Wish(is_there=False, since=None), Wish(is_there=True, since=None)
WISH = Wish(is_there=True, since=TODAY - 9 * DAY)


@pytest.mark.parametrize(
    ("data", "wish"),
    [
        pytest.param(None, NONE, id="nothing"),
        pytest.param(b'{"since": "2026-11-13"}', WISH, id="a wish"),
        pytest.param(b'{"since": 5}', BROKEN, id="no date"),
        pytest.param(b"", BROKEN, id="empty"),
    ],
)
def test_what_lies_in_the_bucket_may_be_no_wish(data: bytes | None, wish: Wish) -> None:
    """What is broken can still be replaced or removed."""
    assert wish == wish_of(data)


@pytest.mark.parametrize(
    ("days", "wish", "reason"),
    [
        pytest.param(1, NONE, None, id="the first wish"),
        pytest.param(10, WISH, None, id="more than before"),
        pytest.param(8, WISH, None, id="less than before"),
        pytest.param(1, BROKEN, None, id="instead of a broken one"),
        pytest.param(
            9, WISH, "nothing to do: everything since 2026-11-13 is wished for already", id="same"
        ),
        pytest.param(
            0, NONE, "nothing to do: EXPORT_SINCE is 2026-11-22 already", id="as the settings"
        ),
        pytest.param(
            -1,
            WISH,
            "nothing to do: EXPORT_SINCE is 2026-11-22 already; `backfill --stop` takes back "
            "the wish that there is",
            id="later than the settings",
        ),
    ],
)
def test_a_wish_is_left_only_where_it_changes_something(
    days: int, wish: Wish, reason: str | None
) -> None:
    """So many days before EXPORT_SINCE, with this wish in the bucket."""
    assert reason == objection(TODAY - days * DAY, TODAY, wish)


def test_a_wish_is_a_day_that_the_settings_allow() -> None:
    """What the planner could not plan with is not written."""
    assert TODAY == day_of("2026-11-22")


@pytest.mark.parametrize("text", ["", "2008-12-31", "2026-13-01", "20261122", "yesterday"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    """The message says what is allowed."""
    with pytest.raises(Setup, match=r"^--since is '.*'; allowed: a day such as 2026-11-22, not"):
        day_of(text)


@pytest.mark.parametrize(
    ("in_bucket", "wanted"),
    [
        pytest.param(None, 3 * 24 + 11, id="the first wish"),
        # The other is what the planner would follow now, not after.
        pytest.param(b'{"since": "2026-11-01"}', 3 * 24 + 11, id="instead of another"),
        pytest.param(b"broken", 3 * 24 + 11, id="instead of a broken one"),
    ],
)
def test_what_a_wish_takes_is_known_before(in_bucket: bytes | None, wanted: int) -> None:
    """As the planner itself would find it, while nothing is written."""
    past = Past()
    if in_bucket:
        past.bucket.create("backfill.json", in_bucket, {})
    for start in range(11):
        past.load(hour(start))
    past.load(hour(5, TODAY - DAY))
    past.journal.entries.clear()
    situation = past.onlooker.look(NOW, (TODAY - 3 * DAY).date())
    progress = progress_with(situation, past.settings.export_since, NOW)

    # What lies after the hour that was loaded once is no backfill but 18 holes.
    assert (wanted, 12, TODAY - 3 * DAY) == (progress.wanted, progress.loaded, progress.since)
    assert (53, 18, (Queue("export", 53, 18, 39, 39),)) == (
        progress.awaited,
        progress.open,
        progress.queues,
    )
    assert HOUR == progress.lasts
    assert [
        "listed plans/",
        "listed events/date=2026-11-19/ to 2026-11-22",
        "listed confirmed/events/date=2026-11-19/ to 2026-11-22",
        "read the ledger",
    ] == past.journal.entries


def test_what_was_loaded_stays_when_a_wish_is_taken_back() -> None:
    """Each interval counts once, whatever its versions, and only what the settings leave out."""
    past = Past(SWEEP_DAYS="100")
    past.load(hour(5, TODAY - DAY))
    past.load(hour(5, TODAY - DAY), after=9 * HOUR)
    past.load(hour(0, datetime(2009, 1, 1, tzinfo=TODAY.tzinfo)))
    past.load(hour(0, TODAY - 5 * DAY, DAY), SWEEP)
    past.land(hour(6, TODAY - DAY))
    past.load(hour(0))

    assert 3 == loaded_before(past.ledger, TODAY)
