"""Mutated tables: CSV fields, Parquet pages and metadata, JSON, compressed and plain."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.soak import made
from benchmarks.soak.worker import Worker

VALUES = (
    "",
    "nan",
    "NaN",
    "-",
    "inf",
    "-inf",
    "1e999",
    "-1e-999",
    "1,5",
    "1.000,5",
    "0x10",
    "1_000",
    "١٢",
    "½",
    "9" * 400,
    "1e308",
    "true",
    "0001-01-01",
    "9999-12-31T23:59:59",
    "2024-02-30",
    "24:00",
    "1970-01-01T00:00:00.000001Z",
    "2024-W53-7",
    "01/02/03",
    "-5",
    "0",
    "1e18",
    "1700000000000000000",
    "\x00",
    "\ufeff",
    '"',
    '""',
    "'",
    "a\nb",
    "\r",
    ";",
    "\t",
    "\\",
    "\u202e",
    "=cmd",
    "x" * 20_000,
)
METADATA = (
    "true",
    "null",
    "[]",
    "{",
    '"x"',
    '{"schema": true}',
    '{"index_columns": true}',
    "\x00",
    "1e999",
    '{"columns": [true]}',
)
SUFFIXES = (".csv", ".csv", ".csv", ".csv.gz", ".csv.zst", ".csv.bz2", ".parquet", ".parquet", ".json", ".tsv")


class MutatedFiles:
    """Campaign whose cases write a mutated file, and ingest or forecast it."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def case(self, dice: random.Random, folder: Path) -> str:
        suffix = dice.choice(SUFFIXES)
        path = folder / f"data{suffix}"
        path.write_bytes(_content(dice, suffix, folder))
        if dice.random() < 0.15:
            words = ["forecast", path.name, "--model", "zero-shot", "--members", "network", "--horizon", "3", "-o", "out.csv"]
        else:
            words = ["ingest", path.name, *(["-o", "panel.parquet"] if dice.random() < 0.3 else [])]
        answer = self.worker.ask(words, folder)
        return "read" if answer.code in (0, 4) else "refused"


def _content(dice: random.Random, suffix: str, folder: Path) -> bytes:
    table: list[list[Any]] = [["shop", "time", "sales", "promo"]]
    table += [[*row, number % 2] for number, row in enumerate(made.rows([f"s{i}" for i in range(dice.randint(1, 4))], 60))]
    if suffix == ".parquet":
        return _bytes(dice, _parquet(dice, table, folder), dice.choice([0, 0, 1, 3]))
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        dice.choice(MUTATIONS)(dice, table)
    if suffix == ".json":
        text = json.dumps([dict(zip(map(str, table[0]), row, strict=False)) for row in table[1:]], default=str)
    else:
        out = io.StringIO()
        writer = csv.writer(out, delimiter="\t" if suffix == ".tsv" else dice.choice([",", ",", ";", "|"]))
        writer.writerows(table)
        text = out.getvalue()
    plain = _bytes(
        dice, text.encode(dice.choice(["utf-8", "utf-8", "utf-16", "latin-1", "utf-8-sig"]), "replace"), dice.choice([0, 0, 0, 1])
    )
    packed = _packed(plain, suffix)
    return _bytes(dice, packed, dice.choice([0, 0, 1, 3])) if packed is not plain else plain


def _packed(content: bytes, suffix: str) -> bytes:
    import pyarrow as pa

    if suffix.endswith(".zst"):
        return bytes(pa.compress(content, codec="zstd", asbytes=True))
    return gzip.compress(content) if suffix.endswith(".gz") else bz2.compress(content) if suffix.endswith(".bz2") else content


def _bytes(dice: random.Random, content: bytes, times: int) -> bytes:
    """Change, remove, duplicate or truncate some bytes, more often at the ends."""
    made_bytes = bytearray(content)
    for _ in range(times):
        if not made_bytes:
            break
        size = len(made_bytes)
        at = dice.choice([dice.randrange(size), dice.randrange(min(size, 32)), size - 1 - dice.randrange(min(size, 64))])
        how, end = dice.randrange(4), at + dice.randint(1, 40)
        if how == 0:
            made_bytes[at] = dice.randrange(256)
        elif how == 1:
            del made_bytes[at:end]
        elif how == 2:
            made_bytes[at:at] = made_bytes[at:end]
        else:
            del made_bytes[at:]
    return bytes(made_bytes)


