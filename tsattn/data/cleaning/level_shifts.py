"""Recent level shifts to where a series never was: the older values are moved to the new level.

A network that has not seen a series there takes the shift for an event that passes, and so does all evidence from before it.
Only shifts beyond doubt count: values that all lie apart from all that came before them by more than either side spreads. Where a
season hides this, the same test applies to changes from the same phase of earlier cycles, and needs at least most of a cycle.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEWEST = 5  # values at the new level: fewer may be an event
MOST = 64  # values at the new level: more need no help
BEFORE = 24  # minimum number of values before the shift; also at least as many as after it
CYCLES = 3  # minimum number of cycles before the shift that give the old level; a change is measured from the mean of as many
LATEST = 2  # maximum number of cycles at the new level where a season hides the shift, or MOST values if that is longer
APART = 1.0  # times the sum of both sides' spreads (5 % to 95 % quantile) that lies between them


def find_level_shifts(past: np.ndarray, periods: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Return (row, position of the first value at the new level) of the windows (B, L), NaN = missing, whose level shifted.

    periods: steps of the cycles that the frequency suggests.
    """
    found = dict(_shifts(past, FEWEST, MOST))
    for period in periods:
        most = max(MOST, LATEST * period)
        if period > 1 and past.shape[1] >= 2 * most + CYCLES * period + BEFORE:
            found = {**dict(_shifts(_changes(past, period, most), max(FEWEST, period - period // 8), most)), **found}
    return sorted(found.items())


def _changes(past: np.ndarray, period: int, most: int) -> np.ndarray:
    """Return the change (B, L) of each value from the mean of CYCLES values at its phase, at least `most` steps earlier."""
    lag, length = -(-most // period) * period, past.shape[1]
    first = lag + (CYCLES - 1) * period
    before = sum(past[:, first - lag - i * period : length - lag - i * period] for i in range(CYCLES)) / CYCLES
    return np.concatenate([np.full_like(past[:, :first], np.nan), past[:, first:] - before], 1)


def _shifts(past: np.ndarray, fewest: int, most: int) -> list[tuple[int, int]]:
    """Return (row, position) of the shifts of windows (B, L) that have `fewest` to `most` values at the new level."""
    seen, found = ~np.isnan(past), []
    for row in np.flatnonzero(_suspect(past, seen, most)).tolist():
        at = np.flatnonzero(seen[row])
        if (first := _shift(past[row, at].astype(np.float64), fewest, most)) is not None:
            found.append((row, int(at[first])))
    return found


def at_newest_level(past: np.ndarray, shifts: Sequence[tuple[int, int]], periods: Sequence[int] = ()) -> np.ndarray:
    """Move the values before each of the `shifts` (see `find_level_shifts`) of windows (B, L) to the new level.

    The distance is that of the new values from those at the same phases of the shortest of `periods` in the last cycles before
    the shift. It is added; where values never are below zero and the level fell, it scales if the spread fell about as much,
    or if adding would give values below zero. Returns the array itself where there is no shift.
    """
    out, season = past, min(periods, default=1)
    for row, at in shifts:
        out = past.copy() if out is past else out
        older, newer = past[row, :at].astype(np.float64), past[row, at:].astype(np.float64)
        lag = -(-len(newer) // season) * season
        cycles = np.arange(1, max(CYCLES, -(-BEFORE // lag)) + 1)
        place = np.arange(at, past.shape[1]) - lag * cycles[:, None]  # (cycles, values since the shift)
        there = np.where((place >= 0) & (place < at), older[np.clip(place, 0, at - 1)], np.nan)
        there = there if np.isfinite(there).any() else older[:, None]
        before = np.nanmedian(there)
        after = np.nanmedian(newer) if season == 1 else before + np.nanmedian(newer - _mean_of_seen(there))
        scaled = after < before and np.nanmin(past[row]) >= 0
        if scaled and np.nanmin(older) + (after - before) >= 0:
            spreads = [np.nanmean(np.abs(side - level)) for side, level in ((there, before), (newer, after))]
            scaled = spreads[1] < spreads[0] * np.sqrt(max(after, 0.0) / before)
        out[row, :at] = older * (after / before) if scaled else older + (after - before)
    return out


def _mean_of_seen(values: np.ndarray) -> np.ndarray:
    """Return the means (n,) of the columns of values (m, n), NaN = missing."""
    seen = ~np.isnan(values)
    total = np.where(seen, values, 0.0).sum(0)
    return np.divide(total, seen.sum(0), out=np.full(total.shape, np.nan), where=seen.any(0))


def _suspect(past: np.ndarray, seen: np.ndarray, most: int) -> np.ndarray:
    """Return (B,) bool: True where the newest FEWEST steps lie above, or below, nearly all of those older than `most` steps.

    This is a cheap first filter.
    """
    rows, length = past.shape
    if length < BEFORE + FEWEST:
        return np.zeros(rows, bool)
    bound = np.maximum(seen.argmax(1) + BEFORE, length - most)
    newest, older = past[:, -FEWEST:], np.where(np.arange(length) < bound[:, None], past, np.float32(np.nan))
    low, high = np.where(np.isnan(newest), np.inf, newest).min(1), np.where(np.isnan(newest), -np.inf, newest).max(1)
    count = (~np.isnan(older)).sum(1)
    # few older values may lie beyond: outliers
    above = (older > low[:, None]).sum(1) <= 0.02 * count
    below = (older < high[:, None]).sum(1) <= 0.02 * count
    return np.asarray((above | below) & (seen.sum(1) >= BEFORE + FEWEST) & (count > 0))


def _shift(values: np.ndarray, fewest: int, most: int) -> int | None:
    """Return the position of the last level shift of observed values (n,); None where there is none, or no clear one."""
    n = len(values)
    here, there = np.median(values[-FEWEST:]), np.median(values[: max(BEFORE, n - most)])
    old_side = np.flatnonzero(np.sign(values - (here + there) / 2) != np.sign(here - there))
    cut = int(old_side[-1]) + 1 if len(old_side) else 0
    after = n - cut
    if not (fewest <= after <= most and cut >= max(BEFORE, after)):
        return None
    old, new = values[:cut], values[cut:]
    low, high = np.quantile(old, (0.02, 0.98))
    if new.min() == new.max():
        return None  # a sensor that is stuck, a shop that is closed
    gap = max(new.min() - high, low - new.max())
    spread = np.subtract(*np.quantile(old, (0.95, 0.05))) + np.subtract(*np.quantile(new, (0.95, 0.05)))
    return cut if gap > APART * spread else None
