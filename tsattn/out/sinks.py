"""Tables -> files, each written beside and renamed. The suffix says which kind."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.data.atomic import write_atomic
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa


def write_table(table: pa.Table, path: str | Path) -> Path:
    """Write a table to .csv, .parquet, .json (a list of records) or .jsonl (a record a line).

    Raises ConfigError for another suffix. Whatever the path held before stays whole until the new file is complete.
    """
    path = checked_suffix(path)
    with write_atomic(path) as beside:
        SINKS[path.suffix.lower()](table, beside)
    return path


def checked_suffix(path: str | Path, allowed: tuple[str, ...] = ()) -> Path:
    """The path, if its suffix is one of `allowed` (default: the sinks'). To be called before the work, not after it."""
    path, known = Path(path), allowed or tuple(SINKS)
    if path.suffix.lower() not in known:
        kind = f"the suffix {path.suffix!r}" if path.suffix else "no suffix"
        raise ConfigError(f"{path}: cannot write a file with {kind}", f"use one of {', '.join(known)}")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: the folder {path.parent} does not exist", f"make it first: mkdir -p {path.parent}")
    return path


def _csv(table: pa.Table, path: Path) -> None:
    import csv

    import pyarrow.csv as pc

    table, head = _as_text(table), io.StringIO()
    csv.writer(head, lineterminator="\n").writerow(table.column_names)  # pyarrow would quote every name
    # "needed" quotes all text as soon as it may: only where some text needs it
    quoting = "needed" if any(_needs_quotes(column) for column in table.columns) else "none"
    with path.open("wb") as out:
        out.write(head.getvalue().encode())
        pc.write_csv(table, out, pc.WriteOptions(include_header=False, quoting_style=quoting))


def _needs_quotes(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return False
    return bool(pc.any(pc.match_substring_regex(column, '[,"\r\n]|^$')).as_py())


def _parquet(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _json(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        lead = "[\n"
        for record in _records(table):
            out.write(lead + json.dumps(record, ensure_ascii=False))
            lead = ",\n"
        out.write("[]\n" if lead == "[\n" else "\n]\n")


def _jsonl(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for record in _records(table):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


SINKS: dict[str, Callable[[Any, Path], None]] = {".csv": _csv, ".parquet": _parquet, ".json": _json, ".jsonl": _jsonl}


def _records(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in _as_text(table).to_batches(max_chunksize=4096):
        for record in batch.to_pylist():
            # a float32 in its own shortest digits, not in those of the double it becomes; JSON knows no NaN
            yield {k: _plain(v) for k, v in record.items()}


def _plain(value: Any) -> Any:
    import math

    import numpy as np

    if not isinstance(value, float):
        return value
    return float(str(np.float32(value))) if math.isfinite(value) and float(np.float32(value)) == value else _finite(value)


def _finite(value: float) -> float | None:
    import math

    return value if math.isfinite(value) else None


def _as_text(table: pa.Table) -> pa.Table:
    """Timestamps as ISO 8601 text: dates where no row of the column has a time of day, offsets where there is a zone."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(at, field.name, pa.array(iso(table.column(at)), pa.string()))
    return table


def iso(column: pa.ChunkedArray) -> list[str | None]:
    """A timestamp column as ISO 8601 text."""
    import numpy as np
    import pyarrow as pa

    from tsattn.data.freq import DAY
    from tsattn.data.timezone import to_local, utc_offsets
    from tsattn.out.words import offset

    zone = column.type.tz
    utc = column.cast(pa.timestamp("us", zone)).cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    none = np.isnat(utc)
    utc = np.where(none, np.datetime64(0, "us"), utc)  # zones know no missing instant
    local = to_local(utc, zone) if zone else utc
    ticks = local.astype(np.int64)[~none]
    unit = "D" if not zone and bool((ticks % DAY == 0).all()) else "s" if bool((ticks % 1_000_000 == 0).all()) else "us"
    text = [str(t) for t in local.astype(f"datetime64[{unit}]")]
    if zone:
        text = [t + offset(o) for t, o in zip(text, utc_offsets(utc, zone).astype(np.int64).tolist(), strict=True)]
    return [None if missing else t for t, missing in zip(text, none.tolist(), strict=True)]
