"""`tsattn models` and `tsattn describe`: the models of the workspace, and one of them in detail."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.describe import Described
    from tsattn.workflows.results import Listed


ACTIONS = {"list": "list", "rollback": "rollback NAME", "delete": "delete NAME[/VERSION]", "rename": "rename OLD NEW"}


@uses(session=options.session)
def models(
    session: Session,
    action: Annotated[
        options.Text,
        typer.Argument(metavar="ACTION", help="list, rollback, delete or rename.  [default: list]", show_default=False),
    ] = None,
    name: Annotated[
        options.Text, typer.Argument(metavar="NAME", help="The model; for delete also NAME/VERSION.", show_default=False)
    ] = None,
    new: Annotated[options.Text, typer.Argument(metavar="NEW", help="The new name, for rename.", show_default=False)] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before delete and rename.")] = False,
    kinds: Annotated[
        bool, typer.Option("--kinds", help="List the architectures you can train, with their numbers of parameters.")
    ] = False,
) -> int:
    """List, delete, rename or roll back models.

    Models are listed newest first. rollback withdraws the newest version of a model.

    \b
    Examples:
      tsattn models
      tsattn models rollback sales
      tsattn models delete sales/2
      tsattn models rename sales shop-sales --yes
    """
    from tsattn import api
    from tsattn.render import tables

    action = None if action == "list" and name is None else action
    if kinds and not action:
        from tsattn.render.describe import assembled

        return session.show(api.assemblies(), lambda console, found: assembled(console, found.rows))
    listed = api.models(workspace=session.workspace) if action is None else _act(session, action, name, new, yes)
    return session.show(listed, lambda console, found: tables.models(console, found.models, str(found.workspace)))


def _act(session: Session, action: str, name: str | None, new: str | None, yes: bool) -> Listed:
    """Carry out an action on a model. Raises ConfigError for a wrong one, or when the user does not confirm."""
    from tsattn import api

    if action not in ACTIONS:
        raise ConfigError(
            f"unknown action {action!r}", f"use one of: {', '.join(f'tsattn models {one}' for one in ACTIONS.values())}"
        )
    if name is None or action == "list" or (new is None) is (action == "rename"):
        raise ConfigError(f"tsattn models {action} takes other arguments", f"type: tsattn models {ACTIONS[action]}")
    if action == "rollback":
        return api.rollback(name, workspace=session.workspace)
    from tsattn.workflows.manage_models import versions_named
    from tsattn.workspace import Workspace

    found = versions_named(Workspace.at(session.workspace), name)
    what = f"{found[0].name} ({len(found)} version{'s' if len(found) > 1 else ''})" if "/" not in name else name
    if not yes:
        _confirm(f"Delete {what}? This cannot be undone." if action == "delete" else f"Rename {what} to {new}?", action)
    if action == "delete":
        return api.delete_model(name, workspace=session.workspace)
    return api.rename_model(name, str(new), workspace=session.workspace)


def _confirm(question: str, action: str) -> None:
    """Ask on a terminal. Raises ConfigError without a terminal, and Abort for a no."""
    if not sys.stdin.isatty():
        raise ConfigError(f"models {action} asks for confirmation, but there is no terminal", "add --yes to confirm")
    typer.confirm(question, abort=True, err=True)


@uses(session=options.session)
def describe(
    session: Session,
    model: Annotated[
        options.Text,
        typer.Argument(metavar="MODEL", help="NAME, NAME/VERSION or a folder.  [default: the newest]", show_default=False),
    ] = None,
) -> int:
    """Show a model: its network, training and scores.

    \b
    Examples:
      tsattn describe
      tsattn describe sales/2 --json
    """
    from tsattn import api

    def render(console: Console, found: Described) -> None:
        from tsattn.render.describe import described

        described(console, found)

    return session.show(api.describe(model, workspace=session.workspace), render)
