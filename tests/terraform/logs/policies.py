"""Alert policies as Terraform declares them: when would one notify?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from tests.terraform.logs.conditions import MINUTE, Absence, AbsentOverTime, Moment, Threshold
from tests.terraform.logs.series import ConditionError, History

_USER: Final = "logging.googleapis.com/user/"
_METRIC: Final = re.compile(r'metric\.type ?= ?"([^"]+)"')
_PROMQL: Final = "condition_prometheus_query_language"
_KINDS: Final[Mapping[str, Any]] = {
    "condition_threshold": Threshold,
    "condition_absent": Absence,
    _PROMQL: AbsentOverTime,
}
Condition = Threshold | Absence | AbsentOverTime


@dataclass(frozen=True, slots=True)
class Policy:
    """An alert: a policy, or several of one name, that notifies when a condition opens.

    `foreign` are the metrics of Google's own that it looks at, too: no line tells of those.
    """

    name: str
    conditions: Mapping[str, Condition]
    foreign: Sequence[str]

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> Self:
        """The policy that a `google_monitoring_alert_policy` makes.

        Raises:
            ConditionError: it is off, made of what is not evaluated here, or has PromQL beside
                another condition, which Monitoring refuses
                (cloud.google.com/monitoring/promql/create-promql-alerts).
        """
        name = resource["user_labels"]["alert"]
        if resource["enabled"] is False or resource["combiner"] != "OR":
            raise ConditionError(f"{name} is off, or combines by {resource['combiner']}")
        conditions: dict[str, Condition] = {}
        foreign: list[str] = []
        for block in resource["conditions"]:
            kind, content = _only_kind(block)
            if kind == _PROMQL and len(resource["conditions"]) > 1:
                raise ConditionError(f"{name} has PromQL, and not as its only condition")
            metric = _METRIC.search(content.get("filter") or "")
            if metric and not metric[1].startswith(_USER):
                foreign.append(metric[1])
            else:
                conditions[block["display_name"]] = _KINDS[kind].of(content)
        return cls(name, conditions, foreign)

    def beside(self, other: Self) -> Self:
        """Both as one alert."""
        conditions = {**self.conditions, **other.conditions}
        return type(self)(self.name, conditions, [*self.foreign, *other.foreign])

    def opens(self, history: History, start: datetime, end: datetime) -> dict[str, datetime]:
        """The first minute in [start, end] in which each condition is open that ever is.

        The policy is written at the start.
        """
        first: dict[str, datetime] = {}
        for minute in _minutes(start, end):
            now = Moment(minute, history, start)
            for name, condition in self.conditions.items():
                if name not in first and condition.is_open(now):
                    first[name] = minute
        return first


def _only_kind(block: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    kinds = [
        (kind, content[0])
        for kind, content in block.items()
        if kind.startswith("condition_") and content
    ]
    if len(kinds) != 1 or kinds[0][0] not in _KINDS:
        raise ConditionError(f"{block['display_name']} is of no kind that is evaluated here")
    return kinds[0]


def _minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    while start <= end:
        yield start
        start += MINUTE
