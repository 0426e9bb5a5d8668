"""`mixpanel-export status`: how fresh and how complete the tables are, and what it costs."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_export.intervals import HOUR
from mixpanel_export.storage import ExportBucket
from mixpanel_export.warehouse import Ledger
from mixpanel_export_cli import times
from mixpanel_export_cli.assessing import View, assess
from mixpanel_export_cli.looking import Onlooker
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.status_json import as_json
from mixpanel_export_cli.status_text import described, print_status
from mixpanel_export_cli.subscriber import DeadLetters

_LATE = 1


def status(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=366, help="UTC days in the calendar.")] = 7,
    objective_hours: Annotated[
        float, typer.Option(min=0, help="A gap older than this is late: exit code 1.")
    ] = 6,
    is_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show freshness, a calendar of intervals, gaps, backfill, budget and dead letters."""
    session = Session.of(context)
    onlooker = onlooker_of(session)
    now = session.clock.now()
    situation = onlooker.look(now)
    view = View(days, objective_hours * HOUR)
    seen = assess(situation, onlooker.settings.export_since, now, _dead_letters(session), view)
    if is_json:
        session.show_json(as_json(seen))
    else:
        print_status(seen, session.out)
    if seen.late:
        for gap in seen.late:
            session.say(f"late: {described(gap, now)}, from {times.shown(gap.start)}")
        raise typer.Exit(_LATE)


def onlooker_of(session: Session) -> Onlooker:
    """An onlooker at the session's deployment, with the operator's own credentials."""
    settings = session.deployment.planner
    return Onlooker(
        settings,
        ExportBucket.connect(settings.project_id, settings.bucket),
        Ledger.connect(settings.project_id, settings.dataset, settings.location),
        session.clock,
    )


def _dead_letters(session: Session) -> int:
    """How many can be seen; they stay where they are."""
    deployment = session.deployment
    name = deployment.dead_letter_subscription
    with DeadLetters.connect(deployment.planner.project_id, name).held() as letters:
        return len(letters)