def _parquet(dice: random.Random, table: list[list[Any]], folder: Path) -> bytes:
    """Return a Parquet file with other types, nulls or metadata, or one saved by tsattn with mutated metadata."""
    import datetime as dt

    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = table[1:]
    times = [dt.datetime.fromisoformat(row[1]) for row in rows]
    unit = dice.choice(["s", "ms", "us", "ns"])
    columns: dict[str, Any] = {
        "shop": pa.array(
            [row[0] for row in rows], dice.choice([pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
        ),
        "time": pa.array(times, pa.timestamp(unit, dice.choice([None, "UTC", "Europe/Berlin"]))),
        "sales": pa.array([row[2] if dice.random() > 0.05 else None for row in rows], dice.choice([pa.float64(), pa.float32()])),
    }
    odd = {
        "list": pa.array([[1.0]] * len(rows)),
        "struct": pa.array([{"a": 1}] * len(rows)),
        "null": pa.nulls(len(rows)),
        "binary": pa.array([b"\xff"] * len(rows)),
        "decimal": pa.array([None] * len(rows), pa.decimal128(38, 10)),
        "time32": pa.array([dt.time(1)] * len(rows)),
        "bool": pa.array([True] * len(rows)),
    }
    if dice.random() < 0.5:
        columns[dice.choice(["sales", "time", "shop", "extra"])] = odd[dice.choice(list(odd))]
    made_table = pa.table(columns)
    path = folder / "made.parquet"
    if dice.random() < 0.3:
        made_table = _panel(dice, folder)
    elif dice.random() < 0.5:
        made_table = made_table.replace_schema_metadata(
            {dice.choice(["pandas", "tsattn", "ARROW:schema"]): dice.choice(METADATA)}
        )
    pq.write_table(made_table, path, compression=dice.choice(["none", "snappy", "zstd", "gzip"]))
    return path.read_bytes()


def _panel(dice: random.Random, folder: Path) -> Any:
    """Return the table of a panel saved by tsattn, with one value of its metadata changed."""
    import numpy as np
    import pyarrow.parquet as pq

    from tsattn.data.panel import Panel
    from tsattn.data.store import save_panel

    path = folder / "panel.parquet"
    save_panel(Panel.from_arrays([np.arange(30.0), np.arange(20.0)], freq="h"), path)
    table = pq.read_table(path)
    meta = json.loads(table.schema.metadata[b"tsattn"])
    key = dice.choice(list(meta))
    meta[key] = dice.choice(
        [True, None, [], {}, -1, 1 << 62, 1e300, "x", ["x"], [[]], [1 << 62], "Europe/Nowhere", "us", [0, 10, 5]]
    )
    return table.replace_schema_metadata({b"tsattn": json.dumps(meta)})


def _value(dice: random.Random, table: list[list[Any]]) -> None:
    row = dice.choice(table)
    if row:
        row[dice.randrange(len(row))] = dice.choice(VALUES)


def _column(dice: random.Random, table: list[list[Any]]) -> None:
    at, value = dice.randrange(4), dice.choice(VALUES)
    for row in table[1:]:
        if at < len(row) and dice.random() < 0.9:
            row[at] = value


def _ragged(dice: random.Random, table: list[list[Any]]) -> None:
    row = dice.choice(table)
    if dice.random() < 0.5:
        del row[dice.randrange(len(row) + 1) :]
    else:
        row += [dice.choice(VALUES) for _ in range(dice.choice([1, 50]))]


def _rows(dice: random.Random, table: list[list[Any]]) -> None:
    at = dice.randrange(len(table))
    how = dice.randrange(4)
    if how == 0:
        dice.shuffle(table)
    elif how == 1:
        table[at:at] = [list(row) for row in table[at : at + 20]]
    elif how == 2:
        del table[at : at + dice.randint(1, len(table))]
    else:
        table.insert(at, [])
    if not table:
        table.append(["x"])


def _wide(dice: random.Random, table: list[list[Any]]) -> None:
    extra = dice.choice([1, 200])
    for number, row in enumerate(table):
        row += [f"c{i}" if number == 0 else number + i for i in range(extra)]


def _jump(dice: random.Random, table: list[list[Any]]) -> None:
    """Make timestamps jump, go backwards, repeat or change their format."""
    at = dice.randrange(len(table))
    for row in table[at:]:
        if len(row) > 1 and isinstance(row[1], str):
            row[1] = dice.choice([row[1].replace("2024", "2124"), row[1] + "Z", row[1].replace("T", " "), row[1], row[1][:10]])


MUTATIONS: tuple[Callable[[random.Random, list[list[Any]]], None], ...] = (
    *(_value, _value, _value, _column, _ragged, _rows, _wide, _jump),
)
