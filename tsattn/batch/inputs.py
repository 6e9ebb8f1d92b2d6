"""Where a job's rows come from: local files, what fsspec opens, or a database; and what was known of them at a moment."""

from __future__ import annotations

import datetime as dt
import glob
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.batch.job_values import is_database, scheme_of
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.runs import LOCK_WAIT
from tsattn.batch.secrets import expanded, shown
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.timezone import to_local, to_utc
from tsattn.errors import ConfigError, DataError


class NothingYet(DataError):
    """No item had a value at the moment asked for."""


@dataclass(frozen=True)
class Clock:
    """What tells a panel's time: its frequency and zone."""

    freq: Freq
    tz: str | None


@contextmanager
def opened(job: Job, file: JobFile, wait: float = LOCK_WAIT) -> Iterator[Any]:
    """What `read` takes for a job's input. Raises DataError when it cannot be had."""
    text = expanded(job.input)
    if is_database(text):
        from tsattn.batch.database import rows_of

        yield rows_of(file.local(text), expanded(job.query or ""), job.retries, wait)
    elif scheme_of(text):
        with tempfile.TemporaryDirectory(prefix="tsattn-") as folder:
            yield _fetched(text, Path(folder))
    else:
        yield file.local(text)


def missing(job: Job, file: JobFile) -> str:
    """Why a local input cannot be there; "" when it is, or when only opening it tells."""
    text = expanded(job.input)
    if scheme_of(text):
        return ""
    place = file.local(text)
    if Path(place).exists() or (any(c in place for c in "*?[") and glob.glob(place, recursive=True)):
        return ""
    return f"the input {shown(job.input)} does not exist"


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


def parse_moment(text: str) -> dt.datetime:
    """`2024-01-31`, `2024-01-31T06:00`, with `Z` or an offset or without. Raises ConfigError."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"--as-of {text!r} is not a time", "write it as 2024-01-31 or 2024-01-31T06:00, with +02:00 or Z"
        ) from None
    if not dt.MINYEAR + 1 < moment.year < dt.MAXYEAR - 1:  # beyond, it has no counterpart in other time zones
        raise ConfigError(f"--as-of {text!r} is beyond the years that can be computed with", "write a year from 3 to 9997")
    return moment


def on_grid(moment: dt.datetime, panel: Panel | Clock) -> np.datetime64:
    """A moment on the panel's clock. Without an offset it is read on the wall clock that the data print.

    With one, and data without a zone, the data's wall clock is taken to be this machine's.
    """
    if not panel.freq.has_clock:
        raise ConfigError("the data have no timestamps, so no moment can be found in them", "leave out --as-of and max_age")
    if moment.tzinfo is None:
        stamp = np.datetime64(moment, "us")
        return to_utc(np.array([stamp]), panel.tz)[0] if panel.tz and panel.freq.is_subdaily else stamp
    if panel.tz is None:
        return np.datetime64(moment.astimezone().replace(tzinfo=None), "us")
    if panel.freq.is_subdaily:
        return np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None), "us")
    utc = np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None), "us")
    return to_local(np.array([utc]), panel.tz)[0]


def known_at(panel: Panel, moment: np.datetime64) -> Panel:
    """The panel as reading would have given it at a moment on its clock: the rows after it are not seen.

    Each item ends at its last observed value, and an item that had none yet is left out. Known covariates stay. Raises
    NothingYet when none is left.
    """
    first = panel.indptr[:-1]
    steps, _ = panel.freq.steps_between(panel.start, np.full(len(panel), moment))
    rows = np.clip(first + steps + 1, first, panel.origin)
    observed = np.where(np.isnan(panel.target), -1, np.arange(len(panel.target)))
    newest_before = np.maximum.accumulate(observed)[np.maximum(rows, 1) - 1]
    ends = np.minimum(np.maximum(newest_before + 1, first), rows)
    began = np.flatnonzero(ends > first)
    if not len(began):
        raise NothingYet(f"there is no observed value up to {np.datetime_as_string(moment, 's')}", "a later --as-of sees more")
    return panel.before(ends).select(began)


def newest(panel: Panel) -> np.datetime64:
    """The last observed timestamp of any item, on the panel's clock. Raises DataError when there is none."""
    some = panel.lengths > 0
    if not some.any():
        raise DataError("the input holds no observed value")
    last: np.datetime64 = panel.freq.advance(panel.start[some], panel.lengths[some] - 1).max()
    return last
