"""Parquet files whose items stand together -> pieces of whole items that can be read one by one, in any process.

A dataset can be streamed when the rows of each item follow one another, across row groups and files too. Sorted by item it
is when each row group begins at the item where the one before it ends, or after it: the files' own statistics tell, and no
row is read. Else the item column alone is read, and no item may appear in two places.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np

from tsattn.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".pq")
PIECE_ROWS = 1 << 20  # row groups are joined up to this many rows; a larger one is a separate piece
Keys = tuple[tuple[str, Any], ...]  # columns that stand in the path: `shop=7/part-0.parquet`


@dataclass(frozen=True)
class Group:
    """Row group of a file."""

    path: str
    number: int
    rows: int
    keys: Keys = ()


@dataclass(frozen=True)
class Piece:
    """Rows of whole items: those of `groups` without the item `before`, which began earlier, and those of `last` in `after`."""

    groups: tuple[Group, ...]
    after: tuple[Group, ...]
    item: str
    before: Any
    last: Any
    columns: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(group.rows for group in self.groups)

    def __str__(self) -> str:
        first = self.groups[0]
        return f"{first.path}, from row group {first.number}"

    def read(self) -> pa.Table:
        """The rows. Raises DataError when a file cannot be read."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = read_groups(self.groups, self.columns, self.item)
        if self.before is not None:
            table = table.filter(pc.not_equal(table[self.item], self.before))
        rest = []
        for group in self.after:
            more = read_groups((group,), self.columns, self.item)
            rest.append(more.filter(pc.equal(more[self.item], self.last)))
        return pa.concat_tables([table, *rest]).unify_dictionaries() if rest else table


def files_of(data: Any) -> list[tuple[str, Keys]]:
    """Return (path, keys) of the Parquet files that a path, glob or list of paths names; [] when some are of another kind."""
    if not isinstance(data, (str, Path)):
        return [(p, ()) for p in map(str, data)] if isinstance(data, list) and all(map(_is_parquet, data)) else []
    base = Path(data)
    if base.is_dir():
        found = [p for p in sorted(base.rglob("*")) if p.is_file() and not any(n[0] in "._" for n in p.relative_to(base).parts)]
    else:
        found = [base] if base.is_file() else [Path(p) for p in sorted(glob.glob(str(data), recursive=True)) if Path(p).is_file()]
    if not found or not all(map(_is_parquet, found)):
        return []
    keys = [_keys(path.relative_to(base)) if base.is_dir() else () for path in found]
    if len({tuple(name for name, _ in one) for one in keys}) > 1:
        return []
    for at in range(len(keys[0])):
        if all(one[at][1].lstrip("-").isdecimal() and str(int(one[at][1])) == one[at][1] for one in keys):
            keys = [(*one[:at], (one[at][0], int(one[at][1])), *one[at + 1 :]) for one in keys]
    return [(str(path), one) for path, one in zip(found, keys, strict=True)]


def _is_parquet(path: str | Path) -> bool:
    return str(path).lower().endswith(SUFFIXES)


def _keys(path: Path) -> Keys:
    parts = [part.partition("=") for part in path.parts[:-1]]
    return tuple((name, unquote(value)) for name, sign, value in parts if sign)


def groups_of(files: Sequence[tuple[str, Keys]]) -> list[Group]:
    """Return the row groups of files, in order. Raises DataError for a file that is not Parquet."""
    found = []
    for path, keys in files:
        with _opened(path) as file:
            counts = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        found += [Group(path, i, rows, keys) for i, rows in enumerate(counts) if rows]
    if not found:
        raise DataError(f"{files[0][0]}: there are no rows")
    return found


def head(groups: Sequence[Group], rows: int = PIECE_ROWS) -> pa.Table:
    """The first rows, all columns."""
    import pyarrow as pa

    first = groups[0]
    with _opened(first.path) as file:
        batches, count = [], 0
        for batch in file.iter_batches(batch_size=min(rows, 1 << 16), row_groups=[first.number]):
            batches.append(batch)
            count += batch.num_rows
            if count >= rows:
                break
        return _with_keys(pa.Table.from_batches(batches, file.schema_arrow), first.keys)


def pieces(groups: Sequence[Group], item: str, columns: tuple[str, ...], rows: int = PIECE_ROWS) -> list[Piece] | str:
    """Divide the dataset into pieces of whole items, or return why that is impossible. `item`: the column of item names."""
    found = _by_statistics(groups, item) or _by_reading(groups, item)
    if isinstance(found, str):
        return found
    groups, spans = found
    made, begin = [], 0
    while begin < len(groups):
        end, count = begin + 1, groups[begin].rows
        while end < len(groups) and count + groups[end].rows <= rows:
            count, end = count + groups[end].rows, end + 1
        last = spans[end] if end < len(groups) and spans[end] != spans[begin] else None
        after = end
        while last is not None and after < len(groups) and spans[after] == last:
            after += 1
        if end == len(groups) or spans[begin] is None or spans[end] != spans[begin]:  # else all of it is of an earlier item
            made.append(Piece(tuple(groups[begin:end]), tuple(groups[end:after]), item, spans[begin], last, columns))
        begin = end
    return made


