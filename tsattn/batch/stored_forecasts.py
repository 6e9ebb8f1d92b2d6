"""Forecasts that a job wrote, read back: the newest ones that may have observations by now, up to limits.

A job that runs every 15 minutes writes 35,000 cutoffs a year. At most CUTOFFS of them are read, from as many series as fit into
MOST rows.
"""

from __future__ import annotations

import datetime as dt
import glob
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.batch.cutoffs import instant_of
from tsattn.batch.datasets import partitions
from tsattn.batch.job_values import Output
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.secrets import expanded
from tsattn.data.output_formats import FORMATS, Tables, read_parquet
from tsattn.data.panel import Panel
from tsattn.data.result_files import PER_ITEM
from tsattn.data.timezone import to_local
from tsattn.errors import DataError

CUTOFFS = 200  # cutoffs that are read at most
MOST = 200_000  # rows that are read at most
_KEEPS = ("database", "dataset", "file")  # the outputs that keep earlier forecasts first


@dataclass(frozen=True)
class _Wanted:
    """Limits of the rows that are read: `items` of a panel, timestamps up to `newest`, cutoffs of at most `horizon` steps.

    Cutoffs are at least `apart` steps apart; 0 = all cutoffs, also those of items at other times of day.
    """

    panel: Panel
    items: tuple[str, ...]
    newest: np.datetime64
    horizon: int
    apart: int

    @classmethod
    def of(cls, panel: Panel, newest: np.datetime64, horizon: int) -> _Wanted:
        """Choose items at equal distances, and cutoffs that together reach back two horizons, so that every step has dates."""
        ids = panel.item_ids
        room = max(1, MOST // (CUTOFFS * horizon))
        return cls(panel, tuple(ids[:: -(-len(ids) // room)]), newest, horizon, 2 * horizon // CUTOFFS)

    def before(self, cutoff: np.datetime64) -> np.datetime64:
        """Return the newest cutoff that may be read after this one."""
        if not self.apart:
            return cutoff - np.timedelta64(1, "us")
        earlier: np.datetime64 = self.panel.freq.advance(np.array([cutoff]), np.array([-self.apart]))[0]
        return earlier


def stored_rows(job: Job, file: JobFile, panel: Panel, newest: np.datetime64, horizon: int) -> list[dict[str, Any]]:
    """Return rows of the panel's items up to `newest`, from the output that keeps the longest; [] without any.

    horizon: steps that a cutoff has. `timestamp` and `cutoff` are on the panel's clock. Raises DataError when the output cannot
    be read.
    """
    output = min(job.outputs, key=lambda one: _KEEPS.index(one.kind))
    wanted, found = _Wanted.of(panel, newest, horizon), []
    items = set(wanted.items)
    for row in _rows(job, output, file.local(expanded(output.place)), wanted):
        row = {**row, "timestamp": on_clock(row["timestamp"], panel), "cutoff": on_clock(row["cutoff"], panel)}
        if row["item_id"] in items and row["timestamp"] <= newest:
            found.append(row)
        if len(found) == MOST:
            break
    return found


def _rows(job: Job, output: Output, place: str, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    if output.kind == "database":
        yield from _database_rows(job, output, place, wanted)
        return
    try:
        if output.kind == "dataset":
            yield from _dataset_rows(job, place, wanted)
        else:
            yield from (row for row in _file_rows(output, place) if row["job"] == job.name)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(f"{output}: cannot be read back: {str(error)[:200]}") from None


def _database_rows(job: Job, output: Output, place: str, wanted: _Wanted) -> list[dict[str, Any]]:
    from tsattn.batch.database import Sought, stored

    panel = wanted.panel

    def value(stamp: np.datetime64) -> dt.datetime | int:
        instant = panel.instants(np.array([stamp]))[0].astype("datetime64[us]")
        return instant.item() if panel.freq.has_clock else int(instant.astype(np.int64))

    def before(cutoff: Any) -> dt.datetime | int:
        return value(wanted.before(on_clock(cutoff, panel)))

    sought = Sought(job.name, wanted.items, value(wanted.newest), CUTOFFS, wanted.horizon, before if wanted.apart else None)
    return stored(place, expanded(output.table), sought, job.retries)


def _dataset_rows(job: Job, place: str, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    read, latest = 0, wanted.newest - np.timedelta64(1, "us")
    for cutoff, path in partitions(place, job.name):
        here = on_clock(cutoff, wanted.panel)
        if here > latest or not os.path.exists(path):
            continue
        yield from ({**row, "cutoff": cutoff} for row in read_parquet(Path(path), wanted.items))
        read, latest = read + 1, wanted.before(here)
        if read == CUTOFFS:
            return


def _file_rows(output: Output, place: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of the file at `place`, or of its files per item, with the columns' original names."""
    before = {new: old for old, new in output.columns}
    path = Path(place)
    per_item = PER_ITEM in path.name
    for file in sorted(path.parent.glob(glob.escape(path.name).replace(PER_ITEM, "*"))) if per_item else [path]:
        if file.exists():
            rows = (
                {before.get(name, name): value for name, value in row.items()} for row in FORMATS[file.suffix.lower()].read(file)
            )
            yield from (row for row in rows if not per_item or "job" in row)  # other files may match the name


def newer_cutoff(output: Output, place: str, job: str, tables: Tables) -> str:
    """Return the newest cutoff of a job in a file, where it is newer than those of `tables`; "" where it is not.

    A file that cannot be read back also gives "": it need not be kept.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        found = {row["cutoff"] for row in _file_rows(output, place) if row["job"] == job}
        there = max((moment for cutoff in found if (moment := instant_of(cutoff)) is not None), default=None)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return ""
    here = max((instant_of(pc.max(table["cutoff"]).as_py()) for table in tables()), default=None)
    return str(there) if there is not None and here is not None and type(there) is type(here) and there > here else ""


def rows_at(job: Job, output: Output, place: str, cutoffs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the stored rows of items from their `cutoffs` (see instant_of), of files or a dataset that can be read back."""
    import pyarrow as pa

    try:
        if output.kind == "file":
            for row in _file_rows(output, place):
                item = row["item_id"]
                if row["job"] == job.name and item in cutoffs and instant_of(row["cutoff"]) == cutoffs[item]:
                    yield row
            return
        for cutoff, path in partitions(place, job.name):
            items = [item for item, wanted in cutoffs.items() if wanted == instant_of(cutoff)]
            if items and os.path.exists(path):
                yield from read_parquet(Path(path), items)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return


def on_clock(value: Any, panel: Panel) -> np.datetime64:
    """A stored timestamp on the panel's clock: instants are in UTC, wherever they were kept."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value) if panel.freq.has_clock else int(value)
    if isinstance(value, int):
        return np.datetime64(value, "us")
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    stamp = np.datetime64(value, "us")
    if panel.tz is not None and not panel.freq.is_subdaily:
        return to_local(np.array([stamp]), panel.tz)[0]
    return stamp
