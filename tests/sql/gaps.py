"""The view of gaps for any settings at any moment, beside what the planner calls missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from local.views import values_of, view_query
from mixpanel_export.intervals import DAY, Interval, aligned, format_moment
from mixpanel_export.messages import Origin
from mixpanel_export.naming import ObjectName
from mixpanel_export.reconciling import Known, Policy, decide, settle_delay
from mixpanel_export.series import TABLES, Series
from mixpanel_export.settings import PlannerSettings
from tests.sql.engines import Engine
from tests.sql.project import SETTINGS
from tests.sql.raw_rows import loaded

# What else a planner has to know, and what lets any lengths go together.
_PLANNER = {
    "GCP_PROJECT_ID": "local-project",
    "EXPORT_BUCKET": "local-exports",
    "BIGQUERY_LOCATION": "EU",
    "REQUESTS_PER_HOUR": "1000",
    "VERIFY_AFTER_HOURS": "0",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """One loaded version."""

    name: ObjectName
    origin: Origin = "schedule"


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A missing stretch `[start, end)` of processing time, and when its oldest part was due."""

    series: Series
    start: datetime
    end: datetime
    due_since: datetime


def hold(engine: Engine, ledger: Iterable[Loaded]) -> None:
    """Let these be loaded, each with its marker row alone."""
    for table in TABLES:
        rows = []
        for each in ledger:
            series, interval = each.name.series, each.name.interval
            if series.table == table:
                start, end = format_moment(interval.start), format_moment(interval.end)
                facts = {"origin": each.origin}
                rows += loaded(series.mode, start, end, each.name.version, [], **facts)
        engine.hold(table, rows)


def shown(engine: Engine, environment: Mapping[str, str], now: datetime) -> list[Gap]:
    """What the view shows at this moment to a project with these settings of its planner."""
    engine.now = now
    sql = view_query("gaps", values_of({**SETTINGS, **environment}))
    return sorted(
        Gap(
            Series.named(row["table_name"], row["mode"]),
            row["gap_start"],
            row["gap_end"],
            row["due_since"],
        )
        for row in engine.query(sql)
    )


def model(environment: Mapping[str, str], now: datetime, ledger: list[Loaded]) -> list[Gap]:
    """What the planner would call missing if nothing had landed but what is loaded."""
    policy = Policy.of(PlannerSettings.from_env({**SETTINGS, **_PLANNER, **environment}))
    names = [each.name for each in ledger]
    gaps = []
    for series, length in policy.lengths.items():
        since = min((policy.since, *_days_wished_for(series, ledger)))
        own = replace(policy, since=since, lengths={series: length})
        parts = [gap.interval for gap in decide(own, now, Known((), (), names, ())).gaps]
        for start, end in _merged(sorted(parts)):
            due_since = aligned(start, length) + length + settle_delay(policy, series)
            gaps.append(Gap(series, start, end, due_since))
    return sorted(gaps)


def _days_wished_for(series: Series, ledger: Iterable[Loaded]) -> Iterator[datetime]:
    """The planner asks for whole days, by default or for a backfill; a person replays anything."""
    for each in ledger:
        if each.name.series == series and each.origin != "replay":
            yield aligned(each.name.interval.start, DAY)


def _merged(parts: list[Interval]) -> Iterator[tuple[datetime, datetime]]:
    """Ranges as long as can be."""
    ends = {part.start: part.end for part in parts}
    for start in sorted(ends.keys() - set(ends.values())):
        end = start
        while end in ends:
            end = ends[end]
        yield start, end
