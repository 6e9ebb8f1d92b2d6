"""`tsattn tune`: search for the best settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsattn.cli import options, train
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import ReadOptions
from tsattn.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.tune import Tuned


@uses(given=train.settings, read=options.read_options, session=options.session)
def tune(
    data: options.Data,
    given: dict[str, dict[str, Any]],
    read: ReadOptions,
    session: Session,
    trials: Annotated[int, typer.Option(min=1, metavar="N", help="Number of trials, including those of a resumed search.")] = 20,
    horizon: options.Horizon = None,
    name: options.Name = None,
    test_windows: Annotated[
        options.Number,
        typer.Option(
            min=0,
            metavar="N",
            help="Test windows to hold back; the search does not use them.  [default: about a fifth of the rows]",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search on this data.")] = False,
) -> int:
    """Search for good settings, then train with the best.

    Trials are scored on rolling origins before the test windows. Settings given by an option or --config are not searched.
    Ctrl-C ends the search and trains with the best settings so far.

    \b
    Examples:
      tsattn tune sales.csv --trials 30
      tsattn tune sales.csv --max-time 1h --encoder full
    """
    from tsattn import api
    from tsattn.render import tune

    def render(console: Console, found: Tuned) -> None:
        tune.tried(console, found.tried, found.best)
        train.render(console, found.trained)

    max_time = given["train"].pop("max_time", None)
    with tune.listening(quiet=session.quiet, brief=session.json) as listener:
        result = api.tune(
            data,
            trials=trials,
            max_time=max_time,
            horizon=horizon,
            name=name,
            workspace=session.workspace,
            read=options.over(read, given["read"]),
            model=given["model"],
            training=given["train"],
            test_windows=test_windows,
            resume=resume,
            listener=listener,
        )
    code = session.show(result, render)
    return int(ExitCode.INTERRUPTED) if result.interrupted else code
