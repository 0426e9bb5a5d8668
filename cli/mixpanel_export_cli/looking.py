"""A deployment as its planner would see it, for one who only looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from mixpanel_export import backfill
from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.planning import Bucket, Ledger, Situation, look, wished
from mixpanel_export.reconciling import Policy
from mixpanel_export.settings import PlannerSettings

_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Looks at a deployment with the eyes of its planner."""

    settings: PlannerSettings
    bucket: Bucket
    ledger: Ledger
    clock: Clock

    def look(self, at: datetime, wish: date | None = None) -> Situation:
        """What the planner would know at this moment.

        `wish` is looked at as if it were the one in the bucket, whatever lies there.

        Raises:
            Transient, Setup: bucket or ledger cannot be read.
        """
        data = backfill.encode(wish) if wish else self.bucket.read(backfill.PATH)
        policy = wished(Policy.of(self.settings), data)
        deadline = Deadline(self.clock, _PATIENCE_SECONDS)
        return look(policy, self.bucket, self.ledger, at, deadline)
