"""Outputs that would overwrite the data they are made from."""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tsattn.errors import ConfigError


def refuse_input(output: str | Path, data: Any, *, dataset: bool = False, said: str = "") -> None:
    """Raise ConfigError when writing `output` would change what `data` names: a path, a folder, a glob, or several.

    Links and relative names are resolved first. A file is refused when it is an input, when a glob matches it, or when it is
    a table within an input folder, which the next run would read. A `dataset` folder is refused when an input lies in it,
    or it in an input folder. `said` is the name of the output in errors.
    """
    from tsattn.data.reading.source import is_table

    name, real = said or str(output), Path(os.path.realpath(output))
    for text in _named(data):
        source = Path(os.path.realpath(text))
        if real == source or _same(real, source) or (not dataset and real.parent == source and is_table(real) and real.exists()):
            raise ConfigError(f"{name} is the data itself, and would be overwritten", "write to another file")
        if dataset and source.is_relative_to(real):
            raise ConfigError(f"{name} contains the data ({text}), which would be overwritten", "write to another folder")
        if source.is_dir() and real.is_relative_to(source) and (dataset or _is_read(real, source)):
            raise ConfigError(
                f"{name} is inside the input folder {text}, so the next run would read it as data", "write to another folder"
            )
        if _matches(text, real) and is_table(real):
            raise ConfigError(f"{name} matches the input {text}, so the next run would read it as data", "write to another file")
    if _is_stdin(data, real):
        raise ConfigError(f"{name} is the data on standard input, and would be overwritten", "write to another file")


def _named(data: Any) -> Iterator[str]:
    """The paths, folders and globs that data names; the files that a glob matches too."""
    if isinstance(data, (list, tuple)):
        for one in data:
            yield from _named(one)
    elif isinstance(data, (str, Path)) and str(data) != "-":
        try:
            text = str(Path(data).expanduser())
            found = glob.glob(text, recursive=True) if any(c in text for c in "*?[") and not os.path.exists(text) else []
        except (OSError, ValueError, RuntimeError):
            return
        yield from found
        yield text


def _same(one: Path, other: Path) -> bool:
    """Return True if two paths are the same file, also through hard links."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _is_read(file: Path, folder: Path) -> bool:
    """Return True if reading a folder reads this file in it; in subfolders only Parquet files are read."""
    from tsattn.data.reading.source import is_table

    return is_table(file) and (file.parent == folder or file.suffix.lower() in (".parquet", ".pq"))


def _matches(text: str, file: Path) -> bool:
    """Return True if a glob would match a file, which need not exist."""
    import fnmatch

    if not any(c in text for c in "*?["):
        return False
    parent, _, last = text.replace(os.sep, "/").rpartition("/")
    here = file.name if "**" not in parent else str(file)
    if not fnmatch.fnmatch(here, last if here == file.name else f"*/{last}"):
        return False
    folders = glob.glob(parent, recursive=True) if any(c in parent for c in "*?[") else [parent or "."]
    return any(_same(Path(folder), file.parent) for folder in folders)


def _is_stdin(data: Any, file: Path) -> bool:
    """Return True if data is standard input redirected from this file."""
    if isinstance(data, (list, tuple)):
        return any(_is_stdin(one, file) for one in data)
    if not isinstance(data, (str, Path)) or str(data) != "-" or not file.exists():
        return False
    try:
        there, here = os.fstat(sys.stdin.fileno()), file.stat()
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISREG(there.st_mode) and os.path.samestat(there, here)
