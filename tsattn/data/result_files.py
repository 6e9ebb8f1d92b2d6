"""Result tables -> one file, or a file for each series, with the reader's own column names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.data.names import did_you_mean, printable
from tsattn.data.overwrites import refuse_input
from tsattn.data.sinks import write_table
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

PER_ITEM = "{item_id}"  # in a file's name: a file for each series
LONGEST = 120  # characters of a series name in a file name


def write_results(table: pa.Table, path: Path, columns: Mapping[str, str] = {}, data: Any = None) -> list[Path]:
    """Write rows with a column item_id to `path`, or to one file for each series where its name holds `{item_id}`.

    columns: new names of columns, such as {"0.5": "median"}. data: the input, which no file may replace. Raises ConfigError
    for an unknown column, and for two columns of one name.
    """
    names = renamed(table.column_names, columns)
    if PER_ITEM not in path.name:
        return [write_table(table.rename_columns(names), path)]
    import pyarrow as pa
    import pyarrow.compute as pc

    items = table.column("item_id").cast(pa.string())
    files = item_files(path, pc.unique(items).to_pylist())
    for file in files.values():
        refuse_input(file, data)
    return [write_table(table.filter(pc.equal(items, item)).rename_columns(names), file) for item, file in files.items()]


def renamed(names: list[str], columns: Mapping[str, str]) -> list[str]:
    """The column names after renaming. Raises ConfigError for an unknown or a repeated one."""
    for name in columns:
        if name not in names:
            raise ConfigError(f"the output has no column {name!r}", did_you_mean(name, names))
    made = [columns.get(name, name) for name in names]
    twice = next((name for name in made if made.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"two columns of the output would be named {twice!r}", "choose other names")
    return made


def item_files(path: Path, items: list[str]) -> dict[str, Path]:
    """The file of each series. Characters that file names cannot hold become `_`; a repeated name gets a number."""
    made: dict[str, Path] = {}
    taken: set[str] = set()
    for item in items:
        safe = re.sub(r'[\\/:*?"<>|\s]+|\.\.+', "_", printable(item)).strip(" .")[:LONGEST] or "_"
        stem, number = safe, 2
        while stem.lower() in taken:  # some file systems treat A and a as equal
            stem, number = f"{safe}-{number}", number + 1
        taken.add(stem.lower())
        made[item] = path.with_name(path.name.replace(PER_ITEM, stem))
    return made
