"""The fetcher, Mixpanel's simulator and a bucket: people, second looks and sweeps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mixpanel_export.errors import ExportError, Poison, RateLimited, Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.queries import PAGE_SIZE
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP
from tests.pipeline.landing import Landing, landing_fixtures

DAY = Interval.parse("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")
MATCH = {"path": "engage"}


_emulators, _landing = landing_fixtures()


def hold(landing: Landing, count: int) -> None:
    """Let Mixpanel hold this many profiles, with numbers for ids."""
    profiles = ({"$distinct_id": n, "$properties": {"plan": "pro"}} for n in range(count))
    landing.mixpanel.load_profiles(landing.project_id, profiles)


def rows(landing: Landing) -> list[dict[str, Any]]:
    """The rows of people that landed."""
    (path,) = [name for name in landing.objects() if name.startswith("people/")]
    return landing.rows(path)


def snapshot(landing: Landing) -> list[str]:
    """Who is in the snapshot that landed."""
    return [row["distinct_id"] for row in rows(landing)]


@pytest.mark.parametrize(
    ("count", "calls"),
    [
        pytest.param(0, 1, id="nobody"),
        pytest.param(3, 1, id="a short page"),
        pytest.param(PAGE_SIZE, 2, id="a full page, then an empty one"),
        pytest.param(PAGE_SIZE + 1, 2, id="a full page, then a short one"),
    ],
)
def test_a_snapshot_holds_everybody(landing: Landing, count: int, calls: int) -> None:
    """Each page is one call, as the documentation has it; numeric ids are text."""
    hold(landing, count)

    landing.fetch(message=landing.ask(SNAPSHOT, DAY))

    assert list(map(str, range(count))) == snapshot(landing)
    assert [("POST", "/api/query/engage", 200)] * calls == [
        (call["method"], call["path"], call["status"]) for call in landing.asked()
    ]
    assert ["/api/query/engage"] * calls == [
        line["endpoint"] for line in landing.lines if line["event"] == "mixpanel_response"
    ]


def test_changes_are_those_last_seen_around_the_interval(landing: Landing) -> None:
    """A day more on both sides, half-open; who has no `$last_seen` is left to the snapshot."""
    seen: dict[str, dict[str, Any]] = {
        "too early": {"$last_seen": "2026-02-28T23:59:59"},
        "first": {"$last_seen": "2026-03-01T00:00:00"},
        "last": {"$last_seen": "2026-03-03T23:59:59"},
        "too late": {"$last_seen": "2026-03-04T00:00:00"},
        "never": {},
        "null": {"$last_seen": None},
    }
    landing.mixpanel.load_profiles(
        landing.project_id,
        ({"$distinct_id": who, "$properties": what} for who, what in seen.items()),
    )

    landing.fetch(message=landing.ask(CHANGES, DAY))

    assert [("first", "changes"), ("last", "changes")] == [
        (row["distinct_id"], row["_mode"]) for row in rows(landing)
    ]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(
            {"kind": "expire_session"},
            "Mixpanel refused page 1, as it does when a session has expired; "
            "the fetch starts again",
            id="expired session",
        ),
        pytest.param(
            {"kind": "error_with_200", "error": "Internal error"},
            "Mixpanel answered 200: Internal error",
            id="200 with an error",
        ),
        pytest.param({"kind": "cut_chunked"}, "the export was cut", id="connection cut"),
        pytest.param(
            {"kind": "status", "status": 503, "times": 4}, "Mixpanel answered 503", id="5xx"
        ),
        pytest.param(
            {"kind": "status", "status": 400, "match": {"page": "1"}},
            "Mixpanel refused page 1",
            id="page 1 refused",
        ),
    ],
)
def test_what_breaks_is_fetched_again_from_the_start(
    landing: Landing, fault: dict[str, Any], said: str
) -> None:
    """Nothing of the first delivery can be seen; the next one lands everybody."""
    hold(landing, PAGE_SIZE + 1)
    landing.mixpanel.faults.add(**({"match": MATCH} | fault))
    with pytest.raises(Transient, match=said):
        landing.fetch(message=landing.ask(SNAPSHOT, DAY))
    assert [] == landing.objects()

    landing.fetch(message=landing.ask(SNAPSHOT, DAY))

    assert PAGE_SIZE + 1 == len(snapshot(landing))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param({"status": 400}, Poison, id="400"),
        pytest.param(
            {"status": 400, "body": "Unable to authenticate"}, Setup, id="authentication"
        ),
        pytest.param({"status": 401}, Setup, id="401"),
        pytest.param({"status": 402}, Setup, id="402"),
        pytest.param({"status": 403}, Setup, id="403"),
        pytest.param({"status": 429, "retry_after": 60}, RateLimited, id="429"),
    ],
)
def test_a_refused_page_0_is_answered_as_an_export_is(
    landing: Landing, fault: dict[str, Any], expected: type[ExportError]
) -> None:
    """At once, with one call: what is refused is not asked for again in this delivery."""
    landing.mixpanel.faults.add("status", match=MATCH, **fault)

    with pytest.raises(expected) as failure:
        landing.fetch(message=landing.ask(SNAPSHOT, DAY))
    assert expected is type(failure.value)
    assert 1 == len(landing.asked())


def test_bad_credentials_on_a_further_page_are_a_setting(landing: Landing) -> None:
    """Somebody revoked them meanwhile: no session has expired."""
    hold(landing, PAGE_SIZE)
    text = "Unable to authenticate request"
    landing.mixpanel.faults.add("status", status=400, body=text, match={"page": "1"})

    with pytest.raises(Setup, match=text):
        landing.fetch(message=landing.ask(SNAPSHOT, DAY))


def test_a_page_is_tried_again_within_its_session(landing: Landing) -> None:
    """A passing failure of one page does not cost the pages before it."""
    hold(landing, PAGE_SIZE)
    landing.mixpanel.faults.add("status", status=503, match={"page": "1"})

    landing.fetch(message=landing.ask(SNAPSHOT, DAY))

    assert [200, 503, 200] == [call["status"] for call in landing.asked()]
    assert PAGE_SIZE == len(snapshot(landing))


def test_a_second_look_lands_only_what_differs(landing: Landing) -> None:
    """In the bucket of Cloud Storage as in the fake one: a trace, or another version."""
    day, hour = landing.interval.start.date(), landing.interval
    landing.hold(3)
    landing.fetch()

    landing.fetch(message=landing.ask(RECENT, hour, "verify", late=1))
    landing.fetch(message=landing.ask(RECENT, hour, "verify", late=1))

    (trace,) = landing.exports.confirmed(RECENT, day, day)
    assert 0 == landing.bucket.get_blob(trace.confirmed_path).size
    assert 1 == len(landing.exports.landed(RECENT, day, day))
    assert 2 == len(landing.asked())

    landing.hold(4)
    landing.fetch(message=landing.ask(RECENT, hour, "verify", late=2))

    assert [3, 7] == [one.row_count for one in landing.exports.landed(RECENT, day, day)]
    events = ("retrieved", "confirmed", "already_confirmed", "corrected")
    assert ["retrieved", "confirmed", "already_confirmed", "retrieved", "corrected"] == [
        line["event"] for line in landing.lines if line["event"] in events
    ]
    assert 4 == landing.lines[-1]["late_visible"]


def test_imported_history_is_swept_up_once(landing: Landing) -> None:
    """What the hours of a day leave out its sweep holds, and nothing else."""
    moment = landing.interval.start
    for age in (0, 5, 8, 90):
        landing.mixpanel.ingest(
            landing.project_id, f"{age}", moment - timedelta(days=age), moment, {}
        )

    landing.fetch()
    landing.fetch(message=landing.ask(SWEEP, DAY))

    assert {"events": ["0", "5"], "events sweep": ["8", "90"]} == {
        str(series): sorted(
            row["event_name"]
            for one in landing.exports.landed(series, moment.date(), moment.date())
            for row in landing.rows(one.name.path)
        )
        for series in (RECENT, SWEEP)
    }
