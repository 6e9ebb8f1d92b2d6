"""`tsattn backtest`: score models on past data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import fields_of, uses
from tsattn.cli.session import Session
from tsattn.config import BacktestConfig, HierarchyConfig, ReadOptions
from tsattn.data.output_formats import FORMATS
from tsattn.forecasting.baselines import BASELINES

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.results import Backtested


SCORING = {
    "windows": typer.Option(
        min=1, metavar="N", help="Windows per series.  [default: the model's held-back test windows, else 5]"
    ),
    "step": typer.Option(
        min=1, metavar="N", help="Steps between windows; whole days keep the local time.  [default: the horizon]"
    ),
    "horizon": options.HORIZON,
    "refit": typer.Option("--refit", help="Also refit the network and trees before every cutoff (slow)."),
    "baselines": typer.Option(
        metavar="NAME,…",
        show_default=False,
        help=f"Baselines: {', '.join(BASELINES)}.  [default: naive, seasonal-naive, drift]",
    ),
    "metrics": typer.Option(
        metavar="NAME,…",
        show_default=False,
        help="Columns of the table: MASE, WQL, RMSE, sMAPE, MAE, coverage (of the 80 % interval), coverage_95.",
    ),
    "quantiles": typer.Option(
        metavar="Q,…",
        help="Quantile levels to score and write. If they span 0.025 to 0.975, the table also shows the coverage of the 95 % "
        "interval.  [default: 0.1, 0.2, … 0.9]",
    ),
    "cutoffs": typer.Option(
        metavar="TIME,…", show_default=False, help="Last observed timestamp of each window; replaces --windows."
    ),
}


@fields_of(BacktestConfig, SCORING)
def scoring(baselines: Any, metrics: Any, quantiles: Any, cutoffs: Any, **given: Any) -> BacktestConfig:
    """Windows, baselines and metrics of a backtest."""
    given |= {"baselines": options.listed(baselines), "metrics": options.listed(metrics), "cutoffs": options.listed(cutoffs)}
    given["quantiles"] = options.numbers(quantiles, "--quantiles")
    return BacktestConfig(**{name: value for name, value in given.items() if value})


@uses(config=scoring, sums=options.hierarchy_options, read=options.read_options, session=options.session)
def backtest(
    data: options.Data,
    config: BacktestConfig,
    sums: HierarchyConfig,
    read: ReadOptions,
    session: Session,
    model: Annotated[
        options.Many,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|PATH,…",
            help="Models to score.  [default: the newest that suits the data, else zero-shot]",
        ),
    ] = None,
    members: options.Members = None,
    joint: options.Joint = False,
    series: Annotated[
        options.Many, typer.Option(metavar="NAME,…", show_default=False, help="Score, plot and write only these series.")
    ] = None,
    leaderboard: Annotated[
        bool, typer.Option("--leaderboard", help="Also score the network and each member of the ensemble alone.")
    ] = False,
    conformal: Annotated[
        bool, typer.Option("--conformal", help="Also score each model with conformal quantiles; see tsattn forecast --help.")
    ] = False,
    output: Annotated[
        options.Text,
        typer.Option("--output", "-o", metavar="FILE", help=f"Write every forecast with its observation: {', '.join(FORMATS)}."),
    ] = None,
    scores: Annotated[
        options.Text, typer.Option(metavar="FILE", help="Write all scores, by model, metric, series, step and cutoff.")
    ] = None,
    plot: Annotated[
        options.Text, typer.Option(metavar="FILE", help="Draw the forecasts over the observations, to .png or .svg.")
    ] = None,
) -> int:
    """Score models and baselines on past data.

    Forecasts rolling windows at the end of every series and compares them with the observations. MASE and WQL (weighted quantile
    loss) are errors: lower is better. Skill is the gain over the better of naive and seasonal naive: higher is better.

    \b
    Examples:
      tsattn backtest sales.csv
      tsattn backtest sales.csv --windows 10 --baselines naive,auto-ets
      tsattn backtest sales.csv --metrics MASE,MAE -o forecasts.parquet
      tsattn backtest sales.csv --quantiles 0.025,0.1,0.5,0.9,0.975
      tsattn backtest sales.csv --series north,south
      tsattn backtest sales.csv --hierarchy region,shop
      tsattn backtest sales.csv --leaderboard --plot backtest.png
    """
    from tsattn import api
    from tsattn.render import levels, tables

    def render(console: Console, found: Backtested) -> None:
        tables.sentences(console, found.verdicts)
        tables.backtest(console, found.scores, found.metrics)
        levels.levels(console, found.levels)
        tables.written(console, found.files)

    with session.listening(brief=True) as listener:
        result = api.backtest(
            data,
            model=options.listed(model) or None,
            config=config if config != BacktestConfig() else None,
            members=options.members(members),
            hierarchy=sums.hierarchy,
            sums=sums.sums,
            reconcile=sums.reconcile,
            joint=joint,
            series=options.listed(series),
            workspace=session.workspace,
            read=read,
            leaderboard=leaderboard,
            conformal=conformal,
            output=output,
            scores=scores,
            plot=plot,
            listener=listener,
        )
    return session.show(result, render)
