"""The status of a deployment as a whole: what it concludes, and every line that it prints."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval
from mixpanel_export.plans import Plan, Plans
from mixpanel_export.series import RECENT, SNAPSHOT, SWEEP
from mixpanel_export_cli.assessing import DeadLetterCount, Status, View, assess
from mixpanel_export_cli.states import State
from mixpanel_export_cli.status_json import as_json
from mixpanel_export_cli.status_text import late_lines, print_status
from tests.cli.pasts import NOW, TODAY, Past, hour, machine_in, printed

VIEW = View(2, 6 * HOUR)
NONE = DeadLetterCount(0)


@pytest.fixture(name="_new_york", autouse=True)
def _new_york() -> Iterator[None]:
    """The operator's machine stands in New York."""
    with machine_in("America/New_York"):
        yield


def status_of(past: Past, view: View = VIEW, dead_letters: DeadLetterCount = NONE) -> Status:
    """The status now."""
    situation = past.onlooker.look(NOW)
    return assess(situation, past.settings.export_since, NOW, dead_letters, view)


@pytest.fixture(name="past")
def _past() -> Past:
    """A morning on which much went wrong, with a hole beyond the heal horizon and a backfill."""
    past = Past(EXPORT_SINCE="2026-11-21", HEAL_HORIZON_HOURS="25", VERIFY_AFTER_HOURS="23")
    for start in (0, 1, 2, 3, 8):
        past.load(hour(start))
    past.load(hour(2), after=2 * HOUR)
    past.land(hour(4))
    past.ask("heal", HOUR, hour(5), hour(6))
    past.ask("schedule", 5 * MINUTE, hour(10))
    for start in (3, *range(5, 24)):
        past.load(hour(start, TODAY - DAY))
    return past


def test_the_whole_text(past: Past) -> None:
    """Each section in plain lines, moments in UTC and in the zone of the machine."""
    status = status_of(past, dead_letters=DeadLetterCount(3))

    assert """\
Status at 2026-11-22 11:16 UTC (2026-11-22 06:16 EST)

Freshness
  events           complete until 2026-11-21 04:00 UTC (2026-11-20 23:00 EST), 31 h 16 min ago
                   newest   until 2026-11-22 09:00 UTC (2026-11-22 04:00 EST), 2 h 16 min ago

Calendar of events, one mark for 1 h, UTC
  2026-11-22  ##R#LaaX#Xa.............
  2026-11-21  XXX#X###################
  # loaded
  R loaded in more than one version
  L landed but not loaded
  a missing but asked for
  X missing
  . not due yet
  - not wanted

Gaps
  events: 1 missing but asked for, for 1 min; last asked for 5 min ago
    from 2026-11-22 10:00 UTC (2026-11-22 05:00 EST)
    to   2026-11-22 11:00 UTC (2026-11-22 06:00 EST)
  events: 1 missing, for 1 h 01 min
    from 2026-11-22 09:00 UTC (2026-11-22 04:00 EST)
    to   2026-11-22 10:00 UTC (2026-11-22 05:00 EST)
  events: 1 missing, for 3 h 01 min
    from 2026-11-22 07:00 UTC (2026-11-22 02:00 EST)
    to   2026-11-22 08:00 UTC (2026-11-22 03:00 EST)
  events: 2 missing but asked for, for 5 h 01 min; last asked for 1 h 00 min ago
    from 2026-11-22 05:00 UTC (2026-11-22 00:00 EST)
    to   2026-11-22 07:00 UTC (2026-11-22 02:00 EST)
  events: 1 landed but not loaded, for 6 h 01 min; LATE, the objective is 6 h 00 min
    from 2026-11-22 04:00 UTC (2026-11-21 23:00 EST)
    to   2026-11-22 05:00 UTC (2026-11-22 00:00 EST)
  events: 1 missing, for 30 h 01 min; LATE, the objective is 6 h 00 min
    from 2026-11-21 04:00 UTC (2026-11-20 23:00 EST)
    to   2026-11-21 05:00 UTC (2026-11-21 00:00 EST)

Backfill
  wanted since 2026-11-21, by EXPORT_SINCE
  ############################............
  71.4 %: 25 of 35 intervals loaded; 3 awaited, of which 0 are asked for
  not counted as awaited: 7 intervals in gaps
  waiting: 3 export requests, behind 5 more urgent; the next tick asks for 8, and beside live \
traffic and second looks there is room for 38 an hour
  all asked for at the next tick

Requests of the last hour
  export 1 planned, of 40; by hand at least 0; together at least 1, of 60

Dead letters: at least 3; see `dead-letters list`
""" == printed(lambda console: print_status(status, console))


