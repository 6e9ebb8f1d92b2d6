"""Dates that a spreadsheet merged downwards: written once, with blank cells below."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.name_shapes import names_that
from tsattn.data.reading.numeric_dates import parse_numbers
from tsattn.data.reading.time_names import says_time
from tsattn.data.report import Notes


def filled_down(table: Table, notes: Notes) -> Table:
    """Copy dates into the blank cells below them.

    Only where each date is written once, and another column distinguishes the rows of each date by repeated values.
    """
    filled = {}
    timed = {*table.columns.others, *names_that(table.columns.numeric, says_time)}
    for name in [n for n in table.columns if n in timed]:
        column = table.columns[name]
        missing = column.missing
        if not missing.any() or missing[0] or missing.sum() < 2 or not _are_dates(column):
            continue
        written = column.values[~missing]
        if len(np.unique(written)) < len(written):
            continue
        block = np.cumsum(~missing) - 1
        if not any(_tells_apart(other, block) for other in table.columns.values() if other is not column):
            continue
        filled[name] = replace(column, values=written[block])
        notes.repair(f"blank cells filled down in column {name!r}", int(missing.sum()), table.where(int(np.argmax(missing))))
    return table.with_columns(filled)


def _are_dates(column: Column) -> bool:
    if column.kind == "stamp":
        return True
    if column.kind == "number":
        return says_time(column.name) and parse_numbers(column.values) is not None
    labels = column.labels
    if labels is None or not len(labels):
        return False
    some = labels.take(arrow.integers(np.linspace(0, len(labels) - 1, min(len(labels), 50)).astype(np.int64)))
    return not bool(parse_texts(some).failed.any())


def _tells_apart(column: Column, block: np.ndarray) -> bool:
    """Return True if no value is repeated within a block, and the blocks share their values."""
    if column.kind == "stamp" or column.missing.any():
        return False
    if column.kind == "number" and np.any(column.values != np.round(column.values)):
        return False
    codes = np.unique(column.values, return_inverse=True)[1]
    widest = int(np.bincount(block).max())
    pairs = len(np.unique(block.astype(np.int64) * (int(codes.max()) + 1) + codes))
    return pairs == len(block) and int(codes.max()) + 1 <= 1.5 * widest
