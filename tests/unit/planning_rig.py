"""A planner with its fakes, for the tests of planning."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from mixpanel_export.intervals import Interval, epoch_us
from mixpanel_export.messages import ExportRequest, LandedObject
from mixpanel_export.naming import ObjectName
from mixpanel_export.planning import Planner
from mixpanel_export.series import RECENT, Series
from tests.fakes.bucket import FakeBucket, StoredObject
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Journal
from tests.fakes.ledger import FakeLedger
from tests.fakes.topics import FakeTopic
from tests.unit.reconciling_rig import NOW, POLICY

LISTED_PLANS = "listed plans/"
LOOKED = [
    "read backfill.json",
    LISTED_PLANS,
    "listed events/date=2026-11-22/ to 2026-11-22",
    "listed confirmed/events/date=2026-11-22/ to 2026-11-22",
    "read the ledger",
]


class Plan:
    """Nothing has landed yet, and it is NOW."""

    def __init__(self, **changes: Any) -> None:
        self.journal = Journal()
        self.clock = FakeClock(NOW, self.journal)
        self.bucket = FakeBucket(self.journal, self.clock.now)
        self.ledger = FakeLedger(self.journal)
        self.requests: FakeTopic[ExportRequest] = FakeTopic(self.journal)
        self.landings: FakeTopic[LandedObject] = FakeTopic(self.journal, "reloads")
        self.planner = Planner(
            self.bucket,
            "landing",
            self.ledger,
            self.requests,
            self.landings,
            replace(POLICY, **changes),
            self.clock,
            self.journal.log,
        )

    def land(
        self,
        interval: Interval,
        ago: timedelta = timedelta(),
        *,
        is_loaded: bool = True,
        series: Series = RECENT,
    ) -> ObjectName:
        """Let a version of the interval have landed some time ago."""
        at = self.clock.now() - ago
        name = ObjectName(series, interval, epoch_us(at))
        self.bucket.objects[name.path] = StoredObject(b"", {"row_count": "3"}, at)
        if is_loaded:
            self.ledger.names.append(name)
        return name

    def tick(self) -> list[tuple[str, str]]:
        """Start and origin of what a tick at this moment asks for."""
        before = len(self.requests.published)
        self.planner.tick(self.clock.now())
        new = self.requests.published[before:]
        return [(f"{request.interval.start:%d %H:%M}", request.origin) for request in new]