Spans = list[Any]  # for each row group the item that began in the one before it, else None


def _by_statistics(groups: Sequence[Group], item: str) -> tuple[list[Group], Spans] | None:
    """Sort the groups by the least and greatest item in their statistics; None where statistics are missing or overlap."""
    bounds = {}
    for path in dict.fromkeys(group.path for group in groups):
        with _opened(path) as file:
            at = _column(file, item)
            for group in (group for group in groups if group.path == path):
                keys = dict(group.keys)
                if item in keys:
                    bounds[group] = (keys[item], keys[item])
                    continue
                known: Any = file.metadata.row_group(group.number).column(at).statistics if at is not None else None
                if known is None or not known.has_min_max or known.null_count:
                    return None
                if getattr(known, "is_min_value_exact", None) is False or getattr(known, "is_max_value_exact", None) is False:
                    return None
                bounds[group] = (known.min, known.max)
    ordered = sorted(groups, key=lambda group: bounds[group])
    if any(bounds[b][0] < bounds[a][1] for a, b in pairwise(ordered)):
        return None
    spans = [None, *(bounds[b][0] if bounds[b][0] == bounds[a][1] else None for a, b in pairwise(ordered))]
    return ordered, spans


def _by_reading(groups: Sequence[Group], item: str) -> tuple[list[Group], Spans] | str:
    """Return the groups in their order if no item appears in two places; else the reason. Keeps eight bytes per item."""
    seen: list[np.ndarray] = []
    spans: Spans = []
    last: Any = None
    for group in groups:
        column = read_groups((group,), (item,), item)[item].combine_chunks()
        if column.null_count:
            return f"some rows of {group.path} have no {item}"
        codes = np.asarray(column.indices)
        starts = np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
        names = [column.dictionary[int(code)].as_py() for code in codes[starts]]
        if len(set(names)) < len(names):
            return f"{group.path} is not sorted by {item}"
        spans.append(names[0] if names[0] == last else None)
        seen.append(np.array([hash(name) for name in names[spans[-1] is not None :]], np.int64))
        last = names[-1]
    every = np.concatenate(seen)
    if len(np.unique(every)) < len(every):
        return f"some {item} has rows in two places: sort the dataset by {item}"
    return list(groups), spans


def read_groups(groups: Sequence[Group], columns: Sequence[str], item: str) -> pa.Table:
    """The rows of row groups, texts of `item` as a dictionary. Raises DataError when a file cannot be read or lacks a column."""
    import pyarrow as pa

    tables = []
    for path in dict.fromkeys(group.path for group in groups):
        mine = [group for group in groups if group.path == path]
        keys = dict(mine[0].keys)
        inside = [name for name in columns if name not in keys]
        with _opened(path, item) as file:
            if missing := [name for name in inside if name not in file.schema_arrow.names]:
                raise DataError(f"{path}: no column {missing[0]!r}, which the first file has")
            try:
                table = file.read_row_groups([group.number for group in mine], columns=inside)
            except (pa.ArrowException, OSError) as error:
                raise DataError(
                    f"{path}: cannot be read as Parquet: {str(error)[:200]}", "check that the file is complete"
                ) from None
        table = _with_keys(table, mine[0].keys).select(list(columns))
        if not pa.types.is_dictionary(table.schema.field(item).type):
            at = table.column_names.index(item)
            table = table.set_column(at, item, table[item].dictionary_encode())
        tables.append(table.replace_schema_metadata(None))
    try:
        return pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    except pa.ArrowException as error:
        raise DataError(f"{groups[0].path} and the files after it differ in their columns: {str(error)[:200]}") from None


def whole(groups: Sequence[Group]) -> pa.Table:
    """Return all rows of all columns, for a dataset that the other readers cannot read (with columns in its paths)."""
    import pyarrow as pa

    tables = []
    for path in dict.fromkeys(group.path for group in groups):
        keys = next(group.keys for group in groups if group.path == path)
        with _opened(path) as file:
            tables.append(_with_keys(file.read(), keys).replace_schema_metadata(None))
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(f"the files of the dataset differ in their columns: {str(error)[:200]}") from None


def _column(file: Any, name: str) -> int | None:
    paths = [file.schema.column(i).path for i in range(len(file.schema))]
    return paths.index(name) if name in paths else None


def _with_keys(table: pa.Table, keys: Keys) -> pa.Table:
    import pyarrow as pa

    for name, value in keys:
        if name not in table.column_names:
            table = table.append_column(
                name, pa.array([value] * table.num_rows, pa.int64() if type(value) is int else pa.string())
            )
    return table


class _opened:
    """Open Parquet file, with `item` as a dictionary. Raises DataError for a file that is not Parquet."""

    def __init__(self, path: str, item: str | None = None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self.file = pq.ParquetFile(path, pre_buffer=False)
            if item in self.file.schema_arrow.names:
                self.file.close()
                self.file = pq.ParquetFile(path, read_dictionary=[item], pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path}: cannot be read as Parquet: {str(error)[:200]}", "check that the file is complete") from None

    def __enter__(self) -> Any:
        return self.file

    def __exit__(self, *_: object) -> None:
        self.file.close()
