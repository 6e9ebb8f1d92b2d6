"""The rows of one run, kept on disk until all of them are there: only then is any output touched."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tsattn.data.output_formats import Tables
from tsattn.errors import DataError, reason

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1 << 16  # of one table
UNHASHED = ("reason",)  # columns that the digest of the results leaves out


class Spool:
    """A Parquet file that grows table by table. `digest` identifies the rows, however they were cut into tables."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
        self._writer: Any = None
        self._sink: Any = None
        self._columns: dict[str, Any] = {}
        self._left_out: Callable[[pa.Table], np.ndarray] | None = None

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._writer is not None:
                with contextlib.suppress(OSError, ValueError):  # a full disk was reported when it was met
                    self._writer.close()
                with contextlib.suppress(OSError):
                    self._sink.close()
        finally:
            self.path.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Append rows; all tables have the columns of the first."""
        import pyarrow.parquet as pq

        with self._data_errors():
            if self._writer is None:
                self._sink = _new_file(self.path)
                self._writer = pq.ParquetWriter(self._sink, table.schema)
            self._writer.write_table(table)
        self.rows += table.num_rows
        for name in table.column_names:
            if name not in UNHASHED:
                self._columns.setdefault(name, hashlib.sha256(name.encode())).update(_bytes(table[name]))

    def close(self) -> None:
        """Write the end of the file; from then on it can be read. Raises DataError when the disk is full."""
        if self._writer is not None:
            with self._data_errors():
                self._writer.close()
                self._sink.close()

    @contextlib.contextmanager
    def _data_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written: {reason(error)}",
                "free space, or choose another place: --workspace FOLDER",
            ) from None

    @property
    def digest(self) -> str:
        return hashlib.sha256("".join(one.hexdigest() for one in self._columns.values()).encode()).hexdigest()

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows, of these columns or of all. The spool must be closed."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        # with pre_buffer, the whole file stays in memory until the last row is read
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            for batch in file.iter_batches(ROWS, columns=None if columns is None else list(columns)):
                yield pa.Table.from_batches([batch])

    def leave_out(self, left_out: Callable[[pa.Table], np.ndarray], rows: int) -> None:
        """Leave rows out of `labelled`: `rows` in all, (n,) bool, True where `left_out` of a table is."""
        self._left_out = left_out
        self.rows -= rows

    def labelled(self, about: Mapping[str, Any]) -> Tables:
        """The rows, each with the job, model, version and run_id of `about`. The spool must be closed."""

        def tables() -> Iterator[pa.Table]:
            for table in self.tables():
                kept = table if self._left_out is None else table.filter(~self._left_out(table))
                if kept.num_rows:
                    yield _labelled(kept, about)

        return tables


def _new_file(path: Path) -> IO[bytes]:
    """Open a new file at `path`. An earlier file there is removed first; a symbolic link is not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path.open("xb")


def _labelled(table: pa.Table, about: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    texts = {"job": 0, "model": table.num_columns - 1, "version": table.num_columns, "run_id": table.num_columns + 1}
    for name, at in texts.items():
        kind = pa.int64() if name == "version" else pa.string()
        table = table.add_column(at, name, pa.repeat(pa.scalar(about[name], kind), table.num_rows))
    return table


def _bytes(column: pa.ChunkedArray) -> bytes:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type):
        ended = pc.binary_join_element_wise(column, "\0", "", null_handling="replace", null_replacement="None")
        return b"".join(_texts(chunk) for chunk in ended.chunks)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return np.ascontiguousarray(column.to_numpy()).tobytes()


def _texts(column: pa.Array) -> bytes:
    """The texts of a column without nulls, one after another."""
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int32)[[column.offset, column.offset + len(column)]]
    return bytes(memoryview(data)[ends[0] : ends[1]]) if data is not None else b""
