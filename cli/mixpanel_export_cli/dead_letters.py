"""`mixpanel-export dead-letters`: look at what was given up on, send it back, or drop it.

A letter is held only while something is done with it, never while the operator thinks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from mixpanel_export.errors import ExportError
from mixpanel_export.publisher import Topic
from mixpanel_export_cli import times
from mixpanel_export_cli.letters import Letter, chosen
from mixpanel_export_cli.pacing import MIXPANEL_PER_HOUR, Pace
from mixpanel_export_cli.redriving import Redriving, dropped, split
from mixpanel_export_cli.session import INTERRUPTED, Session
from mixpanel_export_cli.subscriber import LEASE_SECONDS, DeadLetters
from mixpanel_export_cli.wording import counted

commands = typer.Typer(no_args_is_help=True, help="Messages that were given up on.")

_Ids = Annotated[list[str] | None, typer.Argument(help="Message ids, as listed.")]
_All = Annotated[bool, typer.Option("--all", help="All dead letters.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would do, only.")]
_NONE = (
    "no dead letter can be seen; another reader may hold some for up to "
    f"{LEASE_SECONDS // 60} minutes"
)
_HEADINGS = ("message id", "when", "given up by (deliveries)", "about, origin", "reason, prospect")


@commands.command("list")
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show all dead letters that can be seen; they stay where they are."""
    session = Session.of(context)
    bucket = session.deployment.planner.bucket
    letters = _connect(session).look()
    if not as_json:
        _show(session, letters)
        return
    if not letters:
        session.say(_NONE)
    session.show_json([letter.as_json(bucket) for letter in letters])


@commands.command()
def redrive(
    context: typer.Context,
    ids: _Ids = None,
    everything: _All = False,
    yes: _Yes = False,
    dry_run: _DryRun = False,
) -> None:
    """Publish dead letters again, each to the topic it came from, after their cause is mended."""
    session = Session.of(context)
    settings = session.deployment.planner
    dead_letters = _connect(session)
    selected = chosen(dead_letters.look(), ids or (), everything=everything)
    _show(session, selected)
    if not selected:
        return
    pace = Pace.beside(settings.requests_per_hour)
    _explain(session, selected, pace)
    if dry_run:
        return
    session.confirm(f"Redrive {counted(len(selected), 'dead letter')}?", yes=yes)
    with dead_letters.held([letter.message_id for letter in selected]) as letters:
        redriving = Redriving(
            requests=Topic.connect(settings.project_id, settings.request_topic),
            notifications=Topic.connect(settings.project_id, settings.landed_topic),
            held=dead_letters,
            bucket=settings.bucket,
        )
        _tell_lost(session, selected, letters)
        _redrive(session, redriving, letters, pace, len(selected))


@commands.command()
def drop(
    context: typer.Context,
    ids: _Ids = None,
    everything: _All = False,
    yes: _Yes = False,
    dry_run: _DryRun = False,
) -> None:
    """Forget dead letters for good; gaps that they leave are found by the planner."""
    session = Session.of(context)
    bucket = session.deployment.planner.bucket
    dead_letters = _connect(session)
    selected = chosen(dead_letters.look(), ids or (), everything=everything)
    _show(session, selected)
    if not selected:
        return
    if replays := sum(letter.is_replay(bucket) for letter in selected):
        session.show(f"{counted(replays, 'replay')} among them: nobody asks for it again but you")
    if dry_run:
        return
    session.confirm(f"Drop {counted(len(selected), 'dead letter')} for good?", yes=yes)
    with dead_letters.held([letter.message_id for letter in selected]) as letters:
        _tell_lost(session, selected, letters)
        _drop(session, dead_letters, letters, len(selected))


def _connect(session: Session) -> DeadLetters:
    deployment = session.deployment
    name = deployment.dead_letter_subscription
    return DeadLetters.connect(deployment.planner.project_id, name, session.clock)


def _explain(session: Session, letters: Sequence[Letter], pace: Pace) -> None:
    bucket = session.deployment.planner.bucket
    _, costly = split(letters, bucket)
    count = len(costly)
    session.show(
        f"Cost: up to {counted(count, 'request')} to Mixpanel, of the {MIXPANEL_PER_HOUR} in an "
        f"hour; the planner leaves {pace.per_hour} of them."
    )
    if pace.gap(count):
        session.show(f"{pace.described(count)}; Ctrl-C leaves the rest where it is.")
    if vain := sum(letter.is_parked for letter in letters):
        session.show(
            f"Parked at once by a function: {vain} of {len(letters)}. "
            "They come back unchanged unless their cause is mended."
        )


def _tell_lost(session: Session, selected: Sequence[Letter], held: Sequence[Letter]) -> None:
    """Name those that were there a moment ago."""
    ids = {letter.message_id for letter in held}
    for letter in selected:
        if letter.message_id not in ids:
            session.say(
                f"{letter.message_id} is left alone: another reader holds it or has removed it"
            )


def _redrive(
    session: Session, redriving: Redriving, letters: Sequence[Letter], pace: Pace, total: int
) -> None:
    """Redrive them; leave with status 1 when some could not be."""
    with _counting(session, "redriven", total) as done, session.progress() as progress:
        outcomes = redriving.redrive(letters, pace, session.clock)
        for letter, problem in progress.track(
            outcomes, total=len(letters), description="redriving"
        ):
            if problem is None:
                done.append(letter)
            else:
                session.say(f"{letter.message_id} stays: {problem}")


def _drop(
    session: Session, dead_letters: DeadLetters, letters: Sequence[Letter], total: int
) -> None:
    """Drop them; leave with status 1 when some were not there any more."""
    with _counting(session, "dropped", total) as done:
        done.extend(dropped(letters, dead_letters))


@contextmanager
def _counting(session: Session, verb: str, total: int) -> Iterator[list[Letter]]:
    """Say how many went, however it ends."""
    done: list[Letter] = []
    try:
        yield done
    except (KeyboardInterrupt, ExportError) as error:
        session.say(f"{verb}: {len(done)} of {total}; the rest stays")
        if isinstance(error, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from None
        raise
    session.show(f"{verb}: {len(done)} of {total}")
    if len(done) < total:
        raise typer.Exit(1)


def _show(session: Session, letters: Sequence[Letter]) -> None:
    if not letters:
        session.show(_NONE)
        return
    bucket = session.deployment.planner.bucket
    rows = [
        (
            letter.message_id,
            times.shown(letter.message.published_at),
            f"{letter.given_up_by} ({letter.attempts})",
            ", ".join(filter(None, (letter.subject, letter.origin))),
            f"{letter.reason}\nredrive: {letter.prospect(bucket)}",
        )
        for letter in letters
    ]
    session.show_table(counted(len(letters), "dead letter"), _HEADINGS, rows)
