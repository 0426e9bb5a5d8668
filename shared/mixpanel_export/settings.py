"""The settings of each function, read from its environment all at once.

Every problem is reported together, with the variable, its value (masked when secret) and what
is allowed, so that one deployment fixes them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Annotated, Any, Self, TypeVar, get_type_hints
from zoneinfo import ZoneInfo

from mixpanel_export import variables as var
from mixpanel_export.allowed import Credentials
from mixpanel_export.errors import Setup
from mixpanel_export.planner_rules import PLANNER_RULES, Rule

__all__ = [
    "Credentials",
    "FetcherSettings",
    "LoaderSettings",
    "PlannerSettings",
    "variables_of",
]

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class PlannerSettings:
    """What the planner needs: what should be in BigQuery, where to look, and what it may cost."""

    project_id: Annotated[str, var.GCP_PROJECT_ID]
    bucket: Annotated[str, var.EXPORT_BUCKET]
    request_topic: Annotated[str, var.REQUEST_TOPIC]
    landed_topic: Annotated[str, var.LANDED_TOPIC]
    dataset: Annotated[str, var.DATASET]
    location: Annotated[str, var.BIGQUERY_LOCATION]
    tables: Annotated[tuple[str, ...], var.TABLES]
    export_since: Annotated[datetime, var.EXPORT_SINCE]
    interval: Annotated[timedelta, var.INTERVAL_MINUTES]
    settle: Annotated[timedelta, var.SETTLE_MINUTES]
    verify_after: Annotated[timedelta | None, var.VERIFY_AFTER_HOURS]
    sweep_days: Annotated[int, var.SWEEP_DAYS]
    people_snapshot: Annotated[timedelta | None, var.PEOPLE_SNAPSHOT_MINUTES]
    people_changes: Annotated[timedelta | None, var.PEOPLE_CHANGES_MINUTES]
    heal_after: Annotated[timedelta, var.HEAL_AFTER_MINUTES]
    reload_after: Annotated[timedelta, var.RELOAD_AFTER_MINUTES]
    heal_horizon: Annotated[timedelta, var.HEAL_HORIZON_HOURS]
    requests_per_hour: Annotated[int, var.REQUESTS_PER_HOUR]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            Setup: everything that is wrong with them, also what does not go together.
        """
        return _read(cls, env, PLANNER_RULES)


@dataclass(frozen=True, slots=True)
class FetcherSettings:
    """What the fetcher needs: one Mixpanel project, one bucket, one place for dead letters."""

    project_id: Annotated[str, var.GCP_PROJECT_ID]
    bucket: Annotated[str, var.EXPORT_BUCKET]
    dead_letter_topic: Annotated[str, var.DEAD_LETTER_TOPIC]
    region: Annotated[var.Hosts, var.MIXPANEL_REGION]
    url: Annotated[str | None, var.MIXPANEL_URL]
    mixpanel_project_id: Annotated[str, var.MIXPANEL_PROJECT_ID]
    credentials: Annotated[Credentials, var.MIXPANEL_CREDENTIALS]
    project_timezone: Annotated[ZoneInfo, var.PROJECT_TIMEZONE]
    where: Annotated[str | None, var.MIXPANEL_WHERE]
    sweep_days: Annotated[int, var.SWEEP_DAYS]
    last_seen_overlap: Annotated[timedelta, var.LAST_SEEN_OVERLAP_HOURS]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            Setup: everything that is wrong with them.
        """
        return _read(cls, env)

    @property
    def export_url(self) -> str:
        """Where events are: scheme and host."""
        return self.url or self.region.export

    @property
    def query_url(self) -> str:
        """Where people are: scheme and host."""
        return self.url or self.region.query


@dataclass(frozen=True, slots=True)
class LoaderSettings:
    """What the loader needs: one bucket to trust and one dataset to append to."""

    project_id: Annotated[str, var.GCP_PROJECT_ID]
    bucket: Annotated[str, var.EXPORT_BUCKET]
    dead_letter_topic: Annotated[str, var.DEAD_LETTER_TOPIC]
    dataset: Annotated[str, var.RAW_DATASET]
    location: Annotated[str, var.BIGQUERY_LOCATION]
    environment: Annotated[str, var.ENVIRONMENT]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            Setup: everything that is wrong with them.
        """
        return _read(cls, env)


def variables_of(settings: type[Any]) -> dict[str, var.Variable[Any]]:
    """The variable of each field."""
    hints = get_type_hints(settings, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in fields(settings)}


def _read(settings: type[S], env: Mapping[str, str], rules: Sequence[Rule] = ()) -> S:
    values, problems = {}, []
    for name, variable in variables_of(settings).items():
        try:
            values[name] = variable.read(env)
        except var.Refused as refused:
            problems.append(str(refused))
    for rule in rules:
        with suppress(var.Refused):  # What a rule cannot read is reported already.
            problems += rule(env)
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        raise Setup(f"settings are wrong; correct the function's environment:\n{lines}")
    return settings(**values)
