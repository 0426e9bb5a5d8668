"""`mixpanel-export plan`: what the planner would ask for at its next tick."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_export.queries import Project
from mixpanel_export_cli import times
from mixpanel_export_cli.plan_text import as_json, lines_of
from mixpanel_export_cli.previewing import preview
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.status import onlooker_of


def plan(
    context: typer.Context,
    at: Annotated[
        str | None,
        typer.Option(help="Plan for this moment, as if nothing happened until then; else now."),
    ] = None,
    _dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Publish nothing: the default, and the only way.")
    ] = True,
    is_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show what the next tick would publish, what it asks Mixpanel, what it costs, what waits."""
    session = Session.of(context)
    moment = times.moment(at) if at else session.clock.now()
    project = Project.of(session.deployment.fetcher())
    seen = preview(onlooker_of(session).look(moment), project, moment)
    if is_json:
        session.show_json(as_json(seen))
        return
    for line in lines_of(seen):
        session.show(line)
