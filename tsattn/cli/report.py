"""`tsattn report`: one HTML page on data and their forecast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import ReadOptions

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.report import Reported


@uses(read=options.read_options, session=options.session)
def report(
    data: options.Data,
    read: ReadOptions,
    session: Session,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="HTML file to write.")] = Path("report.html"),
    model: options.Model = None,
    horizon: options.Horizon = None,
    windows: Annotated[int, typer.Option(min=1, metavar="N", help="Windows of the backtest per series.")] = 3,
    future: options.Future = None,
    members: options.Members = None,
    series: Annotated[
        options.Many, typer.Option(metavar="NAME,…", show_default=False, help="Report on these series only.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also measure what the forecast depends on (slow).")] = False,
    title: Annotated[options.Text, typer.Option(metavar="TEXT", help="Heading of the page.  [default: the target]")] = None,
) -> int:
    """Write an HTML report about the data and its forecast.

    The page shows forecasts, backtest, calibration, ensemble weights, repairs of the data, and the command that recreates
    the page. It needs no network and can be printed to PDF from the browser.

    \b
    Examples:
      tsattn report sales.csv
      tsattn report sales.csv --horizon 14 --windows 5 -o sales.html
      tsattn report sales.csv --series north,south --explain
    """
    from tsattn import api
    from tsattn.render import tables

    def render(console: Console, found: Reported) -> None:
        tables.sentences(console, [found.verdict] if found.verdict else [])
        tables.written(console, found.written, found.failures)

    with session.listening(brief=True) as listener:
        result = api.report(
            data,
            output=output,
            model=model,
            horizon=horizon,
            windows=windows,
            future=None if future is None else str(future),
            members=options.members(members),
            series=options.listed(series),
            explain=explain,
            title=title or "",
            workspace=session.workspace,
            read=read,
            listener=listener,
        )
    return session.show(result, render)
