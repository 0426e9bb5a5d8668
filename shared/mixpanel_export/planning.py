"""The planner's job: ask for everything that should have been loaded and is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from mixpanel_export import backfill
from mixpanel_export.deadlines import Clock, Deadline
from mixpanel_export.errors import ExportError, Transient
from mixpanel_export.freshness import freshness_of
from mixpanel_export.intervals import Interval, format_moment
from mixpanel_export.journal import Log
from mixpanel_export.messages import ORIGINS, ExportRequest, LandedObject
from mixpanel_export.naming import Landed, ObjectName
from mixpanel_export.plans import Plan, Plans
from mixpanel_export.reconciling import MEMORY, Decision, Known, Policy, decide, wanted_since
from mixpanel_export.series import RECENT, Series
from mixpanel_export.standings import standings_of

# Longer than any call of the planner lives: its plan is then abandoned, or published.
LEASE = timedelta(minutes=10)


class Bucket(Protocol):
    """Where exports land, and plans are kept."""

    def landed(self, series: Series, since: date, until: date) -> Iterable[Landed]:
        """Every landed version of every interval that starts on one of these UTC days."""

    def confirmed(self, series: Series, since: date, until: date) -> Iterable[ObjectName]:
        """Every second look that found nothing new, at intervals that start on these days."""

    def listed(self, prefix: str) -> Mapping[str, Mapping[str, str]]:
        """The metadata of each object whose path begins so."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a small object; None if there is none."""

    def create(self, path: str, data: bytes, metadata: Mapping[str, str]) -> bool:
        """Make a small object at once; False if the path is taken."""


class Ledger(Protocol):
    """What BigQuery holds."""

    def loaded(self, since: datetime) -> Iterable[ObjectName]:
        """Every loaded version of every interval that starts at this moment or later."""


class Requests(Protocol):
    """Where requests are published."""

    def publish(self, messages: Sequence[ExportRequest], /) -> None:
        """Publish all of them and wait until each is confirmed."""


class Landings(Protocol):
    """Where landed objects are announced."""

    def publish(self, messages: Sequence[LandedObject], /) -> None:
        """Publish all of them and wait until each is confirmed."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision depends on, and the number of the next plan."""

    policy: Policy
    known: Known
    next_number: int


def wished(policy: Policy, wish: bytes | None) -> Policy:
    """The policy, with an operator's wish for more of the past, if there is one.

    Raises:
        Setup: the wish is damaged.
    """
    if wish is None:
        return policy
    return replace(policy, since=min(policy.since, backfill.decode(wish)))


def look(
    policy: Policy, bucket: Bucket, ledger: Ledger, now: datetime, deadline: Deadline
) -> Situation:
    """Everything there is to know before deciding.

    Raises:
        Transient, Setup: bucket or ledger do not tell, or not in time.
    """
    plans, next_number = Plans(bucket).around(now, MEMORY)
    since = {series: wanted_since(policy, series, now) for series in policy.lengths}
    landed: list[Landed] = []
    for series in policy.lengths:
        deadline.check("listing what has landed")
        landed += bucket.landed(series, since[series].date(), now.date())
    horizon = max(policy.since, now - policy.heal_horizon)
    confirmed = bucket.confirmed(RECENT, horizon.date(), now.date())
    deadline.check("reading the ledger")
    loaded = ledger.loaded(min(policy.since, *since.values()))
    return Situation(policy, Known(landed, list(confirmed), list(loaded), plans), next_number)


