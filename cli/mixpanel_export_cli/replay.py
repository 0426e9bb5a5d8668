"""`mixpanel-export replay`: fetch a range of time again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from mixpanel_export.errors import ExportError
from mixpanel_export.intervals import format_moment
from mixpanel_export.messages import ExportRequest
from mixpanel_export.publisher import Topic
from mixpanel_export.warehouse import Ledger
from mixpanel_export_cli import times
from mixpanel_export_cli.pacing import MIXPANEL_PER_HOUR, Pace, paced
from mixpanel_export_cli.replaying import (
    PEOPLE_ARE_OF_NOW,
    Arrival,
    length_of,
    requests_of,
)
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.tables import Mode, Table, series_of
from mixpanel_export_cli.wording import counted

_FIRST_LOOK_SECONDS, _LATER_LOOKS_SECONDS = 2.0, 30.0
_INTERRUPTED = 130


def replay(
    context: typer.Context,
    table: Annotated[Table, typer.Argument(help="events or people.")],
    start: Annotated[str, typer.Argument(help="A moment, in UTC unless it names an offset.")],
    end: Annotated[str, typer.Argument(help="A moment, exclusive.")],
    mode: Annotated[Mode | None, typer.Option(help="The mode; else recent, or snapshot.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before publishing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it costs, only.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all is loaded.")] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Minutes to wait at most.")] = 60.0,
) -> None:
    """Fetch every whole interval in [START, END) again; what is loaded shows until then."""
    session = Session.of(context)
    settings = session.deployment.planner
    series = series_of(table, mode)
    length = length_of(series, settings)
    since, until = times.span(start, end)
    requests = requests_of(series, since, until, length, session.clock.now())
    pace = Pace.beside(settings.requests_per_hour)
    _explain(session, requests, pace)
    if dry_run:
        return
    session.confirm(f"Publish {counted(len(requests), 'request')}?", yes=yes)
    arrival = None
    if wait:
        ledger = Ledger.connect(settings.project_id, settings.dataset, settings.location)
        arrival = Arrival.after(ledger, requests)
    topic = Topic.connect(settings.project_id, settings.request_topic)
    _publish(session, requests, pace, topic, since)
    if arrival:
        _wait(session, arrival, timedelta(minutes=timeout))


def _explain(session: Session, requests: Sequence[ExportRequest], pace: Pace) -> None:
    newest, oldest, count = requests[0], requests[-1], len(requests)
    family = newest.series.family
    session.show(f"{counted(count, 'request')} for {newest.series}, newest first")
    session.show(f"  from {times.shown(oldest.interval.start)}")
    session.show(f"  to   {times.shown(newest.interval.end)}")
    if newest.series.table == "people":
        session.show(PEOPLE_ARE_OF_NOW)
        session.show("Each costs one query for every page of profiles.")
    session.show(
        f"Cost: {count} of the {MIXPANEL_PER_HOUR} {family} requests that Mixpanel answers in an "
        f"hour; the planner leaves {pace.per_hour} of them."
    )
    if gap := pace.gap(count):
        session.show(
            f"Pace: one every {gap.total_seconds():.0f} s, done in about "
            f"{times.lasting(pace.duration(count))}; Ctrl-C tells how to continue."
        )


def _publish(
    session: Session, requests: Sequence[ExportRequest], pace: Pace, topic: Topic, since: datetime
) -> None:
    """Publish one by one, each confirmed before the next."""
    done = 0
    with session.progress() as progress:
        task = progress.add_task("publishing requests", total=len(requests))
        try:
            for request in paced(requests, pace, session.clock, progress.refresh):
                topic.publish([request])
                done += 1
                progress.update(task, completed=done)
        except (KeyboardInterrupt, ExportError) as error:
            progress.stop()
            _tell_how_to_continue(session, requests, done, since)
            if isinstance(error, KeyboardInterrupt):
                raise typer.Exit(_INTERRUPTED) from None
            raise
    session.show(f"published {counted(done, 'request')}")


def _tell_how_to_continue(
    session: Session, requests: Sequence[ExportRequest], done: int, since: datetime
) -> None:
    rest = requests[done:]
    session.say(f"published {done} of {len(requests)} requests")
    if not rest:
        return
    series, until = rest[0].series, rest[0].interval.end
    words = (series.table, format_moment(since), format_moment(until), "--mode", series.mode)
    session.say(f"continue with: {session.command('replay', *words)}")


def _wait(session: Session, arrival: Arrival, patience: timedelta) -> None:
    """Return when all is loaded; leave with status 1 when that takes too long."""
    total, pause = len(arrival.requests), _FIRST_LOOK_SECONDS
    give_up = session.clock.monotonic() + patience.total_seconds()
    with session.progress() as progress:
        task = progress.add_task("loading", total=total)
        while missing := arrival.missing():
            progress.update(task, completed=total - len(missing))
            if session.clock.monotonic() > give_up:
                break
            session.clock.sleep(pause)
            pause = min(_LATER_LOOKS_SECONDS, pause * 1.5)
        progress.update(task, completed=total - len(missing))
    if missing:
        for request in missing:
            session.say(f"not loaded yet: {request.series} {request.interval}")
        session.say(f"not in time; look at `{session.command('dead-letters', 'list')}`")
        raise typer.Exit(1)
    session.show(f"loaded {counted(total, 'interval')}")
