"""The fetcher and people: pages become one object, whole or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mixpanel_export.errors import ExportError, Poison, RateLimited, Setup, Transient
from mixpanel_export.intervals import DAY, Interval
from mixpanel_export.messages import Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.series import CHANGES, SNAPSHOT, Series
from tests.fakes.exporter import page_body, profile
from tests.fakes.journal import Crash
from tests.unit.fetching_rig import CLOSED, HOUR, NAME, PUBLISHED, START, Fetch

PEOPLE_DAY = Interval(START.replace(hour=0) - DAY, START.replace(hour=0))
SNAPSHOT_NAME = ObjectName(SNAPSHOT, PEOPLE_DAY, NAME.version)
PATH, REJECTS = SNAPSHOT_NAME.path, SNAPSHOT_NAME.rejects_path
LISTED = "listed people/snapshot/date=2026-11-21/ to 2026-11-21"
ASKED = f"asked Mixpanel for people snapshot {PEOPLE_DAY}, page 0"
ASKED_1, ASKED_2 = (ASKED.replace("page 0", f"page {n} of session s") for n in (1, 2))
THREE = [
    page_body(profile("a", plan="pro"), profile(4), total=3),
    page_body(profile("c", **{"$last_seen": "2026-11-21T08:00:00"})),
]


@pytest.fixture(name="fetch")
def _fetch() -> Fetch:
    fetch = Fetch()
    fetch.exporter.pages = list(THREE)
    return fetch


def deliver(fetch: Fetch, origin: Origin = "schedule") -> None:
    """Deliver a request for yesterday's snapshot."""
    fetch.deliver(origin, PEOPLE_DAY, SNAPSHOT)


def test_a_snapshot_lands_page_by_page(fetch: Fetch) -> None:
    """Each page is received and closed before the next is asked for; the object is one."""
    deliver(fetch)

    assert [
        LISTED,
        ASKED,
        CLOSED,
        ASKED_1,
        CLOSED,
        f"wrote {PATH}",
        f"committed {PATH}",
        "INFO retrieved: retrieved: 3 records",
    ] == fetch.journal.entries
    assert [
        ("a", None, "snapshot", 1),
        ("4", None, "snapshot", 2),
        ("c", "2026-11-21T08:00:00", "snapshot", 3),
        (None, None, "snapshot", 0),
    ] == [
        (row["distinct_id"], row["last_seen"], row["_mode"], row["_line"])
        for row in fetch.rows(PATH)
    ]


def test_changes_land_in_a_series_of_their_own(fetch: Fetch) -> None:
    """Beside the snapshot of the same interval, which does not stand in their way."""
    fetch.has_landed(PEOPLE_DAY, series=SNAPSHOT)

    fetch.deliver("schedule", PEOPLE_DAY, CHANGES)

    path = ObjectName(CHANGES, PEOPLE_DAY, NAME.version).path
    assert f"asked Mixpanel for people changes {PEOPLE_DAY}, page 0" == fetch.journal.entries[1]
    assert ["changes"] * 4 == [row["_mode"] for row in fetch.rows(path)]


def test_the_marker_and_the_object_and_the_log_tell_the_same(fetch: Fetch) -> None:
    """With the moment whose state they show: when page 0 was asked for."""
    fetch.exporter.seconds_a_chunk = 7
    fetch.exporter.pages[1] = page_body(profile(""), profile("d", n=2**70), page_size=3)

    deliver(fetch, "heal")

    marker = fetch.rows(PATH)[-1]["properties"]
    facts = {
        "row_count": 3,
        "rejected": 1,
        "outside": 0,
        "converted": 1,
        "min_time": None,
        "max_time": None,
        "digest": marker["digest"],
        "as_of": "2026-11-22T09:20:00Z",
        "origin": "heal",
    }
    known = {key: str(value) for key, value in facts.items() if value is not None}
    assert facts | {"fetched_at": "2026-11-22T09:20:14Z", "seconds": 14.0} == marker
    assert known | {"seconds": "14.0"} == fetch.bucket.objects[PATH].metadata
    assert fetch.bucket.objects[PATH].metadata == fetch.bucket.objects[REJECTS].metadata
    assert (
        facts
        | {
            "severity": "INFO",
            "event": "retrieved",
            "message": "retrieved: 3 records",
            "table": "people",
            "mode": "snapshot",
            "start": "2026-11-21T00:00:00Z",
            "end": "2026-11-22T00:00:00Z",
            "version": NAME.version,
            "seconds": 14.0,
            "delivery_attempt": 2,
        }
        == fetch.journal.lines[0]
    )


