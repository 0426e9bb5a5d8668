"""A deployment with a past: what landed, was loaded, and was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from hypothesis import strategies as st
from rich.console import Console

from mixpanel_export.intervals import DAY, HOUR, MINUTE, Interval, aligned, epoch_us
from mixpanel_export.messages import ExportRequest, LandedObject, Origin
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.planning import Planner
from mixpanel_export.plans import Plan, Plans
from mixpanel_export.queries import Project
from mixpanel_export.reconciling import Known, Policy
from mixpanel_export.series import CHANGES, RECENT, SNAPSHOT, SWEEP, Series
from mixpanel_export.settings import PlannerSettings
from mixpanel_export_cli.deployment import Deployment
from mixpanel_export_cli.looking import Onlooker
from tests.cli.outputs import FETCHER, PLANNER, outputs
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal
from tests.fakes.ledger import FakeLedger
from tests.fakes.topics import FakeTopic

NOW = datetime(2026, 11, 22, 11, 16, tzinfo=UTC)  # With 15 min settle, 10:00 to 11:00 is due.
TODAY = datetime(2026, 11, 22, tzinfo=UTC)
ONLY_EVENTS = {"TABLES": "events", "SWEEP_DAYS": "0", "VERIFY_AFTER_HOURS": "0"}


def hour(start: int, day: datetime = TODAY, length: timedelta = HOUR) -> Interval:
    """The interval that starts at this hour of the day."""
    return Interval(day + start * HOUR, day + start * HOUR + length)


class Past:
    """A deployment that fetches events hour by hour, since midnight, and nothing else.

    `changes` are variables of the planner.
    """

    def __init__(self, **changes: str) -> None:
        self.journal = Journal()
        self.clock = FakeClock(NOW, self.journal)
        self.settings = PlannerSettings.from_env(
            PLANNER | {"EXPORT_SINCE": "2026-11-22"} | ONLY_EVENTS | changes
        )
        self.bucket = FakeBucket(self.journal, self.clock.now)
        self.ledger = FakeLedger(self.journal)
        self.onlooker = Onlooker(self.settings, self.bucket, self.ledger, self.clock)

    def land(
        self, interval: Interval, series: Series = RECENT, after: timedelta = 16 * MINUTE
    ) -> ObjectName:
        """Let a version land, so long after the end of its interval."""
        asked_at = interval.end + after
        name = ObjectName(series, interval, epoch_us(asked_at))
        self.bucket.objects[name.path] = StoredObject(b"", {"row_count": "0"}, asked_at + MINUTE)
        return name

    def load(
        self, interval: Interval, series: Series = RECENT, after: timedelta = 16 * MINUTE
    ) -> None:
        """Let a version land and be loaded."""
        self.ledger.names.append(self.land(interval, series, after))

    def tick(self) -> list[dict[str, Any]]:
        """Let the planner plan now; the lines that it logs."""
        requests: FakeTopic[ExportRequest] = FakeTopic(self.journal)
        landings: FakeTopic[LandedObject] = FakeTopic(self.journal, "reloads")
        planner = Planner(
            bucket=self.bucket,
            bucket_name="exports",
            ledger=self.ledger,
            requests=requests,
            landings=landings,
            policy=Policy.of(self.settings),
            clock=self.clock,
            log=self.journal.log,
        )
        before = len(self.journal.lines)
        planner.tick(NOW)
        return self.journal.lines[before:]

    def ask(self, origin: Origin, ago: timedelta, *intervals: Interval) -> None:
        """Let the planner have asked for events."""
        requests = tuple(ExportRequest(RECENT, interval, origin) for interval in intervals)
        plans, at = Plans(self.bucket), NOW - ago
        plan = Plan(plans.around(NOW, DAY)[1], at, at, requests, ())
        plans.begin(plan)
        plans.end(plan, "published")


_POLICY = Policy(
    lengths={},
    since=TODAY - 3 * DAY,
    settle=15 * MINUTE,
    verify_after=None,
    heal_after=3 * HOUR,
    reload_after=5 * MINUTE,
    heal_horizon=2 * DAY,
    requests_per_hour=40,
)
_HISTORIES = ("nothing", "landed", "loaded", "replaced", "newer landed", "asked", "archived")


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    """Any past of hours, days and snapshots, also none; with a wish, or without."""
    since = draw(st.sampled_from(["2026-11-20", "2026-11-22", "2026-11-23"]))
    past = Past(TABLES="events,people", SWEEP_DAYS="100", EXPORT_SINCE=since)
    if wish := draw(st.sampled_from([None, b'{"since": "2026-11-19"}'])):
        past.bucket.create("backfill.json", wish, {})
    midnights = st.sampled_from([TODAY - days * DAY for days in (1, 2, 3)])
    happenings = st.tuples(st.sampled_from([RECENT, SWEEP, SNAPSHOT]), midnights, st.booleans())
    for series, midnight, is_loaded in draw(st.lists(happenings, max_size=6)):
        length = HOUR if series == RECENT else DAY
        start = draw(st.integers(0, 23)) if series == RECENT else 0
        late = draw(st.integers(16, 60)) * MINUTE
        (past.load if is_loaded else past.land)(hour(start, midnight, length), series, late)
    for ago in draw(st.lists(st.integers(1, 30), max_size=3)):
        past.ask("heal", ago * HOUR, hour(draw(st.integers(0, 10))))
    return past


@st.composite
def situations(draw: st.DrawFn) -> tuple[Policy, datetime, Known]:
    """Any policy with any past, also of intervals of another length than today's."""
    minutes = draw(st.sampled_from([30, 60, 90, 360, 1440]))
    lengths = {RECENT: minutes * MINUTE, SWEEP: DAY, SNAPSHOT: 12 * HOUR, CHANGES: 6 * HOUR}
    chosen = draw(st.sets(st.sampled_from(list(lengths)), min_size=1))
    now = TODAY + draw(st.integers(0, 24 * 60)) * MINUTE
    policy = replace(
        _POLICY,
        lengths={series: lengths[series] for series in lengths if series in chosen},
        verify_after=draw(st.sampled_from([None, 24 * HOUR])),
        requests_per_hour=draw(st.integers(1, 60)),
    )
    landed: list[Landed] = []
    loaded: list[ObjectName] = []
    asked: list[ExportRequest] = []
    for series in policy.lengths:
        for hours in draw(st.lists(st.integers(-80, 0), max_size=12)):
            length = draw(st.sampled_from([policy.lengths[series], HOUR]))
            end = aligned(now + hours * HOUR, length)
            name = ObjectName(series, Interval(end - length, end), 1)
            history = draw(st.sampled_from(_HISTORIES))
            in_bucket, in_ledger = _versions(history, name)
            landed += [Landed(each, now - 5 * MINUTE, 0, "") for each in in_bucket]
            loaded += in_ledger
            if history == "asked":
                asked.append(ExportRequest(series, name.interval, "heal"))
    plan = Plan(1, now - HOUR, now - HOUR, tuple(asked), (), "published")
    return policy, now, Known(landed, [], loaded, [plan])


def _versions(history: str, name: ObjectName) -> tuple[list[ObjectName], list[ObjectName]]:
    """What bucket and ledger hold after such a history."""
    newer = replace(name, version=2)
    versions = {
        "landed": ([name], []),
        "loaded": ([name], [name]),
        "replaced": ([name, newer], [name, newer]),
        "newer landed": ([name, newer], [name]),
        "archived": ([], [name]),
    }
    return versions.get(history, ([], []))


def project(**changes: str) -> Project:
    """The project that the fetcher of a deployment asks, with some of its variables changed."""
    given = outputs(fetcher_environment=FETCHER | changes)
    return Project.of(Deployment.of_outputs("here", given, {}).fetcher())


@contextmanager
def machine_in(zone: str) -> Iterator[None]:
    """Let this machine stand in a zone for a while."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


def printed(show: Callable[[Console], None]) -> str:
    """What goes to a wide file without colour, without the blanks at the ends of its lines."""
    file = StringIO()
    show(Console(file=file, width=200, highlight=False, emoji=False))
    text = file.getvalue()
    return "\n".join(line.rstrip() for line in text.splitlines())
