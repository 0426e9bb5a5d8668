"""`mixpanel-export rejects`: lines of exports that could not become rows."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from mixpanel_export.series import SERIES
from mixpanel_export.storage import ExportBucket
from mixpanel_export_cli import times
from mixpanel_export_cli.rejected import Rejects, rejects
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.tables import Mode, series_of
from mixpanel_export_cli.tables import Table as Name
from mixpanel_export_cli.wording import counted

commands = typer.Typer(no_args_is_help=True, help="Lines that could not become rows.")


@commands.command("show")
def show(
    context: typer.Context,
    table: Annotated[Name, typer.Argument(help="events or people.")],
    start: Annotated[str, typer.Argument(help="A moment, in UTC unless it names an offset.")],
    end: Annotated[str, typer.Argument(help="A moment, exclusive.")],
    mode: Annotated[Mode | None, typer.Option(help="One mode of the table; else all.")] = None,
    lines: Annotated[int, typer.Option(min=0, help="Print this many lines, with their data.")] = 0,
) -> None:
    """Count the rejects of the intervals that meet [START, END), by reason."""
    session = Session.of(context)
    settings = session.deployment.planner
    series = [series_of(table, mode)] if mode else [one for one in SERIES if one.table == table]
    bucket = ExportBucket.connect(settings.project_id, settings.bucket)
    shown = Table(title_justify="left")
    for heading in ("interval", "version of", "rejects", "reason"):
        shown.add_column(heading, overflow="fold")
    total: Counter[str] = Counter()
    samples: list[tuple[str, str]] = []
    for found in rejects(bucket, series, *times.span(start, end)):
        _add(shown, found)
        total += found.reasons
        samples += found.lines[: lines - len(samples)]
    if not total:
        session.show("no rejects")
        return
    shown.title = counted(total.total(), "reject")
    session.out.print(shown)
    for reason, line in samples:
        session.show(f"{reason}: {line}")


def _add(shown: Table, found: Rejects) -> None:
    name = found.name
    for reason, count in found.reasons.most_common():
        cells = (f"{name.series} {name.interval}", str(name.version), str(count), reason)
        shown.add_row(*map(Text, cells))
