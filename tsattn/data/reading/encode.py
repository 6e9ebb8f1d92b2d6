"""Covariate columns -> numeric features: numbers as they are, texts as 0/1 features.

A past or known covariate has no feature for its most frequent text, the reference level: the features of all texts add up to 1,
so a regression could not tell their effects apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.reading.columns import Column, Table, as_text
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.report import Notes
from tsattn.errors import DataError

MOST_VALUES = 32


@dataclass(frozen=True, eq=False)
class Features:
    """Features of columns: names, float32 (n,) arrays, and the reference levels that have no feature, `column=text`."""

    names: tuple[str, ...]
    arrays: list[np.ndarray]
    references: tuple[str, ...] = ()


def encode(table: Table, names: tuple[str, ...], before: Features, notes: Notes, *, reference: bool = True) -> Features:
    """Return the features of the columns `names`; exactly those of an earlier reading, `before`, where it has any.

    A missing text is missing in all its features. reference: leave out the most frequent text of each column. Raises DataError
    for a text column of too many values, for infinite numbers, and for a column that is not of the kind that `before` requires.
    """
    made: list[Features] = []
    for name in names:
        column = table.columns[name]
        if column.kind == "stamp":
            raise DataError(f"column {name!r} holds timestamps and cannot be a covariate", "leave it out")
        wanted = [f for f in before.names if f == name or f.startswith(f"{name}=")]
        numbers = None if wanted and name not in wanted else as_numbers(column, table.marks)
        if wanted and name in wanted and numbers is None:
            row = int(np.flatnonzero(~column.missing)[0])
            raise DataError(
                f"{table.where(row)}, column {name!r}: {column.text_at(row)[:40]!r} is not a number, as it was in training"
            )
        if numbers is not None:
            made.append(Features((name,), [_finite(table, numbers.column)]))
        else:
            text = as_text(column)
            levels = _levels_of(name, wanted, before.references) if wanted else _levels_in(text, reference)
            made.append(_indicators(text, levels, notes))
    return Features(
        tuple(name for one in made for name in one.names),
        [array for one in made for array in one.arrays],
        tuple(level for one in made for level in one.references),
    )


def _finite(table: Table, column: Column) -> np.ndarray:
    values = column.values.astype(np.float32)
    bad = np.flatnonzero(np.isinf(values))
    if len(bad):
        raise DataError(
            f"{table.where(int(bad[0]))}, column {column.name!r}: the value is infinite or too large",
            "leave it empty if it is missing",
        )
    return values


@dataclass(frozen=True)
class _Levels:
    """Texts of a column that have a feature, and the reference level, None where each text has a feature. fixed: by a model."""

    texts: tuple[str, ...]
    reference: str | None
    fixed: bool


def _levels_of(name: str, features: list[str], references: tuple[str, ...]) -> _Levels:
    """Return the levels of the column `name` in an earlier reading."""
    prefix = f"{name}="
    left_out = next((level.removeprefix(prefix) for level in references if level.startswith(prefix)), None)
    return _Levels(tuple(feature.removeprefix(prefix) for feature in features), left_out, True)


def _levels_in(column: Column, reference: bool) -> _Levels:
    """Return the levels of a text column, in order. A column of one text has a feature and no reference level."""
    texts = column.texts()
    codes, counts = np.unique(column.values[column.values >= 0], return_counts=True)
    often: dict[str, int] = {}
    for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
        often[texts[code]] = often.get(texts[code], 0) + count
    if len(often) > MOST_VALUES:
        raise DataError(
            f"column {column.name!r} has {len(often)} different texts, more than the {MOST_VALUES} that make features",
            "leave it out, or merge rare values",
        )
    usual = max(sorted(often), key=often.__getitem__) if reference and len(often) > 1 else None
    return _Levels(tuple(text for text in sorted(often) if text != usual), usual, False)


def _indicators(column: Column, levels: _Levels, notes: Notes) -> Features:
    """Return the 0/1 features of a text column. Warns of texts that a model has not seen: they are encoded as all zeros."""
    texts = column.texts()
    if levels.fixed:
        used = sorted({texts[code] for code in np.unique(column.values[column.values >= 0])})
        unknown = [text for text in used if text not in levels.texts and text != levels.reference]
        if unknown:
            like = "encoded as all zeros" if levels.reference is None else f"treated as {levels.reference!r}"
            notes.warn(f"column {column.name!r}: {', '.join(map(repr, unknown[:5]))} did not occur in training; {like}")
    missing = column.values < 0
    arrays = []
    for level in levels.texts:
        hot = np.array([text == level for text in texts] + [False])[column.values].astype(np.float32)
        hot[missing] = np.nan
        arrays.append(hot)
    references = () if levels.reference is None else (f"{column.name}={levels.reference}",)
    return Features(tuple(f"{column.name}={text}" for text in levels.texts), arrays, references)


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
