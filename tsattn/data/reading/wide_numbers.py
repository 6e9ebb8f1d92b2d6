"""Text tables of many numeric columns, read as one stream of cells.

Arrow's reader has a fixed cost of some 50 microseconds per column and block, more than parsing ten numbers. Written below one
another, the cells of such a table form a file of one column, which the same parser reads at once with the same result.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.arrow_columns import from_chunks
from tsattn.data.reading.columns import Columns
from tsattn.data.reading.dialect import Dialect
from tsattn.data.reading.source import Part

LEAST = 300  # columns from which on this is faster
_MOST_OTHERS = 20  # columns that are no numbers
_NUMBERS = {"int64": np.float64, "float32": np.float32, "float64": np.float64}
_EXACT = 2.0**53  # whole numbers beyond are read as text
_PLAIN = np.zeros(256, bool)
_PLAIN[list(b"0123456789-\n")] = True


def convert_options(dialect: Dialect, columns: Iterable[tuple[str, str]]) -> Any:
    """Return Arrow's options to convert columns, given as pairs of name and type of `Dialect.types`."""
    import pyarrow as pa
    import pyarrow.csv as pc

    arrow_types = {
        "int64": pa.int64(),
        "float32": pa.float32(),
        "float64": pa.float64(),
        "iso": pa.timestamp("us"),
        "text": pa.dictionary(pa.int32(), pa.string()),
    }
    return pc.ConvertOptions(
        column_types={name: arrow_types[kind] for name, kind in columns},
        null_values=list(dialect.nulls),
        strings_can_be_null=False,
        decimal_point=dialect.decimal,
    )


class _Other(Exception):
    """Signal that the table needs the general reader."""


class Uneven(_Other):
    """Signal that some lines do not have one cell per column."""


