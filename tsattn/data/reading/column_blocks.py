"""Blocks of similar columns: one NumPy call for many numeric columns, one test for names that differ only in their digits.

A table of 200,000 columns then costs little more than one column with as many cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from tsattn.data.reading.columns import Table

CELLS = 1 << 20  # values of several columns that are examined at once
_DIGITS = re.compile(r"[0-9]+")


def blocks(table: Table, names: Iterable[str]) -> Iterator[tuple[list[str], np.ndarray]]:
    """Yield (names, values (C, n)) of numeric columns, in order; mixed types become float64, which keeps every value."""
    size, left = max(1, CELLS // max(1, table.rows)), iter(names)
    while some := list(islice(left, size)):
        yield some, stacked([table.columns[name].values for name in some])


def stacked(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return (C, n) of C arrays (n,), without a copy where there is only one."""
    if len(arrays) == 1:
        return arrays[0][None]
    return np.concatenate(arrays).reshape(len(arrays), -1)


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


def stems(names: Sequence[str]) -> list[str]:
    """Return the names with each run of digits written as 0: shop_0 of shop_17.

    tsattn recognises no word with a digit in a name, so names with the same stem mean the same.
    """
    together = _DIGITS.sub("0", "\n".join(names)).split("\n") if names else []
    return together if len(together) == len(names) else [_DIGITS.sub("0", name) for name in names]


def names_that(names: Iterable[str], test: Callable[[str], bool]) -> list[str]:
    """Return the names that pass a test of their words, run once per stem."""
    every = list(names)
    of = stems(every)
    passed = {stem: test(stem) for stem in set(of)}
    return [name for name, stem in zip(every, of, strict=True) if passed[stem]]
