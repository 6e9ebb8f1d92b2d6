"""Series of texts beside series of numbers in one column of a long table, such as the states of switches beside temperatures."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.names import listed
from tsattn.data.reading.columns import Column, Table, compact
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.time_names import says_time
from tsattn.data.report import Notes

_MOST_TEXTS = 2000  # distinct texts that are not numbers, in a column with numbers
_FEWEST_ROWS = 3  # mean number of rows per series
_MOST_NUMBERLESS = 0.999  # largest share of the distinct texts of the column that are not numbers


def without_text_items(table: Table, options: ReadOptions, notes: Notes) -> Table:
    """Return the table without the rows of series that hold only texts, if its only column of values has both kinds of series.

    A series is the rows of one text of another column. The table is unchanged if any series mixes numbers and texts.
    """
    busy = set(options.named) - set(options.target)
    if any(name not in busy and not says_time(name) for name in table.columns.numeric):
        return table
    texts = {n: c for n, c in table.columns.others.items() if c.kind == "text" and c.labels is not None}
    items = [c for c in texts.values() if not c.missing.any() and _may_name_series(c, table, set(options.item))]
    for name, column in texts.items():
        others = [item for item in items if item is not column]
        if name in busy or not others or (options.target and name not in options.target):
            continue
        if (kinds := _kinds_of_rows(column, table)) is None:
            continue
        for item in others:
            if (left := _numberless(item, *kinds)) is not None:
                names = listed([t for t, out in zip(item.texts(), left, strict=True) if out])
                rows = left[item.values]
                example = column.text_at(int(np.argmax(rows & kinds[0])))
                notes.repair(f"rows of series without numbers, such as {example!r}, left out", int(rows.sum()), names)
                return _taken(table, np.flatnonzero(~rows))
    return table


def _kinds_of_rows(column: Column, table: Table) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the rows (n,) of texts, and those of numbers; markers of missing values are neither. None if all are of one kind."""
    numbers = as_numbers(column, table.marks, tolerance=_MOST_NUMBERLESS)
    if numbers is None:
        return None
    unread = np.isnan(numbers.column.values) & ~column.missing
    codes = np.unique(column.values[unread])
    if not 0 < len(codes) <= _MOST_TEXTS:
        return None
    labels = column.texts()
    odd = [code for code in codes.tolist() if _is_wordy(labels[code], table)]
    return (np.isin(column.values, odd), ~np.isnan(numbers.column.values)) if odd else None


def _is_wordy(text: str, table: Table) -> bool:
    return as_numbers(Column("", "text", np.zeros(1, np.int32), arrow.strings([text])), table.marks) is None


def _may_name_series(item: Column, table: Table, named: Set[str]) -> bool:
    count = len(item.texts())
    return item.name in named or (count >= 2 and table.rows >= _FEWEST_ROWS * count)


def _numberless(item: Column, wordy: np.ndarray, numeric: np.ndarray) -> np.ndarray | None:
    """Return (u,) bool: True for each text of `item` whose rows hold only texts; None unless all other rows hold only numbers."""
    count = len(item.texts())
    texts = np.bincount(item.values[wordy], minlength=count)
    numbers = np.bincount(item.values[numeric], minlength=count)
    if ((texts > 0) & (numbers > 0)).any() or not (numbers > 0).any():
        return None
    return texts > 0


def _taken(table: Table, rows: np.ndarray) -> Table:
    """Return these rows, with the labels of texts that they use."""
    kept = table.take(rows)
    return replace(
        kept, columns=kept.columns.updated({n: compact(c) for n, c in kept.columns.others.items() if c.kind == "text"})
    )
