"""The planner against fakes: which intervals it asks for, in which order, and when it gives up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_export.errors import ExportError, Setup, Transient
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ExportRequest
from mixpanel_export.naming import ObjectName
from mixpanel_export.planning import Planner
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal
from tests.fakes.topics import FakeRequests

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 11, 16, tzinfo=UTC)  # With 15 min settle, 10:00 to 11:00 is due.


class Plan:
    """A planner with its fakes."""

    def __init__(self, **changes: timedelta | int) -> None:
        self.journal = Journal()
        self.clock = FakeClock(NOW, Journal())
        self.bucket, self.requests = FakeBucket(self.journal), FakeRequests(self.journal)
        ways = {"interval": HOUR, "settle": HOUR / 4, "horizon": 2 * HOUR, "max_requests": 40}
        self.planner = Planner(
            self.bucket,
            self.requests,
            clock=self.clock,
            log=self.journal.log,
            **(ways | changes),  # type: ignore[arg-type]  # Times and one number, by name.
        )

    def land(self, start: datetime, length: timedelta = HOUR) -> None:
        """Let an interval have landed."""
        name = ObjectName("events", Interval(start, start + length), 1)
        self.bucket.objects[name.path] = StoredObject(b"", {})

    def asked(self, now: datetime = NOW) -> list[tuple[str, str]]:
        """Hours and origins of what one tick asks for."""
        del self.requests.published[:]
        self.planner.tick(now)
        return [(f"{r.interval.start:%d %H:%M}", r.origin) for r in self.requests.published]


@pytest.fixture(name="plan")
def _plan() -> Plan:
    return Plan()


def test_a_tick_looks_then_publishes_then_says_so(plan: Plan) -> None:
    """The whole order of things: nothing is reported before it is published."""
    plan.land(NOW.replace(hour=9, minute=0))

    plan.planner.tick(NOW)

    assert [
        "listed events/date=2026-11-22/",
        "published 1 requests",
        "INFO planned: planned: 1 of 1 missing intervals",
    ] == plan.journal.entries
    assert [
        ExportRequest(
            "events", Interval.parse("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"), "schedule"
        )
    ] == plan.requests.published
    assert {
        "severity": "INFO",
        "event": "planned",
        "message": "planned: 1 of 1 missing intervals",
        "watermark": "2026-11-22T11:01:00Z",
        "missing": 1,
        "requested": 1,
    } == plan.journal.lines[0]


def test_the_newest_comes_first_and_is_the_only_one_on_schedule(plan: Plan) -> None:
    """What analysts look at is fetched before what they have waited for longest."""
    assert [("22 10:00", "schedule"), ("22 09:00", "heal")] == plan.asked()


def test_a_gap_is_healed_also_when_the_newest_has_landed(plan: Plan) -> None:
    """A gap is no part of the schedule, even if it is the newest that is missing."""
    plan.land(NOW.replace(hour=10, minute=0))

    assert [("22 09:00", "heal")] == plan.asked()


@pytest.mark.parametrize(
    ("minute", "newest"),
    [
        pytest.param(14, "22 09:00", id="one minute before it has settled"),
        pytest.param(15, "22 10:00", id="at the moment it has settled"),
    ],
)
def test_an_interval_is_due_once_it_has_settled(plan: Plan, minute: int, newest: str) -> None:
    """Rows become visible late, so the interval is not asked for earlier."""
    assert newest == plan.asked(NOW.replace(minute=minute))[0][0]


@pytest.mark.parametrize(
    ("now", "oldest"),
    [
        # The horizon is 2 hours.
        pytest.param(NOW.replace(hour=11, minute=59), "22 09:00", id="an hour ended within it"),
        pytest.param(NOW.replace(hour=12, minute=0), "22 10:00", id="and just before it"),
        pytest.param(NOW.replace(hour=1, minute=30), "21 23:00", id="it reaches over midnight"),
    ],
)
def test_an_interval_is_looked_for_until_the_horizon(
    plan: Plan, now: datetime, oldest: str
) -> None:
    """An interval is asked for as long as it ended within the horizon."""
    assert oldest == plan.asked(now)[-1][0]


def test_every_day_within_the_horizon_is_listed() -> None:
    """What landed on the first and on the last day of the horizon counts as landed."""
    plan = Plan(horizon=30 * HOUR)
    for hours in range(48):
        plan.land(datetime(2026, 11, 21, tzinfo=UTC) + hours * HOUR)

    assert [] == plan.asked()
    assert [
        "listed events/date=2026-11-21/",
        "listed events/date=2026-11-22/",
        "published 0 requests",
        "INFO planned: planned: 0 of 0 missing intervals",
    ] == plan.journal.entries


def test_a_tick_asks_for_no_more_than_the_budget_allows() -> None:
    """The rest waits for the next tick, and is counted so that an alert can see it."""
    plan = Plan(max_requests=2, horizon=5 * HOUR)

    assert [("22 10:00", "schedule"), ("22 09:00", "heal")] == plan.asked()
    assert "INFO planned: planned: 2 of 5 missing intervals" == plan.journal.entries[-1]


def test_an_interval_of_another_length_covers_what_it_overlaps() -> None:
    """After a change of the interval's length only what did not land before is asked for."""
    plan = Plan(horizon=5 * HOUR)
    plan.land(NOW.replace(hour=8, minute=0), 2 * HOUR)  # Longer than now.
    plan.land(NOW.replace(hour=6, minute=30), HOUR / 2)  # Shorter than now.

    assert [("22 10:00", "schedule"), ("22 07:00", "heal"), ("22 06:00", "heal")] == plan.asked()
    assert HOUR / 2 == plan.requests.published[-1].interval.length


