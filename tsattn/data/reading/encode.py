"""Covariate columns -> numeric features: numbers as they are, texts as one 0/1 feature for each of their values."""

from __future__ import annotations

import numpy as np

from tsattn.data.reading.columns import Column, Table, as_text
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.report import Notes
from tsattn.errors import DataError

MOST_VALUES = 32


def encode(
    table: Table, names: tuple[str, ...], features: tuple[str, ...], notes: Notes
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Return (feature names, float32 (n,) arrays) of the columns `names`; with `features` of an earlier reading, exactly those.

    A missing text is missing in all its features. Raises DataError for a text column of too many values, for infinite
    numbers, and for a column that is not of the kind that `features` require.
    """
    out_names: list[str] = []
    arrays: list[np.ndarray] = []
    for name in names:
        column = table.columns[name]
        if column.kind == "stamp":
            raise DataError(f"column {name!r} holds timestamps and cannot be a covariate", "leave it out")
        wanted = [f for f in features if f == name or f.startswith(f"{name}=")]
        numbers = None if wanted and name not in wanted else as_numbers(column, table.marks)
        if wanted and name in wanted and numbers is None:
            row = int(np.flatnonzero(~column.missing)[0])
            raise DataError(
                f"{table.where(row)}, column {name!r}: {column.text_at(row)[:40]!r} is not a number, as it was in training"
            )
        if numbers is not None:
            out_names.append(name)
            arrays.append(_finite(table, numbers.column))
        else:
            more_names, more = _one_hot(table, as_text(column), wanted, notes)
            out_names += more_names
            arrays += more
    return tuple(out_names), arrays


def _finite(table: Table, column: Column) -> np.ndarray:
    values = column.values.astype(np.float32)
    bad = np.flatnonzero(np.isinf(values))
    if len(bad):
        raise DataError(
            f"{table.where(int(bad[0]))}, column {column.name!r}: the value is infinite or too large",
            "leave it empty if it is missing",
        )
    return values


def _one_hot(table: Table, column: Column, wanted: list[str], notes: Notes) -> tuple[list[str], list[np.ndarray]]:
    texts = column.texts()
    used = sorted({texts[c] for c in np.unique(column.values[column.values >= 0])})
    if not wanted and len(used) > MOST_VALUES:
        raise DataError(
            f"column {column.name!r} has {len(used)} different texts, more than the {MOST_VALUES} that make features",
            "leave it out, or merge rare values",
        )
    names = wanted or [f"{column.name}={text}" for text in used]
    values = [n[len(column.name) + 1 :] for n in names]
    unknown = [t for t in used if t not in values]
    if unknown:
        notes.warn(f"column {column.name!r}: {', '.join(map(repr, unknown[:5]))} did not occur in training; encoded as all zeros")
    missing = column.values < 0
    arrays = []
    for value in values:
        hot = np.array([t == value for t in texts] + [False])[column.values].astype(np.float32)
        hot[missing] = np.nan
        arrays.append(hot)
    return names, arrays


def constant_by_item(names: tuple[str, ...], arrays: list[np.ndarray], group: np.ndarray, ids: list[str]) -> np.ndarray:
    """Return (S, C) static features: the single value of each item, NaN where it has none. Raises DataError where it changes."""
    out = np.full((len(ids), len(arrays)), np.nan, np.float32)
    for c, values in enumerate(arrays):
        seen = np.flatnonzero(~np.isnan(values))
        out[group[seen[::-1]], c] = values[seen[::-1]]  # the first value wins
        changed = seen[values[seen] != out[group[seen], c]]
        if len(changed):
            raise DataError(
                f"column {names[c].split('=')[0]!r} is set as static, but changes within "
                + (f"item {ids[group[changed[0]]]!r}" if len(ids) > 1 else "the series"),
                "use --past, or --known when it is known in the future",
            )
    return out
