"""`mixpanel-export views`: SQL over the events that only this deployment can have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mixpanel_export.errors import Setup
from mixpanel_export.intervals import DAY, aligned
from mixpanel_export_cli import columns_file
from mixpanel_export_cli.looking import patience
from mixpanel_export_cli.property_catalog import read_catalog
from mixpanel_export_cli.session import Session
from mixpanel_export_cli.typed_columns import Column, chosen, remarks
from mixpanel_export_cli.typed_view import view_sql
from mixpanel_export_cli.wishing import day_of
from mixpanel_export_cli.wording import counted

commands = typer.Typer(no_args_is_help=True, help="SQL that follows from your own events.")

_DAYS = 28
_CATALOG, _MEMORY, _VIEW = (
    Path("views", name)
    for name in ("property_catalog.sql", "events_typed.columns.json", "events_typed.sql")
)


@commands.command("generate")
def generate(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help=f"The first UTC day to read; else {_DAYS} days ago."),
    ] = None,
    min_share: Annotated[
        float, typer.Option(min=0, max=1, help="The share of events that earns a column.")
    ] = 0.01,
    directory: Annotated[
        Path, typer.Option(help="The directory with this project's Terraform.")
    ] = Path("terraform"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; show changes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before reading.")] = False,
) -> None:
    """Write the view `events_typed`: a column for each property of your events."""
    session = Session.of(context)
    template = _text(directory / _CATALOG)
    if template is None:
        raise Setup(f"{directory / _CATALOG} is missing: give --directory, where it is")
    kept = _kept(directory / _MEMORY)
    now = session.clock.now()
    begin = day_of(since) if since is not None else aligned(now, DAY) - _DAYS * DAY
    columns = _columns(session, template, kept, (begin, now), min_share, ask=not yes)
    files = {
        directory / _MEMORY: columns_file.encode(columns),
        directory / _VIEW: view_sql(columns, _MEMORY.name),
    }
    changed = {path: text for path, text in files.items() if _text(path) != text}
    if not columns:
        session.show(f"nothing to write: no property has a share of {min_share:g}")
    elif not changed:
        session.show(f"nothing to write: {counted(len(columns), 'column')}, as in the files")
    elif check:
        _show_differences(session, changed)
        raise typer.Exit(1)
    else:
        _write(session, changed)
        _show_new(session, kept, columns)


def _columns(
    session: Session,
    template: str,
    kept: list[Column],
    stretch: tuple[datetime, datetime],
    min_share: float,
    *,
    ask: bool,
) -> list[Column]:
    """The columns by the catalog of these days, which costs a scan of their properties."""
    settings = session.deployment.planner
    begin = stretch[0]
    session.confirm(f"Read all properties of the events since {begin:%Y-%m-%d}?", yes=not ask)
    with patience(session):
        catalog = read_catalog(settings, template, *stretch)
    columns = chosen(catalog, kept, min_share)
    for remark in remarks(catalog, columns):
        session.say(remark)
    return columns


def _kept(memory: Path) -> list[Column]:
    text = _text(memory)
    return [] if text is None else columns_file.decode(str(memory), text)


def _text(path: Path) -> str | None:
    """The text of a file; None if there is none.

    Raises:
        Setup: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Setup(f"{path} cannot be read ({type(error).__name__})") from None


def _write(session: Session, texts: dict[Path, str]) -> None:
    for path, text in texts.items():
        try:
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise Setup(f"{path} cannot be written ({type(error).__name__})") from None
        session.show(f"wrote {path}")


def _show_new(session: Session, kept: Iterable[Column], columns: Iterable[Column]) -> None:
    known = {column.property for column in kept}
    for column in columns:
        if column.property not in known:
            session.show(f"  {column.name} {column.type} from {column.property!r}")


def _show_differences(session: Session, texts: dict[Path, str]) -> None:
    for path, text in texts.items():
        before = (_text(path) or "").splitlines()
        lines = difflib.unified_diff(
            before, text.splitlines(), str(path), f"{path} as it would be", lineterm="", n=1
        )
        for line in lines:
            session.show(line)
