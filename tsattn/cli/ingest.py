"""`tsattn ingest`: what is in this data?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the panel: .parquet, which every command reads.")
    ] = None,
) -> int:
    """Read data and say what was found.

    The columns, the series, the frequency, the repairs. Prints the flag that overrides each guess, and stops where no
    guess is safe.
    """
    from tsattn import api
    from tsattn.render import tables

    result = api.ingest(data, read=read, output=output)

    return session.show(result, lambda console, found: tables.ingest(console, found.report, found.written))
