"""Conversion of Arrow columns, and concatenation of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.columns import Column, Columns, Table, as_text
from tsattn.data.reading.row_location import below
from tsattn.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


# frequency of a PeriodIndex -> (unit of NumPy, units of a period)
_PERIODS = {
    **dict.fromkeys(("Y-DEC", "A-DEC"), ("Y", 1)),
    **{"Q-DEC": ("M", 3), "M": ("M", 1), "D": ("D", 1), "H": ("h", 1), "MIN": ("m", 1), "T": ("m", 1), "S": ("s", 1)},
}
_TOGETHER = 20  # minimum number of columns of one type to convert at once


def columns_of(table: pa.Table, where: str) -> Columns:
    """Convert an Arrow table; columns of nested and other unusable types are left out. Raises DataError for a repeated name."""
    import pyarrow as pa

    names = table.column_names
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise DataError(f"{where}: two columns are called {twice!r}", "rename one")
    table = _with_stamps_of_periods(table)
    place, arrays = _arrays_of(table)
    made: dict[str, Column] = {}
    for i in np.flatnonzero(np.array(place, np.int64) < 0).tolist():
        name, kind = names[i], table.schema.field(i).type
        if not (pa.types.is_nested(kind) or pa.types.is_binary(kind)):
            chunks = table.column(i).chunks or [pa.nulls(0, kind)]
            chunks = [_iso_durations(c) for c in chunks] if pa.types.is_duration(kind) else chunks
            made[name] = from_chunks(name, [c.cast(pa.string()) for c in chunks] if pa.types.is_time(kind) else chunks, where)
    order = {name: k for name, k in zip(names, place, strict=True) if k >= 0 or name in made}
    return Columns(made, order, arrays)


def _with_stamps_of_periods(table: pa.Table) -> pa.Table:
    """Return the table with the starts of the periods of a pandas PeriodIndex, which Arrow stores as numbers from 1970 on."""
    import json

    import pyarrow as pa

    for i, field in enumerate(table.schema):
        stored = isinstance(field.type, pa.BaseExtensionType)
        saved = field.metadata or {}
        named = field.type.extension_name.encode() if stored else saved.get(b"ARROW:extension:name")
        if named != b"pandas.period":
            continue
        described = field.type.__arrow_ext_serialize__() if stored else saved[b"ARROW:extension:metadata"]
        unit = _PERIODS.get(json.loads(described)["freq"].upper())
        column = table.column(i)
        numbers = pa.chunked_array([c.storage for c in column.chunks], field.type.storage_type) if stored else column
        if unit is None or not pa.types.is_integer(numbers.type):
            continue
        starts = np.array(numbers.to_pylist(), np.float64)
        missing = np.isnan(starts)
        stamps = (
            (np.where(missing, 0, starts).astype(np.int64) * unit[1]).astype(f"datetime64[{unit[0]}]").astype("datetime64[us]")
        )
        table = table.set_column(i, field.name, pa.array(np.where(missing, np.datetime64("NaT", "us"), stamps)))
    return table


def _iso_durations(chunk: Any) -> Any:
    """Return durations as texts such as PT90.5S, which are read as those of a text file are."""
    import pyarrow as pa

    micros = chunk.cast(pa.duration("us"), safe=False).cast(pa.int64()).to_pylist()
    texts = [None if n is None else f"{'-' if n < 0 else ''}PT{abs(n) / 1e6:.6f}".rstrip("0").rstrip(".") + "S" for n in micros]
    return pa.array(texts, pa.string())


def _arrays_of(table: pa.Table) -> tuple[list[int], list[np.ndarray]]:
    """Return the row of each column in the arrays, -1 for none, and arrays (C, n) of float columns of one type."""
    import pyarrow as pa

    place, arrays, rows = [-1] * table.num_columns, [], 0
    types = table.schema.types
    for kind in (pa.float32(), pa.float64()):
        mine = [i for i, other in enumerate(types) if other == kind]
        if len(mine) < _TOGETHER or not table.num_rows:
            continue
        pieces = [np.asarray(batch.to_tensor(null_to_nan=True)).T for batch in table.select(mine).to_batches()]
        arrays.append(np.ascontiguousarray(pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)))
        for k, i in enumerate(mine):
            place[i] = rows + k
        rows += len(mine)
    return place, arrays


def from_chunks(name: str, chunks: list[Any], where: str) -> Column:
    """Build a column from its Arrow chunks; `chunks` is emptied. Raises DataError for nested types."""
    import pyarrow as pa

    kind = chunks[0].type
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        chunks[:] = [c.dictionary_decode() for c in chunks]
        kind = chunks[0].type
    if pa.types.is_boolean(kind):  # flags, as true and false are in a text file
        chunks[:] = [c.cast(pa.string()) for c in chunks]
        kind = pa.string()
    if pa.types.is_dictionary(kind) or _is_text(kind):
        if not pa.types.is_dictionary(kind):
            chunks[:] = [c.cast(pa.string()).dictionary_encode() for c in chunks]
        unified = pa.chunked_array(chunks).unify_dictionaries()
        chunks[:] = unified.chunks
        del unified
        return _text(name, chunks)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        missing = np.iinfo(np.int64).min  # NaT as an integer
        micros = pa.timestamp("us", tz=zone)
        values = _drained(chunks, np.int64, lambda c: arrow.values(c.cast(micros, safe=False).cast(pa.int64()), missing))
        zone = "UTC" if zone in ("Z", "utc", "+00:00", "Etc/UTC") else zone
        return Column(name, "stamp", values.view("datetime64[us]"), tz=zone)
    if pa.types.is_null(kind):
        return Column(name, "number", np.full(sum(map(len, chunks)), np.nan, np.float32))
    if pa.types.is_integer(kind) and kind.bit_width == 64 and any(_beyond_float(c) for c in chunks):
        return from_chunks(name, [c.cast(pa.string()) for c in chunks], where)
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise DataError(f"{where}: column {name!r} holds {kind}, which is neither number, text nor time")
    wanted = pa.float32() if pa.types.is_float32(kind) or pa.types.is_float16(kind) else pa.float64()
    numpy_type = np.float32 if wanted == pa.float32() else np.float64
    numbers = _drained(chunks, numpy_type, lambda c: arrow.values(c if c.type == wanted else c.cast(wanted, safe=False), np.nan))
    return Column(name, "number", numbers)


def _drained(chunks: list[Any], kind: Any, convert: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Copy all chunks into one array. Each chunk is released once it is copied, so the column is never in memory twice."""
    out = np.empty(sum(map(len, chunks)), kind)
    at = 0
    chunks.reverse()
    while chunks:
        piece = convert(chunks.pop())
        out[at : at + len(piece)] = piece
        at += len(piece)
    return out


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _beyond_float(chunk: Any) -> bool:
    import pyarrow.compute as pc

    ends = pc.min_max(chunk).as_py()
    return ends["max"] is not None and max(abs(ends["min"]), abs(ends["max"])) >= 2**53


