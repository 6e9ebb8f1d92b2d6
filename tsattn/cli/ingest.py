"""`tsattn ingest`: read data and report on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import ReadOptions


@uses(read=options.read_options, session=options.session)
def ingest(
    data: options.Data,
    read: ReadOptions,
    session: Session,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the data as read to .parquet, which every command reads."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the evidence for each guess.")] = False,
) -> int:
    """Read data and report columns, frequency and repairs.

    Prints the option that overrides each inferred value. Stops with an error when a value cannot be inferred safely.

    \b
    Examples:
      tsattn ingest sales.csv
      tsattn ingest 'logs/*.csv' --item device --freq 15min -o panel.parquet
    """
    from tsattn import api
    from tsattn.render import tables
    from tsattn.render.evidence import evidence

    result = api.ingest(data, read=read, output=output)

    def show(console: Any, found: Any) -> None:
        tables.ingest(console, found.report, found.written)
        if verbose:
            evidence(console, found.report)

    return session.show(result, show)
