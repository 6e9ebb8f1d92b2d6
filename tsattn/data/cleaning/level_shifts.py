"""Recent level shifts: the older values are moved to the new level.

A network that has not seen a series there takes the shift for an event that passes, and so does all evidence from before it.
Only shifts beyond doubt count: values that all lie apart from all that came before them by more than either side spreads, or a
sudden change that has lasted and is far larger than any between spans as long before. Where a season hides this, the same tests
apply to changes from the same phase of earlier cycles, and need at least most of a cycle.
A level that the series had long ago counts too if it got there by a jump far larger than any before, as a price after a split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

FEWEST = 5  # values at the new level: fewer may be an event
MOST = 64  # values at the new level, or LATEST cycles if they are longer: more need no help
BEFORE = 24  # minimum number of values before the shift; also at least as many as after it
CYCLES = 3  # minimum number of cycles before the shift that give the old level; a change is measured from the mean of as many
LATEST = 2  # see MOST
APART = 1.0  # times the sum of both sides' spreads (5 % to 95 % quantile) that lies between them
JUMP = 3.0  # times the largest change before, between medians of FEWEST values, from which on a step is a jump
LASTING = 10  # values at the new level, or a cycle of up to LONGEST, from which on a change is compared with those of such spans
LONGEST = 48  # see LASTING: bursts and jams last for minutes
SPANS = 5  # minimum number of spans as long before the change
SUDDEN = 0.35  # of a change, at most, by which FEWEST values beside it differ from the level on their side
_FEW = 2  # neighbours on either side that outvote a value on the other side
_LARGER = 1.5  # times the largest single step before: no jump is smaller


def find_level_shifts(past: np.ndarray, periods: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Return (row, position of the first value at the new level) of the windows (B, L), NaN = missing, whose level shifted.

    periods: steps of the cycles that the frequency suggests.
    """
    cycles = [period for period in periods if period > 1]
    limits = [_Limits(max(FEWEST, p - p // 8), max(MOST, LATEST * p), p) for p in cycles]
    limits = [one for one in limits if past.shape[1] >= 2 * one.most + CYCLES * one.period + BEFORE]
    most = max((one.most for one in limits), default=MOST)
    plain = [(past, _Limits(FEWEST, most, min(cycles, default=1)))]
    seasonal = [(_changes(past, one.period, one.most), one) for one in limits]
    found = dict(_jumps(past, most))
    for test, views in ((_distant, plain + seasonal), (_lasting, seasonal + plain)):
        for values, limit in views:
            found = {**dict(_shifts(values, limit, test)), **found}
    return sorted(found.items())


class _Limits(NamedTuple):
    """Numbers of values at the new level, and the cycle that a view of the windows has."""

    fewest: int
    most: int
    period: int


def _changes(past: np.ndarray, period: int, most: int) -> np.ndarray:
    """Return the change (B, L) of each value from the mean of CYCLES values at its phase, at least `most` steps earlier."""
    lag, length = -(-most // period) * period, past.shape[1]
    first = lag + (CYCLES - 1) * period
    before = sum(past[:, first - lag - i * period : length - lag - i * period] for i in range(CYCLES)) / CYCLES
    return np.concatenate([np.full_like(past[:, :first], np.nan), past[:, first:] - before], 1)


def _shifts(past: np.ndarray, limits: _Limits, test: Callable[[np.ndarray, float, _Limits], int | None]) -> list[tuple[int, int]]:
    """Return (row, position) of the shifts of windows (B, L) that a test of observed values and their old level finds."""
    seen, found = ~np.isnan(past), []
    for row in np.flatnonzero(_suspect(past, seen, limits.most)).tolist():
        at = np.flatnonzero(seen[row])
        values = past[row, at].astype(np.float64)
        old = float(np.median(values[: max(BEFORE, len(values) - limits.most)]))
        if (first := test(values, old, limits)) is not None:
            found.append((row, int(at[first])))
    return found


def at_newest_level(past: np.ndarray, shifts: Sequence[tuple[int, int]], periods: Sequence[int] = ()) -> np.ndarray:
    """Move the values before each of the `shifts` (see `find_level_shifts`) of windows (B, L) to the new level.

    The distance is that of the new values from those at the same phases of the shortest of `periods` in the last cycles before
    the shift. It is added; where values never are below zero, it scales if the spread changed about as much, or if adding would
    give values below zero. Returns the array itself where there is no shift.
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
        scaled = before > 0 and after != before and np.nanmin(past[row]) >= 0
        if scaled and np.nanmin(older) + (after - before) >= 0:
            spreads = [np.nanmean(np.abs(side - level)) for side, level in ((there, before), (newer, after))]
            limit = spreads[0] * np.sqrt(max(after, 0.0) / before)
            scaled = spreads[1] < limit if after < before else spreads[1] > limit
        out[row, :at] = older * (after / before) if scaled else older + (after - before)
    return out


def _mean_of_seen(values: np.ndarray) -> np.ndarray:
    """Return the means (n,) of the columns of values (m, n), NaN = missing."""
    seen = ~np.isnan(values)
    total = np.where(seen, values, 0.0).sum(0)
    return np.divide(total, seen.sum(0), out=np.full(total.shape, np.nan), where=seen.any(0))


def _suspect(past: np.ndarray, seen: np.ndarray, most: int) -> np.ndarray:
    """Return (B,) bool: True where the median of the newest FEWEST steps lies beyond nearly all that are older than `most` steps.

    This is a cheap first filter.
    """
    rows, length = past.shape
    if length < BEFORE + FEWEST:
        return np.zeros(rows, bool)
    bound = np.maximum(seen.argmax(1) + BEFORE, length - most)
    newest, older = past[:, -FEWEST:], np.where(np.arange(length) < bound[:, None], past, np.float32(np.nan))
    ranks = np.maximum((~np.isnan(newest)).sum(1, keepdims=True) - 1, 0) // 2
    middle = np.take_along_axis(np.sort(newest, 1), ranks, 1)  # NaN last
    count = (~np.isnan(older)).sum(1)
    # few older values may lie beyond: outliers
    above = (older > middle).sum(1) <= 0.02 * count
    below = (older < middle).sum(1) <= 0.02 * count
    return np.asarray((above | below) & (seen.sum(1) >= BEFORE + FEWEST) & (count > 0))


def _distant(values: np.ndarray, old: float, limits: _Limits) -> int | None:
    """Return the position of the last level shift of observed values (n,) after which they lie apart from all before."""
    cut = _cut(_is_old(values, old, FEWEST), limits)
    return cut if cut is not None and _are_apart(values[:cut], values[cut:]) else None


def _lasting(values: np.ndarray, old: float, limits: _Limits) -> int | None:
    """Return the position of a sudden and large change of observed values (n,) that has lasted; single values may lie before."""
    old_side = _is_old(values, old, 2 * LASTING)
    usual = np.sum(np.lib.stride_tricks.sliding_window_view(np.pad(old_side, _FEW, mode="edge"), 2 * _FEW + 1), 1) > _FEW
    if (near := _cut(usual, limits)) is None:
        return None
    places = range(near - _FEW, min(near + _FEW + 1, len(values)))
    cut = min(places, key=lambda k: int((~old_side[:k]).sum() + old_side[k:].sum()))
    return cut if _has_lasted(values, cut, limits.period) else None


def _is_old(values: np.ndarray, old: float, newest: int) -> np.ndarray:
    """Return (n,) bool: True for values that are nearer to the old level than to the median of the newest."""
    new = np.median(values[-newest:])
    return np.asarray(np.sign(values - (new + old) / 2) != np.sign(new - old))


def _cut(old_side: np.ndarray, limits: _Limits) -> int | None:
    """Return the position after the last of the values (n,) bool on the old side, if the numbers on both sides suit a shift."""
    at = np.flatnonzero(old_side)
    cut = int(at[-1]) + 1 if len(at) else 0
    after = len(old_side) - cut
    return cut if limits.fewest <= after <= limits.most and cut >= max(BEFORE, after) else None


def _has_lasted(values: np.ndarray, cut: int, period: int) -> bool:
    """Return True if observed values (n,) changed at once at `cut`, and by far more than between spans as long before.

    period: spans are whole cycles of it.
    """
    span = min(len(values) - cut, cut // (SPANS + 1))
    span = span // period * period if span >= period else span
    if span < max(LASTING, min(period, LONGEST)) or values[cut:].min() == values[cut:].max():
        return False
    middles = np.median(np.lib.stride_tricks.sliding_window_view(values[:cut], span)[:: max(1, span // 8)], axis=1)
    apart = -(-span // max(1, span // 8))  # windows that do not overlap
    before, after = float(np.median(values[cut - span : cut])), float(np.median(values[cut:]))
    change = after - before
    sides = np.median(values[cut - FEWEST : cut]) - before, np.median(values[cut : cut + FEWEST]) - after
    sudden = np.abs(sides).max() <= SUDDEN * abs(change)
    return bool(sudden and abs(change) > JUMP * np.abs(middles[apart:] - middles[:-apart]).max())


def _are_apart(old: np.ndarray, new: np.ndarray) -> bool:
    """Return True if new values (m,) all lie beyond old ones (n,), by more than both spread."""
    low, high = np.quantile(old, (0.02, 0.98))
    if new.min() == new.max():
        return False  # a sensor that is stuck, a shop that is closed
    gap = max(new.min() - high, low - new.max())
    spread = np.subtract(*np.quantile(old, (0.95, 0.05))) + np.subtract(*np.quantile(new, (0.95, 0.05)))
    return bool(gap > APART * spread)


def _jumps(past: np.ndarray, most: int) -> list[tuple[int, int]]:
    """Return (row, position) of the windows (B, L) whose level jumped to where it was long ago; see `_jump`."""
    length = past.shape[1]
    if length < BEFORE + FEWEST:
        return []
    seen, found = ~np.isnan(past), []
    newest = np.maximum.accumulate(np.where(seen, np.arange(length), 0), 1)
    steps = np.nan_to_num(np.abs(np.diff(np.take_along_axis(past, newest, 1))), nan=0.0)
    for row in np.flatnonzero(steps[:, -most:].max(1) > _LARGER * steps[:, :-most].max(1, initial=0.0)).tolist():
        at = np.flatnonzero(seen[row])
        if (first := _jump(past[row, at].astype(np.float64), most)) is not None:
            found.append((row, int(at[first])))
    return found


def _jump(values: np.ndarray, most: int) -> int | None:
    """Return the position of the largest step of observed values (n,) if it is a jump to a level that lasts; else None.

    It is JUMP times larger than any change before it, and the values on both sides, as many each, lie apart.
    """
    n = len(values)
    if n < BEFORE + FEWEST:
        return None
    first = max(1, n - most)
    cut = first + int(np.abs(np.diff(values[first - 1 :])).argmax())
    after = n - cut
    if not (FEWEST <= after <= most and cut >= max(BEFORE, after)):
        return None
    middles = np.median(np.lib.stride_tricks.sliding_window_view(values[:cut], FEWEST), axis=1)
    largest = np.abs(middles[FEWEST:] - middles[:-FEWEST]).max()
    jump = abs(np.median(values[cut : cut + FEWEST]) - middles[-1])
    apart = _are_apart(values[cut - max(BEFORE, after) : cut], values[cut:])
    return cut if apart and 0 < JUMP * largest < jump else None
