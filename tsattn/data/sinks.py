"""Tables -> files, each written beside and renamed. The suffix says which kind."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.atomic import write_atomic
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa


ONE_FILE = "all series go into one file, with a column item_id"
Tables = Callable[[], Iterator[Any]]  # Arrow tables of one schema, from the first, as often as it is asked; at least one


def write_table(table: pa.Table, path: str | Path) -> Path:
    """Write a table to .csv, .parquet, .json (a list of records) or .jsonl (a record a line).

    Raises ConfigError for another suffix. Whatever the path held before stays whole until the new file is complete.
    """
    return write_tables(lambda: iter([table]), path)


def write_tables(tables: Tables, path: str | Path) -> Path:
    """Write tables one after the other as one file, as write_table does; one of them at a time is in memory."""
    path = checked_suffix(path)
    with write_atomic(path) as beside:
        SINKS[path.suffix.lower()](tables, beside)
    return path


def checked_suffix(path: str | Path, allowed: tuple[str, ...] = (), *, data: Any = None) -> Path:
    """Return the path if its suffix is one of `allowed` (default: every output format) and writing it leaves `data` as it is.

    Call it before the work, not after it. Raises ConfigError.
    """
    path, known = Path(path), allowed or tuple(SINKS)
    if path.suffix.lower() not in known:
        kind = f"the suffix {path.suffix!r}" if path.suffix else "no suffix"
        raise ConfigError(f"{path}: cannot write a file with {kind}", f"use one of {', '.join(known)}")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: the folder {path.parent} does not exist", f"make it first: mkdir -p {path.parent}")
    if found := re.search(r"\{\w*\}", path.name):
        raise ConfigError(f"{path}: {found.group()} is not filled in: {ONE_FILE}", "leave it out of the name")
    if data is not None:
        from tsattn.data.overwrites import refuse_input

        refuse_input(path, data)
    return path


def _csv(tables: Tables, path: Path) -> None:
    import csv

    import pyarrow.csv as pc

    units, quoting, head = _units(tables), "none", io.StringIO()
    for table in tables():
        # "needed" quotes all text as soon as it may: only where some text needs it
        quoting = "needed" if any(_needs_quotes(column) for column in table.columns) else quoting
    csv.writer(head, lineterminator="\n").writerow(table.column_names)  # pyarrow would quote every name
    with path.open("wb") as out:
        out.write(head.getvalue().encode())
        for table in tables():
            pc.write_csv(_as_text(table, units), out, pc.WriteOptions(include_header=False, quoting_style=quoting))


def _needs_quotes(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return False
    return bool(pc.any(pc.match_substring_regex(column, '[,"\r\n]|^$')).as_py())


def _parquet(tables: Tables, path: Path) -> None:
    import pyarrow.parquet as pq

    every = tables()
    first = next(every)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as out:
        out.write_table(first)
        for table in every:
            out.write_table(table)


def _json(tables: Tables, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        lead = "[\n"
        for record in _records(tables):
            out.write(lead + json.dumps(record, ensure_ascii=False))
            lead = ",\n"
        out.write("[]\n" if lead == "[\n" else "\n]\n")


def _jsonl(tables: Tables, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for record in _records(tables):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


SINKS: dict[str, Callable[[Tables, Path], None]] = {".csv": _csv, ".parquet": _parquet, ".json": _json, ".jsonl": _jsonl}


def _records(tables: Tables) -> Iterator[dict[str, Any]]:
    units = _units(tables)
    for table in tables():
        for batch in _as_text(table, units).to_batches(max_chunksize=4096):
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


UNITS = ("D", "s", "us")


def _units(tables: Tables) -> dict[str, str]:
    """How finely each timestamp column of all the tables is to be written."""
    import pyarrow as pa

    found: dict[str, str] = {}
    for table in tables():
        for field in table.schema:
            if pa.types.is_timestamp(field.type):
                found[field.name] = max(found.get(field.name, "D"), finest(table.column(field.name)), key=UNITS.index)
    return found


def _as_text(table: pa.Table, units: dict[str, str]) -> pa.Table:
    """Timestamps as ISO 8601 text: dates where no row of the column has a time of day, offsets where there is a zone."""
    for name, unit in units.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, iso_column(table.column(at), unit))
    return table


def finest(column: pa.ChunkedArray) -> str:
    """The unit in which a timestamp column loses nothing: "D", "s" or "us"; never days where there is a zone."""
    from tsattn.data.freq import DAY

    _, local, none = _clocks(column)
    ticks = local.astype("int64")[~none]
    return "D" if not column.type.tz and bool((ticks % DAY == 0).all()) else "s" if bool((ticks % 1_000_000 == 0).all()) else "us"


def iso_column(column: pa.ChunkedArray, unit: str) -> pa.Array:
    """A timestamp column as ISO 8601 text in `unit`. Each moment is written once, however many rows have it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(column.combine_chunks())
    texts = pa.array(iso(pa.chunked_array([encoded.dictionary]), unit), pa.string())
    return texts.take(encoded.indices)


def iso(column: pa.ChunkedArray, unit: str | None = None) -> list[str | None]:
    """A timestamp column as ISO 8601 text, in `unit`, or in the coarsest that loses nothing."""
    from tsattn.data.timezone import offset_text, utc_offsets

    zone = column.type.tz
    utc, local, none = _clocks(column)
    text = [str(t) for t in local.astype(f"datetime64[{unit or finest(column)}]")]
    if zone:
        text = [t + offset_text(o) for t, o in zip(text, utc_offsets(utc, zone).astype("int64").tolist(), strict=True)]
    return [None if missing else t for t, missing in zip(text, none.tolist(), strict=True)]


def _clocks(column: pa.ChunkedArray) -> tuple[Any, Any, Any]:
    """(UTC, local time, whether missing) of a timestamp column."""
    import numpy as np
    import pyarrow as pa

    from tsattn.data.timezone import to_local

    zone = column.type.tz
    utc = column.cast(pa.timestamp("us", zone)).cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    none = np.isnat(utc)
    utc = np.where(none, np.datetime64(0, "us"), utc)  # zones know no missing instant
    return utc, to_local(utc, zone) if zone else utc, none
