"""Forecasts that a job wrote, read back: the newest ones that may have observations by now, up to a limit."""

from __future__ import annotations

import datetime as dt
import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.batch.datasets import partitions
from tsattn.batch.job_values import Output
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.secrets import expanded
from tsattn.data.output_formats import FORMATS, Tables, read_parquet
from tsattn.data.panel import Panel
from tsattn.data.result_files import PER_ITEM
from tsattn.data.timezone import to_local
from tsattn.errors import DataError

_KEEPS = ("database", "dataset", "file")  # the outputs that keep earlier forecasts first


def stored_rows(job: Job, file: JobFile, panel: Panel, newest: np.datetime64, most: int) -> list[dict[str, Any]]:
    """Return at most `most` rows of the panel's items up to `newest`, from the output that keeps the longest; [] without any.

    `timestamp` and `cutoff` are on the panel's clock. Raises DataError when the output cannot be read.
    """
    output = min(job.outputs, key=lambda one: _KEEPS.index(one.kind))
    items, found = set(panel.item_ids), []
    for row in _rows(job, output, file.local(expanded(output.place)), panel, newest, most):
        row = {**row, "timestamp": on_clock(row["timestamp"], panel), "cutoff": on_clock(row["cutoff"], panel)}
        if row["item_id"] in items and row["timestamp"] <= newest:
            found.append(row)
        if len(found) == most:
            break
    return found


def _rows(job: Job, output: Output, place: str, panel: Panel, newest: np.datetime64, most: int) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    if output.kind == "database":
        from tsattn.batch.database import stored

        instant = panel.instants(np.array([newest]))[0].astype("datetime64[us]")
        last = int(instant.astype(np.int64)) if not panel.freq.has_clock else instant.item()
        yield from stored(place, expanded(output.table), job.name, last, most, job.retries)
        return
    try:
        if output.kind == "dataset":
            for cutoff, path in partitions(place, job.name):
                if on_clock(cutoff, panel) < newest:
                    yield from ({**row, "cutoff": cutoff} for row in read_parquet(path))
        else:
            yield from (row for row in _file_rows(output, place) if row["job"] == job.name)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(f"{output}: cannot be read back: {str(error)[:200]}") from None


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
        found = [row["cutoff"] for row in _file_rows(output, place) if row["job"] == job]
        there = max((moment for cutoff in set(found) if (moment := _moment(cutoff)) is not None), default=None)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return ""
    here = max((_moment(pc.max(table["cutoff"]).as_py()) for table in tables()), default=None)
    return str(there) if there is not None and here is not None and type(there) is type(here) and there > here else ""


def _moment(value: Any) -> Any:
    """Convert a cutoff of any format for comparison: a datetime in UTC without a zone, or a step's number; None for none."""
    if isinstance(value, str):
        value = int(value) if value.lstrip("-").isdecimal() else dt.datetime.fromisoformat(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return value if isinstance(value, (dt.datetime, int)) else None


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
