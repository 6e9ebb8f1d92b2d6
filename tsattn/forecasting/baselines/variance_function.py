"""Noise that grows with the level: past residuals rescaled to the present level.

The standard deviation is modelled as the level to the power of a slope between 0 (constant) and 1 (proportional): the
power-of-the-mean model of Carroll and Ruppert (1988, Transformation and Weighting in Regression). Without it, a spread estimated
over a long past is too narrow for a series that has grown since, and too wide for one that has shrunk.
"""

from __future__ import annotations

import numpy as np

SPAN = 12  # minimum number of steps of a level, which is a mean, and of a block; whole cycles
FEWEST = 6  # minimum number of blocks for a slope
DOUBT = 3.0  # squared standard errors from 0 within which a slope is taken as 0
MOST_ALIKE = 0.9  # limit of the correlation of neighbouring blocks
FARTHEST = 4.0  # maximum factor by which a residual is enlarged or reduced


def present_size(history: np.ndarray, season: int) -> np.ndarray:
    """Return (B, L) factors that rescale the residuals of a history (B, L), NaN = missing, to its newest level."""
    slope, factors = slopes(history, season), np.ones(history.shape)
    rows = np.flatnonzero(slope > 0)
    if len(rows):
        levels = log_levels(history[rows], season)
        factors[rows] = ratios(slope[rows], levels, levels[:, -1:])
    return factors


def slopes(history: np.ndarray, season: int) -> np.ndarray:
    """Return (B,) slopes from 0 to 1, by least squares over blocks of steps; 0 for histories with values below zero.

    The log of a block's mean absolute difference from the previous cycle is regressed on the log of the mean before both, so
    that noise in a block affects only one of the two. A slope that may be chance is 0; others are shrunk towards 0 by the
    positive-part rule of James and Stein (1961).
    """
    rows, length = history.shape
    span = span_of(season)
    blocks = (length - season) // span - 1
    if blocks < FEWEST:
        return np.zeros(rows)

    def means(values: np.ndarray) -> np.ndarray:
        parts = values.reshape(rows, blocks, span)
        known = ~np.isnan(parts)
        count, total = known.sum(2), np.where(known, parts, 0.0).sum(2)
        return np.divide(total, count, out=np.zeros(total.shape), where=2 * count >= span)

    start = length - blocks * span
    size = means(np.abs(history[:, start:] - history[:, start - season : length - season]))
    level = means(history[:, start - season - span : length - season - span])
    first = (~np.isnan(history)).argmax(1)  # blocks that begin before it are left out: the history may be padded there
    used = (size > 0) & (level > 0) & (np.arange(start - season - span, length - season - span, span) >= first[:, None])
    number = used.sum(1)

    def centred(values: np.ndarray) -> np.ndarray:
        logs = np.log(np.where(used, values, 1.0))
        return np.where(used, logs - (logs.sum(1) / np.maximum(number, 1))[:, None], 0.0)

    x, y = centred(level), centred(size)
    power = (x**2).sum(1)
    power = np.where(power > 0, power, np.inf)
    slope = (x * y).sum(1) / power
    error = np.where(used, y - slope[:, None] * x, 0.0)
    squares = (error**2).sum(1)
    # volatility comes in clusters: neighbouring blocks with similar errors count as fewer
    alike = np.clip((error[:, 1:] * error[:, :-1]).sum(1) / np.where(squares > 0, squares, 1.0), 0.0, MOST_ALIKE)
    variance = squares / np.maximum(number - 2, 1) / power * (1 + alike) / (1 - alike)
    shrunk = slope - DOUBT * variance / np.where(slope > 0, slope, np.inf)
    usable = (number >= FEWEST) & (np.nanmin(history, 1, initial=np.inf) >= 0)
    return np.where(usable, np.clip(shrunk, 0.0, 1.0), 0.0)


def log_levels(history: np.ndarray, season: int) -> np.ndarray:
    """Return (B, L) logs of the mean of the last cycles up to each step of history (B, L); NaN where it is not positive.

    Causal: a level does not depend on later steps.
    """
    span, known = span_of(season), ~np.isnan(history)
    total, count = np.cumsum(np.where(known, history, 0.0), 1), np.cumsum(known, 1)
    for sums in (total, count):
        sums[:, span:] -= sums[:, :-span].copy()
    level = np.divide(total, count, out=np.zeros(history.shape), where=count > 0)
    return np.log(np.where(level > 0, level, np.nan))


def ratios(slope: np.ndarray, levels: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return ratios of the noise at log levels `present` to that at `levels` (B, L), given slopes (B,); 1 for unknown levels."""
    away = slope[:, None] * (present - levels)
    return np.exp(np.clip(np.nan_to_num(away), -np.log(FARTHEST), np.log(FARTHEST)))


def span_of(season: int) -> int:
    """Return the number of steps of a level and of a block: the fewest whole cycles with at least SPAN steps."""
    return -(-SPAN // season) * season
