"""Arguments of the public functions in one form: options of reading, data, names and paths."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tsattn.config import ReadOptions, from_mapping
from tsattn.errors import ConfigError


def read_options(read: ReadOptions | Mapping[str, Any]) -> ReadOptions:
    """Options of reading, which may be given as a mapping such as {"delimiter": ";"}."""
    if isinstance(read, ReadOptions):
        return read
    if not isinstance(read, Mapping):
        raise ConfigError(f"read: a {type(read).__name__} is no options", "give ReadOptions(...) or a dict of its fields")
    return from_mapping(ReadOptions, dict(read), "read")


def given(data: Any, read: ReadOptions | Mapping[str, Any]) -> tuple[Any, ReadOptions]:
    """Data and the options to read it by. Plain numbers become a table without timestamps."""
    from tsattn.data.plain_numbers import is_plain, table_of

    options = read_options(read)
    # a list of frames or tables is a list of parts
    if not is_plain(data) or (isinstance(data, (list, tuple)) and hasattr(data[0], "columns")):
        return data, options
    table = table_of(data)
    item = ("item_id",) if "item_id" in table.column_names else ()
    return table, dataclasses.replace(options, item=item, target=("value",), timestamp=options.timestamp or "none")


def names(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name, or several, as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


def places(given: str | Path | Sequence[str | Path] | None) -> tuple[str | Path, ...]:
    """No path, one, or several, as a tuple."""
    return () if given is None else (given,) if isinstance(given, (str, Path)) else tuple(given)
