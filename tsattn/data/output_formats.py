"""The formats of output files. A new one is a function that writes it, one that reads it back, and a line in FORMATS."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.data.iso_text import as_text, units_of

if TYPE_CHECKING:
    import pyarrow as pa


Tables = Callable[[], Iterator[Any]]  # at least one Arrow table, all of one schema; each call starts from the first


@dataclass(frozen=True)
class Format:
    """`write` puts tables into a file; `read` yields the rows of a file of forecasts, for the monitor."""

    write: Callable[[Tables, Path], None]
    read: Callable[[Path], Iterator[dict[str, Any]]]


def _write_csv(tables: Tables, path: Path) -> None:
    import csv

    import pyarrow.csv as pc

    units, quoting, head = units_of(tables), "none", io.StringIO()
    for table in tables():
        # "needed" quotes all text as soon as it may: only where some text needs it
        quoting = "needed" if any(_needs_quotes(column) for column in table.columns) else quoting
    csv.writer(head, lineterminator="\n").writerow(table.column_names)  # pyarrow would quote every name
    with path.open("wb") as out:
        out.write(head.getvalue().encode())
        for table in tables():
            pc.write_csv(as_text(table, units), out, pc.WriteOptions(include_header=False, quoting_style=quoting))


def _needs_quotes(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return False
    return bool(pc.any(pc.match_substring_regex(column, '[,"\r\n]|^$')).as_py())


def _write_parquet(tables: Tables, path: Path) -> None:
    import pyarrow.parquet as pq

    every = tables()
    first = next(every)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as out:
        out.write_table(first)
        for table in every:
            out.write_table(table)


def _write_feather(tables: Tables, path: Path) -> None:
    import pyarrow as pa

    every = tables()
    first = next(every)
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, first.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as out,
    ):
        out.write_table(first)
        for table in every:
            out.write_table(table)


def _write_json(tables: Tables, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        lead = "[\n"
        for record in _records(tables):
            out.write(lead + json.dumps(record, ensure_ascii=False))
            lead = ",\n"
        out.write("[]\n" if lead == "[\n" else "\n]\n")


def _write_jsonl(tables: Tables, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for record in _records(tables):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def _records(tables: Tables) -> Iterator[dict[str, Any]]:
    units = units_of(tables)
    for table in tables():
        for batch in as_text(table, units).to_batches(max_chunksize=4096):
            for record in batch.to_pylist():
                # a float32 in its own shortest digits, not in those of the double it becomes; JSON has no NaN
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


def read_parquet(path: Path, items: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file, of all items or of these; a part of it is in memory at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(20_000, use_threads=False):
            kept = batch if items is None else batch.filter(pc.is_in(batch["item_id"], pa.array(items)))
            yield from kept.to_pylist()


def _read_feather(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        for number in range(file.num_record_batches):
            yield from file.get_batch(number).to_pylist()


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.csv as pc

    texts = {name: pa.string() for name in ("job", "item_id", "cutoff", "timestamp", "run_id", "reason")}
    with pc.open_csv(path, convert_options=pc.ConvertOptions(column_types=texts)) as file:
        for batch in file:
            yield from batch.to_pylist()


def _read_json(path: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads(path.read_text("utf-8"))


def _read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


FORMATS: dict[str, Format] = {
    ".csv": Format(_write_csv, _read_csv),
    ".parquet": Format(_write_parquet, read_parquet),
    ".feather": Format(_write_feather, _read_feather),
    ".json": Format(_write_json, _read_json),
    ".jsonl": Format(_write_jsonl, _read_jsonl),
}
