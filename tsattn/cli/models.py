"""`tsattn models` and `tsattn describe`: what is in the workspace, and what is a model made of?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.describe import Described


@uses(session=options.session)
def models(
    session: Session,
    action: Annotated[
        options.Text, typer.Argument(metavar="[rollback]", help="Go back to the version before.", show_default=False)
    ] = None,
    name: Annotated[options.Text, typer.Argument(metavar="[NAME]", help="Of which model.", show_default=False)] = None,
    kinds: Annotated[
        bool, typer.Option("--kinds", help="List the kinds of network that can be trained, with parameters.")
    ] = False,
) -> int:
    """List the models of the workspace, newest first; `tsattn models rollback NAME` goes back to the version before."""
    from tsattn import api
    from tsattn.render import tables

    if kinds and not action:
        from tsattn.render.describe import assembled

        return session.show(api.assemblies(), lambda console, found: assembled(console, found.rows))
    if action not in (None, "rollback") or (action and not name):
        raise ConfigError(f"models takes nothing, or rollback and a name, not {action!r}", "tsattn models rollback NAME")
    if action and name:
        listed = api.rollback(name, workspace=session.workspace)
    else:
        listed = api.models(workspace=session.workspace)
    return session.show(listed, lambda console, found: tables.models(console, found.models, str(found.workspace)))


@uses(session=options.session)
def describe(
    session: Session,
    model: Annotated[
        options.Text,
        typer.Argument(metavar="[MODEL]", help="NAME, NAME/VERSION or a folder; default: the newest.", show_default=False),
    ] = None,
) -> int:
    """Show what a model is made of: its network as a tree with shapes, its training, its scores."""
    from tsattn import api

    def render(console: Console, found: Described) -> None:
        from tsattn.render.describe import described

        described(console, found)

    return session.show(api.describe(model, workspace=session.workspace), render)
