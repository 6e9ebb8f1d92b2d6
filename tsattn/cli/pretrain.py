"""`tsattn pretrain`: learn from synthetic series, before any data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.results import Pretrained


@uses(session=options.session)
def pretrain(
    session: Session,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="For the state and the model.")] = Path("pretrained"),
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file with tables [model], [train] and [synthetic].")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="MODEL", help="Go on from the weights of this model, such as zero-shot.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the state in the folder.")] = False,
    max_time: Annotated[options.Text, typer.Option(metavar="TIME", help="Pause after 90s, 10m, 2h; --resume goes on.")] = None,
    gallery: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw some series of each generator, and do nothing else.")
    ] = None,
) -> int:
    """Train a model for any series on synthetic ones alone. Takes hours; the model in the package was made so.

    Runs in slices of --max-time, each to the same state as one long run.
    """
    from tsattn import api
    from tsattn.render import tables

    if gallery is not None:
        return session.show(api.gallery(gallery, config=config), lambda console, made: console.print(f"wrote {made.written}"))

    def render(console: Console, found: Pretrained) -> None:
        tables.pretrained(console, found.to_mapping())

    with session.listening() as listener:
        result = api.pretrain(
            out=out,
            config=config,
            start=start,
            resume=resume,
            pause=options.seconds(max_time, "--max-time"),
            listener=listener,
        )
    code = session.show(result, render)
    return int(ExitCode.INTERRUPTED) if result.fitted.stopped == "interrupted" else code
