"""The planner as an onlooker: all that it knows, and nothing that it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from mixpanel_export import backfill
from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.planning import Bucket, Ledger, Planner, Situation
from mixpanel_export.reconciling import Policy
from mixpanel_export.series import Series
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
        planner = Planner(
            bucket=_Wishing(self.bucket, backfill.encode(wish)) if wish else self.bucket,
            bucket_name=self.settings.bucket,
            ledger=self.ledger,
            requests=_Nowhere(),
            landings=_Nowhere(),
            policy=Policy.of(self.settings),
            clock=self.clock,
            log=_silent,
        )
        return planner.look(at, Deadline(self.clock, _PATIENCE_SECONDS))


class _Nowhere:
    """A topic for one who is only to look."""

    def publish(self, messages: Sequence[object]) -> NoReturn:
        """Refuse; that it is called at all is a bug."""
        raise RuntimeError(f"an onlooker published {len(messages)} messages")


@dataclass(frozen=True, slots=True)
class _Wishing:
    """The bucket as it would be with another wish in it."""

    bucket: Bucket
    wish: bytes

    def landed(self, series: Series, since: date, until: date) -> Iterable[Landed]:
        return self.bucket.landed(series, since, until)

    def confirmed(self, series: Series, since: date, until: date) -> Iterable[ObjectName]:
        return self.bucket.confirmed(series, since, until)

    def listed(self, prefix: str) -> Mapping[str, Mapping[str, str]]:
        return self.bucket.listed(prefix)

    def read(self, path: str) -> bytes | None:
        return self.wish if path == backfill.PATH else self.bucket.read(path)

    def create(self, path: str, data: bytes, metadata: Mapping[str, str]) -> NoReturn:
        """Refuse; that it is called at all is a bug."""
        raise RuntimeError(f"an onlooker created {path} of {len(data)} bytes, with {metadata}")


def _silent(*_: object, **__: Any) -> None:
    """The log of one who only looks."""
