"""`tsattn models`: what is in the workspace?"""

from __future__ import annotations

from typing import Annotated

import typer

from tsattn.cli import options
from tsattn.cli.groups import uses
from tsattn.cli.session import Session
from tsattn.errors import ConfigError


@uses(session=options.session)
def models(
    session: Session,
    action: Annotated[
        options.Text, typer.Argument(metavar="[rollback]", help="Go back to the version before.", show_default=False)
    ] = None,
    name: Annotated[options.Text, typer.Argument(metavar="[NAME]", help="Of which model.", show_default=False)] = None,
) -> int:
    """List the models of the workspace, newest first; `tsattn models rollback NAME` goes back to the version before."""
    from tsattn import api
    from tsattn.out import tables

    if action not in (None, "rollback") or (action and not name):
        raise ConfigError(f"models takes nothing, or rollback and a name, not {action!r}", "tsattn models rollback NAME")
    if action and name:
        listed = api.rollback(name, workspace=session.workspace)
    else:
        listed = api.models(workspace=session.workspace)
    return session.show(listed, lambda console, found: tables.models(console, found.models, str(found.workspace)))
