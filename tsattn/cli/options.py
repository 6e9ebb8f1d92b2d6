"""Options that several commands share, each declared once, and groups of them."""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from tsattn.cli.option_groups import fields_of
from tsattn.cli.session import Session
from tsattn.config import HierarchyConfig, ReadOptions, from_mapping
from tsattn.data.output_formats import FORMATS
from tsattn.durations import seconds as in_seconds
from tsattn.errors import ConfigError

Text: TypeAlias = str | None
Number: TypeAlias = int | None
Many: TypeAlias = list[str] | None

DATA_HELP = "CSV, TSV, JSON, Parquet or Feather (also .gz, .xz, .zip, .zst): a file, a folder, a quoted glob, or - for stdin."
Data = Annotated[str, typer.Argument(metavar="DATA", help=DATA_HELP)]
DataOrLatest = Annotated[
    Text,
    typer.Argument(metavar="DATA", help=f"{DATA_HELP} Default: the model's training data, re-read.", show_default=False),
]
Model = Annotated[
    Text,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|PATH",
        help="Model: NAME, NAME/VERSION, zero-shot or a folder.  [default: the newest that suits the data, else zero-shot]",
    ),
]
MEMBERS = (
    "ridge, seasonal-regression, naive, seasonal-naive, seasonal-mean, drift, holt, state-space, garch, long-cycle, "
    "historic-quantiles, profile, coarser, trees"
)
Members = Annotated[
    Many,
    typer.Option(
        metavar="NAME,…",
        help=f"Statistical methods that form an ensemble with the network: all, network (none of them), or some of {MEMBERS}.  "
        "[default: those the model was saved with; zero-shot: all]",
    ),
]
HORIZON = typer.Option(
    "--horizon",
    min=1,
    metavar="N",
    help="Steps to forecast.  [default: the model's, or by frequency: 48 h, 30 D, 13 W, 12 MS]",
)
Horizon = Annotated[int | None, HORIZON]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help=f"Write the result to a file: {', '.join(FORMATS)}.")
]
Plots = Annotated[
    Many,
    typer.Option(
        metavar="FILE|terminal", show_default=False, help="Draw to .png, .svg or .html, or in the terminal; repeatable."
    ),
]
Future = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File, folder or glob with the future rows of known covariates, matched by series and time."
    ),
]
AsOf = Annotated[
    Text,
    typer.Option(
        metavar="TIME",
        help="Forecast as of this time; later values are ignored. A bare date or month includes all of it.",
    ),
]
Name = Annotated[Text, typer.Option(metavar="NAME", help="Name of the model.  [default: the name of the data file]")]

# -- how to read -----------------------------------------------------------------------------------------------------

_columns: dict[str, Any] = {"metavar": "COLUMN,…", "show_default": False}

METAVARS: dict[str, dict[str, Any]] = {  # shown in the help of each reading option, beside the text of its field
    "timestamp": {"metavar": "COLUMN"},
    **dict.fromkeys(("item", "target", "past", "known", "static"), _columns),
    "freq": {"metavar": "STEP"},
    "layout": {"metavar": "LAYOUT"},
    "date_order": {"metavar": "ORDER"},
    "date_system": {"metavar": "YEAR"},
    "timezone": {"metavar": "ZONE"},
    "on_duplicate": {"metavar": "HOW"},
    "resample": {"metavar": "STEP"},
    "agg": {"metavar": "HOW"},
    "fill": {"metavar": "VALUE"},
    "delimiter": {"metavar": "CHAR"},
    "decimal": {"metavar": "CHAR"},
    "encoding": {"metavar": "NAME"},
    "missing": {"metavar": "VALUE,…", "show_default": False},
    "calendar": {"metavar": "NAME"},
    "holidays": {"metavar": "[SERIES=]REGION,…", "show_default": False},
    "drop_last": {},
}
FLAGS = {"drop_last": ("--drop-last",)}  # without --no-drop-last
READ = {
    field.name: typer.Option(*FLAGS.get(field.name, ()), help=field.metadata["help"], **METAVARS[field.name])
    for field in fields(ReadOptions)
}


@fields_of(ReadOptions, READ)
def read_options(delimiter: Text = None, **given: Any) -> ReadOptions:
    """Overrides of what reading infers from the data."""
    lists = {field.name: listed(given[field.name]) for field in fields(ReadOptions) if field.default == ()}
    return ReadOptions(**{**given, **lists}, delimiter="\t" if delimiter in ("tab", "\\t") else delimiter)


