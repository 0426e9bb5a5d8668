"""The whole state of a deployment at one moment, from what its planner would know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mixpanel_export.freshness import Freshness, freshness_of
from mixpanel_export.planning import Situation
from mixpanel_export.plans import Plan
from mixpanel_export.reconciling import Policy, decide
from mixpanel_export.series import Series
from mixpanel_export.standings import standings_of
from mixpanel_export_cli.forecast import Progress, progress_of
from mixpanel_export_cli.previewing import open_plan
from mixpanel_export_cli.spending import Spending, spending_of
from mixpanel_export_cli.states import Cell, Gap, gaps_of
from mixpanel_export_cli.surveying import Survey


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """How many dead letters could be seen: somebody else may hold more.

    `at_least` is None if the subscription could not be read, and `reason` says why.
    """

    at_least: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `status` tells.

    `calendar` holds whole UTC days, newest first. `wished_since` is what an operator wishes
    beyond EXPORT_SINCE. `open_plan` is the one that the planner waits for.
    """

    at: datetime
    policy: Policy
    freshness: tuple[Freshness, ...]
    calendar: dict[Series, tuple[Cell, ...]]
    gaps: tuple[Gap, ...]
    progress: Progress
    wished_since: datetime | None
    open_plan: Plan | None
    spendings: tuple[Spending, ...]
    dead_letters: DeadLetterCount
    objective: timedelta

    @property
    def late(self) -> tuple[Gap, ...]:
        """The gaps that are older than the objective."""
        return tuple(gap for gap in self.gaps if self.is_late(gap))

    def is_late(self, gap: Gap) -> bool:
        """Whether this gap is older than the objective."""
        return gap.is_late(self.at, self.objective)


@dataclass(frozen=True, slots=True)
class View:
    """What the operator wants to see: so many days, and gaps later than the objective."""

    days: int
    objective: timedelta


def assess(
    situation: Situation,
    exported_since: datetime,
    now: datetime,
    dead_letters: DeadLetterCount,
    view: View,
) -> Status:
    """The status of a deployment whose settings want everything since `exported_since`."""
    policy, known = situation.policy, situation.known
    decision = decide(policy, now, known)
    standings = standings_of(policy, now, known, decision.gaps, exported_since)
    survey = Survey(policy, now, known, standings)
    return Status(
        at=now,
        policy=policy,
        freshness=tuple(freshness_of(standings, now)),
        calendar={series: tuple(survey.days(series, view.days)) for series in policy.lengths},
        gaps=tuple(gaps_of(survey.due())),
        progress=progress_of(policy, survey.due(), decision),
        wished_since=policy.since if policy.since < exported_since else None,
        open_plan=open_plan(situation, now),
        spendings=tuple(spending_of(policy, now, known)),
        dead_letters=dead_letters,
        objective=view.objective,
    )
