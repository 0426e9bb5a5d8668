"""The table at the end: what happened to each interval, from the systems' own records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table

from local.resources import BUCKET
from local.stack import Stack
from mixpanel_export.intervals import epoch_ms, format_moment

_LATE = """
SELECT _interval_start, COUNT(*) AS shown, COUNTIF(time < _interval_start) AS late
FROM `mixpanel.events` GROUP BY _interval_start
"""


@dataclass(slots=True)
class IntervalReport:
    """One interval, as the systems' own records show it.

    Rows `retrieved` from Mixpanel for its live version, versions `landed`, rows `loaded`, of
    those `late` (they happened before the interval began) and `hidden` as copies, and `attempts`
    to get its export from Mixpanel.
    """

    start: datetime
    retrieved: int
    landed: int
    loaded: int
    late: int
    hidden: int
    attempts: int
    note: str


def interval_reports(stack: Stack, notes: Mapping[datetime, str]) -> list[IntervalReport]:
    """A report for each loaded interval, oldest first."""
    live = [row for row in stack.query("SELECT * FROM `mixpanel.loads`") if row["is_live"]]
    shown = {row["_interval_start"]: row for row in stack.query(_LATE)}
    retrieved = {
        (line["start"], line["version"]): line["row_count"]
        for line in stack.log_lines("fetcher")
        if line["event"] == "retrieved"
    }
    landed = _landed(stack)
    attempts = _attempts(stack.mixpanel.requests())
    reports = []
    for load in sorted(live, key=lambda row: row["interval_start"]):
        start = load["interval_start"]
        view = shown.get(start, {"shown": 0, "late": 0})
        text = format_moment(start)
        reports.append(
            IntervalReport(
                start=start,
                retrieved=retrieved[text, load["version"]],
                landed=landed[text],
                loaded=load["row_count"],
                late=view["late"],
                hidden=load["row_count"] - view["shown"],
                attempts=attempts[epoch_ms(start)],
                note=notes.get(start, ""),
            )
        )
    return reports


def as_table(reports: Iterable[IntervalReport]) -> Table:
    """The reports for a terminal, with a line of sums."""
    table = Table(title="Intervals of processing time, UTC", title_justify="left")
    table.add_column("interval")
    for heading in ("retrieved", "landed", "loaded", "late", "duplicates hidden", "attempts"):
        table.add_column(heading, justify="right")
    table.add_column("what went wrong", style="yellow")
    sums: dict[str, int] = defaultdict(int)
    for report in reports:
        counts = {
            "retrieved": report.retrieved,
            "landed": report.landed,
            "loaded": report.loaded,
            "late": report.late,
            "hidden": report.hidden,
            "attempts": report.attempts,
        }
        for name, count in counts.items():
            sums[name] += count
        table.add_row(f"{report.start:%Y-%m-%d %H:%M}", *map(str, counts.values()), report.note)
    table.add_section()
    table.add_row("all", *map(str, sums.values()), "", style="bold")
    return table


def _landed(stack: Stack) -> Counter[str]:
    return Counter(
        _start_of(name)
        for effect, bucket, name, _generation in stack.storage.journal
        if effect == "finalize" and bucket == BUCKET and name.startswith("events/")
    )


def _start_of(name: str) -> str:
    compact = name.split("/")[2].partition("_")[0]
    return format_moment(datetime.strptime(compact, "%Y%m%dT%H%M%S%z"))


def _attempts(calls: Iterable[Mapping[str, Any]]) -> Counter[int]:
    """How often Mixpanel was asked for the interval that starts at this millisecond."""
    wheres = (call["query"]["where"] for call in calls)
    return Counter(int(where.partition(">= ")[2].split()[0]) for where in wheres)
