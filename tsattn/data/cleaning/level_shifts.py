"""Recent level shifts to where a series never was: the older values are moved to the new level.

A network that has not seen a series there takes the shift for an event that passes, and so does all evidence from before it.
Only shifts beyond doubt count: values that all lie apart from all that came before them by more than either side spreads. Where a
season hides this, the same test applies to changes from the same phase of earlier cycles, and needs at least most of a cycle.
A level that the series had long ago counts too if it got there by a jump far larger than any before, as a price after a split.
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
JUMP = 3.0  # times the largest change before, between medians of FEWEST values, from which on a step is a jump
_LARGER = 1.5  # times the largest single step before: no jump is smaller


def find_level_shifts(past: np.ndarray, periods: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Return (row, position of the first value at the new level) of the windows (B, L), NaN = missing, whose level shifted.

    periods: steps of the cycles that the frequency suggests.
    """
    found = {**dict(_jumps(past)), **dict(_shifts(past, FEWEST, MOST))}
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
    return cut if _are_apart(values[:cut], values[cut:]) else None


def _are_apart(old: np.ndarray, new: np.ndarray) -> bool:
    """Return True if new values (m,) all lie beyond old ones (n,), by more than both spread."""
    low, high = np.quantile(old, (0.02, 0.98))
    if new.min() == new.max():
        return False  # a sensor that is stuck, a shop that is closed
    gap = max(new.min() - high, low - new.max())
    spread = np.subtract(*np.quantile(old, (0.95, 0.05))) + np.subtract(*np.quantile(new, (0.95, 0.05)))
    return bool(gap > APART * spread)


def _jumps(past: np.ndarray) -> list[tuple[int, int]]:
    """Return (row, position) of the windows (B, L) whose level jumped to where it was long ago; see `_jump`."""
    length = past.shape[1]
    if length < BEFORE + FEWEST:
        return []
    seen, found = ~np.isnan(past), []
    newest = np.maximum.accumulate(np.where(seen, np.arange(length), 0), 1)
    steps = np.nan_to_num(np.abs(np.diff(np.take_along_axis(past, newest, 1))), nan=0.0)
    for row in np.flatnonzero(steps[:, -MOST:].max(1) > _LARGER * steps[:, :-MOST].max(1, initial=0.0)).tolist():
        at = np.flatnonzero(seen[row])
        if (first := _jump(past[row, at].astype(np.float64))) is not None:
            found.append((row, int(at[first])))
    return found


def _jump(values: np.ndarray) -> int | None:
    """Return the position of the largest step of observed values (n,) if it is a jump to a level that lasts; else None.

    It is JUMP times larger than any change before it, and the values on both sides, as many each, lie apart.
    """
    n = len(values)
    if n < BEFORE + FEWEST:
        return None
    first = max(1, n - MOST)
    cut = first + int(np.abs(np.diff(values[first - 1 :])).argmax())
    after = n - cut
    if not (FEWEST <= after <= MOST and cut >= max(BEFORE, after)):
        return None
    middles = np.median(np.lib.stride_tricks.sliding_window_view(values[:cut], FEWEST), axis=1)
    largest = np.abs(middles[FEWEST:] - middles[:-FEWEST]).max()
    jump = abs(np.median(values[cut : cut + FEWEST]) - middles[-1])
    apart = _are_apart(values[cut - max(BEFORE, after) : cut], values[cut:])
    return cut if apart and 0 < JUMP * largest < jump else None
