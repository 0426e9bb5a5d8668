"""The demo itself: an outage, a day of faults, the morning after, and the comparison."""

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
from local.demo import traffic
from local.demo.expected import Row, expected_rows, shown_rows
from local.demo.report import as_table, interval_reports
from local.stack import MIXPANEL_PROJECT_ID, PROJECT_TIMEZONE, Stack
from mixpanel_export.intervals import DAY, HOUR, Interval, newest_first
from mixpanel_export.messages import ExportRequest
from mixpanel_export.series import RECENT

SAMPLES = ROOT / "tests" / "data" / "samples"
_LENGTH = 2 * HOUR
_OUTAGE = 3 * DAY
_MORNING = 14 * HOUR
_AFTER_THE_END = timedelta(minutes=20)
_SHOWN_DIFFERENCES = 5


def settings(day: date) -> dict[str, str]:
    """Intervals of two hours, since three days before the day; the rest is as it comes."""
    minutes = _LENGTH // timedelta(minutes=1)
    return {"INTERVAL_MINUTES": str(minutes), "EXPORT_SINCE": (day - _OUTAGE).isoformat()}


class Demo:
    """Three days without Scheduler, a day, and the morning after, on a running stack."""

    def __init__(self, stack: Stack, day: date, console: Console) -> None:
        self._stack, self._console = stack, console
        self._midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        self._began = self._midnight - _OUTAGE
        self._end = self._midnight + DAY + _MORNING
        self._notes: dict[datetime, str] = {}
        self._samples: list[Interval] = []

    def run(self) -> int:
        """Everything; how many rows differ from what the simulator holds."""
        self._fill_mixpanel()
        self._plan_faults()
        ticks = list(newest_first(self._midnight - _LENGTH, self._end, _LENGTH))[::-1]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console) as progress:
            for interval in progress.track(ticks, description="ticks of the planner"):
                self._tick(interval)
            for interval in progress.track(self._samples, description="hours of real lines"):
                self._replay(interval)
        self._replay_what_changed()
        self._report()
        return self._compare()

    def _fill_mixpanel(self) -> None:
        """Three quiet days, a busy one, an import of old events, profiles, and real lines."""
        mixpanel = self._stack.mixpanel
        for days in range(_OUTAGE // DAY):
            day = (self._began + days * DAY).date()
            traffic.generate(mixpanel, MIXPANEL_PROJECT_ID, day, seed=days, share=3)
        traffic.generate(mixpanel, MIXPANEL_PROJECT_ID, self._midnight.date())
        traffic.import_history(mixpanel, MIXPANEL_PROJECT_ID, self._midnight + 5 * HOUR)
        traffic.profiles(mixpanel, MIXPANEL_PROJECT_ID, self._midnight)
        self._load_samples()

    def _tick(self, interval: Interval) -> None:
        """The planner is called twenty minutes after the end of this interval."""
        at = interval.end + _AFTER_THE_END
        self._stack.clock.jump_to(at)
        self._stack.tick(at)
        self._stack.wait_until_idle()
        if interval == self._hours(2):
            self._make_visible_late()

    def _replay(self, interval: Interval) -> None:
        self._stack.clock.advance(60)
        self._stack.publish(ExportRequest(RECENT, interval, "replay"))
        self._stack.wait_until_idle()

    def _hours(self, hour: int) -> Interval:
        return Interval(self._midnight + hour * HOUR, self._midnight + hour * HOUR + _LENGTH)

    def _load_samples(self) -> None:
        """Hold the real lines, and remember the hours that Mixpanel processed them in.

        Lines from before Mixpanel recorded processing times belong to no interval at all.
        """
        lines = list(_sample_lines())
        self._stack.mixpanel.load(MIXPANEL_PROJECT_ID, lines)
        moments = [json.loads(line)["properties"].get("mp_processing_time_ms") for line in lines]
        hours = {
            datetime.fromtimestamp(ms // 3_600_000 * 3600, UTC) for ms in moments if ms is not None
        }
        self._samples = [Interval(hour, hour + HOUR) for hour in sorted(hours)]
        self._console.print(
            f"{len(lines)} real lines; {moments.count(None)} of them have no "
            "mp_processing_time_ms, so no interval can ask for them"
        )

    def _plan_faults(self) -> None:
        """What goes wrong on this day, and in which interval."""
        mixpanel, stack = self._stack.mixpanel.faults, self._stack
        self._notes[self._began] = "Scheduler was down: 36 gaps, healed by the first ticks"
        mixpanel.add("status", status=500, times=3, match=self._export(4, "three 500s"))
        mixpanel.add("status", status=429, match=self._export(6, "a 429"))
        mixpanel.add("cut_gzip", match=self._export(8, "a cut export, with status 200"))
        mixpanel.add(
            "status", status=400, match=self._export(16, "a dead letter; asked for again")
        )
        stack.storage.faults.add(
            "duplicate_notification", match={"name": self._span(12, "notified of twice")}
        )
        stack.storage.faults.add(
            "drop_notification", match={"name": self._span(14, "a lost message; announced again")}
        )
        stack.bigquery.faults.add(
            "job_failure",
            reason="invalid",
            match={"jobId": self._span(18, "a load that failed for good; mended, loaded again")},
        )

    def _export(self, hour: int, note: str) -> dict[str, str]:
        """Note what goes wrong at this hour; what matches the export call for it."""
        interval = self._hours(hour)
        self._notes[interval.start] = note
        return {"where": f">= {interval.start_ms}"}

    def _span(self, hour: int, note: str) -> str:
        """Note what goes wrong at this hour; how names of objects and jobs spell it."""
        start = self._hours(hour).start
        self._notes[start] = note
        return f"-{start:%Y%m%dT%H%M%SZ}_" if "load" in note else f"/{start:%Y%m%dT%H%M%SZ}_"

    def _make_visible_late(self) -> None:
        """Mixpanel shows rows only after the interval was fetched; the second look finds them."""
        interval = self._hours(2)
        for n in range(25):
            moment = interval.start + n * timedelta(minutes=1)
            properties = {"distinct_id": f"user-{n}", "$insert_id": f"late-{n}"}
            self._stack.mixpanel.ingest(MIXPANEL_PROJECT_ID, "Paid", moment, moment, properties)
        self._notes[interval.start] = "25 rows visible late: found by the second look"

    def _replay_what_changed(self) -> None:
        """Mixpanel compacted some rows away and merged two people: the same interval again."""
        interval = self._hours(10)
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
        self._replay(interval)

    def _report(self) -> None:
        reports = interval_reports(self._stack, self._notes)
        bounds = {
            "three days before": (self._began, self._midnight),
            "": (self._midnight, self._midnight + DAY),
            "the morning after": (self._midnight + DAY, self._end),
            "hours of real lines": (datetime.min.replace(tzinfo=UTC), self._began),
        }
        self._console.print(as_table(reports, bounds))
        swept = self._stack.query(
            "SELECT SUM(row_count) AS n FROM `mixpanel.loads` WHERE mode = 'sweep'"
        )
        self._console.print(f"{swept[0]['n']} imported events, weeks old, came with a sweep")

    def _compare(self) -> int:
        held = self._stack.mixpanel.events(MIXPANEL_PROJECT_ID)
        intervals = [Interval(*span) for span in self._days()]
        expected = expected_rows(held, [*intervals, *self._samples], ZoneInfo(PROJECT_TIMEZONE))
        shown = shown_rows(self._stack.query("SELECT * FROM `mixpanel.events`"))
        for title, rows in (("missing", expected - shown), ("unexpected", shown - expected)):
            self._print_difference(title, rows)
        people = {
            row["distinct_id"] for row in self._stack.query("SELECT * FROM `mixpanel.people`")
        }
        profiles = {p["$distinct_id"] for p in self._stack.mixpanel.profiles(MIXPANEL_PROJECT_ID)}
        differences = (expected - shown).total() + (shown - expected).total()
        differences += len(people ^ profiles)
        self._console.print(
            f"mixpanel.events shows {shown.total()} rows, the simulator holds "
            f"{expected.total()} events for these intervals; mixpanel.people shows {len(people)} "
            f"of {len(profiles)} profiles: {differences} differences"
        )
        return differences

    def _days(self) -> Iterator[tuple[datetime, datetime]]:
        for interval in newest_first(self._began, self._end, _LENGTH):
            yield interval.start, interval.end

    def _print_difference(self, title: str, rows: Counter[Row]) -> None:
        if rows:
            self._console.print(f"[red]{rows.total()} rows {title}, such as:[/red]")
            for row in list(rows)[:_SHOWN_DIFFERENCES]:
                self._console.print(f"  {row}", markup=False)


def _sample_lines() -> Iterator[bytes]:
    for path in sorted(SAMPLES.glob("*_export_*.ndjson")):
        yield from path.read_bytes().splitlines()


def the_day() -> date:
    """The UTC day before yesterday, so that the morning after it is over, too."""
    return datetime.now(UTC).date() - timedelta(days=2)


def run(directory: Path) -> int:
    """Run the demo in a directory; the exit status."""
    console = Console(width=None if sys.stdout.isatty() else 130)
    began = datetime.now(UTC)
    with Stack(directory, settings=settings(the_day())) as stack:
        console.print(f"the stack is up; simulating {the_day()}")
        differences = Demo(stack, the_day(), console).run()
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