def test_lengths_that_do_not_divide_each_other_still_fit() -> None:
    """Of the six hours from 06:00, of which eight hours from midnight cover two, four are left."""
    plan = Plan(interval=6 * HOUR, horizon=8 * HOUR)
    plan.land(NOW.replace(hour=0, minute=0), 8 * HOUR)

    assert [("22 10:00", "schedule"), ("22 08:00", "schedule")] == plan.asked(NOW + 2 * HOUR)
    assert {2 * HOUR} == {request.interval.length for request in plan.requests.published}


def test_a_bucket_that_answers_slowly_ends_the_tick(plan: Plan) -> None:
    """Scheduler would give up on a tick that lists for longer than a delivery may take."""
    slow = Journal(lambda _: plan.clock.move(200))
    planner = replace(plan.planner, bucket=FakeBucket(slow), horizon=72 * HOUR)

    with pytest.raises(Transient, match="listing what has landed"):
        planner.tick(NOW)

    assert [] == plan.requests.published


def test_foreign_objects_do_not_count(plan: Plan) -> None:
    """A name that is not ours is no landed interval."""
    plan.bucket.objects["events/date=2026-11-22/README"] = StoredObject(b"", {})

    assert ["22 10:00", "22 09:00"] == [start for start, _ in plan.asked()]


def test_two_ticks_ask_for_the_same(plan: Plan) -> None:
    """A tick remembers nothing: repeated before anything landed it publishes the same again."""
    first = plan.asked()

    assert first == plan.asked()


def test_nothing_is_asked_for_once_it_has_landed(plan: Plan) -> None:
    """The tick after everything landed publishes nothing."""
    for start, _ in plan.asked():
        plan.land(datetime.strptime(f"2026-11-{start}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC))

    assert [] == plan.asked()


@pytest.mark.parametrize(
    ("step", "fault", "before"),
    [
        ("list", Transient("made up"), []),
        ("list", Setup("made up"), []),
        ("publish", Transient("made up"), ["listed events/date=2026-11-22/"]),
        ("publish", Setup("made up"), ["listed events/date=2026-11-22/"]),
    ],
)
def test_a_failed_step_ends_the_tick(
    plan: Plan, step: str, fault: ExportError, before: list[str]
) -> None:
    """What failed is raised, nothing further is done, and nothing is said to be planned."""
    plan.journal.fail(step, fault)

    with pytest.raises(type(fault), match="made up"):
        plan.planner.tick(NOW)
    assert before == plan.journal.entries


MINUTES = [minutes for minutes in range(1, 1441) if 1440 % minutes == 0 and minutes >= 15]


@given(
    minutes=st.sampled_from(MINUTES),
    hours=st.integers(1, 60),
    offset=st.integers(0, 3 * 24 * 60),
    budget=st.integers(1, 50),
)
def test_any_plan_fills_the_horizon_in_the_end(
    minutes: int, hours: int, offset: int, budget: int
) -> None:
    """Tick after tick, the newest first, never more than allowed, until nothing is missing."""
    plan = Plan(interval=timedelta(minutes=minutes), horizon=hours * HOUR, max_requests=budget)
    now = NOW + timedelta(minutes=offset)
    seen: list[Interval] = []
    while plan.asked(now):
        batch = [request.interval for request in plan.requests.published]
        assert len(batch) <= budget
        for interval in batch:
            plan.land(interval.start, interval.end - interval.start)
        seen += batch

    assert sorted(set(seen), reverse=True) == seen
    assert all(now - hours * HOUR < i.end <= now - HOUR / 4 for i in seen)
    ends_within = (hours * HOUR - HOUR / 4) // timedelta(minutes=minutes)
    assert ends_within <= len(seen) <= ends_within + 1