def test_every_row_tells_the_moment_whose_state_it_shows(fetch: Fetch) -> None:
    """That of page 0, on whichever page it came; the marker row has none, which tells it apart."""
    fetch.exporter.seconds_a_chunk = 7
    fetch.exporter.pages[1] = page_body(profile("d"), page_size=3)

    deliver(fetch)

    as_of = [row["as_of"] for row in fetch.rows(PATH)]
    assert [*["2026-11-22T09:20:00Z"] * (len(as_of) - 1), None] == as_of
    assert len(as_of) > 2


def test_what_is_no_profile_is_kept_in_the_rejects(fetch: Fetch) -> None:
    """As the JSON that it was, and committed before what it was left out of."""
    fetch.exporter.pages = [page_body(profile(None, plan="pro"))]

    deliver(fetch)

    assert [f"committed {REJECTS}", f"committed {PATH}"] == [
        entry for entry in fetch.journal.entries if entry.startswith("committed")
    ]
    assert [
        {
            "reason": "no usable $distinct_id",
            "line": '{"$distinct_id":null,"$properties":{"plan":"pro"}}',
        }
    ] == fetch.bucket.objects[REJECTS].rows()


def test_an_empty_project_lands_as_a_marker_alone(fetch: Fetch) -> None:
    """Nobody is there, which differs from nothing being known."""
    fetch.exporter.pages = [page_body(total=0)]

    deliver(fetch)

    (marker,) = fetch.rows(PATH)
    assert (None, 0) == (marker["distinct_id"], marker["properties"]["row_count"])
    assert "INFO retrieved: retrieved: 0 records" == fetch.journal.entries[-1]


def test_a_full_last_page_is_followed_by_an_empty_one(fetch: Fetch) -> None:
    """Only then is it known that there is no more."""
    fetch.exporter.pages = [
        page_body(profile(1), profile(2), total=4),
        page_body(profile(3), profile(4)),
        page_body(),
    ]

    deliver(fetch)

    assert [LISTED, ASKED, CLOSED, ASKED_1, CLOSED, ASKED_2, CLOSED] == fetch.journal.entries[:7]
    assert "INFO retrieved: retrieved: 4 records" == fetch.journal.entries[-1]


def test_pages_may_be_compressed(fetch: Fetch) -> None:
    """As Mixpanel sends larger ones."""
    fetch.exporter.gzipped = True

    deliver(fetch)

    assert ["a", "4", "c", None] == [row["distinct_id"] for row in fetch.rows(PATH)]


@pytest.mark.parametrize(
    ("origin", "is_fetched"),
    [("schedule", False), ("heal", False), ("backfill", False), ("replay", True)],
)
def test_what_has_landed_is_fetched_again_only_on_demand(
    fetch: Fetch, origin: Origin, is_fetched: bool
) -> None:
    """A replay fetches the state of now; the others leave the interval as it was."""
    fetch.has_landed(PEOPLE_DAY, series=SNAPSHOT)

    deliver(fetch, origin)

    assert is_fetched == (PATH in fetch.bucket.objects)
    if not is_fetched:
        assert [LISTED, "INFO already_landed: already landed"] == fetch.journal.entries


def test_one_version_is_never_fetched_twice(fetch: Fetch) -> None:
    """A redelivery after the landing costs a look, and no query of Mixpanel's budget."""
    deliver(fetch, "replay")
    del fetch.journal.entries[:]

    deliver(fetch, "replay")

    assert [LISTED, "INFO already_landed: already landed"] == fetch.journal.entries


def test_what_a_newer_version_holds_is_not_fetched(fetch: Fetch) -> None:
    """It was asked for later, so its state is a newer one."""
    fetch.has_landed(PEOPLE_DAY, NAME.version + 1, series=SNAPSHOT)

    deliver(fetch, "replay")

    assert [LISTED, "INFO already_landed: already landed"] == fetch.journal.entries


@pytest.mark.parametrize("series", [SNAPSHOT, CHANGES], ids=str)
def test_intervals_of_people_may_overlap(fetch: Fetch, series: Series) -> None:
    """Of each profile only the newest state shows, however often it was fetched."""
    fetch.has_landed(Interval(PEOPLE_DAY.start, PEOPLE_DAY.start + HOUR), series=series)

    fetch.deliver("schedule", PEOPLE_DAY, series)

    assert "INFO retrieved: retrieved: 3 records" == fetch.journal.entries[-1]


