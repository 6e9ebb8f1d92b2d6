"""`tsattn backtest`: how good would it have been?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import BacktestConfig, ReadOptions
from tsattn.forecasting.baselines import BASELINES

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.results import Backtested


@uses(read=options.read_options, session=options.session)
def backtest(
    data: options.Data,
    read: ReadOptions,
    session: Session,
    model: Annotated[
        options.Many,
        typer.Option("--model", "-m", metavar="NAME|PATH,…", help="One or several models; default: the newest that fits."),
    ] = None,
    windows: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Origins of each series; default: those held back in training, or 5.")
    ] = None,
    step: Annotated[int | None, typer.Option(min=1, metavar="N", help="Steps between origins; default: the horizon.")] = None,
    horizon: options.Horizon = None,
    refit: Annotated[bool, typer.Option("--refit", help="Also train anew before every cutoff (slow).")] = False,
    baselines: Annotated[
        options.Many,
        typer.Option(
            metavar="NAME,…",
            help=f"{', '.join(BASELINES)}.",
        ),
    ] = None,
    members: options.Members = None,
    output: options.Output = None,
) -> int:
    """Score models and naive methods on past data.

    Rolling origins at the end of the data. Scores by model, horizon step, series and cutoff go to --output.
    """
    from tsattn import api
    from tsattn.render import tables

    given: dict[str, Any] = {"windows": windows, "step": step, "horizon": horizon, "baselines": options.listed(baselines) or None}
    config = BacktestConfig(**{key: value for key, value in given.items() if value is not None}, refit=refit)

    def render(console: Console, found: Backtested) -> None:
        tables.backtest(console, found.scores)
        tables.sentences(console, found.verdicts)
        tables.written(console, [found.written] if found.written else [])

    with session.listening(brief=True) as listener:
        result = api.backtest(
            data,
            model=options.listed(model) or None,
            config=config if config != BacktestConfig() else None,
            members=options.members(members),
            workspace=session.workspace,
            read=read,
            output=output,
            listener=listener,
        )
    return session.show(result, render)