@dataclass(frozen=True, slots=True)
class Planner:
    """Compares what should be loaded with what is, and asks for the difference.

    It remembers nothing but its plans: missed ticks, lost messages, dead letters, failed loads
    and backfills all look the same to it.
    """

    bucket: Bucket
    bucket_name: str
    ledger: Ledger
    requests: Requests
    landings: Landings
    policy: Policy
    clock: Clock
    log: Log

    def tick(self, now: datetime) -> None:
        """Publish what is to be asked for at this moment.

        Raises:
            Transient: something did not answer in time, or another call is planning;
                Scheduler calls again.
            Setup: something refused; a person must act.
        """
        deadline = Deadline.of_delivery(self.clock)
        policy = wished(self.policy, self.bucket.read(backfill.PATH))
        situation = look(policy, self.bucket, self.ledger, now, deadline)
        self._respect_others(situation.known.plans)
        decision = decide(policy, now, situation.known)
        plans = situation.known.plans
        if decision.requests or decision.reloads:
            deadline.check("looking for gaps")
            number = situation.next_number
            plans = [*plans, self._carry_out(decision, Plans(self.bucket), number, now)]
        self._report(decision, policy, now)
        self._report_freshness(decision, policy, replace(situation.known, plans=plans), now)

    def _respect_others(self, plans: Iterable[Plan]) -> None:
        """Let a call that is still publishing come to its end."""
        for plan in plans:
            age = self.clock.now() - plan.made_at
            if plan.fate == "open" and abs(age) < LEASE:
                raise Transient(
                    f"another call is publishing plan {plan.number}; if it has died, "
                    f"planning goes on {LEASE} after {format_moment(plan.made_at)}"
                )

    def _carry_out(self, decision: Decision, plans: Plans, number: int, now: datetime) -> Plan:
        reloads = tuple(landed.name.path for landed in decision.reloads)
        plan = Plan(number, now, self.clock.now(), decision.requests, reloads)
        if not plans.begin(plan):
            raise Transient(f"plan {number} was made by another call meanwhile: look again")
        announcements = [
            LandedObject(landed.name, self.bucket_name, landed.row_count)
            for landed in decision.reloads
        ]
        try:
            self.landings.publish(announcements)
            self.requests.publish(decision.requests)
        except ExportError:
            plans.end(plan, "abandoned")
            raise
        plans.end(plan, "published")
        return replace(plan, fate="published")

    def _report(self, decision: Decision, policy: Policy, now: datetime) -> None:
        requested = Counter(request.origin for request in decision.requests)
        self.log(
            "INFO",
            "planned",
            f"planned: {len(decision.requests)} of {len(decision.wanted)} requests, "
            f"{len(decision.reloads)} reloads",
            watermark=format_moment(now - policy.settle),
            since=format_moment(policy.since),
            missing=len(decision.gaps),
            oldest_missing=_oldest(gap.interval for gap in decision.gaps),
            unloaded=len(decision.unloaded),
            oldest_unloaded=_oldest(landed.name.interval for landed in decision.unloaded),
            requested=len(decision.requests),
            waiting=len(decision.wanted) - len(decision.requests),
            reloaded=len(decision.reloads),
            **{origin: requested[origin] for origin in ORIGINS},
            **{f"{family}_spent": spent for family, spent in decision.spent.items()},
            requests_per_hour=policy.requests_per_hour,
        )

    def _report_freshness(
        self, decision: Decision, policy: Policy, known: Known, now: datetime
    ) -> None:
        """Say of each series how far it is loaded, as `mixpanel-export status` would now."""
        standings = standings_of(policy, now, known, decision.gaps, self.policy.since)
        for fresh in freshness_of(standings, now):
            age = int(fresh.age.total_seconds())
            self.log(
                "INFO",
                "freshness",
                f"freshness: {fresh.series} {age} s",
                table=fresh.series.table,
                mode=fresh.series.mode,
                loaded_until=_moment(fresh.loaded_until),
                age_seconds=age,
                complete_until=_moment(fresh.complete_until),
                gap_seconds=int(fresh.gap_age.total_seconds()),
            )


def _oldest(intervals: Iterable[Interval]) -> str | None:
    """Where the oldest of them begins."""
    return _moment(min((interval.start for interval in intervals), default=None))


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_moment(moment)
