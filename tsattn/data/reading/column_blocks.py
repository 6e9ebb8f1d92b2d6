"""Blocks of similar columns: one NumPy call for many numeric columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np

from tsattn.data.reading.columns import Table

_FEW_LEVELS = 5
CELLS = 1 << 20  # values of several columns that are examined at once


def blocks(table: Table, names: Iterable[str]) -> Iterator[tuple[list[str], np.ndarray]]:
    """Yield (names, values (C, n)) of numeric columns, in order; mixed types become float64, which keeps every value."""
    size, left = max(1, CELLS // max(1, table.rows)), iter(names)
    while some := list(islice(left, size)):
        yield some, table.columns.stacked(some)


def where(
    table: Table, names: Iterable[str], test: Callable[[np.ndarray], np.ndarray], rows: slice | np.ndarray = slice(None)
) -> list[str]:
    """Return the numeric columns whose values in `rows` pass a test (C, n) -> (C,) bool."""
    return [some[k] for some, values in blocks(table, names) for k in np.flatnonzero(test(values[:, rows])).tolist()]


def empty(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for the rows of (C, n) without a value."""
    return np.asarray(np.isnan(values).all(1))


def with_gaps(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for the rows of (C, n) with a missing value."""
    return np.asarray(np.isnan(values).any(1))


def constant(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for the rows of (C, n) whose values, two or more, are all the same."""
    seen = ~np.isnan(values)
    first = values[np.arange(len(values)), seen.argmax(1)] if values.shape[1] else values[:, :0].sum(1)
    return np.asarray((seen.sum(1) > 1) & ((values == first[:, None]) | ~seen).all(1))


def whole(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for the rows of (C, n) whose values, one or more, are all whole numbers."""
    missing = np.isnan(values)
    return np.asarray(((values == np.round(values)) | missing).all(1) & ~missing.all(1))


def fractional(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for the rows of (C, n) with a value that is not a whole number."""
    return np.asarray(((values != np.round(values)) & ~np.isnan(values)).any(1))


def flags(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for the rows of (C, n) that hold 0 and 1 and nothing else."""
    zero, one = values == 0, values == 1
    return np.asarray(zero.any(1) & one.any(1) & (zero | one | np.isnan(values)).all(1))


def few_levels(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool, True for the rows of (C, n) that hold 2 to 5 different whole numbers, as counts of holidays do."""
    some = np.flatnonzero(whole(values))
    few = np.zeros(len(values), bool)
    few[some] = [2 <= len(np.unique(row[~np.isnan(row)])) <= _FEW_LEVELS for row in values[some]]
    return few
