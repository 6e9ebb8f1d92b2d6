"""Results -> Parquet datasets, one partition per job and cutoff, each written beside and renamed."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from tsattn.atomic import write_atomic
from tsattn.batch.cutoffs import instant_of
from tsattn.batch.job_values import dataset_folder
from tsattn.batch.output_files import prepare
from tsattn.data.iso_text import UNITS, finest, iso_column
from tsattn.data.output_formats import Tables
from tsattn.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

PART = "forecast.parquet"
OPEN = 64  # maximum number of files open for writing: items may end at thousands of cutoffs


def write_dataset(place: str, tables: Tables) -> None:
    """Write a Parquet dataset, `job=…/cutoff=…/`. An item's rows of one cutoff are replaced by those of a later run.

    Items that a run did not forecast from this cutoff (they have newer rows by now) keep theirs. Nothing is renamed into
    place before all of it is written. Partitions that an older version of tsattn named in another format are renamed first.
    """
    job = next(tables())["job"][0].as_py()
    spell = _Spelling.of(tables, [cutoff for cutoff, _ in partitions(place, job)])
    _rename_partitions(place, job, spell)
    items = _items_of_cutoffs(tables, spell)
    cutoffs = sorted(items)
    with ExitStack() as renames:
        for first in range(0, len(cutoffs), OPEN):
            with ExitStack() as files:
                parts = {}
                for text in cutoffs[first : first + OPEN]:
                    path = _partition(place, job, text)
                    prepare(path)
                    parts[text] = files.enter_context(_Partition(path, renames.enter_context(write_atomic(path)), items[text]))
                for table in tables():
                    texts = spell(table["cutoff"])
                    for text in set(texts.to_pylist()) & set(parts):
                        parts[text].write(table.filter(_equal(texts, text)).drop_columns(["job", "cutoff"]))


@dataclass(frozen=True)
class _Spelling:
    """Format of the cutoffs in the paths of a dataset: step numbers, or ISO 8601 in one unit."""

    kind: pa.DataType
    unit: str = ""

    @classmethod
    def of(cls, tables: Tables, earlier: Sequence[dt.datetime | int]) -> _Spelling:
        """Choose the format for the tables and for the cutoffs that the dataset holds.

        Forecast timestamps count too: in hourly data, every cutoff has a time of day, even if all cutoffs are at midnight.
        """
        import pyarrow as pa

        kind = next(tables())["cutoff"].type
        if not pa.types.is_timestamp(kind):
            return cls(kind)
        shown = cls(kind)
        units = {finest(_distinct(table[name])) for table in tables() for name in ("cutoff", "timestamp")}
        units.add(finest(shown.column([cutoff for cutoff in earlier if shown.fits(cutoff)])))
        return cls(kind, max(units, key=UNITS.index))

    def __call__(self, cutoffs: Any) -> Any:
        """Convert a column of cutoffs to the texts of paths."""
        import pyarrow as pa

        return iso_column(cutoffs, self.unit) if self.unit else pa.array(map(str, cutoffs.to_pylist()), pa.string())

    def fits(self, cutoff: dt.datetime | int) -> bool:
        """Return True for a timestamp that is local time or an instant, as this run's cutoffs are; False for step numbers."""
        zone = getattr(self.kind, "tz", None)
        return isinstance(cutoff, dt.datetime) and (cutoff.tzinfo is None) == (zone is None) and hasattr(self.kind, "unit")

    def column(self, cutoffs: Sequence[dt.datetime | int]) -> Any:
        import pyarrow as pa

        return pa.chunked_array([pa.array(cutoffs, self.kind)])


def _rename_partitions(place: str, job: str, spell: _Spelling) -> None:
    """Rename every partition of a job to the format of `spell`.

    A partition is a single file, moved by one rename. If a cutoff has partitions in two formats, their rows are joined; for an
    item in both, the rows of the newer file are kept.
    """
    earlier = [(cutoff, path) for cutoff, path in partitions(place, job) if spell.fits(cutoff)]
    texts = spell(spell.column([cutoff for cutoff, _ in earlier])).to_pylist() if earlier else []
    for (_, named), text in zip(earlier, texts, strict=True):
        if named.endswith(os.path.join(f"cutoff={quote(text)}", PART)) or not os.path.exists(named):
            continue
        path, target = Path(named), _partition(place, job, text)
        prepare(path)
        prepare(target)
        try:
            if target.exists():
                _join(target, path)
            else:
                path.replace(target)
            path.unlink(missing_ok=True)
            with suppress(OSError):  # other files may be in the folder
                path.parent.rmdir()
        except OSError as error:
            raise DataError(f"{path}: cannot be renamed to {target}: {error.strerror or error}") from None


def _join(target: Path, other: Path) -> None:
    """Write the rows of two files of one cutoff into `target`. Items that are in both keep the rows of the newer file."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    older, newer = sorted((target, other), key=lambda path: path.stat().st_mtime_ns)
    with _data_errors(newer), pq.ParquetFile(newer, pre_buffer=False) as file:
        items = pc.unique(file.read(columns=["item_id"])["item_id"])
        with write_atomic(target) as beside, _Partition(older, beside, items) as joined:
            for batch in file.iter_batches():
                joined.write(pa.Table.from_batches([batch]))


def _items_of_cutoffs(tables: Tables, spell: _Spelling) -> dict[str, Any]:
    """Return the items that have a forecast from each cutoff."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, list[Any]] = {}
    for table in tables():
        texts = spell(table["cutoff"])
        for text in set(texts.to_pylist()):
            found.setdefault(text, []).append(pc.unique(table["item_id"].filter(_equal(texts, text))))
    return {text: pc.unique(pa.chunked_array(parts)) for text, parts in found.items()}


def _distinct(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.chunked_array([pc.unique(column)])


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
            with _data_errors(self.path):
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
        with _data_errors(self.path), pq.ParquetFile(self.path, pre_buffer=False) as file:
            for batch in file.iter_batches(columns=columns):
                old = pa.Table.from_batches([batch])
                yield old.filter(pc.invert(pc.is_in(old["item_id"], value_set=self.items)))


@contextmanager
def _data_errors(path: Path) -> Iterator[None]:
    """Raise DataError for an existing file that cannot be read as forecasts of this job."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, KeyError, OSError) as error:
        said = str(error).strip("'").splitlines()[0][:200]
        raise DataError(f"{path}: its rows cannot be kept beside the new ones: {said}", "move it away, and run again") from None


def partitions(place: str, job: str) -> list[tuple[dt.datetime | int, str]]:
    """Return (cutoff, path) of each partition of a job in a dataset, the newest first. Other folders are ignored.

    A job may have a hundred thousand partitions, so paths are texts, and a file may be missing from its folder.
    """
    folder = dataset_folder(place, job)
    names = [name for name in os.listdir(folder) if name.startswith("cutoff=")] if folder.is_dir() else []
    cutoffs = [_cutoff(unquote(name.removeprefix("cutoff="))) for name in names]
    named = [(c, os.path.join(folder, name, PART)) for c, name in zip(cutoffs, names, strict=True) if c is not None]
    return sorted(named, key=lambda one: (isinstance(one[0], int), instant_of(one[0])), reverse=True)


def _cutoff(text: str) -> dt.datetime | int | None:
    """Parse a cutoff in a path: a step number, or a date with or without a time; None for any other text."""
    try:
        return int(text) if text.lstrip("-").isdecimal() else dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _partition(place: str, job: str, text: str) -> Path:
    return dataset_folder(place, job) / f"cutoff={quote(text)}" / PART
