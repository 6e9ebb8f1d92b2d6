"""`tsattn pretrain`: make a model for any series, from synthetic series and from a corpus of real ones."""

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
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder of the training state and the model.")
    ] = Path("pretrained"),
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file with tables [model], [train], [synthetic] and [corpus].")
    ] = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A Parquet file of real series (source, item_id, freq, values). Repeatable."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="MODEL", help="Start from the weights of this model, such as zero-shot.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the state in --out.")] = False,
    max_time: Annotated[
        options.Text, typer.Option(metavar="TIME", help="Pause after this time, such as 90s, 10m or 2h; --resume continues.")
    ] = None,
    gallery: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw examples of each generator and source, without training.")
    ] = None,
) -> int:
    """Pre-train a zero-shot model on synthetic series.

    --corpus adds real series. Pre-training takes hours. Several runs limited by --max-time give the same weights as one long run.

    \b
    Examples:
      tsattn pretrain --out my-model --max-time 2h
      tsattn pretrain --out my-model --resume
    """
    from tsattn import api
    from tsattn.render import tables

    if gallery is not None:
        drawn = api.gallery(gallery, config=config, corpus=corpus or ())
        return session.show(drawn, lambda console, made: console.print(f"wrote {made.written}"))

    def render(console: Console, found: Pretrained) -> None:
        tables.pretrained(console, found.to_mapping())

    with session.listening() as listener:
        result = api.pretrain(
            out=out,
            config=config,
            start=start,
            corpus=corpus or (),
            resume=resume,
            pause=options.seconds(max_time, "--max-time"),
            listener=listener,
        )
    code = session.show(result, render)
    return int(ExitCode.INTERRUPTED) if result.fitted.stopped == "interrupted" else code