Joint = Annotated[
    bool,
    typer.Option("--joint", help="Use series that lead others to forecast those others (at most 256 series)."),
]


def hierarchy_options(
    hierarchy: Annotated[
        Many,
        typer.Option(
            **_columns, help="Item columns from top to bottom, such as region,shop: also forecast a sum for each value."
        ),
    ] = None,
    sum: Annotated[
        Many,
        typer.Option(
            "--sum", metavar="NAME=A+B", show_default=False, help="Also forecast a sum of series; repeatable. '*' is all series."
        ),
    ] = None,
    reconcile: Annotated[
        str, typer.Option(metavar="HOW", help="How to make forecasts of sums and parts add up: mint, bottom-up or none.")
    ] = HierarchyConfig.reconcile,
) -> HierarchyConfig:
    """Sums of series, and how their forecasts are made to add up."""
    return HierarchyConfig(listed(hierarchy), tuple(sum or ()), reconcile)


# -- every command ---------------------------------------------------------------------------------------------------


def session(
    ctx: typer.Context,
    workspace: Annotated[
        Text,
        typer.Option(
            metavar="FOLDER", help="Folder of models and records.  [env: TSATTN_WORKSPACE; default: .tsattn]", show_default=False
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Hide reports, notes and progress.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and library warnings.")] = False,
) -> Session:
    """Options that may come before or after the command's name."""
    before = ctx.find_object(Session) or Session()
    return Session(workspace or before.workspace, json or before.json, quiet or before.quiet, debug or before.debug)


# -- values ----------------------------------------------------------------------------------------------------------


def members(given: Many) -> str | list[str] | None:
    """The value of --members: None, "all", "network", or a list of names."""
    names = listed(given)
    return None if not names else names[0] if len(names) == 1 else list(names)


def listed(values: list[str] | None) -> tuple[str, ...]:
    """Split `a,b` and repeated options into ("a", "b", …). A name with a comma is quoted: '"a,b"'."""
    return tuple(cell.strip() for row in csv.reader(values or (), skipinitialspace=True) for cell in row if cell.strip())


def pairs(values: list[str] | None, flag: str) -> dict[str, str]:
    """Parse `a=b,c=d`. Raises ConfigError that names the option."""
    made = {}
    for text in listed(values):
        old, equals, new = (part.strip() for part in text.partition("="))
        if not (old and equals and new):
            raise ConfigError(f"{flag} must be OLD=NEW pairs, not {text!r}", f"for example: {flag} item_id=sku,0.5=median")
        made[old] = new
    return made


def numbers(text: str | None, flag: str) -> tuple[float, ...] | None:
    """Parse `0.1,0.5,0.9`. Raises ConfigError that names the option."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.replace(" ", ",").split(",") if part)
    except ValueError:
        raise ConfigError(f"{flag} must be a list of numbers, not {text!r}", f"for example: {flag} 0.1,0.5,0.9") from None


def seconds(text: str | None, flag: str) -> float | None:
    """Parse `90`, `90s`, `5m`, `2h` or `1h30m` into seconds. Raises ConfigError that names the option."""
    if text is None:
        return None
    with suppress(ConfigError):
        if (total := in_seconds(text, "s")) > 0:
            return total
    raise ConfigError(f"{flag} must be a duration, not {text!r}", f"for example: {flag} 90s, {flag} 5m or {flag} 1h30m")


def over(read: ReadOptions, table: dict[str, Any], where: str = "[read]") -> ReadOptions:
    """The [read] table of a configuration file, overridden by options."""
    return from_mapping(ReadOptions, {**table, **read.given()}, where)


def tables_of(values: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """The tables [model], [train] and [read] of a configuration file, {} when absent. Raises ConfigError for other tables."""
    import difflib

    known = ("model", "train", "read")
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean [{near[0]}]?" if near else "the tables are [model], [train] and [read]"
            raise ConfigError(f"{where}: unknown {'table' if isinstance(value, dict) else 'key'} {key!r}", hint)
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: {key!r} must be a table", f"write [{key}] on a line of its own")
    return {key: dict(values.get(key, {})) for key in known}
