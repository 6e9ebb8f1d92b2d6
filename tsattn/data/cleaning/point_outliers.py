"""Lone values far from those around them: a sensor's glitch, a day booked twice. Taken as missing.

A network's scale, its anchors and a regression on lags all suffer from them, and no forecast can tell when the next one comes.
What may be meant is kept: what lasts, what comes again at its phase of a season or at even distances, what many values do, and
the newest values, which may be the beginning of something.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsattn.data.cleaning.gross_errors import without_absurd
from tsattn.data.panel import Panel

FAR = 4.0  # times the range, from the 5 % to the 95 % quantile, of how far values of the window are from those around them
FEWEST = 24  # values that a window needs
MOST = 0.08  # of the values: more are no accidents
NEWEST = 2  # values that are never left out, for none or one came after them
AGAIN = 1 / 3  # of the other values at a phase that are as far out: then it is the season
EVEN = 0.15  # standard deviation of the distances between spikes, over their mean, below which they are a rhythm


def without_spikes(past: np.ndarray, periods: Sequence[int] = ()) -> np.ndarray:
    """Windows (B, L), NaN = missing, with their spikes missing too. The array itself where there is none.

    periods: steps of the cycles that the frequency suggests.
    """
    seen = ~np.isnan(past)
    whole = seen.all(1)
    out = past
    suspects = np.flatnonzero(~whole & (seen.sum(1) >= FEWEST))
    if past.shape[1] >= FEWEST and whole.any():
        rows = np.flatnonzero(whole)
        suspects = np.sort(np.append(suspects, rows[_sides(past[rows]).any(1)]))
    for row in suspects.tolist():
        at = np.flatnonzero(seen[row])
        spikes = _spikes(_sides(past[row, at][None])[0], at, periods)
        if len(spikes):
            out = past.copy() if out is past else out
            out[row, spikes] = np.nan
    return out


def shown_history(panel: Panel, item: int, end: int | None = None) -> np.ndarray:
    """An item's history up to row `end` of the panel, by default its origin, less the spikes that would press a picture flat."""
    history = panel.target[panel.indptr[item] : panel.origin[item] if end is None else end]
    return without_spikes(history[None], panel.freq.season_lengths)[0]


def late_spikes(history: np.ndarray, periods: Sequence[int] = ()) -> np.ndarray:
    """Positions among the newest values of a history (L,) that are as far out as a spike. They stay: something may begin."""
    at = np.flatnonzero(~np.isnan(history))
    return _spikes(_sides(history[at][None])[0], at, periods, late=True) if len(at) >= FEWEST else at[:0]


def believable(past: np.ndarray, periods: Sequence[int] = ()) -> np.ndarray:
    """Windows (B, L) as forecasters are shown them: what is absurd, and then what is a spike, is missing."""
    return without_spikes(without_absurd(past), periods)


def _sides(values: np.ndarray) -> np.ndarray:
    """(B, n) int8: 1 for a value FAR above all but one of the two values before it and the two after it, -1 below, else 0.

    One, for a glitch may take two values; an event that lasts longer, or a step, leaves nothing so alone.
    """
    padded = np.pad(values.astype(np.float64), ((0, 0), (2, 2)), mode="reflect")
    first, second, third, fourth = (padded[:, i : i + values.shape[1]] for i in (0, 1, 3, 4))
    upper = np.minimum(np.maximum(first, second), np.maximum(third, fourth))
    lower = np.maximum(np.minimum(first, second), np.minimum(third, fourth))
    apart = np.maximum(values - np.maximum(upper, lower), 0) + np.minimum(values - np.minimum(upper, lower), 0)
    last = values.shape[1] - 1
    low, high = round(0.05 * last), round(0.95 * last)
    ordered = np.partition(apart, (low, high), axis=1)
    bound = FAR * (ordered[:, high] - ordered[:, low])[:, None]
    return np.where((np.abs(apart) > bound) & (bound > 0), np.sign(apart), 0).astype(np.int8)


def _spikes(side: np.ndarray, at: np.ndarray, periods: Sequence[int], *, late: bool = False) -> np.ndarray:
    """Positions of a window's spikes: side (n,) of its observed values, which are at positions `at` (n,).

    late: those among the NEWEST values, instead of those before.
    """
    found = np.flatnonzero(side)
    gaps = np.diff(at[found])
    rhythm = len(gaps) >= 3 and gaps.std() < EVEN * gaps.mean()
    if not len(found) or len(found) > MOST * len(side) or rhythm:
        return at[:0]
    asked = found[(found >= len(side) - NEWEST) == late]
    return at[[i for i in asked.tolist() if not any(_again(side, at, i, period) for period in periods if period > 1)]]


def _again(side: np.ndarray, at: np.ndarray, i: int, period: int) -> bool:
    """Whether the other values at the phase of value i are often on its side too."""
    same = side[(at % period == at[i] % period) & (at != at[i])]
    return len(same) > 0 and float((same == side[i]).mean()) >= AGAIN
