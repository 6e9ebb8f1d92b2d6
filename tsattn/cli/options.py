"""The options that commands share, each declared once, and their groups."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from tsattn.cli.session import Session
from tsattn.config import ReadOptions, from_mapping, to_mapping
from tsattn.data.output_formats import FORMATS
from tsattn.errors import ConfigError

Text: TypeAlias = str | None
Number: TypeAlias = int | None
Many: TypeAlias = list[str] | None

Data = Annotated[
    str, typer.Argument(metavar="DATA", help="CSV, TSV or Parquet (.gz, .zst too), a folder, a quoted glob, or - for stdin.")
]
DataOrLatest = Annotated[
    Text,
    typer.Argument(
        metavar="[DATA]", help="The data, as for ingest. Left out: what the model was trained on, read again.", show_default=False
    ),
]
Model = Annotated[
    Text, typer.Option("--model", "-m", metavar="NAME|PATH", help="A model of the workspace (NAME, NAME/VERSION) or a folder.")
]
Members = Annotated[
    Many,
    typer.Option(
        metavar="NAME,…", help="Join the network with simple methods: all, or network for none; default: all with zero-shot only."
    ),
]
Horizon = Annotated[int | None, typer.Option("--horizon", min=1, metavar="N", help="How many steps to forecast.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help=f"Write the result: {', '.join(FORMATS)}.")]

# -- how to read -----------------------------------------------------------------------------------------------------

_columns = {"metavar": "COLUMN,…", "show_default": False}


def read_options(
    timestamp: Annotated[Text, typer.Option(metavar="COLUMN", help="The timestamp column; none = number the rows.")] = None,
    item: Annotated[Many, typer.Option(**_columns, help="The column, or columns, that name the series.")] = None,
    target: Annotated[Many, typer.Option(**_columns, help="The column, or columns, to forecast.")] = None,
    past: Annotated[Many, typer.Option(**_columns, help="Covariates known up to the cutoff only.")] = None,
    known: Annotated[Many, typer.Option(**_columns, help="Covariates known in the future too.")] = None,
    static: Annotated[Many, typer.Option(**_columns, help="Columns constant within a series.")] = None,
    freq: Annotated[Text, typer.Option(metavar="STEP", help="15min, h, D, B, W, MS, QS, YS, step.")] = None,
    layout: Annotated[Text, typer.Option(metavar="LAYOUT", help="single, wide, long, rows or year-month.")] = None,
    date_order: Annotated[Text, typer.Option(metavar="ORDER", help="ymd, dmy or mdy.")] = None,
    timezone: Annotated[Text, typer.Option(metavar="ZONE", help="For timestamps without one: Europe/Berlin, +02:00.")] = None,
    on_duplicate: Annotated[Text, typer.Option(metavar="HOW", help="Rows of one timestamp: first, last, mean or sum.")] = None,
    resample: Annotated[Text, typer.Option(metavar="STEP", help="Bring the rows to this step.")] = None,
    agg: Annotated[str, typer.Option(metavar="HOW", help="How --resample joins rows: mean, sum or last.")] = "mean",
    delimiter: Annotated[Text, typer.Option(metavar="CHAR", help="Between fields; tab for a tab.")] = None,
    decimal: Annotated[Text, typer.Option(metavar="CHAR", help="The decimal sign: . or ,")] = None,
    encoding: Annotated[Text, typer.Option(metavar="NAME", help="utf-8, latin-1, …")] = None,
) -> ReadOptions:
    """The overrides of what reading finds by itself."""
    if delimiter in ("tab", "\\t"):
        delimiter = "\t"
    return ReadOptions(
        timestamp=timestamp,
        item=listed(item),
        target=listed(target),
        past=listed(past),
        known=listed(known),
        static=listed(static),
        freq=freq,
        layout=layout,
        date_order=date_order,
        timezone=timezone,
        on_duplicate=on_duplicate,
        resample=resample,
        agg=agg,
        delimiter=delimiter,
        decimal=decimal,
        encoding=encoding,
    )


# -- every command ---------------------------------------------------------------------------------------------------


def session(
    ctx: typer.Context,
    workspace: Annotated[
        Text,
        typer.Option(metavar="FOLDER", help="Where models live.  [env: TSATTN_WORKSPACE; default: .tsattn]", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and library warnings.")] = False,
) -> Session:
    """The options that may stand before or after the name of a command."""
    before = ctx.find_object(Session) or Session()
    return Session(workspace or before.workspace, json or before.json, quiet or before.quiet, debug or before.debug)


# -- values ----------------------------------------------------------------------------------------------------------


def members(given: Many) -> str | list[str] | None:
    """What --members says: nothing, "all", "network", or some names."""
    names = listed(given)
    return None if not names else names[0] if len(names) == 1 else list(names)


def listed(values: list[str] | None) -> tuple[str, ...]:
    """`a,b` and repeated options -> ("a", "b", …). A name that holds a comma is quoted: '"a,b"'."""
    return tuple(cell.strip() for row in csv.reader(values or (), skipinitialspace=True) for cell in row if cell.strip())


def numbers(text: str | None, flag: str) -> tuple[float, ...] | None:
    """`0.1,0.5,0.9` -> floats. Raises ConfigError that names the flag."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.replace(" ", ",").split(",") if part)
    except ValueError:
        raise ConfigError(f"{flag} {text!r} is no list of numbers", f"for example: {flag} 0.1,0.5,0.9") from None


def seconds(text: str | None, flag: str) -> float | None:
    """`90`, `90s`, `5m`, `2h`, `1h30m` -> seconds. Raises ConfigError that names the flag."""
    import re

    if text is None:
        return None
    found = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?", text.strip().lower())
    total = sum(float(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True)) if found else 0.0
    if total <= 0:
        raise ConfigError(f"{flag} {text!r} is no duration", f"for example: {flag} 90s, {flag} 5m or {flag} 1h30m")
    return total


def over(read: ReadOptions, table: dict[str, Any], where: str = "[read]") -> ReadOptions:
    """The [read] table of a configuration file with the flags on top."""
    default = to_mapping(ReadOptions())
    flags = {key: value for key, value in to_mapping(read).items() if value != default[key]}
    lists = {key: [v] if isinstance(v, str) and isinstance(default[key], tuple) else v for key, v in table.items()}
    return from_mapping(ReadOptions, {**lists, **flags}, where)


def tables_of(values: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """The tables [model], [train] and [read] of a configuration file, each {} when absent. Raises ConfigError for others."""
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
