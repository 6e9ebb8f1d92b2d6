"""Additive outliers: lone values far from their neighbours, such as a sensor's glitch or a day booked twice.

They distort a network's scale, its anchors and a regression on lags, and the next one cannot be forecast.
Values that may be meant are kept: those that last, that come again at a phase of a season or at even distances, that are many,
and the newest ones, which may be the beginning of something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tsattn.data.freq import WEEKS_IN_YEAR

FAR = 4.0  # times the range, from the 5 % to the 95 % quantile, of the distances of the window's values from their neighbours
STEPS = 2.0  # times a large step (75 % quantile), at least
FEWEST = 24  # values that a window needs
MOST = 0.08  # of the values: more are no accidents
NEWEST = 2  # values that are never left out, for none or one came after them
AGAIN = 1 / 3  # of the other values at a phase that are as far out: then it is the season
LEVEL = 9  # values around an outlier that give their level
NEAR = 64  # values of that level that give the scale, where the level is not that of the window
YEAR_OF_WEEKS = 365.25 / 7
MOVES, AS_FAR = 2, 0.5  # weeks by which a peak may differ from its date; share of an outlier's size that counts as the same
EVEN = 0.15  # standard deviation of the distances between outliers, over their mean, below which they are a rhythm


class Outliers(NamedTuple):
    """Positions of the additive outliers of one window: `lone` ones, and `recent` ones among its NEWEST values."""

    row: int
    lone: np.ndarray
    recent: np.ndarray


def find_additive_outliers(past: np.ndarray, periods: Sequence[int] = ()) -> list[Outliers]:
    """Return the outliers of windows (B, L), NaN = missing, for each row that has some.

    periods: steps of the cycles that the frequency suggests.
    """
    seen = ~np.isnan(past)
    count = seen.sum(1)
    found = []
    for rows in (np.flatnonzero(count == past.shape[1]), np.flatnonzero((count >= FEWEST) & (count < past.shape[1]))):
        if not len(rows) or past.shape[1] < FEWEST:
            continue
        packed = past[rows]
        if count[rows[0]] < past.shape[1]:  # observed values first
            packed = np.take_along_axis(packed, np.argsort(~seen[rows], 1, kind="stable"), 1)[:, : count[rows].max()]
        sides = _sides(packed, count[rows])
        for i in np.flatnonzero(sides.any(1)).tolist():
            at = np.flatnonzero(seen[rows[i]])
            values = past[rows[i], at].astype(np.float64)
            side = _at_own_scale(sides[i, : len(at)], values)
            if WEEKS_IN_YEAR in periods:
                side = _without_yearly(side, values, at)
            lone, recent = _outliers(side, at, periods)
            if len(lone) or len(recent):
                found.append(Outliers(int(rows[i]), lone, recent))
    return sorted(found, key=lambda one: one.row)


def _sides(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return (B, n) int8: 1 for a value FAR above all but one of the two values before and the two after it, -1 below, else 0.

    One neighbour may be as far out, as a glitch may take two values; a longer event or a step has no value that stands so alone.
    values (B, n): the first `count` (B,) of a row are observed.
    """
    padded = np.pad(values.astype(np.float64), ((0, 0), (2, 2)), mode="reflect")
    whole = bool((count == values.shape[1]).all())
    if not whole:  # reflect each row at its own end
        row = np.arange(len(values))
        for after in (0, 1):
            padded[row, 2 + count + after] = values[row, count - 2 - after]
    apart, steps = _apart(padded), np.abs(np.diff(values.astype(np.float64)))
    low, high = (np.rint(share * (count - 1)).astype(np.int64)[:, None] for share in (0.05, 0.95))
    large = np.rint(0.75 * (count - 2)).astype(np.int64)[:, None]
    if whole:
        ordered = np.partition(apart, (int(low[0, 0]), int(high[0, 0])), axis=1)
        steps = np.partition(steps, int(large[0, 0]), axis=1)
    else:
        apart = np.where(np.arange(values.shape[1]) < count[:, None], apart, np.nan)
        ordered = np.sort(apart, 1)  # NaN last
        steps = np.sort(np.where(np.arange(1, values.shape[1]) < count[:, None], steps, np.nan), 1)
    bound = FAR * (np.take_along_axis(ordered, high, 1) - np.take_along_axis(ordered, low, 1))
    # values of a count that grows hardly ever leave the range of their neighbours
    bound = np.where(bound > 0, np.maximum(bound, STEPS * np.take_along_axis(steps, large, 1)), 0.0)
    return np.where((np.abs(apart) > bound) & (bound > 0), np.sign(apart), 0).astype(np.int8)


