"""`mixpanel-export`: the commands, and how the tool ends.

A command is a function in a module of its own, registered below. It gets its `Session`, calls a
use case, and shows what came of it. Expected failures end with one message and status 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mixpanel_export.errors import ExportError
from mixpanel_export_cli import (
    backfill,
    dead_letters,
    doctor,
    plan,
    rejects,
    replay,
    status,
    views,
)
from mixpanel_export_cli.deployment import overrides
from mixpanel_export_cli.session import COMMAND, Session
from mixpanel_export_cli.sources import STACK, Source

_FAILED = 2


class Explaining(TyperGroup):
    """Commands whose expected failures are told in one message, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ExportError as error:
            typer.echo(f"{COMMAND}: {error}", err=True)
            raise typer.Exit(_FAILED) from None


app = typer.Typer(
    cls=Explaining,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Look after a deployment: what is missing, how to have it, and what is wrong.",
)


@app.callback()
def choose(
    context: typer.Context,
    outputs: Annotated[
        str | None, typer.Option(help="A file with `terraform output -json`; - is standard input.")
    ] = None,
    terraform: Annotated[
        Path | None, typer.Option(help="A directory to run `terraform output -json` in.")
    ] = None,
    stack: Annotated[Path | None, typer.Option(help="The directory of a local stack.")] = None,
    local: Annotated[bool, typer.Option("--local", help=f"The local stack in {STACK}.")] = False,
    variables: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another value for a variable."),
    ] = None,
) -> None:
    """Choose the deployment; without options the local stack that runs, else ./terraform."""
    source = Source(outputs, terraform, stack or (STACK if local else None))
    context.obj = Session(source, overrides(variables or ()))


app.command("status")(status.status)
app.command("plan")(plan.plan)
app.command("replay")(replay.replay)
app.command("backfill")(backfill.backfill)
app.add_typer(dead_letters.commands, name="dead-letters")
app.add_typer(rejects.commands, name="rejects")
app.add_typer(views.commands, name="views")
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line."""
    app(prog_name=COMMAND)


if __name__ == "__main__":
    main()
