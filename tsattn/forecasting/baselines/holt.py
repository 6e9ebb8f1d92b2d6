"""Exponential smoothing with a damped trend and seasonal indices, averaged over many smoothing constants. No training.

Holt (1957) with the damping of Gardner & McKenzie (1985). Choosing one set of constants by the errors one step ahead, as usual,
damps a trend too much or too little a year ahead; here each set is weighed by its errors one and some steps ahead. The
season is taken out first, by classical decomposition. Vectorised over the batch.
"""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np

from tsattn.data.windows import observed_lengths
from tsattn.forecasting.baselines.ridge import fill
from tsattn.forecasting.baselines.simple import Naive, _Normal
from tsattn.forecasting.baselines.variance_function import present_size

ALPHAS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)  # of the level
TRENDS = (
    (0.0, 0.0),
    (0.0, 1.0),
    (0.05, 0.9),
    (0.05, 0.98),
    (0.05, 1.0),
    (0.2, 0.9),
    (0.2, 0.98),
)  # of the trend: beta / alpha, damping
AHEAD = 8  # the farthest step whose errors weigh the constants
SHARPNESS = 20.0  # weight = exp(-SHARPNESS · (error / least error - 1))
WIDEST = 9.0  # times the variance of the errors one step ahead
FEWEST = 6  # observed steps that a fit needs
LONGEST = 768  # newest steps that are read
STRENGTH = 1.645  # standard errors above zero that the correlation of neighbouring cycles must reach for a season