def test_a_deployment_without_problems() -> None:
    """Nothing is late, nothing is missing, and the text says so in few words."""
    past = Past()
    for start in range(11):
        past.load(hour(start))
    status = status_of(past, View(1, 6 * HOUR))
    text = printed(lambda console: print_status(status, console))

    assert ((), ()) == (status.gaps, status.late)
    assert [
        "  2026-11-22  ###########.............",
        "Gaps: none",
        "  wanted since 2026-11-22, by EXPORT_SINCE",
        "  100.0 %: 11 of 11 intervals loaded; 0 awaited, of which 0 are asked for",
        "  nothing of the past waits to be asked for",
        "Dead letters: none seen",
    ] == [
        line
        for line in text.splitlines()
        if line.startswith(("  2026", "Gaps", "Dead", "  wanted", "  100", "  nothing"))
    ]


def test_the_whole_json(past: Past) -> None:
    """The keys that the module promises, all of them, and nothing that JSON cannot say."""
    content = json.loads(
        json.dumps(as_json(status_of(past, View(1, 6 * HOUR), DeadLetterCount(3))))
    )
    events = {"table": "events", "mode": "recent"}
    calendar, gaps = content.pop("calendar"), content.pop("gaps")

    assert {
        "at": "2026-11-22T11:16:00Z",
        "since": "2026-11-21T00:00:00Z",
        "is_late": True,
        "objective_seconds": 21600,
        "freshness": [
            {
                **events,
                "complete_until": "2026-11-21T04:00:00Z",
                "complete_age_seconds": 112560,
                "newest_until": "2026-11-22T09:00:00Z",
                "newest_age_seconds": 8160,
            }
        ],
        "backfill": {
            "since": "2026-11-21T00:00:00Z",
            "wished_since": None,
            "wanted": 35,
            "loaded": 25,
            "awaited": 3,
            "under_way": 0,
            "percent": 71.4,
            "queues": [
                {"family": "export", "waiting": 3, "ahead": 5, "at_once": 8, "per_hour": 38}
            ],
            "seconds_left": 0,
            "done_at": "2026-11-22T11:16:00Z",
        },
        "open_plan": None,
        "budget": [
            {"family": "export", "planned": 1, "by_hand_at_least": 0, "limit": 40, "quota": 60}
        ],
        "dead_letters": {"at_least": 3},
    } == content
    assert 24 == len(calendar)
    assert {
        **events,
        "start": "2026-11-22T10:00:00Z",
        "end": "2026-11-22T11:00:00Z",
        "state": "asked",
    } == calendar[13]
    assert {
        **events,
        "start": "2026-11-22T05:00:00Z",
        "end": "2026-11-22T07:00:00Z",
        "intervals": 2,
        "state": "asked",
        "since": "2026-11-22T06:15:00Z",
        "age_seconds": 18060,
        "asked_at": "2026-11-22T10:16:00Z",
        "is_late": False,
    } == gaps[3]
    assert (6, True) == (len(gaps), gaps[-1]["is_late"])


@pytest.mark.parametrize(
    ("minutes", "count"),
    [
        # 30 h 01 min, beyond the heal horizon, and 6 h 01 min old are the oldest.
        pytest.param(30 * 60 + 1, 0, id="as old as the objective"),
        pytest.param(30 * 60, 1, id="older"),
        pytest.param(6 * 60, 2, id="another, too"),
        pytest.param(0, 6, id="all but the backfill"),
    ],
)
def test_a_gap_is_late_when_older_than_the_objective(past: Past, minutes: int, count: int) -> None:
    """The backfill is excepted: it is as old as the past."""
    assert count == len(status_of(past, View(1, minutes * MINUTE)).late)


def test_what_landed_of_a_backfill_and_is_not_loaded_may_be_late() -> None:
    """The backfill is excepted only as long as it is Mixpanel's turn."""
    past = Past(EXPORT_SINCE="2026-11-01")
    old = hour(0, TODAY - 20 * DAY)
    past.land(old, after=NOW - old.end - 7 * HOUR)

    assert [(old.start, 1)] == [
        (gap.start, gap.intervals) for gap in status_of(past).late if gap.state == State.LANDED
    ]


def test_a_wish_is_what_is_wanted(past: Past) -> None:
    """The past that an operator wishes for counts as if it were in the settings."""
    past.bucket.create("backfill.json", b'{"since": "2026-11-01"}', {})
    status = status_of(past)

    assert (TODAY - 21 * DAY, 35 + 20 * 24) == (status.wished_since, status.progress.wanted)
    assert "  wanted since 2026-11-01, by the wish of `backfill --since`" in printed(
        lambda console: print_status(status, console)
    )


