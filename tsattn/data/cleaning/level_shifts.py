"""A level that moved a short while ago, to where a series never was: what lies before is brought to the new level.

A network that has not seen a series there takes it for an event that passes, and so does all evidence from before the move.
Only what is beyond doubt counts: values that all lie apart from all that came before them by more than either side spreads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEWEST = 5  # values at the new level: fewer may be an event
MOST = 64  # more tell of themselves
BEFORE = 24  # values before the move, at least, and at least FOLD times those after it
FOLD = 2
CYCLES = 3  # before the move, at least, that tell where the level was
APART = 1.0  # times the sum of what both sides spread (5 % to 95 % quantile) that lies between them


def levelled(past: np.ndarray, periods: Sequence[int] = ()) -> np.ndarray:
    """Windows (B, L), NaN = missing, with what lies before a recent move of the level brought to the new one.

    By how far the values since the move are from those at the same phases of the shortest of `periods`, in the last cycles before
    it. Added; where values never are below zero and the level fell, scaled. The array itself where no level moved.
    """
    out, season = past, min(periods, default=1)
    for row, at in moves(past):
        out = past.copy() if out is past else out
        older, newer = past[row, :at].astype(np.float64), past[row, at:].astype(np.float64)
        lag = -(-len(newer) // season) * season
        cycles = np.arange(1, max(CYCLES, -(-BEFORE // lag)) + 1)
        place = (np.arange(at, past.shape[1]) - lag * cycles[:, None]).ravel()
        there = older[place[(place >= 0) & (place < at)]]
        before, after = np.nanmedian(there if np.isfinite(there).any() else older), np.nanmedian(newer)
        scaled = after < before and np.nanmin(past[row]) >= 0
        out[row, :at] = older * (after / before) if scaled else older + (after - before)
    return out


def moves(past: np.ndarray) -> list[tuple[int, int]]:
    """(row, position of the first value at the new level) of windows (B, L) whose level has moved."""
    seen = ~np.isnan(past)
    found = []
    for row in np.flatnonzero(_suspect(past, seen)).tolist():
        at = np.flatnonzero(seen[row])
        values = past[row, at].astype(np.float64)
        if (first := _move(values)) is not None:
            found.append((row, int(at[first])))
    return found


def _suspect(past: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(B,) whether the newest FEWEST steps lie above, or below, nearly all of those older than MOST steps: a cheap sieve."""
    rows, length = past.shape
    if length < BEFORE + FEWEST:
        return np.zeros(rows, bool)
    bound = np.maximum(seen.argmax(1) + BEFORE, length - MOST)
    newest, older = past[:, -FEWEST:], np.where(np.arange(length) < bound[:, None], past, np.float32(np.nan))
    low, high = np.where(np.isnan(newest), np.inf, newest).min(1), np.where(np.isnan(newest), -np.inf, newest).max(1)
    count = (~np.isnan(older)).sum(1)
    # few older values may lie beyond: spikes
    above = (older > low[:, None]).sum(1) <= 0.02 * count
    below = (older < high[:, None]).sum(1) <= 0.02 * count
    return np.asarray((above | below) & (seen.sum(1) >= BEFORE + FEWEST) & (count > 0))


def _move(values: np.ndarray) -> int | None:
    """Where the level of observed values (n,) moved, for the last time; None where it did not, or not clearly."""
    n = len(values)
    here, there = np.median(values[-FEWEST:]), np.median(values[: max(BEFORE, n - MOST)])
    old_side = np.flatnonzero(np.sign(values - (here + there) / 2) != np.sign(here - there))
    cut = int(old_side[-1]) + 1 if len(old_side) else 0
    after = n - cut
    if not (FEWEST <= after <= MOST and cut >= max(BEFORE, FOLD * after)):
        return None
    old, new = values[:cut], values[cut:]
    low, high = np.quantile(old, (0.02, 0.98))
    if new.min() == new.max():
        return None  # a sensor that is stuck, a shop that is closed
    gap = max(new.min() - high, low - new.max())
    spread = np.subtract(*np.quantile(old, (0.95, 0.05))) + np.subtract(*np.quantile(new, (0.95, 0.05)))
    return cut if gap > APART * spread else None
