"""`mixpanel-export status`: how fresh and how complete the tables are, and what it costs."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_export.errors import ExportError
from mixpanel_export.intervals import HOUR
from mixpanel_export_cli.assessing import DeadLetterCount, Status, View, assess
from mixpanel_export_cli.looking import Onlooker, patience
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.status_json import as_json
from mixpanel_export_cli.status_text import late_lines, print_status
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
    seen = _look(session, View(days, objective_hours * HOUR))
    if is_json:
        session.show_json(as_json(seen))
    else:
        print_status(seen, session.out)
    for line in late_lines(seen):
        session.say(line)
    if seen.late:
        raise typer.Exit(_LATE)


def _look(session: Session, view: View) -> Status:
    onlooker, now = Onlooker.of(session), session.clock.now()
    with patience(session):
        situation = onlooker.look(now)
        dead_letters = _dead_letters(session)
        return assess(situation, onlooker.settings.export_since, now, dead_letters, view)


def _dead_letters(session: Session) -> DeadLetterCount:
    """How many can be seen; they stay where they are. Not knowing them hides nothing else."""
    deployment = session.deployment
    project_id, name = deployment.planner.project_id, deployment.dead_letter_subscription
    try:
        return DeadLetterCount(DeadLetters.connect(project_id, name).glimpse())
    except ExportError as error:
        return DeadLetterCount(None, str(error))
