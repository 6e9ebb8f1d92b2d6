"""Tables -> files, each written beside and renamed. The suffix determines the format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.atomic import write_atomic
from tsattn.data.output_formats import FORMATS, Tables
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa


SPREADSHEETS = (".xlsx", ".xls", ".ods")
ONE_FILE = "all series go into one file, with a column item_id"


def write_table(table: pa.Table, path: str | Path) -> Path:
    """Write a table to .csv, .parquet, .feather, .json (a list of records) or .jsonl (a record a line).

    Raises ConfigError for another suffix. Whatever the path held before stays whole until the new file is complete.
    """
    return write_tables(lambda: iter([table]), path)


def write_tables(tables: Tables, path: str | Path) -> Path:
    """Write tables one after the other as one file, as write_table does; one of them at a time is in memory."""
    path = checked_suffix(path)
    with write_atomic(path) as beside:
        FORMATS[path.suffix.lower()].write(tables, beside)
    return path


def checked_suffix(path: str | Path, allowed: tuple[str, ...] = (), *, data: Any = None, per_item: bool = False) -> Path:
    """Return the path if its suffix is one of `allowed` (default: every output format) and writing it leaves `data` as it is.

    per_item: `{item_id}` may stand in its name. Call it before the work, not after it. Raises ConfigError.
    """
    path, known = Path(path), allowed or tuple(FORMATS)
    if path.suffix.lower() not in known:
        kind = f"the suffix {path.suffix!r}" if path.suffix else "no suffix"
        raise ConfigError(f"{path}: cannot write a file with {kind}", _other_suffix(path, known))
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: the folder {path.parent} does not exist", f"make it first: mkdir -p {path.parent}")
    name = path.name.replace("{item_id}", "") if per_item else path.name
    if found := re.search(r"\{\w*\}", name):
        why = "only {item_id} is" if per_item else ONE_FILE
        raise ConfigError(f"{path}: {found.group()} is not filled in: {why}", "leave it out of the name")
    if data is not None:
        from tsattn.data.overwrites import refuse_input

        refuse_input(path, data)
    return path


def _other_suffix(path: Path, known: tuple[str, ...]) -> str:
    """Return a hint on the suffix to use in place of the one of `path`."""
    if len(known) == 1:
        return f"name it {path.with_suffix(known[0])}"
    if path.suffix.lower() in SPREADSHEETS and ".csv" in known:
        return f"write {path.with_suffix('.csv')}, which spreadsheet programs open; or use one of {', '.join(known)}"
    return f"use one of {', '.join(known)}"
