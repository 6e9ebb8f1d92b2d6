"""Gross errors: values absurdly far from all the rest of their series, such as a sensor's 1e9 among tens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

FAR = 1000.0  # times the deviation that 99 % of a series' values keep within
FEWEST = 20  # values that a series needs before one of them can be called odd
_BLOCK = 2_000_000


@dataclass(frozen=True)
class GrossError:
    """Gross error: its index among the values searched, and its distance from the median over that of 99 % of the rest."""

    row: int
    times: float


def find_gross_errors(values: np.ndarray, group: np.ndarray, indptr: np.ndarray) -> list[GrossError]:
    """Return the gross errors of many series, in row order. values, group (n,) sorted by group; indptr (S+1,) bounds of each."""
    found: list[GrossError] = []
    for item in _suspects(values, group, indptr).tolist():
        first = int(indptr[item])
        one = values[first : indptr[item + 1]].astype(np.float64)
        at = np.flatnonzero(~np.isnan(one))
        odd, times = gross_errors(one[at])
        found += [GrossError(first + int(i), float(t)) for i, t in zip(at[odd], times[odd], strict=True)]
    return found


def gross_errors(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a mask (n,) of the gross errors of one series, and each value's distance; values (n,) float64, none missing.

    A value is a gross error when it is FAR times further from the series' median than the 99 % quantile of these distances,
    so heavy tails, level shifts and growth are none; a series whose other values never change is measured by its level.
    """
    if len(values) < FEWEST:
        return np.zeros(len(values), bool), np.zeros(len(values))
    middle = float(np.median(values))
    apart = np.abs(values - middle)
    place = len(values) - 1 - _most(len(values))
    usual = float(np.partition(apart, place)[place]) or abs(middle)
    if usual <= 0:
        return np.zeros(len(values), bool), np.zeros(len(values))
    return apart >= FAR * usual, apart / usual


def _most(count: int) -> int:
    """Largest number of gross errors of a series: more of them are its nature."""
    return max(3, count // 100)


def _suspects(values: np.ndarray, group: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    """Items with extremes far enough out to need a closer look, found in two passes for any number of items.

    With a share of at most s = _most(n)/n odd values, the mean distance from the mean is at most some 2 s of the largest.
    """
    items = len(indptr) - 1
    sizes = np.diff(indptr)
    if items and len(values) <= _BLOCK and sizes[0] and (sizes == sizes[0]).all():  # windows: whole rows are several times faster
        return _suspect_rows(values.reshape(items, -1))
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
    return _apart(count, total, largest)


def _suspect_rows(values: np.ndarray) -> np.ndarray:
    """Return the suspects, as `_suspects` does, for series of one length: values (S, L)."""
    seen = ~np.isnan(values)
    count = seen.sum(1)
    zeroed = np.where(seen, values, values.dtype.type(0))
    mean = zeroed.sum(1, dtype=np.float64) / np.maximum(count, 1)
    with np.errstate(over="ignore"):
        apart = np.where(seen, np.abs(values - mean[:, None].astype(values.dtype)), values.dtype.type(0))
    return _apart(count, apart.sum(1, dtype=np.float64), apart.max(1).astype(np.float64))


def _apart(count: np.ndarray, total: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Return the series whose largest distance from the mean is far beyond the mean distance, `total` over `count`; all (S,)."""
    size = np.maximum(count, 1)
    share = np.maximum(3, count // 100) / size
    return np.flatnonzero((count >= FEWEST) & (largest > np.minimum(0.4 / share, 15.0) * total / size))


def _blocks(values: np.ndarray, group: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield (starts of the items' rows, the items, their values as float64) of one block of rows after another."""
    for k in range(0, len(values), _BLOCK):
        mine = group[k : k + _BLOCK]
        low = np.flatnonzero(np.diff(mine, prepend=mine[0] - 1))
        yield low, mine[low], values[k : k + _BLOCK].astype(np.float64)