def _apart(padded: np.ndarray) -> np.ndarray:
    """Return the signed distances (B, n) of values from all but one of the two before and the two after; padded (B, n + 4)."""
    first, second, values, third, fourth = (padded[:, i : i + padded.shape[1] - 4] for i in range(5))
    upper = np.minimum(np.maximum(first, second), np.maximum(third, fourth))
    lower = np.maximum(np.minimum(first, second), np.minimum(third, fourth))
    far = np.maximum(values - np.maximum(upper, lower), 0) + np.minimum(values - np.minimum(upper, lower), 0)
    return np.asarray(far)


def _at_own_scale(side: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the sides (n,) of observed values (n,) without those that are not FAR by the distances at their own level.

    Where the LEVEL values around differ from the window's median by more than its interquartile range, as after a split of a
    share, so do the distances of values from their neighbours. The bound there is that of the window times the ratio of their
    spreads (10 % to 90 % quantile, which several outliers do not move), at the NEAR next values of this level.
    """
    quarter, middle, upper = np.quantile(values, (0.25, 0.5, 0.75))
    found = np.flatnonzero(side)
    first = np.clip(found - LEVEL // 2, 0, len(values) - LEVEL)
    levels = np.median(values[first[:, None] + np.arange(LEVEL)], axis=1)
    away = np.abs(levels - middle) > upper - quarter
    if not away.any():
        return side
    apart, kept = _apart(np.pad(values, 2, mode="reflect")[None])[0], side.copy()
    low, lower, higher, high = np.quantile(apart, (0.05, 0.1, 0.9, 0.95))
    for i, level in zip(found[away].tolist(), levels[away].tolist(), strict=True):
        same = np.flatnonzero(np.abs(values - level) < np.abs(values - middle))
        near = same[np.argsort(np.abs(same - i), kind="stable")[:NEAR]]
        spread = np.subtract(*np.quantile(apart[near], (0.9, 0.1)))
        kept[i] *= abs(apart[i]) * (higher - lower) > FAR * (high - low) * spread
    return kept


def _without_yearly(side: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the sides (n,) of weekly values (n,) at positions `at` (n,) without those that recur at about the same date.

    In other years, a peak at a date may lie in the week before or after, or in two weeks.
    """
    found = np.flatnonzero(side)
    if not len(found):
        return side
    out, half = side.copy(), LEVEL // 2
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, half, mode="reflect"), LEVEL)
    away = values - np.median(around, axis=1)
    for i in found.tolist():
        years = np.arange(-(at[i] // WEEKS_IN_YEAR), (at[-1] - at[i]) // WEEKS_IN_YEAR + 1)
        near = [np.abs(at - at[i] - round(year * YEAR_OF_WEEKS)) <= MOVES for year in years.tolist() if year]
        again = [float((away[one] * side[i]).max()) >= AS_FAR * abs(away[i]) for one in near if one.any()]
        out[i] *= not again or np.mean(again) < AGAIN
    return out


def _outliers(side: np.ndarray, at: np.ndarray, periods: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Positions of a window's lone and recent outliers: side (n,) of its observed values, which are at positions `at` (n,)."""
    found = np.flatnonzero(side)
    gaps = np.diff(at[found])
    rhythm = len(gaps) >= 3 and gaps.std() < EVEN * gaps.mean()
    if not len(found) or len(found) > MOST * len(side) or rhythm:
        return at[:0], at[:0]
    found = np.array(
        [i for i in found.tolist() if not any(_again(side, at, i, period) for period in periods if period > 1)], np.int64
    )
    recent = found >= len(side) - NEWEST
    return at[found[~recent]], at[found[recent]]


def _again(side: np.ndarray, at: np.ndarray, i: int, period: int) -> bool:
    """True where the other values at the phase of value i are often on its side too."""
    same = side[(at % period == at[i] % period) & (at != at[i])]
    return len(same) > 0 and float((same == side[i]).mean()) >= AGAIN
