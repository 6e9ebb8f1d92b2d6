"""`tsattn explain`: the inputs that a forecast depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import ReadOptions

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.explain import Explained


@uses(read=options.read_options, session=options.session)
def explain(
    read: ReadOptions,
    session: Session,
    data: options.DataOrLatest = None,
    model: options.Model = None,
    series: Annotated[
        options.Text,
        typer.Option(
            "--series", metavar="NAME", help="Measure and show this series only.  [default: measure all, show the first]"
        ),
    ] = None,
    plot: Annotated[options.Text, typer.Option(metavar="FILE", help="Draw to .png or .svg.")] = None,
) -> int:
    """Show which inputs a forecast depends on.

    Replaces one input at a time (a lag, a covariate or a part of the past) by that of another window and measures how much
    the loss on held-back windows rises. Attention weights are shown beside it as a hint.

    \b
    Examples:
      tsattn explain sales.csv
      tsattn explain sales.csv --series north --plot explain.png
    """
    from tsattn import api
    from tsattn.render.explain import explained
    from tsattn.render.tables import written

    def render(console: Console, found: Explained) -> None:
        explained(console, found)
        written(console, [found.written] if found.written else [])

    with session.listening(brief=True) as listener:
        shown = () if series is None else series
        result = api.explain(
            data, model=model, series=shown, workspace=session.workspace, read=read, plot=plot, listener=listener
        )
    return session.show(result, render)
