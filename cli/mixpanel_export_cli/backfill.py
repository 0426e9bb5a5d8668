"""`mixpanel-export backfill`: wish for more of the past, see how far it is, take the wish back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from mixpanel_export.backfill import PATH, encode
from mixpanel_export.errors import Setup
from mixpanel_export_cli.looking import Onlooker, patience
from mixpanel_export_cli.operators_bucket import OperatorsBucket
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.status_text import progress_lines
from mixpanel_export_cli.wishing import (
    Wish,
    day_of,
    loaded_before,
    objection,
    progress_with,
    wish_of,
)
from mixpanel_export_cli.wording import counted


def backfill(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="The first UTC day to have in BigQuery.")
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Take the wish back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before wishing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it takes, only.")] = False,
) -> None:
    """Fetch everything since a day before EXPORT_SINCE; without options, show how far it is."""
    session = Session.of(context)
    if since is not None and stop:
        raise Setup("nothing was done: give --since DATE or --stop, not both")
    onlooker = Onlooker.of(session)
    settings = onlooker.settings
    bucket = OperatorsBucket.connect(settings.project_id, settings.bucket)
    wish = wish_of(onlooker.bucket.read(PATH))
    if since is not None:
        _wish(session, onlooker, bucket, day_of(since), wish, ask=not yes, dry_run=dry_run)
    elif stop:
        _stop(session, onlooker, bucket, wish, dry_run=dry_run)
    else:
        _show(session, onlooker)


def _show(session: Session, onlooker: Onlooker) -> None:
    now, exported_since = session.clock.now(), onlooker.settings.export_since
    with patience(session):
        situation = onlooker.look(now)
        progress = progress_with(situation, exported_since, now)
    is_wished = situation.policy.since < exported_since
    _print(session, progress_lines(progress, now, is_wished=is_wished))
    if not is_wished:
        session.show("there is no wish for more; `backfill --since DATE` leaves one")


def _wish(
    session: Session,
    onlooker: Onlooker,
    bucket: OperatorsBucket,
    since: datetime,
    wish: Wish,
    *,
    ask: bool,
    dry_run: bool,
) -> None:
    exported_since = onlooker.settings.export_since
    if reason := objection(since, exported_since, wish):
        session.show(reason)
        return
    now = session.clock.now()
    with patience(session):
        situation = onlooker.look(now, since.date())
        progress = progress_with(situation, exported_since, now)
    _print(session, progress_lines(progress, now, is_wished=True))
    if wish.since:
        session.show(f"this replaces the wish for everything since {wish.since:%Y-%m-%d}")
    if dry_run:
        session.show("nothing was written: this is a dry run")
        return
    session.confirm(f"Wish for everything since {since:%Y-%m-%d}?", yes=not ask)
    bucket.put_wish(encode(since.date()))
    session.show(
        "wished: the planner takes it up at its next tick, behind live traffic; `backfill` shows "
        f'how far it is, and export_since = "{since:%Y-%m-%d}" in Terraform makes it permanent'
    )


def _stop(
    session: Session, onlooker: Onlooker, bucket: OperatorsBucket, wish: Wish, *, dry_run: bool
) -> None:
    if not wish.is_there:
        session.show("nothing to do: there is no wish")
        return
    exported_since = onlooker.settings.export_since
    count = loaded_before(onlooker.ledger, exported_since)
    session.show(
        f"loaded from before EXPORT_SINCE ({exported_since:%Y-%m-%d}): "
        f"{counted(count, 'interval')}; all of it stays, and what is asked for still arrives"
    )
    if dry_run:
        session.show("nothing was written: this is a dry run")
        return
    bucket.remove_wish()
    session.show("the wish is taken back")


def _print(session: Session, lines: Iterable[Text]) -> None:
    for line in lines:
        session.out.print(line, soft_wrap=True)
