"""Results -> files and files per item, each written beside and renamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tsattn.atomic import remove_leftovers, write_atomic
from tsattn.data.output_formats import FORMATS, Tables
from tsattn.data.overwrites import refuse_input
from tsattn.data.result_files import PER_ITEM, item_files, renamed
from tsattn.data.sinks import write_tables
from tsattn.errors import DataError


def write_file(place: str, tables: Tables, columns: Mapping[str, str] = {}, data: Any = None) -> None:
    """Replace a file by the results of a run, or one file per item if its name contains `{item_id}`.

    columns: new names of columns. data: the input, which no file may replace.
    """
    path = Path(place)
    if PER_ITEM in path.name:
        _write_items(path, tables, columns, data)
        return
    prepare(path)
    write_tables(_renamed(tables, columns), path)


def _renamed(tables: Tables, columns: Mapping[str, str]) -> Tables:
    """Yield the tables with new column names."""
    return lambda: (table.rename_columns(renamed(table.column_names, columns)) for table in tables())


def _write_items(path: Path, tables: Tables, columns: Mapping[str, str], data: Any) -> None:
    """Write one file per item. Nothing is renamed into place before all of it is written."""
    files = item_files(path, list(dict.fromkeys(item for item, _ in _by_item(tables))))
    for file in files.values():
        refuse_input(file, data)
        prepare(file)
    with ExitStack() as renames:
        for item, parts in _by_item(tables):
            beside = renames.enter_context(write_atomic(files[item]))
            FORMATS[path.suffix.lower()].write(_renamed(partial(iter, parts), columns), beside)


def _by_item(tables: Tables) -> Iterator[tuple[str, list[Any]]]:
    """Yield the rows of each item, as parts of the tables; they are adjacent."""
    held: str | None = None
    parts: list[Any] = []
    for table in tables():
        items = table["item_id"].to_pylist()
        starts = [i for i, item in enumerate(items) if not i or item != items[i - 1]]
        for first, end in zip(starts, [*starts[1:], len(items)], strict=True):
            if parts and items[first] != held:
                yield str(held), parts
                parts = []
            held = items[first]
            parts.append(table.slice(first, end - first))
    if parts:
        yield str(held), parts


def prepare(path: Path) -> None:
    """Make the folder, and remove what a killed run left beside the file: the job's lock is held, so no run is writing it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
    except OSError as error:
        raise DataError(f"{path.parent}: cannot be written: {error.strerror or error}") from None
