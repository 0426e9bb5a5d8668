"""All metrics and policies that Terraform makes, beside lines to judge them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Final, Self

from mixpanel_export.intervals import HOUR
from tests.terraform.logs.chronicle import Chronicle
from tests.terraform.logs.expected import ABSENT
from tests.terraform.logs.metrics import LogMetric, Timed
from tests.terraform.logs.policies import Policy
from tests.terraform.logs.recording import Line, placed
from tests.terraform.logs.series import History
from tests.terraform.runs import State

# Where tests put lines that do not say when they were written.
NOW: Final = datetime(2026, 11, 22, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Judge:
    """Metrics and policies by their short names, and the lines to judge them by."""

    metrics: Mapping[str, LogMetric]
    policies: Mapping[str, Policy]
    chronicle: Chronicle

    @classmethod
    def of(cls, state: State, chronicle: Chronicle) -> Self:
        """Those that Terraform makes, and these lines."""
        found = state.resources("google_logging_metric").values()
        metrics = [LogMetric.of(resource) for resource in found]
        written = state.resources("google_monitoring_alert_policy").values()
        alerts: dict[str, Policy] = {}
        for policy in map(Policy.of, written):
            known = alerts.get(policy.name)
            alerts[policy.name] = known.beside(policy) if known else policy
        return cls(
            {metric.name.rpartition("/")[2]: metric for metric in metrics}, alerts, chronicle
        )

    def past(self, timed: Sequence[Timed]) -> History:
        """What all metrics make of these entries."""
        return History.of(self.metrics.values(), timed)

    def told(self, timed: Sequence[Timed]) -> dict[str, list[str]]:
        """Which conditions open within hours from now, by alert; silence is another matter."""
        past, end = self.past(timed), NOW + 4 * HOUR
        alerts = self.policies.keys() - ABSENT.keys()
        opened = {alert: list(self.policies[alert].opens(past, NOW, end)) for alert in alerts}
        return {alert: conditions for alert, conditions in opened.items() if conditions}

    def opens(
        self, alert: str, timed: Sequence[Timed], start: datetime, end: datetime
    ) -> dict[str, datetime]:
        """When each condition of an alert opens, if the policy was written at the start."""
        return self.policies[alert].opens(self.past(timed), start, end)


def spread(lines: Sequence[Line], count: int, over: timedelta) -> list[Timed]:
    """So many lines, again and again the same if there are fewer, from now on over this time."""
    return placed(islice(cycle(lines), count), NOW, over / max(1, count - 1))
