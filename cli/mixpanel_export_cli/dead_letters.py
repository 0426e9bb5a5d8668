"""`mixpanel-export dead-letters`: look at what was given up on, send it back, or drop it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from mixpanel_export.publisher import Topic
from mixpanel_export_cli import times
from mixpanel_export_cli.letters import Letter, chosen
from mixpanel_export_cli.redriving import Redriving
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.subscriber import DeadLetters
from mixpanel_export_cli.wording import counted

commands = typer.Typer(no_args_is_help=True, help="Messages that were given up on.")

_Ids = Annotated[list[str] | None, typer.Argument(help="Message ids, as listed.")]
_All = Annotated[bool, typer.Option("--all", help="All dead letters.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


@commands.command("list")
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show all dead letters; they stay where they are."""
    session = Session.of(context)
    bucket = session.deployment.planner.bucket
    with _connect(session).held() as letters:
        if as_json:
            session.show_json([letter.as_json(bucket) for letter in letters])
            return
        _show(session, letters)


@commands.command()
def redrive(
    context: typer.Context, ids: _Ids = None, everything: _All = False, yes: _Yes = False
) -> None:
    """Publish dead letters again, each to the topic it came from, after their cause is mended."""
    session = Session.of(context)
    settings = session.deployment.planner
    dead_letters = _connect(session)
    with dead_letters.held() as letters:
        selected = chosen(letters, ids or (), everything=everything)
        _show(session, selected)
        if not selected:
            return
        costly = [one for one in selected if one.costs_a_request(settings.bucket)]
        session.show(
            f"Cost: up to {counted(len(costly), 'request')} to Mixpanel, of the 60 in an hour."
        )
        session.confirm(f"Redrive {counted(len(selected), 'dead letter')}?", yes=yes)
        redriving = Redriving(
            requests=Topic.connect(settings.project_id, settings.request_topic),
            notifications=Topic.connect(settings.project_id, settings.landed_topic),
            held=dead_letters,
            bucket=settings.bucket,
        )
        stayed = _redrive(session, redriving, selected)
    if stayed:
        raise typer.Exit(1)


@commands.command()
def drop(
    context: typer.Context, ids: _Ids = None, everything: _All = False, yes: _Yes = False
) -> None:
    """Forget dead letters for good; gaps that they leave are found by the planner."""
    session = Session.of(context)
    dead_letters = _connect(session)
    with dead_letters.held() as letters:
        selected = chosen(letters, ids or (), everything=everything)
        _show(session, selected)
        if not selected:
            return
        session.confirm(f"Drop {counted(len(selected), 'dead letter')} for good?", yes=yes)
        for letter in selected:
            dead_letters.remove(letter)
    session.show(f"dropped {counted(len(selected), 'dead letter')}")


def _connect(session: Session) -> DeadLetters:
    deployment = session.deployment
    return DeadLetters.connect(deployment.planner.project_id, deployment.dead_letter_subscription)


def _redrive(session: Session, redriving: Redriving, letters: Sequence[Letter]) -> int:
    """Redrive them; how many could not be."""
    stayed = 0
    with session.progress() as progress:
        outcomes = redriving.redrive(letters)
        for letter, problem in progress.track(
            outcomes, total=len(letters), description="redriving"
        ):
            if problem is not None:
                stayed += 1
                session.say(f"{letter.message_id} stays: {problem}; drop it when it is understood")
    session.show(f"redriven: {len(letters) - stayed} of {len(letters)}")
    return stayed


def _show(session: Session, letters: Sequence[Letter]) -> None:
    if not letters:
        session.show("no dead letters")
        return
    table = Table(title=counted(len(letters), "dead letter"), title_justify="left")
    for heading in ("message id", "when", "given up by", "deliveries", "about", "reason"):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        cells = (
            letter.message_id,
            times.shown(letter.message.published_at),
            letter.given_up_by,
            letter.attempts,
            letter.subject,
            letter.reason,
        )
        table.add_row(*map(Text, cells))
    session.out.print(table)