def test_a_wish_makes_nothing_late() -> None:
    """What lies before EXPORT_SINCE is awaited, even if nothing at all is there."""
    past = Past()
    past.bucket.create("backfill.json", b'{"since": "2026-11-20"}', {})
    status = status_of(past)

    assert ([TODAY], 48) == ([gap.start for gap in status.late], status.progress.awaited)


def test_a_wish_that_is_no_wish_is_told(past: Past) -> None:
    """The planner cannot plan with it either."""
    past.bucket.create("backfill.json", b"{}", {})

    with pytest.raises(Setup, match=r"delete it, or run `backfill` again"):
        status_of(past)


def test_every_series_has_its_freshness() -> None:
    """The newest end of each, the first gap, and nothing for what never came."""
    past = Past(TABLES="events,people", SWEEP_DAYS="100")
    past.load(hour(4))
    past.load(hour(1), after=9 * HOUR)
    past.load(Interval(TODAY, TODAY + DAY), SNAPSHOT)

    assert (
        (RECENT, TODAY + 2 * HOUR, TODAY + 5 * HOUR),
        (SWEEP, None, None),
        (SNAPSHOT, None, TODAY + DAY),
    ) == tuple(
        (fresh.series, fresh.complete_until, fresh.loaded_until)
        for fresh in status_of(past).freshness
    )


def test_what_was_never_loaded_is_not_complete() -> None:
    """Neither is what has landed and waits; a clock that is ahead may bring the future."""
    past = Past(TABLES="events,people")
    past.land(hour(4))
    past.load(Interval(TODAY, TODAY + DAY), SNAPSHOT)
    past.load(Interval(TODAY - DAY, TODAY), SNAPSHOT)
    past.land(Interval(TODAY - DAY, TODAY), SNAPSHOT, after=9 * HOUR)
    text = printed(lambda console: print_status(status_of(past), console))

    assert (
        """\
  events           nothing of what is wanted is loaded yet
  people snapshot  complete until 2026-11-22 00:00 UTC (2026-11-21 19:00 EST), 11 h 16 min ago
                   newest   until 2026-11-23 00:00 UTC (2026-11-22 19:00 EST), in the future
"""
        in text
    )


def test_only_the_newest_of_many_gaps_are_printed() -> None:
    """The rest is counted; for scripts all are there."""
    past = Past(EXPORT_SINCE="2026-11-20")
    for start in range(0, 48, 2):
        past.load(hour(start % 24, TODAY - (2 - start // 24) * DAY))
    status = status_of(past)
    lines = printed(lambda console: print_status(status, console)).splitlines()

    assert 19 == sum(line.startswith("  events: 1 missing, for ") for line in lines)
    assert "  and 4 more, of which 4 are LATE" in lines
    assert ["late: 4 more"] == list(late_lines(status))[20:]
    assert (24, 24) == (len(as_json(status)["gaps"]), len(status.late))


def test_an_open_plan_is_told(past: Past) -> None:
    """As long as it is open, the planner makes no other."""
    Plans(past.bucket).begin(Plan(7, NOW, NOW, (), ()))
    status = status_of(past)

    assert (
        "  plan 7 is open since 2026-11-22 11:16 UTC (2026-11-22 06:16 EST): "
        "the planner waits until 2026-11-22 11:26 UTC (2026-11-22 06:26 EST)"
    ) in printed(lambda console: print_status(status, console))
    assert {"number": 7, "since": "2026-11-22T11:16:00Z", "until": "2026-11-22T11:26:00Z"} == (
        as_json(status)["open_plan"]
    )


def test_dead_letters_that_cannot_be_counted_hide_nothing(past: Past) -> None:
    """The rest of the status is what it is."""
    status = status_of(past, dead_letters=DeadLetterCount(None, "pulling: [403] [no], ask"))

    assert "Dead letters: not known (pulling: [403] [no], ask)" in (
        printed(lambda console: print_status(status, console)).splitlines()
    )
    assert {"at_least": None} == as_json(status)["dead_letters"]


def test_looking_changes_nothing(past: Past) -> None:
    """Status is asked for as often as anybody likes."""
    before = dict(past.bucket.objects)
    past.journal.entries.clear()
    status_of(past)

    assert before == past.bucket.objects
    assert [
        "read backfill.json",
        "listed plans/",
        "read plans/00000001.json",
        "read plans/00000002.json",
        "listed events/date=2026-11-21/ to 2026-11-22",
        "listed confirmed/events/date=2026-11-21/ to 2026-11-22",
        "read the ledger",
    ] == past.journal.entries
