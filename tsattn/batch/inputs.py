"""Sources of a job's rows: local files, URLs that fsspec opens, or a database; and the rows known at a given moment."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.batch.job_values import is_database, scheme_of, sqlite_file
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.runs import LOCK_WAIT
from tsattn.batch.secrets import expanded, shown
from tsattn.data.as_of import NothingYet as NothingYet
from tsattn.data.as_of import known_at as known_at
from tsattn.data.as_of import on_grid as on_grid
from tsattn.data.as_of import parse_as_of as parse_as_of
from tsattn.data.as_of import parse_moment as parse_moment
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.reading.future_rows import WithFuture
from tsattn.errors import ConfigError, DataError


@dataclass(frozen=True)
class TimeAxis:
    """Frequency and time zone of a panel."""

    freq: Freq
    tz: str | None


@contextmanager
def opened(job: Job, file: JobFile, wait: float = LOCK_WAIT) -> Iterator[Any]:
    """Yield the input of a job, with its future rows if any, for `read`. Raises DataError if it cannot be obtained."""
    if lacking := missing(job, file):
        raise lacking
    text = expanded(job.input)
    with ExitStack() as stack:
        data: Any
        if is_database(text):
            from tsattn.batch.database import rows_of

            data = rows_of(file.local(text), expanded(job.query or ""), job.retries, wait)
        else:
            data = _files(text, file, stack)
        yield data if job.future is None else WithFuture(data, _files(expanded(job.future), file, stack))


def missing(job: Job, file: JobFile) -> DataError | None:
    """Return the error for a local source of a job that does not exist; None if all exist or if only opening them can tell."""
    for what, source in zip(("input", "future file"), job.sources, strict=False):
        text = expanded(source)
        place = _place_of(file.local(text))
        if place and not (Path(place).exists() or (any(c in place for c in "*?[") and glob.glob(place, recursive=True))):
            folder = "" if text.endswith(place) else "; relative paths start at the folder of the job file"
            return DataError(f"the {what} {shown(source)} does not exist", f"expected at {place}{folder}")
    return None


def _place_of(source: str) -> str:
    """Return the path of a local file, folder, glob or SQLite database (opening it would create one); "" for any other source."""
    if is_database(source):
        found = sqlite_file(source)
        return "" if found is None or str(found).startswith("file:") else str(found)
    return "" if scheme_of(source) else source


def _files(text: str, file: JobFile, stack: ExitStack) -> str | list[str]:
    """The path, folder or glob that a text names; for a URL, its files, copied to a folder that `stack` removes."""
    if not scheme_of(text):
        return file.local(text)
    return _fetched(text, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tsattn-"))))


def _fetched(url: str, folder: Path) -> list[str]:
    """The files behind a URL, copied to a folder."""
    try:
        import fsspec
    except ImportError:
        raise ConfigError(f"reading {scheme_of(url)}:// needs fsspec", "pip install fsspec, or name a local file") from None
    import shutil

    try:
        found = fsspec.open_files(url, "rb")
        names = []
        for number, remote in enumerate(found):
            (folder / str(number)).mkdir()
            name = folder / str(number) / (str(remote.path).rpartition("/")[2] or "data")
            with remote as source, name.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            names.append(str(name))
    except (OSError, ValueError, ImportError) as error:
        raise DataError(
            f"{shown(url)}: cannot be read: {str(error)[:300]}", "check the address, and that its fsspec driver is installed"
        ) from None
    if not names:
        raise DataError(f"{shown(url)}: no file matches")
    return names


def newest(panel: Panel) -> np.datetime64:
    """Return the last observed timestamp of any item, on the panel's clock. Raises DataError when there is none."""
    some = panel.lengths > 0
    if not some.any():
        raise DataError("the input holds no observed value")
    last: np.datetime64 = panel.freq.advance(panel.start[some], panel.lengths[some] - 1).max()
    return last
