"""Columns whose unit depends on another column, such as readings of several sensors: 21.5 °C beside 48 %."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsattn.data.reading.columns import Column, Table, compact
from tsattn.data.reading.numbers import as_numbers

_MOST_ITEMS = 100
_FEWEST_ROWS = 3  # fewest rows of each item


def numbers_by_item(table: Table, column: Column) -> tuple[Column, str] | None:
    """Return a text column as numbers without units, and the column whose texts decide the unit.

    None if no column of 2 to 100 texts splits the rows into parts of one unit each.
    """
    for other in table.columns.others.values():
        if other is column or other.kind != "text" or other.missing.any() or other.labels is None:
            continue
        count = len(other.labels)
        if not 2 <= count <= _MOST_ITEMS or table.rows < _FEWEST_ROWS * count:
            continue
        values = _read_apart(table, column, other)
        if values is not None:
            return replace(column, kind="number", values=values, labels=None, spelt=None), other.name
    return None


def _read_apart(table: Table, column: Column, other: Column) -> np.ndarray | None:
    """Return the numbers (n,) of a column, read apart for each text of another column; None if some part is not numeric."""
    values = np.full(table.rows, np.nan)
    for code in np.unique(other.values).tolist():
        rows = np.flatnonzero(other.values == code)
        part = as_numbers(compact(column.take(rows)), table.marks, tolerance=0.2)
        if part is None or part.clash is not None or part.bad is not None or part.open is not None:
            return None
        values[rows] = part.column.values
    return values