def test_an_interval_that_is_not_over_is_poison(fetch: Fetch) -> None:
    """It would hold a state of its middle for good."""
    with pytest.raises(Poison, match="is not over yet"):
        fetch.deliver("schedule", Interval(START + HOUR, START + 2 * HOUR), CHANGES)
    assert [] == fetch.journal.entries


@pytest.mark.parametrize(
    ("pages", "expected", "asked"),
    [
        pytest.param([THREE[0][:-1]], Transient, [ASKED, CLOSED], id="a cut page 0"),
        pytest.param(
            [THREE[0], THREE[1][:-1]],
            Transient,
            [ASKED, CLOSED, ASKED_1, CLOSED],
            id="a cut page 1",
        ),
        pytest.param(
            [THREE[0], Transient("expired")],
            Transient,
            [ASKED, CLOSED, ASKED_1],
            id="an expired session",
        ),
        pytest.param([RateLimited("429")], RateLimited, [ASKED], id="no budget left"),
        pytest.param(
            [page_body(error="Internal error")], Transient, [ASKED, CLOSED], id="200 with an error"
        ),
        pytest.param(
            [page_body(error="Unable to authenticate request")],
            Setup,
            [ASKED, CLOSED],
            id="200 with bad credentials",
        ),
        pytest.param(
            [THREE[0], page_body()],
            Transient,
            [ASKED, CLOSED, ASKED_1, CLOSED],
            id="fewer than announced",
        ),
        pytest.param(
            [THREE[0], page_body(profile("c"), profile("d"), session_id=...)],
            Transient,
            [ASKED, CLOSED, ASKED_1, CLOSED],
            id="a full page that leads nowhere",
        ),
        pytest.param([b" " * (1 << 26) + b"{}"], Poison, [ASKED, CLOSED], id="too large a page"),
    ],
)
def test_what_is_not_whole_never_lands(
    fetch: Fetch, pages: list[bytes | Exception], expected: type[ExportError], asked: list[str]
) -> None:
    """Neither rows nor rejects are left behind, and nothing is said to be retrieved."""
    fetch.exporter.pages = pages

    with pytest.raises(expected):
        deliver(fetch)
    assert [LISTED, *asked, f"discarded {PATH}"] == fetch.journal.entries
    assert {} == fetch.bucket.objects


@pytest.mark.parametrize("fault", [Transient("made up"), Crash()], ids=["failure", "crash"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("step", "call"), [("list", 1), ("ask", 1), ("ask", 2), ("write", 1), ("commit", 1)]
)
def test_the_next_delivery_ends_what_one_began(
    fetch: Fetch, step: str, call: int, late: bool, fault: BaseException
) -> None:
    """It starts again at page 0, in a session of its own, and lands once."""
    fetch.journal.fail(step, fault, call=call, late=late)
    with pytest.raises(type(fault)):
        deliver(fetch)
    assert [] == fetch.journal.lines

    deliver(fetch)

    assert ["a", "4", "c", None] == [row["distinct_id"] for row in fetch.rows(PATH)]
    assert [PATH] == list(fetch.bucket.objects)
    assert 1 == len(fetch.journal.lines)


def test_the_deadline_holds_for_all_pages_together(fetch: Fetch) -> None:
    """A project with more pages than fit into a delivery is given up in good order."""
    fetch.exporter.pages = [page_body(profile(1), profile(2)) for _ in range(9)]
    fetch.exporter.seconds_a_chunk = 100

    with pytest.raises(Transient, match="gave up receiving an export after 500 s"):
        deliver(fetch)
    assert {} == fetch.bucket.objects


def test_a_day_ago_is_fetched_as_of_now(fetch: Fetch) -> None:
    """A request of a week later shows the state of then in the interval of the past."""
    fetch.clock.move(7 * 24 * 3600)

    fetch.deliver("backfill", PEOPLE_DAY, SNAPSHOT, at=PUBLISHED + timedelta(days=7))

    (path,) = fetch.bucket.objects
    assert path.startswith("people/snapshot/date=2026-11-21/")
    assert "2026-11-29T09:20:00Z" == fetch.bucket.objects[path].metadata["as_of"]
