"""`tsattn forecast`: the steps after the end of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import HierarchyConfig, ReadOptions
from tsattn.data.output_formats import FORMATS
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.results import Forecasted


def result_options(
    quantiles: Annotated[
        options.Text,
        typer.Option(
            metavar="Q,…", help="Quantile levels to print and write, such as 0.05,0.5,0.95.  [default: 0.1, 0.2, … 0.9]"
        ),
    ] = None,
    conformal: Annotated[
        bool,
        typer.Option(
            "--conformal", help="Calibrate the quantiles on errors at past cutoffs, so that they cover at least their level."
        ),
    ] = False,
    paths: Annotated[
        options.Number,
        typer.Option(min=1, metavar="N", help="Write N sample paths of each series to --output, instead of quantiles."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Random seed of the sample paths.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"Write the forecasts to a file: {', '.join(FORMATS)}; with {{item_id}} in its name, one file per series.",
        ),
    ] = None,
    columns: Annotated[
        options.Many,
        typer.Option(metavar="OLD=NEW,…", show_default=False, help="Rename columns of --output, such as item_id=sku,0.5=median."),
    ] = None,
) -> dict[str, Any]:
    """Return the arguments of api.forecast for quantiles, sample paths and the output file."""
    if columns and output is None:
        raise ConfigError("--columns renames the columns of a file", "add one: -o forecast.csv")
    if paths is not None and output is None:
        raise ConfigError("--paths needs a file to write to", f"add -o: --paths {paths} -o paths.parquet")
    return {
        "quantiles": options.numbers(quantiles, "--quantiles"),
        "conformal": conformal,
        "paths": paths,
        "seed": seed,
        "output": output,
        "columns": options.pairs(columns, "--columns"),
    }


@uses(results=result_options, sums=options.hierarchy_options, read=options.read_options, session=options.session)
def forecast(
    results: dict[str, Any],
    sums: HierarchyConfig,
    read: ReadOptions,
    session: Session,
    data: options.DataOrLatest = None,
    model: options.Model = None,
    horizon: options.Horizon = None,
    future: options.Future = None,
    members: options.Members = None,
    joint: options.Joint = False,
    series: Annotated[
        options.Many, typer.Option(metavar="NAME,…", show_default=False, help="Print, plot and write only these series.")
    ] = None,
    as_of: options.AsOf = None,
    plot: options.Plots = None,
) -> int:
    """Forecast the steps after the end of the data.

    Prints the median and the 80 % interval, or the levels of --quantiles. Without DATA, re-reads the training data of the
    newest model and forecasts from the current end of that data.

    \b
    Examples:
      tsattn forecast sales.csv
      tsattn forecast sales.csv --horizon 14 -o forecast.csv --plot forecast.png
      tsattn forecast sales.csv --known promo --future plan.csv
      tsattn forecast sales.csv --hierarchy region,shop
      tsattn forecast sales.csv -o 'forecasts/{item_id}.csv' --columns timestamp=date,0.5=forecast
    """
    from tsattn import api
    from tsattn.render import forecast_table, tables

    places = options.listed(plot)

    def render(console: Console, found: Forecasted) -> None:
        forecast_table.forecast(
            console,
            found.forecast,
            found.panel,
            str(found.ref),
            found.levels.of if found.levels else None,
            saved=results["output"] is not None,
            every_quantile=results["quantiles"] is not None,
        )
        if "terminal" in places:
            from tsattn.render.terminal import draw_terminal

            draw_terminal(console, found.forecast, found.panel)
        tables.written(console, found.written, found.failures)

    with session.listening(brief=True) as listener:
        result = api.forecast(
            data,
            model=model,
            horizon=horizon,
            future=None if future is None else str(future),
            members=options.members(members),
            hierarchy=sums.hierarchy,
            sums=sums.sums,
            reconcile=sums.reconcile,
            joint=joint,
            series=options.listed(series),
            as_of=as_of,
            workspace=session.workspace,
            read=read,
            plot=tuple(place for place in places if place != "terminal"),
            listener=listener,
            **results,
        )
    return session.show(result, render)
