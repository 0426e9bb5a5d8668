"""The whole state of a deployment at one moment, from what its planner would know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mixpanel_export.planning import Situation
from mixpanel_export.reconciling import Policy, decide
from mixpanel_export.series import Series
from mixpanel_export_cli.forecast import Progress, progress_of
from mixpanel_export_cli.gaps import Gap, gaps_of
from mixpanel_export_cli.spending import Spending, spending_of
from mixpanel_export_cli.states import Cell, Survey


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `status` tells.

    `loaded_until` is the end of the newest loaded interval; `calendar` holds whole UTC days,
    newest first. `wished_since` is what an operator wishes beyond EXPORT_SINCE. `dead_letters`
    counts those that could be seen: somebody else may hold more.
    """

    at: datetime
    policy: Policy
    loaded_until: dict[Series, datetime | None]
    calendar: dict[Series, tuple[Cell, ...]]
    gaps: tuple[Gap, ...]
    late: tuple[Gap, ...]
    progress: Progress
    wished_since: datetime | None
    spendings: tuple[Spending, ...]
    dead_letters: int
    objective: timedelta

    @property
    def open_gaps(self) -> tuple[Gap, ...]:
        """All gaps but what a backfill has yet to fetch."""
        return tuple(gap for gap in self.gaps if not gap.is_awaited)


@dataclass(frozen=True, slots=True)
class View:
    """What the operator wants to see: so many days, and gaps later than the objective."""

    days: int
    objective: timedelta


def assess(
    situation: Situation, exported_since: datetime, now: datetime, dead_letters: int, view: View
) -> Status:
    """The status of a deployment whose settings want everything since `exported_since`."""
    policy, known = situation.policy, situation.known
    survey = Survey(policy, now, known)
    cells = list(survey.due())
    gaps = gaps_of(cells)
    newest: dict[Series, datetime | None] = dict.fromkeys(policy.lengths)
    for name in known.loaded:
        if name.series in newest:
            newest[name.series] = max(name.interval.end, newest[name.series] or name.interval.end)
    return Status(
        at=now,
        policy=policy,
        loaded_until=newest,
        calendar={series: tuple(survey.days(series, view.days)) for series in policy.lengths},
        gaps=tuple(gaps),
        late=tuple(gap for gap in gaps if gap.is_late(now, view.objective)),
        progress=progress_of(policy, cells, decide(policy, now, known)),
        wished_since=policy.since if policy.since < exported_since else None,
        spendings=tuple(spending_of(policy, now, known)),
        dead_letters=dead_letters,
        objective=view.objective,
    )