def _text(name: str, chunks: list[Any]) -> Column:
    """Build a text column from dictionary arrays that share their dictionary: codes and trimmed labels; blank becomes missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    labels = chunks[0].dictionary.cast(pa.string())
    codes = _drained(chunks, np.int32, lambda c: arrow.values(c.indices, -1))
    trimmed = pc.utf8_trim_whitespace(labels)
    if len(labels) and (not trimmed.equals(labels) or pc.any(pc.equal(trimmed, arrow.text(""))).as_py() or labels.null_count):
        again = pc.replace_with_mask(
            trimmed, pc.equal(pc.fill_null(trimmed, arrow.text("")), arrow.text("")), arrow.text(None)
        ).dictionary_encode()
        moved = arrow.values(again.indices, -1).astype(np.int32)
        spelt = None if trimmed.equals(labels) else _spelt(labels, again.dictionary, moved)
        codes = np.where(codes < 0, np.int32(-1), moved[codes])
        return Column(name, "text", codes, again.dictionary, spelt=spelt)
    return Column(name, "text", codes, labels)


def _spelt(labels: Any, trimmed: Any, moved: np.ndarray) -> Any:
    """Return the labels as written, by their new codes, or None if blanks only align the columns of the file."""
    texts = [text for text in labels.to_pylist() if text and text.strip()]
    if all(text[0].isspace() for text in texts) or len({len(text) for text in texts}) == 1:
        return None
    ways = np.bincount(moved[moved >= 0], minlength=len(trimmed))
    found = trimmed.to_pylist()
    for text, code in zip(labels.to_pylist(), moved.tolist(), strict=True):
        if code >= 0 and ways[code] == 1:
            found[code] = text
    return arrow.strings(found)


def concatenated(tables: list[Table], where: str) -> Table:
    """Concatenate the rows of the tables. Raises DataError where their columns differ."""
    if len(tables) == 1:
        return tables[0]
    first, others = tables[0], [t.columns for t in tables[1:]]
    for other in tables[1:]:
        if other.columns.keys() != first.columns.keys():
            odd = sorted(set(first.columns) ^ set(other.columns))[:5]
            names = (first.where.parts[0][0], other.where.parts[0][0])
            raise DataError(
                f"{names[0]} and {names[1]} have different columns: {', '.join(map(repr, odd))}", "name files of one kind"
            )
    columns = first.columns.below(others, lambda name: _joined([t.columns[name] for t in tables], where))
    return Table(columns, sum(t.rows for t in tables), below([t.where for t in tables], [t.rows for t in tables]), first.marks)


def _joined(pieces: list[Column], where: str) -> Column:
    """Join several columns into one, which is text if they are of different kinds."""
    import pyarrow as pa

    name = pieces[0].name
    kinds = {p.kind for p in pieces if not p.missing.all()} or {"number"}
    if len(kinds) > 1 or len({p.tz for p in pieces}) > 1:
        pieces = [as_text(p) for p in pieces]
    elif len({p.kind for p in pieces}) > 1:
        kind = kinds.pop()
        pieces = [p if p.kind == kind else _empty(name, kind, len(p)) for p in pieces]
    if pieces[0].kind != "text":
        return replace(pieces[0], values=np.concatenate([p.values for p in pieces]))
    chunks = [pa.DictionaryArray.from_arrays(arrow.integers(p.values, p.values < 0), p.labels) for p in pieces]
    return from_chunks(name, chunks, where)


def _empty(name: str, kind: str, rows: int) -> Column:
    """Return a column of missing values."""
    if kind == "text":
        return Column(name, kind, np.full(rows, -1, np.int32), arrow.strings([]))
    fill = np.full(rows, np.nan, np.float32) if kind == "number" else np.full(rows, "NaT", "datetime64[us]")
    return Column(name, kind, fill)
