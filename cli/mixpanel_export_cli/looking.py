"""A deployment as its planner would see it, for one who only looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from mixpanel_export import backfill
from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.planning import Bucket, Ledger, Situation, look, wished
from mixpanel_export.reconciling import Policy
from mixpanel_export.settings import PlannerSettings
from mixpanel_export.storage import ExportBucket
from mixpanel_export.warehouse import Ledger as BigQueryLedger
from mixpanel_export_cli.session import Session

_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Looks at a deployment with the eyes of its planner."""

    settings: PlannerSettings
    bucket: Bucket
    ledger: Ledger
    clock: Clock

    @classmethod
    def of(cls, session: Session) -> Self:
        """One who looks at the session's deployment, with the operator's own credentials."""
        settings = session.deployment.planner
        return cls(
            settings,
            ExportBucket.connect(settings.project_id, settings.bucket),
            BigQueryLedger.connect(settings.project_id, settings.dataset, settings.location),
            session.clock,
        )

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


@contextmanager
def patience(session: Session) -> Iterator[None]:
    """Show at a terminal, and nowhere else, that something is going on."""
    with session.err.status("looking at what is there"):
        yield
