"""`mixpanel-export plan`: what the planner would ask for at its next tick.

For scripts it is one JSON object, whose keys stay:

    at                     the moment it is planned for
    open_plan              number, since, until: the planner waits for it; null if there is none
    requests[]             table, mode, start, end, origin, method, url (without `where`), where
    waiting[]              table, mode, start, end, origin: no room in the budget yet
    reloads[]              path, landed_at: objects that are announced to the loader again
    budget[]               family, spent (of the last hour), asked, waiting, limit

Moments are RFC 3339 in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, format_moment
from mixpanel_export.messages import ExportRequest
from mixpanel_export.queries import Project
from mixpanel_export_cli import times
from mixpanel_export_cli.looking import Onlooker, patience
from mixpanel_export_cli.previewing import Call, Cost, Preview, grouped, preview
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.status_json import open_plan_json, series_json
from mixpanel_export_cli.status_text import open_plan_line
from mixpanel_export_cli.times import shown
from mixpanel_export_cli.wording import counted

_FARTHEST = 366 * DAY


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
    now = session.clock.now()
    moment = near(times.moment(at), now) if at else now
    project = Project.of(session.deployment.fetcher())
    onlooker = Onlooker.of(session)
    with patience(session):
        seen = preview(onlooker.look(moment), project, moment)
    if is_json:
        session.show_json(as_json(seen))
        return
    for line in lines_of(seen):
        session.show(line)


def near(moment: datetime, now: datetime) -> datetime:
    """The moment, if a plan for it says something.

    Raises:
        Setup: it is more than a year away: until then everything would be a gap.
    """
    if abs(moment - now) > _FARTHEST:
        raise Setup(f"--at is {shown(moment)}; allowed: at most a year from now")
    return moment


def lines_of(preview: Preview) -> Iterator[str]:
    """Everything, in plain lines."""
    yield (
        f"A tick at {shown(preview.at)}: {counted(len(preview.calls), 'request')}, "
        f"{len(preview.waiting)} waiting, {len(preview.reloads)} announced again. "
        "Nothing is published now."
    )
    if preview.open_plan:
        yield open_plan_line(preview.open_plan)
    for number, call in enumerate(preview.calls, 1):
        yield from _call(number, call)
    for name, requests in grouped(preview.waiting):
        oldest = min(request.interval.start for request in requests)
        newest = max(request.interval.end for request in requests)
        yield f"waiting for budget: {len(requests)} {name}"
        yield f"  from {shown(oldest)}"
        yield f"  to   {shown(newest)}"
    for landed in preview.reloads:
        yield f"announced again: {landed.name.path}"
        yield f"  landed {shown(landed.landed_at)}"
    yield from map(_cost, preview.costs)


def _call(number: int, call: Call) -> Iterator[str]:
    request = call.request
    yield f"{number}. {request.origin} of {request.series}"
    yield f"  from  {shown(request.interval.start)}"
    yield f"  to    {shown(request.interval.end)}"
    yield f"  {call.method:5} {call.url}"
    if call.where:
        yield f"  where {call.where}"


def _cost(cost: Cost) -> str:
    pages = " (people: one more for each further page)" if cost.family == "query" else ""
    return (
        f"cost: {counted(cost.asked, f'{cost.family} request')}{pages}, after {cost.spent} in the "
        f"last hour, of {cost.limit} an hour; waiting: {cost.waiting}"
    )


def as_json(preview: Preview) -> dict[str, Any]:
    """Everything above."""
    return {
        "at": format_moment(preview.at),
        "open_plan": open_plan_json(preview.open_plan),
        "requests": [
            {**_request(call.request), "method": call.method, "url": call.url, "where": call.where}
            for call in preview.calls
        ],
        "waiting": [_request(request) for request in preview.waiting],
        "reloads": [
            {"path": landed.name.path, "landed_at": format_moment(landed.landed_at)}
            for landed in preview.reloads
        ],
        "budget": [
            {
                "family": cost.family,
                "spent": cost.spent,
                "asked": cost.asked,
                "waiting": cost.waiting,
                "limit": cost.limit,
            }
            for cost in preview.costs
        ],
    }


def _request(request: ExportRequest) -> dict[str, Any]:
    return {
        **series_json(request.series),
        "start": format_moment(request.interval.start),
        "end": format_moment(request.interval.end),
        "origin": request.origin,
    }
