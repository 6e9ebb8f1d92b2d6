"""Columns: named arrays of numbers, texts or timestamps as read, before roles are assigned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.marks import UNKNOWN, Marks
from tsattn.data.reading.row_location import Where
from tsattn.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Column:
    """Column of n rows.

    kind "number": values float32 or float64, NaN = missing. "text": values int32, codes into `labels` (an Arrow array of
    distinct trimmed strings), -1 = missing; `spelt` has the same strings with their blanks, where these are no layout of the
    file and each string is written in one way. "stamp": values datetime64[us], NaT = missing; of a zoned column UTC instants,
    and `tz` its zone.
    """

    name: str
    kind: str
    values: np.ndarray
    labels: pa.Array | None = None
    tz: str | None = None
    spelt: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def missing(self) -> np.ndarray:
        """Boolean mask (n,) of missing values."""
        if self.kind == "text":
            return self.values < 0
        return np.isnat(self.values) if self.kind == "stamp" else np.isnan(self.values)

    def take(self, rows: np.ndarray | slice) -> Column:
        return replace(self, values=self.values[rows])

    def texts(self) -> list[str]:
        """Return the distinct strings of a text column, by code."""
        return [] if self.labels is None else self.labels.to_pylist()

    def names(self) -> list[str]:
        """Return the distinct strings of a text column as names, by code, including the blanks at their ends."""
        return self.texts() if self.spelt is None else self.spelt.to_pylist()

    def text_at(self, row: int) -> str:
        """Return the value of a row as text, for messages."""
        value = self.values[row]
        if self.kind == "text":
            return "" if value < 0 or self.labels is None else str(self.labels[int(value)].as_py())
        if self.kind == "number":
            return "" if np.isnan(value) else f"{value:.15g}"
        return "" if np.isnat(value) else str(value)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length by name, the source of each row, and the marks of numbers in its texts."""

    columns: dict[str, Column]
    rows: int
    where: Where
    marks: Marks = UNKNOWN

    def take(self, rows: np.ndarray) -> Table:
        columns = {n: c.take(rows) for n, c in self.columns.items()}
        return replace(self, columns=columns, rows=len(rows), where=self.where.of(rows))

    def only(self, names: Iterable[str]) -> Table:
        """Return the table with these columns only, in the table's order."""
        wanted = set(names)
        return replace(self, columns={n: c for n, c in self.columns.items() if n in wanted})


def from_chunks(name: str, chunks: list[Any], where: str) -> Column:
    """Build a column from its Arrow chunks; `chunks` is emptied. Raises DataError for nested types."""
    import pyarrow as pa

    kind = chunks[0].type
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        chunks[:] = [c.dictionary_decode() for c in chunks]
        kind = chunks[0].type
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
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)):
        raise DataError(f"{where}: column {name!r} holds {kind}, which is neither number, text nor time")
    wanted = pa.float32() if pa.types.is_float32(kind) or pa.types.is_float16(kind) else pa.float64()
    if pa.types.is_boolean(kind):
        chunks[:] = [c.cast(pa.uint8()) for c in chunks]
    numpy_type = np.float32 if wanted == pa.float32() else np.float64
    numbers = _drained(chunks, numpy_type, lambda c: arrow.values(c if c.type == wanted else c.cast(wanted, safe=False), np.nan))
    return Column(name, "number", numbers)


def _drained(chunks: list[Any], kind: Any, convert: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Copy all chunks into one array; each chunk is released once it is copied, so that a column is not held twice."""
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
    """Return the labels by their new codes, as written; None where the blanks only align the file's columns."""
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
    import pyarrow as pa

    first, columns = tables[0], {}
    for other in tables[1:]:
        if set(other.columns) != set(first.columns):
            odd = sorted(set(first.columns) ^ set(other.columns))[:5]
            names = (first.where.parts[0][0], other.where.parts[0][0])
            raise DataError(
                f"{names[0]} and {names[1]} have different columns: {', '.join(map(repr, odd))}", "name files of one kind"
            )
    for name in first.columns:
        pieces = [t.columns[name] for t in tables]
        kinds = {p.kind for p in pieces if not p.missing.all()} or {"number"}
        if len(kinds) > 1 or len({p.tz for p in pieces}) > 1:
            pieces = [as_text(p) for p in pieces]
        elif len({p.kind for p in pieces}) > 1:
            kind = kinds.pop()
            pieces = [p if p.kind == kind else _empty(name, kind, len(p)) for p in pieces]
        if pieces[0].kind == "text":
            chunks = [pa.DictionaryArray.from_arrays(arrow.integers(p.values, p.values < 0), p.labels) for p in pieces]
            columns[name] = from_chunks(name, chunks, where)
        else:
            columns[name] = replace(pieces[0], values=np.concatenate([p.values for p in pieces]))
    parts = [part for t in tables for part in t.where.parts]
    return Table(columns, sum(t.rows for t in tables), Where(parts), first.marks)


def compact(column: Column) -> Column:
    """Return the column without labels that no row uses."""
    if column.kind != "text" or column.labels is None:
        return column
    used = np.bincount(column.values[column.values >= 0], minlength=len(column.labels)) > 0
    if used.all():
        return column
    moved = np.append(np.cumsum(used) - 1, -1).astype(np.int32)
    kept = arrow.bits(used)
    spelt = None if column.spelt is None else column.spelt.filter(kept)
    return replace(column, values=moved[column.values], labels=column.labels.filter(kept), spelt=spelt)


def as_text(column: Column) -> Column:
    """Convert the values to text, for a column that is not of one kind."""

    if column.kind == "text":
        return column
    seen = ~column.missing
    distinct, inverse = np.unique(column.values[seen], return_inverse=True)
    codes = np.full(len(column), -1, np.int32)
    codes[seen] = inverse
    if column.kind == "number":
        texts = [f"{v:.15g}" if column.values.dtype == np.float64 else str(v) for v in distinct]
    else:
        texts = [str(v) + ("Z" if column.tz else "") for v in distinct]
    return Column(column.name, "text", codes, arrow.strings(texts))


def _empty(name: str, kind: str, rows: int) -> Column:

    if kind == "text":
        return Column(name, kind, np.full(rows, -1, np.int32), arrow.strings([]))
    fill = np.full(rows, np.nan, np.float32) if kind == "number" else np.full(rows, "NaT", "datetime64[us]")
    return Column(name, kind, fill)
