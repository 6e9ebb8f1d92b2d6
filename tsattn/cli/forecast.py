"""`tsattn forecast`: what comes next?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import ReadOptions
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.results import Forecasted


@uses(read=options.read_options, session=options.session)
def forecast(
    read: ReadOptions,
    session: Session,
    data: options.DataOrLatest = None,
    model: options.Model = None,
    horizon: options.Horizon = None,
    members: options.Members = None,
    quantiles: Annotated[options.Text, typer.Option(metavar="Q,…", help="Such as 0.1,0.5,0.9.")] = None,
    paths: Annotated[
        options.Number, typer.Option(min=1, metavar="N", help="Write N sample paths a series to --output, not quantiles.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of the sample paths.")] = 0,
    output: options.Output = None,
    plot: Annotated[options.Text, typer.Option(metavar="FILE|terminal", help="Draw it: .png, .svg, .html, or terminal.")] = None,
) -> int:
    """Forecast what comes after the data, with intervals.

    With no DATA, what the newest model was trained on is read again and forecast from its new end.
    """
    from tsattn import api
    from tsattn.render import tables
    from tsattn.render.terminal import draw_terminal

    def render(console: Console, found: Forecasted) -> None:
        tables.forecast(console, found.forecast, found.panel, str(found.ref), saved=output is not None)
        if plot == "terminal":
            draw_terminal(console, found.forecast, found.panel)
        tables.written(console, found.written, found.failures)

    if paths is not None and output is None:
        raise ConfigError("sample paths are too many to print", f"say where to write them: --paths {paths} -o paths.parquet")
    with session.listening(brief=True) as listener:
        result = api.forecast(
            data,
            model=model,
            horizon=horizon,
            quantiles=options.numbers(quantiles, "--quantiles"),
            members=options.members(members),
            workspace=session.workspace,
            read=read,
            paths=paths,
            seed=seed,
            output=output,
            plot=None if plot == "terminal" else plot,
            listener=listener,
        )
    return session.show(result, render)
