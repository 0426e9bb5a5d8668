"""The demo itself: a day of ticks with faults, a replay, real lines, and the comparison."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from local.bundles import ROOT
from local.demo.expected import Row, expected_rows, shown_rows
from local.demo.report import as_table, interval_reports
from local.demo.traffic import generate
from local.stack import MIXPANEL_PROJECT_ID, PROJECT_TIMEZONE, Stack
from mixpanel_export.intervals import Interval
from mixpanel_export.messages import ExportRequest

SAMPLES = ROOT / "tests" / "data" / "samples"
_HOUR = timedelta(hours=1)
_AFTER_THE_HOUR = timedelta(minutes=20)
_SHOWN_DIFFERENCES = 5
# Two hours, so that every tick asks for one new interval and for what the last one left over.
SETTINGS = {"PLAN_HORIZON_HOURS": "2"}


class Demo:
    """One simulated day on a running stack."""

    def __init__(self, stack: Stack, day: date, console: Console) -> None:
        self._stack, self._console = stack, console
        self._midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        self._notes: dict[datetime, str] = {}
        self._asked: list[Interval] = []

    def run(self) -> int:
        """Everything; how many rows differ from what the simulator holds."""
        generate(self._stack.mixpanel, MIXPANEL_PROJECT_ID, self._midnight.date())
        samples = self._load_samples()
        self._plan_faults()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console) as progress:
            for hour in progress.track(range(24), description="hourly ticks"):
                self._tick(hour)
            for interval in progress.track(samples, description="hours of real lines"):
                self._ask(interval)
        self._replay_what_changed()
        self._console.print(as_table(interval_reports(self._stack, self._notes)))
        return self._compare()

    def _hour(self, hour: int) -> Interval:
        return Interval(self._midnight + hour * _HOUR, self._midnight + (hour + 1) * _HOUR)

    def _tick(self, hour: int) -> None:
        interval = self._hour(hour)
        self._asked.append(interval)
        self._stack.mixpanel.limiter.advance(_HOUR.total_seconds())
        self._stack.tick(at=interval.end + _AFTER_THE_HOUR)
        self._stack.wait_until_idle()

    def _ask(self, interval: Interval) -> None:
        self._asked.append(interval)
        self._stack.mixpanel.limiter.advance(60)
        self._stack.publish(ExportRequest("events", interval, "replay"))
        self._stack.wait_until_idle()

    def _load_samples(self) -> list[Interval]:
        """Hold the real lines, and return the hours that Mixpanel processed them in.

        Lines from before Mixpanel recorded processing times belong to no interval at all.
        """
        hours: set[datetime] = set()
        lines = list(_sample_lines())
        self._stack.mixpanel.load(MIXPANEL_PROJECT_ID, lines)
        timeless = 0
        for line in lines:
            processed = json.loads(line)["properties"].get("mp_processing_time_ms")
            if processed is None:
                timeless += 1
            else:
                moment = datetime.fromtimestamp(processed / 1000, UTC)
                hours.add(moment.replace(minute=0, second=0, microsecond=0))
        self._console.print(
            f"{len(lines)} real lines; {timeless} of them have no mp_processing_time_ms, "
            "so no interval can ask for them"
        )
        return [Interval(hour, hour + _HOUR) for hour in sorted(hours)]

    def _plan_faults(self) -> None:
        """What goes wrong on this day, and at which hour."""
        mixpanel, storage = self._stack.mixpanel.faults, self._stack.storage.faults
        mixpanel.add("status", status=500, times=3, match=self._fault(3, "three 500s"))
        mixpanel.add("status", status=429, match=self._fault(6, "a 429"))
        mixpanel.add("cut_gzip", match=self._fault(9, "a cut export, with status 200"))
        noon = self._hour(12).start
        storage.add("duplicate_notification", match={"name": f"{noon:%Y%m%dT%H%M%SZ}_"})
        self._notes[noon] = "the finalize notification twice"

    def _fault(self, hour: int, note: str) -> dict[str, str]:
        """Note what goes wrong at this hour; what matches the export call for it."""
        interval = self._hour(hour)
        self._notes[interval.start] = note
        return {"where": f">= {interval.start_ms}"}

    def _replay_what_changed(self) -> None:
        """Mixpanel compacted some rows away and merged two people: the same interval again."""
        interval = self._hour(10)
        bounds = (
            f'properties["mp_processing_time_ms"] >= {interval.start_ms} and '
            f'properties["mp_processing_time_ms"] < {interval.end_ms}'
        )
        mixpanel = self._stack.mixpanel
        removed = mixpanel.remove(
            MIXPANEL_PROJECT_ID, f'{bounds} and properties["Cart Size (# of Items)"] == 3'
        )
        merged = mixpanel.update(
            MIXPANEL_PROJECT_ID, f'{bounds} and properties["$browser"] == "Firefox"', "user-1"
        )
        self._notes[interval.start] = f"replayed: {removed} rows gone, {merged} re-keyed"
        mixpanel.limiter.advance(60)
        self._stack.publish(ExportRequest("events", interval, "replay"))
        self._stack.wait_until_idle()

    def _compare(self) -> int:
        held = self._stack.mixpanel.events(MIXPANEL_PROJECT_ID)
        expected = expected_rows(held, self._asked, ZoneInfo(PROJECT_TIMEZONE))
        shown = shown_rows(self._stack.query("SELECT * FROM `mixpanel.events`"))
        for title, rows in (("missing", expected - shown), ("unexpected", shown - expected)):
            self._print_difference(title, rows)
        differences = (expected - shown).total() + (shown - expected).total()
        self._console.print(
            f"mixpanel.events shows {shown.total()} rows, the simulator holds "
            f"{expected.total()} events for these intervals: {differences} differences"
        )
        return differences

    def _print_difference(self, title: str, rows: Counter[Row]) -> None:
        if rows:
            self._console.print(f"[red]{rows.total()} rows {title}, such as:[/red]")
            for row in list(rows)[:_SHOWN_DIFFERENCES]:
                self._console.print(f"  {row}", markup=False)


def _sample_lines() -> Iterator[bytes]:
    for path in sorted(SAMPLES.glob("*_export_*.ndjson")):
        yield from path.read_bytes().splitlines()


def yesterday() -> date:
    """The last UTC day that is over."""
    return datetime.now(UTC).date() - timedelta(days=1)


def run(directory: Path) -> int:
    """Run the demo in a directory; the exit status."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    began = datetime.now(UTC)
    with Stack(directory, settings=SETTINGS) as stack:
        console.print(f"the stack is up; simulating {yesterday()}")
        differences = Demo(stack, yesterday(), console).run()
        warehouse = stack.warehouse
    seconds = (datetime.now(UTC) - began).total_seconds()
    console.print(f"done in {seconds:.0f} s; the warehouse is one DuckDB file, query it with:")
    sql = "SELECT event_name, count(*) FROM mixpanel.events GROUP BY 1 ORDER BY 2 DESC"
    file = warehouse.relative_to(ROOT) if warehouse.is_relative_to(ROOT) else warehouse
    console.print(
        f"  .venv/bin/python -c \"import duckdb; duckdb.connect('{file}').sql('{sql}').show()\"",
        soft_wrap=True,
        highlight=False,
    )
    return 1 if differences else 0
