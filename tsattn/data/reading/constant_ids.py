"""Columns that never change and hold an id, a place or a flag."""

from __future__ import annotations

import re

import numpy as np

from tsattn.data.reading import column_blocks
from tsattn.data.reading.column_blocks import where
from tsattn.data.reading.columns import Table

_COORDINATE = re.compile(r"[XYxy]")
_SMALLEST_ID = 1e8  # whole numbers of nine digits or more that never change are ids
_ROUND = 1000  # amounts such as 1,500,000,000 are multiples of it
_FEWEST = 10  # rows from which on a long number that never changes is an id


def ids_and_flags(table: Table, still: list[str], moving: list[str]) -> list[str]:
    """Return the columns that never change and hold long ids, the coordinates X and Y, or 0 under a letter, as flags do.

    still, moving: the columns that never change, and the others; if one of these has a letter for a name, all letters are series.
    """
    letters = [] if any(len(n) == 1 for n in moving) else [n for n in still if len(n) == 1]
    ids = where(table, still, _are_long) if table.rows >= _FEWEST else []
    return [*ids, *_coordinates(still), *where(table, letters, _are_zero)]


def _are_long(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) of whole numbers of nine digits or more that are not round, as ids of meters."""
    low = np.fmin.reduce(values, axis=1)
    return column_blocks.whole(values) & np.asarray((low >= _SMALLEST_ID) & (low % _ROUND != 0))


def _are_zero(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) that hold 0 only."""
    return np.asarray(((values == 0) | np.isnan(values)).all(1))


def _coordinates(names: list[str]) -> list[str]:
    """Return the columns X and Y of a place, if both are among the names."""
    found = [n for n in names if _COORDINATE.fullmatch(n.strip())]
    return found if len(found) == 2 else []
