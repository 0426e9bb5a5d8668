"""`mixpanel-export rejects`: lines of exports that could not become rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from mixpanel_export.series import SERIES
from mixpanel_export_cli import times
from mixpanel_export_cli.operators_bucket import OperatorsBucket
from mixpanel_export_cli.rejected import Rejects, rejects
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.tables import Mode, Table, series_of
from mixpanel_export_cli.wording import counted

commands = typer.Typer(no_args_is_help=True, help="Lines that could not become rows.")


@commands.command("show")
def show(
    context: typer.Context,
    table: Annotated[Table, typer.Argument(help="events or people.")],
    start: Annotated[str, typer.Argument(help="A moment, in UTC unless it names an offset.")],
    end: Annotated[str, typer.Argument(help="A moment, exclusive.")],
    mode: Annotated[Mode | None, typer.Option(help="One mode of the table; else all.")] = None,
    lines: Annotated[int, typer.Option(min=0, help="Print this many lines, with their data.")] = 0,
) -> None:
    """Count the rejects of the intervals that meet [START, END), by reason."""
    session = Session.of(context)
    settings = session.deployment.planner
    series = [series_of(table, mode)] if mode else [one for one in SERIES if one.table == table]
    bucket = OperatorsBucket.connect(settings.project_id, settings.bucket)
    rows: list[tuple[str, ...]] = []
    samples: list[str] = []
    total = 0
    since, until = times.span(start, end)
    for found in rejects(bucket, series, since, min(until, session.clock.now())):
        total += found.reasons.total()
        rows += _rows(found)
        samples += islice(_samples(found), lines - len(samples))
    if not rows:
        session.show("no rejects")
        return
    session.show_table(
        counted(total, "reject"), ("interval", "version of", "rejects", "reason"), rows
    )
    for sample in samples:
        session.show(sample)


def _rows(found: Rejects) -> Iterator[tuple[str, ...]]:
    name = found.name
    version = f"{name.series} {name.interval}", str(name.version)
    if found.lines is None:
        yield *version, "?", f"{name.rejects_path} was not written by the fetcher: look at it"
    for reason, count in found.reasons.most_common():
        yield *version, str(count), reason


def _samples(found: Rejects) -> Iterator[str]:
    """Each line as a literal, so that an empty one shows, and none speaks to the terminal."""
    for reason, line in found.lines or ():
        yield f"{found.name.series} {found.name.interval} {reason}: {line!r}"
