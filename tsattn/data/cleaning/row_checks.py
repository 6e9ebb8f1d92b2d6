"""Sentinels and gross errors in the rows of a source, and the lines of the reading report about them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import numpy as np

from tsattn.data.cleaning.gross_errors import FEWEST, GrossError, find_gross_errors
from tsattn.data.cleaning.sentinels import FEWEST as FEWEST_BESIDE
from tsattn.data.cleaning.sentinels import find_sentinels
from tsattn.data.reading.rows import Rows, one_below_the_other
from tsattn.data.report import Notes

_CELLS = 1 << 20  # values of several columns that are searched at once
_LONE_CODE = re.compile(
    r"-(?:1|99?|(\d)\1{2,})(?:\.9{1,2})?"
)  # codes that may lie too near to other values to be taken for missing ones
MOST_LONE = 0.1  # share of the values that such a code has at most
MOST_NAMED = 3  # gross errors with a warning of their own


def without_sentinels(rows: Rows, names: list[str], notes: Notes) -> Rows:
    """Make the sentinels in the first len(names) columns of `rows`, in any order, missing, and report each as a repair."""
    values = rows.values
    for k, found in _marked(rows, len(names)):
        if values is rows.values:
            values = rows.values.copy()
        name = names[k]
        for code in np.unique(values[k][found]).tolist():
            at = np.flatnonzero(found & (values[k] == code))
            where = f"column {name!r}, {rows.place(int(at[0]))}"
            notes.repair(f"{code:.7g} stands for a missing value", len(at), where, columns=1)
        values[k] = np.where(found, np.nan, values[k]).astype(np.result_type(values[k].dtype, np.float32))
    return dataclasses.replace(rows, values=values)


def warn_of_lone_negative(rows: Rows, names: list[str], notes: Notes) -> None:
    """Warn of a column whose only negative value is one code, such as -1 among counts: it may stand for a missing value."""
    for name, values in zip(names, rows.values, strict=False):
        low = values < 0
        count = int(low.sum())
        if not 0 < count <= MOST_LONE * len(values) or len(values) - count < FEWEST_BESIDE:
            continue
        code = float(values[int(np.argmax(low))])
        if _LONE_CODE.fullmatch(f"{code:.7g}") and np.all(values[low] == code):
            notes.warn(
                f"column {name!r}: {code:.7g} is its only negative value ({count:,} times); "
                f"if it stands for a missing value: --missing {code:.7g}"
            )


def _marked(rows: Rows, columns: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each of the first columns that has sentinels, and the mask (n,) of these."""
    for first, joined in _together(rows, columns, FEWEST_BESIDE):
        size = len(joined) // len(rows.group)
        found = find_sentinels(joined, _groups(rows, size), size * len(rows.ids)).reshape(size, -1)
        for k in np.flatnonzero(found.any(1)).tolist():
            yield first + k, found[k]


def _gross_errors(rows: Rows, columns: int) -> Iterator[tuple[int, GrossError]]:
    """Yield the gross errors of the first columns, by column and then row; the rows must be in order."""
    bounds = rows.indptr
    for first, joined in _together(rows, columns, FEWEST):
        size = len(joined) // len(rows.group)
        ends = (bounds[1:] + len(rows.group) * np.arange(size)[:, None]).reshape(-1)
        for error in find_gross_errors(joined, _groups(rows, size), np.concatenate([bounds[:1], ends])):
            yield first + error.row // len(rows.group), dataclasses.replace(error, row=error.row % len(rows.group))


def _together(rows: Rows, columns: int, fewest: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first column, concatenated values of a block of columns), so that a wide table needs few calls.

    Yields nothing if no series has `fewest` rows.
    """
    if not len(rows.group) or np.bincount(rows.group).max() < fewest:
        return
    step = max(1, _CELLS // len(rows.group))
    for first in range(0, columns, step):
        some = rows.values[first : min(first + step, columns)]
        yield first, one_below_the_other(some)


def _groups(rows: Rows, columns: int) -> np.ndarray:
    """Return the series of each value of `columns` concatenated columns."""
    if columns == 1:
        return rows.group
    return (rows.group + len(rows.ids) * np.arange(columns)[:, None]).reshape(-1)


def warn_of_gross_errors(rows: Rows, names: list[str], notes: Notes) -> None:
    """Warn of the gross errors in the first len(names) columns of `rows`, which must be in order."""
    found = list(_gross_errors(rows, len(names)))
    for column, error in found[:MOST_NAMED]:
        value = float(rows.values[column][error.row])
        item = f", {rows.called(error.row)}" if len(rows.ids) > 1 else ""
        notes.warn(
            f"{rows.place(error.row)}, column {names[column]!r}{item}: {value:.6g} is {error.times:,.0f} times further from the "
            "median than 99 % of the other values; training and forecasts leave it out, scores do not. "
            "If it is an error, leave that field empty: it then counts as missing"
        )
    if len(found) > MOST_NAMED:
        notes.warn(f"… and {len(found) - MOST_NAMED:,} more such values")
