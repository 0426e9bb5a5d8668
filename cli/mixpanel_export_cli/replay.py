"""`mixpanel-export replay`: fetch a range of time again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from mixpanel_export.errors import ExportError
from mixpanel_export.intervals import DAY, format_moment
from mixpanel_export.messages import ExportRequest
from mixpanel_export.publisher import Topic
from mixpanel_export.reconciling import Policy
from mixpanel_export.series import Series
from mixpanel_export.storage import ExportBucket
from mixpanel_export.warehouse import Ledger
from mixpanel_export_cli import times
from mixpanel_export_cli.pacing import MIXPANEL_PER_HOUR, Pace, paced
from mixpanel_export_cli.replaying import (
    PEOPLE_ARE_OF_NOW,
    Arrival,
    Lying,
    Replay,
    length_of,
    replay_of,
    settled,
)
from mixpanel_export_cli.session import INTERRUPTED, Session
from mixpanel_export_cli.tables import Mode, Table, series_of
from mixpanel_export_cli.wording import counted

_FIRST_LOOK_SECONDS, _LATER_LOOKS_SECONDS = 2.0, 30.0


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
    length = length_of(series, Policy.of(settings))
    since, until = _range(session, series, start, end)
    bucket = ExportBucket.connect(settings.project_id, settings.bucket)
    ledger = Ledger.connect(settings.project_id, settings.dataset, settings.location)
    lying = Lying.of(series, since, until, bucket, ledger)
    replayed = replay_of(series, since, until, length, lying)
    requests = replayed.requests
    pace = Pace.beside(settings.requests_per_hour)
    _explain(session, replayed, pace)
    if dry_run:
        return
    session.confirm(f"Publish {counted(len(requests), 'request')}?", yes=yes)
    arrival = Arrival.after(ledger, requests) if wait else None
    topic = Topic.connect(settings.project_id, settings.request_topic)
    _publish(session, requests, pace, topic, since)
    if arrival:
        _wait(session, arrival, timedelta(minutes=timeout))


def _range(session: Session, series: Series, start: str, end: str) -> tuple[datetime, datetime]:
    """What is meant, as far as it has settled."""
    since, until = times.span(start, end)
    policy = Policy.of(session.deployment.planner)
    settled_until = settled(policy, series, since, until, session.clock.now())
    if settled_until < until:
        session.show(
            f"END is moved to {times.shown(settled_until)}: what came later has not settled yet"
        )
    return since, settled_until


def _explain(session: Session, replayed: Replay, pace: Pace) -> None:
    requests = replayed.requests
    newest, oldest, count = requests[0], requests[-1], len(requests)
    family = newest.series.family
    session.show(f"{counted(count, 'request')} for {newest.series}, newest first")
    session.show(f"  from {times.shown(oldest.interval.start)}")
    session.show(f"  to   {times.shown(newest.interval.end)}")
    for remark in replayed.remarks:
        session.show(remark)
    if newest.series.table == "people":
        session.show(PEOPLE_ARE_OF_NOW)
        session.show("Each costs one query for every page of profiles.")
    session.show(
        f"Cost: {count} of the {MIXPANEL_PER_HOUR} {family} requests that Mixpanel answers in an "
        f"hour; the planner leaves {pace.per_hour} of them."
    )
    if pace.gap(count):
        session.show(f"{pace.described(count)}; Ctrl-C tells how to continue.")
    if pace.duration(count) > DAY:
        wish = session.command("backfill", "--since", f"{oldest.interval.start:%Y-%m-%d}")
        session.show(
            "What is only missing needs no replay: the planner fetches it, since EXPORT_SINCE by "
            f"itself, before that after `{wish}`"
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
                raise typer.Exit(INTERRUPTED) from None
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
    total = len(arrival.requests)
    try:
        missing = _missing_after(session, arrival, patience)
    except KeyboardInterrupt:
        session.say(
            f"not waiting any more: {counted(total, 'request')} {'is' if total == 1 else 'are'} "
            f"published and will arrive; `{session.command('status')}` shows when"
        )
        raise typer.Exit(INTERRUPTED) from None
    if missing:
        for request in missing:
            session.say(f"not loaded yet: {request.series} {request.interval}")
        session.say(f"not in time; look at `{session.command('dead-letters', 'list')}`")
        raise typer.Exit(1)
    session.show(f"loaded {counted(total, 'interval')}")


def _missing_after(
    session: Session, arrival: Arrival, patience: timedelta
) -> Sequence[ExportRequest]:
    """What is not loaded when all is, or patience ends."""
    total, pause = len(arrival.requests), _FIRST_LOOK_SECONDS
    give_up = session.clock.monotonic() + patience.total_seconds()
    with session.progress() as progress:
        task = progress.add_task("loading", total=total)
        while missing := arrival.missing():
            progress.update(task, completed=total - len(missing))
            if session.clock.monotonic() > give_up:
                return missing
            session.clock.sleep(pause)
            pause = min(_LATER_LOOKS_SECONDS, pause * 1.5)
        progress.update(task, completed=total)
    return []
