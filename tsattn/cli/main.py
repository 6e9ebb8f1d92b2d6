"""The `tsattn` program: its commands, and the place where errors become messages and exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsattn import interrupts
from tsattn.cli import (
    backtest,
    batch,
    detect,
    explain,
    forecast,
    ingest,
    models,
    options,
    pretrain,
    report,
    serve,
    train,
    tune,
)
from tsattn.cli.fast_path import spare_pydantic
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.data.names import printable_json, printable_lines
from tsattn.errors import ConfigError, ExitCode, TsattnError

if TYPE_CHECKING:
    from pathlib import Path

spare_pydantic()
app = typer.Typer(
    name="tsattn",
    help="Forecast time series with prediction intervals, from CSV, JSON or Parquet files.\n\n"
    "A pre-trained network forecasts any series at once; `tsattn train` fits one to your data.",
    epilog="Start with: tsattn forecast data.csv",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    # rich is slow to import, and help needs none of it
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    *(ingest.ingest, train.train, tune.tune, forecast.forecast, backtest.backtest, detect.detect, explain.explain, report.report),
    *(models.models, models.describe, pretrain.pretrain, batch.run, batch.runs, batch.schedule, batch.monitor),
    serve.serve,
)
RESULT_IS_1 = ("detect", "monitor")  # their exit code 1 is a result, so failures have another code
WITHOUT_ARGUMENTS = ("describe", "explain", "forecast", "models", "pretrain", "runs", "serve")
for command in COMMANDS:
    app.command(no_args_is_help=command.__name__ not in WITHOUT_ARGUMENTS)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from tsattn import __version__

        typer.echo(f"tsattn {__version__}")
        raise typer.Exit


@app.callback()
@uses(session=options.session)
def globals_(
    ctx: typer.Context,
    session: Session,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    ctx.obj = session  # options before the command's name; options.session adds those after it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Only SystemExit can leave it."""
    with interrupts.listening():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json, debug = "--json" in words, "--debug" in words
    _set_up(debug)
    try:
        _check_command(words)
        code = app(words, prog_name="tsattn", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader closed the pipe: `tsattn forecast | head`
        return _silence(sys.stdout)
    except SystemExit as stop:  # Typer and rich turn a closed pipe into this
        if isinstance(stop.__context__, BrokenPipeError):
            return _silence(sys.stdout)
        raise
    except (KeyboardInterrupt, typer.Abort):
        code = ExitCode.INTERRUPTED
    except Exception as error:
        return _failed(error, words, as_json, debug)
    if code == ExitCode.INTERRUPTED:  # the parser turns Ctrl-C into this code itself
        code = interrupts.exit_code()
        _tell(code.name.lower(), "", code, code.name.capitalize(), as_json)
    return int(code or ExitCode.DONE)


def _check_command(words: list[str]) -> None:
    """Reject a misspelt command before Typer loads its value checks, which take half of the start-up time."""
    known = [command.__name__ for command in COMMANDS]
    if words and not words[0].startswith("-") and words[0] not in known:
        import difflib

        near = difflib.get_close_matches(words[0], known, 1)
        hint = f"did you mean: tsattn {near[0]}" if near else f"commands: {', '.join(known)}; see: tsattn --help"
        raise ConfigError(f"unknown command {words[0]!r}", hint)


def _command(words: list[str]) -> str:
    """Return the name of the command, or "" if there is none."""
    known = {command.__name__ for command in COMMANDS}
    return next((word for word in words if word in known), "")


def _failed(error: Exception, words: list[str], as_json: bool, debug: bool) -> int:
    """Print an error and return its exit code."""
    kind, hint = type(error).__name__, ""
    if debug and not isinstance(error, typer.TyperException):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, TsattnError):
        message, hint, code = error.message, error.hint, error.exit_code
    elif isinstance(error, typer.TyperException):
        if not as_json and type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # type: ignore[attr-defined]
            return int(error.exit_code)
        from tsattn.cli.usage import usage_error

        (message, hint), kind, code = usage_error(error, words), "UsageError", ExitCode(error.exit_code)
    elif isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        message, code = f"{where}{error.strerror}", ExitCode.FAILED
    elif isinstance(error, MemoryError):
        message, hint, code = "out of memory", "use fewer rows or series, or a smaller batch", ExitCode.FAILED
    else:
        message, code = f"internal error: {kind}: {error}", ExitCode.BUG
        hint = f"please report it with the log {_log(error, words)}"
    if code == ExitCode.FAILED and _command(words) in RESULT_IS_1:
        code = ExitCode.NOT_CHECKED
    _tell(message, hint, code, kind, as_json)
    return int(code)


def _tell(message: str, hint: str, code: ExitCode, kind: str, as_json: bool) -> None:
    try:
        if as_json:
            document = {"error": {"kind": kind, "message": message, "hint": hint, "exit_code": int(code)}}
            print(printable_json(json.dumps(document, ensure_ascii=False)), flush=True)
        else:
            said = message if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED) else f"error: {message}"
            print(printable_lines(said), file=sys.stderr)
            if hint:
                print(printable_lines(f"hint: {hint}"), file=sys.stderr)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:  # the file that stdout or stderr goes to is on a full disk; the exit code remains
        with contextlib.suppress(OSError):
            print(printable_lines(f"error: {message} (and the output cannot be written: {error.strerror})"), file=sys.stderr)
        for stream in (sys.stdout, sys.stderr):
            _silence(stream)


def _log(error: Exception, words: list[str]) -> Path:
    """Write the traceback of an internal error to a log and return its path."""
    from tsattn.workspace import Workspace

    return Workspace.at(_workspace_of(words)).keep_fault(error, [f"arguments: {words}"])


def _workspace_of(words: list[str]) -> str | None:
    for here, following in zip(words, [*words[1:], ""], strict=True):
        if here == "--workspace":
            return following or None
        if here.startswith("--workspace="):
            return here.partition("=")[2] or None
    return None


def _set_up(debug: bool) -> None:
    # Threads that wait by spinning make training up to 18 times slower beside another busy process; those that sleep at
    # once, 1.6 times slower on idle cores. So they spin for some microseconds. OpenMP reads this when torch is loaded.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    # The matrices of NumPy are small here: a second thread takes 1.4 times as long on idle cores, up to 7 beside other work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without a character shows "?"
    if not debug and not sys.warnoptions:
        import warnings

        warnings.simplefilter("ignore")


def _silence(stream: Any) -> int:
    """Redirect a closed stream to the null device, so that flushing it at exit does not fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return int(ExitCode.DONE)
