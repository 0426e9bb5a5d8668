"""The table at the end: what happened to each interval, from the systems' own records."""

from __future__ import annotations

import re
from collections import Counter
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
FROM `mixpanel.events` WHERE time > TIMESTAMP_SUB(_interval_start, INTERVAL 7 DAY)
GROUP BY _interval_start
"""
_BOUND = re.compile(r"(?:>=|<) (\d{13})\b")
_A_DAY_MS = 24 * 3600 * 1000
_COUNTS = ("landed", "loaded", "late", "hidden", "attempts")
Span = tuple[datetime, datetime]


@dataclass(slots=True)
class IntervalReport:
    """One interval, as the systems' own records show it.

    Versions `landed`, rows `loaded` of its live version, of those `late` (they happened before
    the interval began) and `hidden` as copies, and `attempts` to get its export from Mixpanel.
    """

    start: datetime
    landed: int
    loaded: int
    late: int
    hidden: int
    attempts: int
    note: str


def interval_reports(stack: Stack, notes: Mapping[datetime, str]) -> list[IntervalReport]:
    """A report for each loaded interval of events, oldest first."""
    live = stack.query("SELECT * FROM `mixpanel.loads` WHERE is_live AND mode = 'recent'")
    shown = {row["_interval_start"]: row for row in stack.query(_LATE)}
    landed = _landed(stack)
    attempts = _attempts(stack.mixpanel.requests())
    reports = []
    for load in sorted(live, key=lambda row: row["interval_start"]):
        start = load["interval_start"]
        view = shown.get(start, {"shown": 0, "late": 0})
        reports.append(
            IntervalReport(
                start=start,
                landed=landed[format_moment(start)],
                loaded=load["row_count"],
                late=view["late"],
                hidden=load["row_count"] - view["shown"],
                attempts=attempts[epoch_ms(start)],
                note=notes.get(start, ""),
            )
        )
    return reports


def as_table(reports: Iterable[IntervalReport], spans: Mapping[str, Span]) -> Table:
    """The reports for a terminal: those of a named span in one line, the others each in its own.

    A span is `[start, end)`; its line tells the first note in it.
    """
    table = Table(title="Intervals of processing time, UTC", title_justify="left")
    table.add_column("interval")
    for heading in _COUNTS:
        table.add_column(heading.replace("hidden", "duplicates hidden"), justify="right")
    table.add_column("what went wrong", style="yellow")
    known = list(reports)
    for name, (start, end) in spans.items():
        within = [report for report in known if start <= report.start < end]
        groups = [(name, within)] if name else [(f"{r.start:%Y-%m-%d %H:%M}", [r]) for r in within]
        for label, group in groups:
            table.add_row(label, *_sums(group), next((r.note for r in group if r.note), ""))
    table.add_section()
    table.add_row("all", *_sums(known), "", style="bold")
    return table


def _sums(reports: Iterable[IntervalReport]) -> list[str]:
    known = list(reports)
    return [str(sum(getattr(report, name) for report in known)) for name in _COUNTS]


def _landed(stack: Stack) -> Counter[str]:
    return Counter(
        _start_of(name)
        for effect, bucket, name, _generation in stack.storage.journal
        if effect == "finalize" and bucket == BUCKET and name.startswith("events/date=")
    )


def _start_of(name: str) -> str:
    compact = name.split("/")[2].partition("_")[0]
    return format_moment(datetime.strptime(compact, "%Y%m%dT%H%M%S%z"))


def _attempts(calls: Iterable[Mapping[str, Any]]) -> Counter[int]:
    """How often Mixpanel was asked for the interval that starts at this millisecond; no sweeps."""
    wheres = (call["query"].get("where", "") for call in calls)
    spans = ([int(ms) for ms in _BOUND.findall(where)] for where in wheres)
    return Counter(span[0] for span in spans if span and span[1] - span[0] < _A_DAY_MS)