class Holt(_Normal):
    """Seasonal indices are terms, or factors where every value is positive and factors leave smaller errors; none where the
    season is not significant.

    Of the trends, (0, 0) is none and (0, 1) the slope of the straight line of least squares so far. A history of fewer
    than FEWEST steps gets the naive forecast.
    """

    name: ClassVar[str] = "holt"

    def mean_and_sigma(self, history: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        history = history[:, -LONGEST:]
        length = history.shape[1]
        n = observed_lengths(history)
        inside = np.arange(length) >= (length - n)[:, None]
        y, size = np.where(inside, fill(history, season), 0.0), present_size(history, season)
        mean, sigma, error = _fitted(y, inside, size, n, horizon, season, factors=False)
        some = np.flatnonzero((np.where(inside, y, np.inf).min(1) > 0) & (season > 1))
        if len(some):
            other = _fitted(y[some], inside[some], size[some], n[some], horizon, season, factors=True)
            better = other[2] <= error[some]
            mean[some[better]], sigma[some[better]] = other[0][better], other[1][better]
        enough, naive = (n >= FEWEST)[:, None], Naive().mean_and_sigma(history, horizon, season)
        return np.where(enough, mean, naive[0]), np.where(enough, sigma, naive[1])


def _fitted(
    y: np.ndarray, inside: np.ndarray, size: np.ndarray, n: np.ndarray, horizon: int, season: int, factors: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean and standard deviation (B, H), and least past errors (B,), with a season of terms or of factors."""
    index = _season(y, inside, season, factors)
    length = y.shape[1]
    each = index[:, (np.arange(length + horizon) - length) % season]
    past, ahead = each[:, :length], each[:, length:]
    mean, sigma, error = _smoothed(y / past if factors else y - past, inside, size, horizon)
    # indices of k cycles overfit the past and are uncertain themselves: both add 1 / k
    cycles = np.maximum(n / season, 2.0)
    sigma = sigma * np.where((index != index[:, :1]).any(1), np.sqrt((cycles + 1) / (cycles - 1)), 1.0)[:, None]
    return (mean * ahead, sigma * ahead, error) if factors else (mean + ahead, sigma, error)


def _season(y: np.ndarray, inside: np.ndarray, season: int, factors: bool) -> np.ndarray:
    """Return (B, m) seasonal indices, starting with the next step's phase; 1 (factors) or 0 where there is no season.

    Means by phase of the values over, or less, their centred mean over one cycle, whose ends count half if it is even.
    """
    rows, length = y.shape
    none = np.full((rows, season), float(factors))
    half = season // 2
    if season < 2 or length - 2 * half < 2 * season:
        return none
    weight = np.full(2 * half + 1, 1 / season)
    weight[[0, -1]] *= 0.5 if season % 2 == 0 else 1.0
    total = np.pad(np.cumsum(y, 1), ((0, 0), (1, 0)))
    inner = total[:, 2 * half : -1] - total[:, 1 : length + 1 - 2 * half]
    trend = inner * weight[half] + (y[:, : length - 2 * half] + y[:, 2 * half :]) * weight[0]
    middle, known = y[:, half : length - half], inside[:, : length - 2 * half]
    bare = middle / np.where(trend > 0, trend, 1.0) if factors else middle - trend
    bare = np.where(known, bare, 0.0)
    place = (np.arange(half, length - half) - length) % season
    phase = np.eye(season)[place]  # (L, m)
    count = known @ phase
    index = bare @ phase / np.maximum(count, 1)
    level = index.mean(1, keepdims=True)
    index = index / np.where(level > 0, level, 1.0) if factors else index - level
    usable = (count.min(1) >= 2) & _alike(bare, known, season) & (not factors or index.min(1) > 0.01)
    return np.where(usable[:, None], index, none)


def _alike(bare: np.ndarray, known: np.ndarray, season: int) -> np.ndarray:
    """Return (B,) bool: True where detrended values correlate with those one cycle before."""
    count = np.maximum(known.sum(1), 1)
    z = np.where(known, bare - (bare.sum(1) / count)[:, None], 0.0)
    power = (z**2).sum(1)
    return (z[:, season:] * z[:, :-season]).sum(1) > STRENGTH / np.sqrt(count) * power


def _slopes(y: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return (B, L) slopes, at each step, of the least-squares line through all values up to it; 0 for a single value."""
    count = np.cumsum(inside, 1)
    t = np.maximum(count - 1.0, 0.0)  # steps from the first value
    start = np.take_along_axis(y, np.minimum(inside.argmax(1), y.shape[1] - 1)[:, None], 1)
    level = np.where(inside, y - start, 0.0)
    n = np.maximum(count, 1)
    middle, mean = t / 2, np.cumsum(level, 1) / n
    power = n * (t / 2) * (t / 2 + 1) / 3  # of t less its mean: n (n² - 1) / 12
    joint = np.cumsum(t * level, 1) - n * middle * mean
    return np.where(count >= 2, joint / np.where(power > 0, power, 1.0), 0.0)


def _smoothed(y: np.ndarray, inside: np.ndarray, size: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean and standard deviation (B, H) of forecasts of y (B, L) with steps `inside` (B, L), and least errors (B,).

    size (B, L): factors on the errors in the standard deviation (variance_function.py).
    """
    rows, length = y.shape
    alpha, beta, damping = np.array([(a, *trend) for a, trend in itertools.product(ALPHAS, TRENDS)]).T.copy()  # (G,)
    steps = np.arange(1, max(horizon, AHEAD) + 1)
    reach = np.cumsum(damping[:, None] ** steps, 1)  # (G, H): how far the trend has gone at each step
    far = np.clip(inside.sum(1) // 3, 1, min(AHEAD, horizon))
    there = far[:, None] - 1 + np.arange(length)  # (B, L) positions of the steps that are so far ahead
    later, known = np.take_along_axis(y, np.minimum(there, length - 1), 1).T[..., None], (there < length).T[..., None]
    gone = reach.T[far - 1]  # (B, G)
    first = np.minimum(length - inside.sum(1), length - 1)
    line = (damping == 1) & (beta == 0)
    level = np.repeat(y[np.arange(rows), first][:, None], len(alpha), 1)
    trend, squares, misses, errors = (np.zeros_like(level) for _ in range(4))
    columns, slopes = y.T[..., None], _slopes(y, inside).T[..., None]
    for t in range(int(first.min()) + 1, length):
        seen = inside[:, t - 1, None]
        miss = (later[t] - level - trend * gone) * (seen & known[t])
        misses += (miss * size[:, t, None]) ** 2
        errors += np.abs(miss)
        trend = damping * trend
        made = level + trend
        error = (columns[t] - made) * seen
        squares += (error * size[:, t, None]) ** 2
        errors += np.abs(error)
        level = np.where(seen, made + alpha * error, level)
        trend = np.where(line, slopes[t], trend + alpha * beta * error)
    floor = 1e-9 * np.abs(y).sum(1, keepdims=True) + 1e-300
    errors = np.maximum(errors, floor)
    weight = np.exp(-SHARPNESS * (errors / errors.min(1, keepdims=True) - 1))
    weight /= weight.sum(1, keepdims=True)
    mean = (weight * level).sum(1)[:, None] + (weight * trend) @ reach[:, :horizon]
    # the error of step j moves what is forecast after it by alpha (1 + beta · reach)
    moved = alpha[:, None] * (1 + beta[:, None] * reach[:, : horizon - 1])
    growth = np.cumsum(np.pad(moved**2, ((0, 0), (1, 0)), constant_values=1.0), 1)
    count = np.maximum(inside.sum(1) - 1, 1)[:, None]
    variance = (weight * squares / count) @ growth
    # so far from errors one step ahead; errors `far` steps ahead count too
    missed = (weight * misses).sum(1) / np.maximum(inside.sum(1) - far, 1)
    said = np.take_along_axis(variance, far[:, None] - 1, 1)[:, 0]
    wider = np.clip(missed / np.where(said > 0, said, 1.0), 1.0, WIDEST) - 1
    share = np.minimum(np.arange(horizon) / np.maximum(far - 1, 1)[:, None], 1.0)
    return mean, np.sqrt(variance * (1 + wider[:, None] * share)), errors.min(1)
