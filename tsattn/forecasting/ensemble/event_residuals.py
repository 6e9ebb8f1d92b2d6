"""Residuals of daily series from level and season, in which calendar events are searched, and a check of an event's sign.

A moving level bends around a large effect, so that the days before and after it seem to have one of the other sign. Extreme days
are therefore limited before the level is computed, and each event is compared with the usual level of the weeks around it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tsattn.forecasting.ensemble.awake_rows import awake, may_multiply
from tsattn.forecasting.ensemble.series_effects import moving_level, season_of, without_level_and_season
from tsattn.forecasting.quantiles import row_medians

FARTHEST = 5.0  # limit of a deviation, in standard deviations
AROUND = 63  # days on either side of an event that show the usual level
LEAST = 0.3  # of its size by which an event must deviate from the usual level
_MIDDLE, _TAIL = 0.6745, 2.3263  # the 50 % and 98 % quantiles of the size of a normal deviate, in standard deviations
_MOST_SERIES = 64  # series of a pool that a sign is checked in


class Residuals(NamedTuple):
    """Residuals of B series in standard deviations, (B, L), NaN = missing.

    z: without level and season, limited to FARTHEST. y: without season only.
    """

    z: np.ndarray
    y: np.ndarray


def residuals_of(past: np.ndarray, seasons: tuple[int, ...]) -> Residuals:
    """Return residuals of past (B, L), or of its logarithms where it is positive."""
    values = awake(past.astype(np.float64), seasons)
    seen = np.isfinite(values)
    count = seen.sum(1)
    above = seen & (values > 0)
    positive = may_multiply(values)
    least = np.where(above, values, np.inf).min(1, initial=np.inf)  # a zero is half the smallest value
    logs = np.log(np.where(above, values, np.where(np.isfinite(least), least, 1.0)[:, None] / 2))
    values = np.where(seen, np.where(positive[:, None], logs, values), 0.0)
    values = np.where(seen, values - values.sum(1, keepdims=True) / np.maximum(count, 1)[:, None], 0.0)
    left, rest = np.zeros_like(values), np.zeros_like(values)
    season = np.array([season_of(int(rows), seasons) for rows in np.isfinite(past).sum(1)])
    for one in np.unique(season).tolist():
        rows = season == one
        left[rows], rest[rows] = _limited(values[rows], seen[rows], one)
    left, rest = (np.where(seen, each, np.nan) for each in (left, rest))
    scale = scale_of(left)
    return Residuals(standard(left, scale), rest / np.where(scale > 0, scale, np.inf))


def _limited(values: np.ndarray, seen: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values (R, L) without level and season, then without season only; extreme days hardly move either."""
    first, _ = without_level_and_season(values, seen, season)
    far = FARTHEST * scale_of(np.where(seen, first, np.nan))
    extreme = first - np.clip(first, -far, far)
    limited = values - extreme
    left, _ = without_level_and_season(limited, seen, season)
    return left + extreme, left + extreme + moving_level(limited, seen, season)


def scale_of(left: np.ndarray) -> np.ndarray:
    """Return (…, 1) robust standard deviations of (…, T), larger ones that fit the 98 % quantile where tails are heavy."""
    size = np.abs(left)
    return np.asarray(np.nan_to_num(np.maximum(_ranked(size, 50) / _MIDDLE, _ranked(size, 98) / _TAIL)))


def scales_of(left: np.ndarray, usual: list[np.ndarray]) -> list[np.ndarray]:
    """Return a scale (S, 1) of (S, T) for each of `usual`, (T,) bool: the days from which the 98 % quantile is taken."""
    size = np.abs(left)
    order = size.argsort(-1)  # NaN last; sorted once, because there are many sets of days
    ordered = np.take_along_axis(size, order, -1)
    middle = _ranked(size, 50) / _MIDDLE
    found = []
    for days in usual:
        tail = np.array([_at_share(row[days[at]], 98) for row, at in zip(ordered, order, strict=True)])
        found.append(np.asarray(np.nan_to_num(np.maximum(middle, tail[:, None] / _TAIL))))
    return found


def standard(left: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Divide (…, T) by its scale, limited to FARTHEST; 0 where the scale is 0."""
    return np.asarray(np.clip(left / np.where(scale > 0, scale, np.inf), -FARTHEST, FARTHEST))


def mean_of_pool(values: np.ndarray) -> np.ndarray:
    """Return the mean (T,) of series (S, T), NaN at steps with fewer than a quarter of the series of the fullest step."""
    seen = ~np.isnan(values)
    count = seen.sum(0)
    total = np.where(seen, values, 0.0).sum(0)
    return np.where(count >= max(count.max(initial=0) / 4, 1), total / np.maximum(count, 1), np.nan)


def _ranked(size: np.ndarray, share: int) -> np.ndarray:
    ordered = np.sort(size, -1)  # NaN last
    count = (~np.isnan(size)).sum(-1, keepdims=True)
    return np.take_along_axis(ordered, np.maximum((count - 1) * share // 100, 0), -1)


def _at_share(ordered: np.ndarray, share: int) -> float:
    """Return the value at a percentage of ordered values (n,), NaN last."""
    count = int(np.searchsorted(ordered, np.inf, "right"))
    return float(ordered[max((count - 1) * share // 100, 0)])


def has_sign(y: np.ndarray, weights: np.ndarray, size: float, others: np.ndarray) -> bool:
    """Return True if series y (S, T) differ from the usual level around an event in the direction of its size, and enough.

    weights: (T,) of the event, in whose runs each occurrence lies. others: (T,) bool, days of other events, which are left out.
    """
    on = weights > 0
    edges = np.diff(on.astype(np.int8), prepend=0, append=0)
    y = y[:: max(1, len(y) // _MOST_SERIES)]
    found = []
    for begin, end in zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True):
        sides = (slice(max(begin - AROUND, 0), begin), slice(end, end + AROUND))
        medians = [
            row_medians(np.where(others[side], np.nan, y[:, side])) for side in sides
        ]  # of a trend, the mean of both sides
        usual = _mean(np.stack(medians, 1))
        share = weights[begin:end]
        away = np.where(others[begin:end], np.nan, y[:, begin:end] - usual[:, None])
        there = ~np.isnan(away)
        found.append(((share * np.where(there, away, 0.0)).sum(1), (share**2 * there).sum(1)))
    # an occurrence of which only the beginning is observed counts little
    product, square = np.sum(found, 0) if found else np.zeros((2, len(y)))
    some = square > 0
    return bool(some.any()) and float((product[some] / square[some]).mean()) * np.sign(size) >= LEAST * abs(size)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return (S,) means of values (S, n), NaN ignored; NaN where there is none."""
    count = (~np.isnan(values)).sum(1)
    return np.divide(np.nan_to_num(values).sum(1), count, out=np.full(len(values), np.nan), where=count > 0)
