"""`tsattn detect`: rows that the forecasts before them did not expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import ReadOptions
from tsattn.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.detect import Detected


@uses(read=options.read_options, session=options.session)
def detect(
    data: options.Data,
    read: ReadOptions,
    session: Session,
    model: options.Model = None,
    level: Annotated[
        float, typer.Option(metavar="P", help="Level of the interval, 0.5 to 1; values outside the interval are anomalies.")
    ] = 0.99,
    last: Annotated[
        options.Number,
        typer.Option(min=1, metavar="N", help="Score the last N rows of each series.  [default: all after the first two cycles]"),
    ] = None,
    step: Annotated[
        options.Number,
        typer.Option(min=1, metavar="N", help="Steps between forecasts.  [default: a quarter of the cycle, such as 6 hours]"),
    ] = None,
    members: Annotated[
        options.Many,
        typer.Option(
            metavar="NAME,…",
            help="Methods that form an ensemble with the network, as in tsattn forecast (slower).  [default: network]",
        ),
    ] = None,
    series: Annotated[options.Many, typer.Option(metavar="NAME,…", show_default=False, help="Score only these series.")] = None,
    output: options.Output = None,
    plot: options.Plots = None,
) -> int:
    """Detect anomalies in past and new rows.

    Compares each value with a forecast made before it. Values outside the interval at --level are anomalies; a score of 1 is the
    edge of the interval. The exit code is 0 without anomalies, 1 with at least one, 2 for a wrong option, and 65 for data
    that cannot be scored.

    \b
    Examples:
      tsattn detect traffic.csv
      tsattn detect traffic.csv --last 24 --level 0.999 --quiet || mail -s "odd traffic" me
      tsattn detect shops.csv -o scores.parquet --plot anomalies.png
    """
    from tsattn import api
    from tsattn.render import anomalies

    places = options.listed(plot)

    def render(console: Console, found: Detected) -> None:
        anomalies.detected(console, found, drawn="terminal" in places)

    with session.listening(brief=True) as listener:
        result = api.detect(
            data,
            model=model,
            level=level,
            last=last,
            step=step,
            members=options.members(members),
            series=options.listed(series),
            workspace=session.workspace,
            read=read,
            output=output,
            plot=tuple(place for place in places if place != "terminal"),
            listener=listener,
        )
    code = session.show(result, render)
    return int(ExitCode.FOUND) if result.found else code
