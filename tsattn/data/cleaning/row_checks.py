"""Sentinels and gross errors in the rows of a source, and the lines of the reading report about them."""

from __future__ import annotations

import dataclasses

import numpy as np

from tsattn.data.cleaning.gross_errors import find_gross_errors
from tsattn.data.cleaning.sentinels import find_sentinels
from tsattn.data.reading.rows import Rows
from tsattn.data.report import Notes

MOST_NAMED = 3  # gross errors with a warning of their own


def without_sentinels(rows: Rows, names: list[str], notes: Notes) -> Rows:
    """Make the sentinels in the first len(names) columns of `rows`, in any order, missing, and report each as a repair."""
    values = list(rows.values)
    for k, name in enumerate(names):
        found = find_sentinels(values[k], rows.group, len(rows.ids))
        for code in np.unique(values[k][found]).tolist():
            at = np.flatnonzero(found & (values[k] == code))
            notes.repair(f"column {name!r}: {code:.7g} stands for a missing value", len(at), rows.place(int(at[0])))
        if found.any():
            values[k] = np.where(found, np.nan, values[k]).astype(np.result_type(values[k].dtype, np.float32))
    return dataclasses.replace(rows, values=values)


def warn_of_gross_errors(rows: Rows, names: list[str], notes: Notes) -> None:
    """Warn of the gross errors in the first len(names) columns of `rows`, which must be in order."""
    found = [(k, error) for k in range(len(names)) for error in find_gross_errors(rows.values[k], rows.group, rows.indptr)]
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
