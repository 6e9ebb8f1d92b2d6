"""Results -> files, files per item and Parquet datasets, each written beside and renamed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from tsattn.atomic import remove_leftovers, write_atomic
from tsattn.batch.job_values import dataset_folder
from tsattn.data.iso_text import UNITS, finest, iso_column
from tsattn.data.output_formats import FORMATS, Tables
from tsattn.data.overwrites import refuse_input
from tsattn.data.result_files import PER_ITEM, item_files, renamed
from tsattn.data.sinks import write_tables
from tsattn.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

PART = "forecast.parquet"
OPEN = 64  # files that are written at a time: items may end at thousands of cutoffs


def write_file(place: str, tables: Tables, columns: Mapping[str, str] = {}, data: Any = None) -> None:
    """Replace a file by the results of a run, or one file per item if its name contains `{item_id}`.

    columns: new names of columns. data: the input, which no file may replace.
    """
    path = Path(place)
    if PER_ITEM in path.name:
        _write_items(path, tables, columns, data)
        return
    _prepare(path)
    write_tables(_renamed(tables, columns), path)


def _renamed(tables: Tables, columns: Mapping[str, str]) -> Tables:
    """Yield the tables with new column names."""
    return lambda: (table.rename_columns(renamed(table.column_names, columns)) for table in tables())


def _write_items(path: Path, tables: Tables, columns: Mapping[str, str], data: Any) -> None:
    """Write one file per item. Nothing is renamed into place before all of it is written."""
    files = item_files(path, list(dict.fromkeys(item for item, _ in _by_item(tables))))
    for file in files.values():
        refuse_input(file, data)
        _prepare(file)
    with ExitStack() as renames:
        for item, parts in _by_item(tables):
            beside = renames.enter_context(write_atomic(files[item]))
            FORMATS[path.suffix.lower()].write(_renamed(partial(iter, parts), columns), beside)


def _by_item(tables: Tables) -> Iterator[tuple[str, list[Any]]]:
    """Yield the rows of each item, as parts of the tables; they are adjacent."""
    held: str | None = None
    parts: list[Any] = []
    for table in tables():
        items = table["item_id"].to_pylist()
        starts = [i for i, item in enumerate(items) if not i or item != items[i - 1]]
        for first, end in zip(starts, [*starts[1:], len(items)], strict=True):
            if parts and items[first] != held:
                yield str(held), parts
                parts = []
            held = items[first]
            parts.append(table.slice(first, end - first))
    if parts:
        yield str(held), parts


def write_dataset(place: str, tables: Tables) -> None:
    """Write a Parquet dataset, `job=…/cutoff=…/`. An item's rows of one cutoff are replaced by those of a later run.

    Items that a run did not forecast from this cutoff (they have newer rows by now) keep theirs. Nothing is renamed into
    place before all of it is written.
    """
    job, items = _items_of_cutoffs(tables)
    cutoffs = sorted(items)
    with ExitStack() as renames:
        for first in range(0, len(cutoffs), OPEN):
            with ExitStack() as files:
                parts = {}
                for text in cutoffs[first : first + OPEN]:
                    path = dataset_folder(place, job) / f"cutoff={quote(text)}" / PART
                    _prepare(path)
                    parts[text] = files.enter_context(_Partition(path, renames.enter_context(write_atomic(path)), items[text]))
                for table, texts in _with_cutoffs(tables):
                    for text in set(texts.to_pylist()) & set(parts):
                        parts[text].write(table.filter(_equal(texts, text)).drop_columns(["job", "cutoff"]))


def _with_cutoffs(tables: Tables) -> Iterator[tuple[Any, Any]]:
    """The tables, and their cutoffs as they are written in paths."""
    import pyarrow as pa

    dated = [finest(table["cutoff"]) for table in tables() if pa.types.is_timestamp(table["cutoff"].type)]
    unit = max(dated, key=UNITS.index) if dated else None
    for table in tables():
        cutoff = table["cutoff"]
        yield table, iso_column(cutoff, unit) if unit else pa.array(map(str, cutoff.to_pylist()), pa.string())


def _items_of_cutoffs(tables: Tables) -> tuple[str, dict[str, Any]]:
    """The job's name, and the items that have a forecast from each cutoff."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, list[Any]] = {}
    job = ""
    for table, texts in _with_cutoffs(tables):
        job = table["job"][0].as_py()
        for text in set(texts.to_pylist()):
            found.setdefault(text, []).append(pc.unique(table["item_id"].filter(_equal(texts, text))))
    return job, {text: pc.unique(pa.chunked_array(parts)) for text, parts in found.items()}


def _equal(texts: Any, text: str) -> Any:
    import pyarrow.compute as pc

    return pc.equal(texts, text)


class _Partition:
    """Writer of one file of a dataset: the new rows, then the earlier rows that are kept."""

    def __init__(self, path: Path, beside: Path, items: Any) -> None:
        self.path, self.beside, self.items = path, beside, items
        self.writer: Any = None

    def __enter__(self) -> _Partition:
        return self

    def write(self, table: pa.Table) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.writer is None:
            schemas = [table.schema]
            if any(rest.num_rows for rest in self._rest(("item_id",))):
                schemas.append(pq.read_schema(self.path))
            with self._data_errors():
                self.schema = pa.unify_schemas(schemas, promote_options="default").remove_metadata()
            self.writer = pq.ParquetWriter(self.beside, self.schema, compression="zstd")
        self._append(table)

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                for rest in self._rest():
                    self._append(rest)
        finally:
            if self.writer is not None:
                self.writer.close()

    def _append(self, table: pa.Table) -> None:
        import pyarrow as pa

        if table.num_rows:
            empty = self.schema.empty_table()
            self.writer.write_table(pa.concat_tables([empty, table], promote_options="default").select(self.schema.names))

    def _rest(self, columns: tuple[str, ...] | None = None) -> Iterator[Any]:
        """The old rows of items that have no new ones."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        if not self.path.exists():
            return
        with self._data_errors(), pq.ParquetFile(self.path, pre_buffer=False) as file:
            for batch in file.iter_batches(columns=columns):
                old = pa.Table.from_batches([batch])
                yield old.filter(pc.invert(pc.is_in(old["item_id"], value_set=self.items)))

    @contextmanager
    def _data_errors(self) -> Iterator[None]:
        """Errors of a file that is there, and is not one of this job's forecasts."""
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, KeyError, OSError) as error:
            said = str(error).strip("'").splitlines()[0][:200]
            raise DataError(
                f"{self.path}: its rows cannot be kept beside the new ones: {said}", "move it away, and run again"
            ) from None


def partitions(place: str, job: str) -> list[tuple[dt.datetime | int, Path]]:
    """Return (cutoff, file) of each partition of a job in a dataset, the newest first."""
    found = dataset_folder(place, job).glob(f"cutoff=*/{PART}")
    named = [(_cutoff(unquote(path.parent.name.partition("=")[2])), path) for path in found]
    return sorted(named, key=lambda one: str(one[0]), reverse=True)


def _cutoff(text: str) -> dt.datetime | int:
    return int(text) if text.lstrip("-").isdecimal() else dt.datetime.fromisoformat(text)


def _prepare(path: Path) -> None:
    """Make the folder, and remove what a killed run left beside the file: the job's lock is held, so no run is writing it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
    except OSError as error:
        raise DataError(f"{path.parent}: cannot be written: {error.strerror or error}") from None