def wide_columns(part: Part, dialect: Dialect, types: list[str], block: int) -> tuple[Columns, int] | None:
    """Return the columns and the number of rows, or None if the general reader must read the table or report an error.

    block: number of bytes to read at once. Raises Uneven if lines have different numbers of cells.
    """
    import pyarrow as pa

    others = [k for k, kind in enumerate(types) if kind not in _NUMBERS]
    delimiter = dialect.delimiter.encode()
    if len(types) < LEAST or len(others) > _MOST_OTHERS or dialect.encoding not in ("utf-8", "utf8") or dialect.aligned:
        return None
    if len(delimiter) != 1 or not any(kind in _NUMBERS for kind in types):
        return None
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in dict.fromkeys(types) if kind in _NUMBERS}
    where = {kind: np.array([k for k, name in enumerate(types) if name == kind]) for kind in found}
    beside: list[bytes] = []
    rows = 0
    try:
        for text in _lines(part, dialect.skip, block):
            cells = _Cells(text, delimiter, len(types))
            beside += cells.cut_out(others, delimiter)
            rows += cells.rows
            streams = {kind: cells.numbers(kind, dialect) for kind in dict.fromkeys(map(_stream, found))}
            for kind, made in found.items():
                values = streams[_stream(kind)][:, where[kind]]
                made.append(cells.whole(values, where[kind]) if kind == "int64" else values)
        special = _special(beside, [(dialect.names[k], types[k]) for k in others], dialect)
    except Uneven:
        raise
    except (_Other, pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    return (_columns(dialect, where, found, special, part.name), rows) if rows else None


def _stream(kind: str) -> str:
    return "float64" if kind == "int64" else kind


def _lines(part: Part, skip: int, block: int) -> Iterator[bytes]:
    """Yield blocks of whole lines below the header, without empty lines, each ending with a line feed."""
    with part.open() as stream:
        left = stream.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while True:
            more = stream.read(block)
            left = left + more if left else more
            while skip and (end := left.find(b"\n")) >= 0:
                left, skip = left[end + 1 :], skip - 1
            if not more:
                break
            end = -1 if skip else left.rfind(b"\n")
            if end >= 0:
                yield from _filled(left[: end + 1])
                left = left[end + 1 :]
    if left and not skip:
        yield from _filled(left + b"\n")


def _filled(text: bytes) -> Iterator[bytes]:
    """Yield the lines that are not empty, if there are any."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if b"\n\n" in text or text.startswith(b"\n"):
        text = b"".join(line + b"\n" for line in text.split(b"\n") if line)
    if text:
        yield text


class _Cells:
    """Cells of some lines: their bytes, and (rows, C) where each cell starts and ends."""

    def __init__(self, text: bytes, delimiter: bytes, columns: int) -> None:
        if b'"' in text or b"\x00" in text or b"\r" in text:
            raise _Other
        self.bytes = np.frombuffer(bytearray(text), np.uint8)
        ends = np.flatnonzero((self.bytes == delimiter[0]) | (self.bytes == 10))
        self.rows = text.count(b"\n")
        if len(ends) != self.rows * columns or not (self.bytes[ends[columns - 1 :: columns]] == 10).all():
            raise Uneven
        self.ends = ends.reshape(self.rows, columns)
        self.bytes[ends] = 10

    def cut_out(self, columns: list[int], delimiter: bytes) -> list[bytes]:
        """Return the lines of these columns alone, and put zeros in their place, which parse as numbers."""
        lines = []
        for row in range(self.rows if columns else 0):
            taken = []
            for column in columns:
                start = int(self.ends[row, column - 1] if column else self.ends[row - 1, -1] if row else -1) + 1
                end = int(self.ends[row, column])
                taken.append(self.bytes[start:end].tobytes())
                self.bytes[start:end] = ord("0")
            lines.append(delimiter.join(taken) + b"\n")
        return lines

    def numbers(self, kind: str, dialect: Dialect) -> np.ndarray:
        """Return (rows, C) numbers of this type, NaN = missing. Raises ArrowInvalid for a cell that is none."""
        import pyarrow as pa
        import pyarrow.csv as pc

        table = pc.read_csv(
            pa.BufferReader(pa.py_buffer(self.bytes)),
            pc.ReadOptions(column_names=["x"], use_threads=False, block_size=max(1 << 20, len(self.bytes))),
            pc.ParseOptions(delimiter="\x01", ignore_empty_lines=False),
            convert_options(dialect, [("x", kind)]),
        )
        values = np.concatenate([arrow.values(chunk, np.nan) for chunk in table.column(0).chunks])
        if values.size != self.ends.size:
            raise _Other
        return values.reshape(self.ends.shape)

    def whole(self, values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the numbers of columns of whole numbers; raises _Other where a cell is not written as one, or is too large."""
        odd = np.flatnonzero(~_PLAIN[self.bytes])
        if len(odd) and np.isin(np.searchsorted(self.ends.ravel(), odd) % self.ends.shape[1], columns).any():
            raise _Other
        if np.any(np.abs(values) >= _EXACT):
            raise _Other
        return values + 0.0  # -0 is 0 among whole numbers


def _special(lines: list[bytes], columns: list[tuple[str, str]], dialect: Dialect) -> Any:
    """Return an Arrow table of the columns that are not numeric."""
    import pyarrow as pa
    import pyarrow.csv as pc

    if not columns or not lines:
        return None
    return pc.read_csv(
        pa.BufferReader(b"".join(lines)),
        pc.ReadOptions(column_names=[name for name, _ in columns], use_threads=False),
        pc.ParseOptions(delimiter=dialect.delimiter, ignore_empty_lines=False),
        convert_options(dialect, columns),
    )


def _columns(
    dialect: Dialect, where: dict[str, np.ndarray], found: dict[str, list[np.ndarray]], special: Any, source: str
) -> Columns:
    """Return the columns in order; numeric ones are rows of one array (C, n) per type."""
    arrays, rows = [], 0
    place = np.full(len(dialect.names), -1)
    for kind, blocks in found.items():
        arrays.append(np.ascontiguousarray((blocks[0] if len(blocks) == 1 else np.concatenate(blocks)).T))
        blocks.clear()
        place[where[kind]] = rows + np.arange(len(arrays[-1]))
        rows += len(arrays[-1])
    others = [name for name, k in zip(dialect.names, place.tolist(), strict=True) if k < 0]
    made = {name: from_chunks(name, list(special.column(name).chunks), source) for name in others}
    return Columns(made, dict(zip(dialect.names, place.tolist(), strict=True)), arrays)
