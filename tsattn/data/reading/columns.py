"""Columns: named arrays of numbers, texts or timestamps as read, before roles are assigned."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.marks import UNKNOWN, Marks
from tsattn.data.reading.row_location import Where

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
            return "" if np.isnan(value) else _written(value)
        return "" if np.isnat(value) else str(value)


class Columns(Mapping[str, Column]):
    """Columns by name, in order. Numeric columns may be rows of arrays (C, n), which become Column objects on demand.

    made: columns that are Column objects; without arrays, all of them. place: row of each column, counted over all arrays, or -1
    for a column that is only in `made`; it sets the order.
    """

    def __init__(self, made: dict[str, Column], place: dict[str, int] | None = None, arrays: Sequence[np.ndarray] = ()) -> None:
        self._made, self._arrays = made, tuple(arrays)
        self._place = dict.fromkeys(made, -1) if place is None else place
        sizes = [len(array) for array in arrays]
        self._ends = np.cumsum(sizes, dtype=np.int64)
        self._starts = self._ends - sizes
        self._by_row: list[str] | None = None

    def __getitem__(self, name: str) -> Column:
        if name not in self._made:
            place = self._place[name]
            which = int(np.searchsorted(self._ends, place, "right"))
            array = self._arrays[which]
            self._made[name] = Column(name, "number", array[place - int(self._starts[which])])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, name: object) -> bool:
        return name in self._place

    @functools.cached_property
    def numeric(self) -> list[str]:
        """Names of the columns of numbers, in order."""
        made = self._made
        return [n for n, place in self._place.items() if place >= 0 or made[n].kind == "number"]

    @functools.cached_property
    def others(self) -> dict[str, Column]:
        """The columns of texts and of timestamps, in order."""
        made = self._made
        return {n: made[n] for n, place in self._place.items() if place < 0 and made[n].kind != "number"}

    def stacked(self, names: Sequence[str]) -> np.ndarray:
        """Return (len(names), n) numbers, without a copy if they are adjacent rows of an array; mixed types become float64."""
        if (rows := self._neighbours(names)) is not None:
            return rows
        places = np.fromiter(map(self._place.__getitem__, names), np.int64, len(names))
        which = np.searchsorted(self._ends, places, "right")
        which[places < 0] = -1
        if len(names) and which[0] >= 0 and (which == which[0]).all():
            return self._arrays[which[0]][places - int(self._starts[which[0]])]
        if (which < 0).all():
            return _rows_of([self[name].values for name in names])
        alone = [self[names[k]].values for k in np.flatnonzero(which < 0).tolist()]
        used = [self._arrays[k] for k in np.unique(which[which >= 0]).tolist()]
        out = np.empty((len(names), used[0].shape[1]), np.result_type(*used, *alone))
        for k in np.unique(which).tolist():
            mine = which == k
            out[mine] = _rows_of(alone) if k < 0 else self._arrays[k][places[mine] - int(self._starts[k])]
        return out

    def _neighbours(self, names: Sequence[str]) -> np.ndarray | None:
        """Return a view of the rows of an array that hold these columns, or None if they are not adjacent."""
        first = self._place[names[0]] if names else -1
        if first < 0:
            return None
        if self._by_row is None:
            self._by_row = [""] * int(self._ends[-1])
            for name, place in self._place.items():
                if place >= 0:
                    self._by_row[place] = name
        which = int(np.searchsorted(self._ends, first, "right"))
        end = first + len(names)
        if end > self._ends[which] or self._by_row[first:end] != list(names):
            return None
        start = int(self._starts[which])
        return self._arrays[which][first - start : end - start]

    def values_of(self, names: Sequence[str]) -> np.ndarray | list[np.ndarray]:
        """Return the values of numeric columns: an array (len(names), n) if they are adjacent rows of one, else an array each."""
        if (found := self._neighbours(names)) is not None:
            return found
        rows = [row for array in self._arrays for row in array]
        places = map(self._place.__getitem__, names)
        return [self[name].values if place < 0 else rows[place] for name, place in zip(names, places, strict=True)]

    def take(self, rows: np.ndarray) -> Columns:
        """Return all columns with only these rows, in this order."""
        made = {n: c.take(rows) for n, c in self._made.items() if self._place.get(n, 0) < 0}
        return self._with(made, self._place, [array[:, rows] for array in self._arrays])

    def only(self, names: Set[str]) -> Columns:
        """Return only these columns, in the original order."""
        gone = self._place.keys() - names
        if not gone:
            return self
        place = self._place.copy()
        for name in gone:
            del place[name]
        return self._with(self._made, place, self._arrays)

    def updated(self, columns: Mapping[str, Column]) -> Columns:
        """Return the columns with these replacing those of the same name; columns with new names follow."""
        if not columns:
            return self
        made, place = {**self._made, **columns}, {**self._place, **dict.fromkeys(columns, -1)}
        return Columns(made, place, self._arrays)  # names of rows are found again: a new column may have an old name

    def _with(self, made: dict[str, Column], place: dict[str, int], arrays: Sequence[np.ndarray]) -> Columns:
        """Return columns whose array rows keep the names that they have here, or have none."""
        columns = Columns(made, place, arrays)
        columns._by_row = self._by_row
        return columns

    def below(self, others: Sequence[Columns], join: Callable[[str], Column]) -> Columns:
        """Append the rows of the others. Columns that are not rows of arrays come from `join`."""
        if any(other._place != self._place for other in others):
            return Columns({name: join(name) for name in self._place})
        made = {name: join(name) for name, place in self._place.items() if place < 0}
        pieces = zip(self._arrays, *(other._arrays for other in others), strict=True)
        return Columns(made, self._place, [np.concatenate(some, axis=1) for some in pieces])


def _rows_of(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack C arrays (n,) into (C, n), without a copy if there is only one."""
    return arrays[0][None] if len(arrays) == 1 else np.concatenate(arrays).reshape(len(arrays), -1)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length by name, the source of each row, and the marks of numbers in its texts.

    lost_names: names in the line above the rows that are not the names of its columns; see `Dialect`.
    """

    columns: Columns
    rows: int
    where: Where
    marks: Marks = UNKNOWN
    lost_names: tuple[str, ...] = ()

    def take(self, rows: np.ndarray) -> Table:
        return replace(self, columns=self.columns.take(rows), rows=len(rows), where=self.where.of(rows))

    def only(self, names: Iterable[str]) -> Table:
        """Return the table with only these columns, in the table's order."""
        return replace(self, columns=self.columns.only(set(names)))

    def with_columns(self, columns: Mapping[str, Column]) -> Table:
        """Return the table with these columns replacing those of the same name; columns with new names follow."""
        return replace(self, columns=self.columns.updated(columns)) if columns else self


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


def _written(value: np.number) -> str:
    """Return a number as it was written: 2012.1 for the float32 2012.09998."""
    return f"{value:.15g}" if value.dtype == np.float64 or value == np.round(value) else str(value)


def as_text(column: Column) -> Column:
    """Convert the values to text, for a column that is not of one kind."""
    if column.kind == "text":
        return column
    seen = ~column.missing
    distinct, inverse = np.unique(column.values[seen], return_inverse=True)
    codes = np.full(len(column), -1, np.int32)
    codes[seen] = inverse
    if column.kind == "number":
        texts = list(map(_written, distinct))
    else:
        texts = [str(v) + ("Z" if column.tz else "") for v in distinct]
    return Column(column.name, "text", codes, arrow.strings(texts))
