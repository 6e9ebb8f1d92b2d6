"""Values that cannot be meant: absurdly far from all the rest of their series, such as a sensor's 1e9 among tens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tsattn.data.reading.rows import Rows
from tsattn.data.report import Notes

FAR = 1000.0  # times the deviation that 99 % of a series' values keep within
FAR_CODE = 20.0  # the same for -999, 9999 and the like, which many instruments write for "no value"
FEWEST = 20  # values that a series needs before one of them can be called odd
MOST_TOLD = 3  # warnings of one reading
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Outlier:
    """One value of `column`: its row in `Rows`, and how many times further from the median it is than 99 % of the others."""

    row: int
    column: int
    times: float


def warn_of_outliers(rows: Rows, names: list[str], notes: Notes) -> None:
    """Warn of the absurd values in the first len(names) columns of `rows`, which must be in order."""
    found = [outlier for k in range(len(names)) for outlier in find_outliers(rows.values[k], rows.group, rows.indptr, k)]
    for outlier in found[:MOST_TOLD]:
        value = float(rows.values[outlier.column][outlier.row])
        item = f", {rows.called(outlier.row)}" if len(rows.ids) > 1 else ""
        notes.warn(
            f"{rows.place(outlier.row)}, column {names[outlier.column]!r}{item}: {value:.6g} is {outlier.times:,.0f} times "
            "further from the usual value than 99 % of the others; forecasts leave it out, training and scores do not. "
            "If it is an error, leave that field empty: it then counts as missing"
        )
    if len(found) > MOST_TOLD:
        notes.warn(f"… and {len(found) - MOST_TOLD:,} more such values")


def find_outliers(values: np.ndarray, group: np.ndarray, indptr: np.ndarray, column: int = 0) -> list[Outlier]:
    """The absurd values of one column, in row order. values, group (n,) sorted by group; indptr (S+1,) bounds of each group.

    A value is absurd when it is FAR times further from its series' median than the 99 % quantile of these distances, so
    heavy tails, level shifts and growth are not; a series whose other values never change has no such measure but its level.
    """
    found: list[Outlier] = []
    for item in _suspects(values, group, indptr).tolist():
        first = int(indptr[item])
        one = values[first : indptr[item + 1]].astype(np.float64)
        at = np.flatnonzero(~np.isnan(one))
        code = _is_code(one[at])
        rest = one[at[~code]]
        if len(rest) < FEWEST:
            continue
        middle = float(np.median(rest))
        ordered = np.sort(np.abs(rest - middle))
        usual = float(ordered[len(rest) - 1 - _most(len(rest))]) or abs(middle)
        if usual <= 0:
            continue
        times = np.abs(one[at] - middle) / usual
        odd = (times >= FAR) | (code & (times >= FAR_CODE))
        found += [Outlier(first + int(i), column, float(t)) for i, t in zip(at[odd], times[odd], strict=True)]
    return found


def without_absurd(past: np.ndarray) -> np.ndarray:
    """Windows (B, L), NaN = missing, with their absurd values missing too: what a model scales itself by.

    The rule of `find_outliers`, but for codes of nines. The array itself where nothing is absurd.
    """
    seen = ~np.isnan(past)
    count = seen.sum(1)
    size = np.maximum(count, 1)
    mean = np.where(seen, past, 0.0).sum(1, dtype=np.float64) / size
    apart = np.where(seen, np.abs(past - mean[:, None]), 0.0)
    share = np.maximum(3, count // 100) / size
    suspects = np.flatnonzero(
        (count >= FEWEST) & (apart.max(1, initial=0.0) > np.minimum(0.4 / share, 15.0) * apart.sum(1) / size)
    )
    out = past
    for row in suspects.tolist():
        one = past[row][seen[row]].astype(np.float64)
        far = np.abs(past[row] - np.median(one))
        usual = float(np.sort(far[seen[row]])[len(one) - 1 - _most(len(one))])
        absurd = far >= FAR * usual
        if usual > 0 and absurd.any():
            out = past.copy() if out is past else out
            out[row, absurd] = np.nan
    return out


def _most(count: int) -> int:
    """How many values of a series may be odd: more of them are how it is."""
    return max(3, count // 100)


def _is_code(values: np.ndarray) -> np.ndarray:
    """(n,) bool: 999, -9999, 99999 …: nines only."""
    size = np.abs(values)
    nines = np.array([10.0**k - 1 for k in range(3, 8)])
    return np.isin(size, nines)


def _suspects(values: np.ndarray, group: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    """Items whose extremes are so far out that a closer look is due: found in two passes, whatever the number of items.

    With a share of at most s = _most(n)/n odd values, the mean distance from the mean is at most some 2 s of the largest.
    """
    items = len(indptr) - 1
    total, count = np.zeros(items), np.zeros(items)
    for low, at, one in _blocks(values, group):
        seen = ~np.isnan(one)
        total[at] += np.add.reduceat(np.where(seen, one, 0.0), low)
        count[at] += np.add.reduceat(seen, low)
    size = np.maximum(count, 1)
    mean = total / size
    total[:], largest = 0.0, np.zeros(items)
    for low, at, one in _blocks(values, group):
        apart = np.abs(np.nan_to_num(one - np.repeat(mean[at], np.diff(np.append(low, len(one)))), nan=0.0))
        total[at] += np.add.reduceat(apart, low)
        largest[at] = np.maximum(largest[at], np.maximum.reduceat(apart, low))
    share = np.maximum(3, count // 100) / size
    suspicious = largest > np.minimum(0.4 / share, 15.0) * total / size
    return np.flatnonzero((count >= FEWEST) & (suspicious | _coded(values, group, items)))


def _coded(values: np.ndarray, group: np.ndarray, items: int) -> np.ndarray:
    """(S,) bool: items that hold a code of nines, which may be many of their values."""
    out = np.zeros(items, bool)
    for k in range(0, len(values), _BLOCK):
        out[group[k : k + _BLOCK][_is_code(values[k : k + _BLOCK])]] = True
    return out


def _blocks(values: np.ndarray, group: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(starts of the items' rows, the items, their values as float64) of one block of rows after another."""
    for k in range(0, len(values), _BLOCK):
        mine = group[k : k + _BLOCK]
        low = np.flatnonzero(np.diff(mine, prepend=mine[0] - 1))
        yield low, mine[low], values[k : k + _BLOCK].astype(np.float64)
