"""Linear regression of each series on seasonal lags: the last cycles at a step's phase, the newest errors, and recent levels.

The forecast of a step is the mean of the last cycles at its phase, plus a linear function of how far each of these cycles, the
long cycle (a week of hours), the newest values and the level of recent cycles lie from that mean. The steps of a part of the
horizon share their weights, so a fit has some thirty weights, where a regression on all lags (ridge.py) has thousands: it is more
accurate on short and noisy histories. Electricity prices (Lago et al. 2021, LEAR) and volatility (Corsi 2009, HAR) are forecast
by such lags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.residual_spread import spread
from tsattn.forecasting.baselines.ridge import Regression, fill
from tsattn.forecasting.baselines.variance_function import log_levels, ratios, slopes
from tsattn.forecasting.frame import DEFAULT_QUANTILES

CYCLES = 14  # most cycles to read: two weeks of days
SHARE = 4  # cycles of history for each cycle to read
LEVELS = (1, 2, 4, 7)  # newest cycles whose mean is compared with that of all cycles to read
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # relative to the mean diagonal of the Gram matrix
FEWEST = 24  # origins that a fit needs
_ORIGINS = 1500  # most origins of a fit, evenly spread
_STEPS = 4  # steps of each part of the horizon that are fitted, evenly spread
_FIRST = 4  # steps of the first part
_TAIL = 64  # held-back origins whose errors choose the penalties and give the spread
_BOUND = 1e6  # of forecasts, in standard deviations
_LARGEST = float(np.finfo(np.float32).max)


class Fit(NamedTuple):
    """Weights (P, F) and penalties (P,) of the parts of the horizon, which end at the steps `ends` (P,).

    spread (block, Q): distances of the quantiles from the median. noise (season,): factors on them at each phase, which is a
    position modulo the season.
    """

    ends: np.ndarray
    weights: np.ndarray
    penalties: np.ndarray
    spread: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True)
class SeasonalRegression(Regression):
    """Forecaster of series with a season; a series without one, or with too short a history, has no forecast (NaN).

    The penalty of each part of the horizon is the one of PENALTIES with the smallest error on the last sixth of the origins after
    a fit on the earlier ones, and the quantiles come from the errors made there, as in Ridge. A missing value is replaced by the
    newest value of its phase. Steps beyond a fifth of the history have the weights of the last part. `season_length` None:
    the shortest usual cycle of the data's frequency.
    """

    season_length: int | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    name: str = "seasonal-regression"

    def predict_from(self, batch: WindowBatch, shifts: np.ndarray) -> np.ndarray:
        """Return (1 + K, B, H, Q) float32: forecasts from the end, then from `shifts` (K, B) steps before it.

        The latter K come from one fit on what lies before the earliest of them; the penalties are chosen there, too. NaN where
        that leaves too short a history.
        """
        season, (rows, length) = self.season_length or (batch.season_lengths or (1,))[0], batch.past_target.shape
        out = np.full((1 + len(shifts), rows, batch.horizon, len(self.quantiles)), np.nan, np.float32)
        if season < 2 or not rows:
            return out
        long = next((one for one in batch.season_lengths if one > season and one % season == 0), 0)
        history, observed = batch.past_target.astype(np.float64), batch.observed_lengths
        early = length - (shifts.max(0) if len(shifts) else np.zeros(rows, np.int64))
        able = readable(observed - length + early, batch.horizon, season)
        early = np.where(able, early, length)  # a series too short to be fitted earlier is still forecast from its end
        slope = slopes(np.where(np.arange(length) < early[:, None], history, np.nan), season)
        levels, filled = log_levels(history, season), fill(history, season)
        present = np.take_along_axis(levels, early[:, None] - 1, 1)
        size = ratios(slope, levels, present)
        for row in np.flatnonzero(readable(observed - length + early, batch.horizon, season)).tolist():
            own, first = slice(row, row + 1), int(length - observed[row])
            ends = np.array([length, *(length - shifts[:, row] if able[row] else [])])
            lags, (mean, scale) = _lags(filled[row, first:], int(early[row]) - first, season, long)
            block = int(_block(early[row] - first, batch.horizon))
            fitted = fit(lags, int(early[row]) - first, block, self.quantiles, size[row, first:])
            louder = ratios(slope[own], present[own], levels[own, ends - 1])[0]
            fits = [fitted._replace(noise=fitted.noise * factor) for factor in louder]
            if ends[0] > early[row]:
                fits[0] = fits[0]._replace(weights=_weights(lags, fitted.ends, length - first, fitted.penalties))
            made = np.stack([_forecast(lags, int(end) - first, one, batch.horizon) for end, one in zip(ends, fits, strict=True)])
            out[: len(made), row] = np.clip(made * scale + mean, -_LARGEST, _LARGEST)
        return out


def readable(length: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Return where histories of `length` (B,) steps hold two cycles to read and FEWEST origins for a fit: (B,) bool."""
    cycles, block = _cycles(length, season), _block(length, horizon)
    head = _head(length - block - (cycles + 1) * season + 1, block)
    return (cycles >= 2) & (head >= FEWEST)


def _cycles(length: np.ndarray, season: int) -> np.ndarray:
    """Return how many cycles to read of histories of `length` (B,) steps."""
    return np.minimum(CYCLES, length // season // SHARE)


def _block(length: np.ndarray, horizon: int) -> np.ndarray:
    """Return how many steps of the horizon are fitted in histories of `length` (B,) steps."""
    return np.minimum(horizon, length // 5)


def _head(origins: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return how many of the origins come before the held-back sixth; their targets end where its first origin stands."""
    return origins - np.maximum(origins // 6, 1) - block


class Lags:
    """Regressors of one series z (n,), scaled and filled. Those of an origin depend on no value after it."""

    def __init__(self, z: np.ndarray, season: int, long: int, cycles: int) -> None:
        self.z, self.season, self.long, self.cycles = z, season, long, cycles
        self.first = max((cycles + 1) * season, long)  # earliest origin
        spans = {1, 2, 3, season // 8, season // 4, season // 2, season}
        self.spans = np.array(sorted(spans - {0}))
        self.compared = np.array([count for count in LEVELS if count < cycles], np.int64) * season
        usual = np.zeros(len(z))
        for lag in range(season, (cycles + 1) * season, season):
            usual[cycles * season :] += z[cycles * season - lag : len(z) - lag]
        error = np.where(np.arange(len(z)) < cycles * season, 0.0, z - usual / cycles)
        self.total, self.error = (np.concatenate([[0.0], np.cumsum(values)]) for values in (z, error))

    def of_origin(self, origin: np.ndarray) -> np.ndarray:
        """Return the regressors of origins (N,) that are the same for all steps: newest errors and recent levels, (N, S)."""
        levels = _mean_before(self.total, origin, self.compared) - self.level(origin)[:, None]
        return np.concatenate([_mean_before(self.error, origin, self.spans), levels], 1)

    def level(self, origin: np.ndarray) -> np.ndarray:
        """Return the mean of the cycles to read before each origin (N,)."""
        return _mean_before(self.total, origin, np.array([self.cycles * self.season]))[:, 0]

    def of_step(self, origin: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the regressors (N, C) of the steps `ahead` (N,), from 1, of origins (N,), and the mean cycle (N,)."""
        target = origin + ahead - 1
        cycles = self.z[(target - self.season * -(-ahead // self.season))[:, None] - self.season * np.arange(self.cycles)]
        mean = cycles.mean(1)
        parts = [cycles]
        if self.long:
            parts.append(self.z[target - self.long * -(-ahead // self.long)][:, None])
        return np.concatenate(parts, 1) - mean[:, None], mean

    def at(self, origin: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return all regressors (N, C + S), and the mean cycle (N,)."""
        x, mean = self.of_step(origin, ahead)
        return np.concatenate([x, self.of_origin(origin)], 1), mean


def _mean_before(total: np.ndarray, origin: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Return the means (N, S) of the newest `spans` (S,) values before each origin (N,), from cumulated sums."""
    return np.asarray((total[origin][:, None] - total[origin[:, None] - spans]) / spans)


def _lags(values: np.ndarray, known: int, season: int, long: int) -> tuple[Lags, tuple[float, float]]:
    """Return the regressors of a series (n,), scaled by the mean and standard deviation of its `known` first steps, and both."""
    mean, scale = float(values[:known].mean()), float(values[:known].std())
    scale = scale if scale > 1e-7 * abs(mean) else 1.0  # below float32's own rounding a series is constant
    cycles = int(_cycles(np.array(known), season))
    return Lags((values - mean) / scale, season, long if 3 * long < known else 0, cycles), (mean, scale)


def fit(lags: Lags, end: int, block: int, quantiles: tuple[float, ...], size: np.ndarray) -> Fit:
    """Fit a series on its steps before `end`, for `block` steps. size (n,): factors on the errors (variance_function.py)."""
    origins = end - block - lags.first + 1
    tail = max(origins // 6, 1)
    head = int(_head(np.array(origins), np.array(block)))
    ends = parts_of(block, lags.season)
    # as many for every series, some of them twice where the tail is short
    held_back = end - block - np.round(np.linspace(0, 1, _TAIL) * (tail - 1)).astype(np.int64)
    at = held_back[:, None] + np.arange(block)
    x, mean = lags.at(np.repeat(held_back, block), np.tile(np.arange(1, block + 1), _TAIL))
    x, truth = x.reshape(_TAIL, block, -1), lags.z[at] - mean.reshape(_TAIL, block)
    early = _solved(*_grams(lags, ends, lags.first + head), np.array(PENALTIES)[:, None])  # (penalties, P, F)
    part = np.searchsorted(ends, np.arange(1, block + 1))
    errors = truth - np.einsum("ohf,phf->poh", x, early[:, part])
    by_part = np.stack([np.abs(errors[..., part == one]).mean((1, 2)) for one in range(len(ends))], 1)
    best = by_part.argmin(0)
    error = np.take_along_axis(errors, best[part][None, None], 0)[0]
    distance, noise = spread((error * size[at])[None], quantiles, (at % lags.season)[None], lags.season)
    penalties = np.array(PENALTIES)[best]
    return Fit(ends, _weights(lags, ends, end, penalties), penalties, distance[0], noise[0])


def parts_of(block: int, season: int) -> np.ndarray:
    """Return the last steps of the parts of a horizon: powers of two, and the end of the first cycle."""
    ends = {min(_FIRST * 2**power, block) for power in range(block.bit_length())} | {min(season, block)}
    return np.array(sorted(ends))


def _weights(lags: Lags, ends: np.ndarray, end: int, penalties: np.ndarray) -> np.ndarray:
    """Return the weights (P, F) of a fit on all steps before `end`."""
    return _solved(*_grams(lags, ends, end - int(ends[-1]) + 1), penalties)


def _grams(lags: Lags, ends: np.ndarray, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return XᵀX (P, F, F) and XᵀY (P, F) of the parts of the horizon, from origins before `stop`."""
    count = min(_ORIGINS, stop - lags.first)
    origins = np.linspace(lags.first, stop - 1, count).astype(np.int64)
    near, grams, crosses = lags.of_origin(origins), [], []
    for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        steps = np.unique(np.linspace(begin + 1, end, min(_STEPS, end - begin)).round().astype(np.int64))
        gram, cross = 0.0, 0.0
        for step in steps.tolist():
            cycles, mean = lags.of_step(origins, np.array([step]))
            x, y = np.concatenate([cycles, near], 1), lags.z[origins + step - 1] - mean
            gram, cross = gram + x.T @ x, cross + x.T @ y
        grams.append(gram)
        crosses.append(cross)
    return np.stack(grams), np.stack(crosses)


def _solved(gram: np.ndarray, cross: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """Return ridge weights (…, P, F) for penalties (…, P)."""
    size = np.trace(gram, axis1=1, axis2=2) / gram.shape[1] + 1e-12
    ridge = (penalty * size)[..., None, None] * np.eye(gram.shape[1])
    return np.linalg.solve(gram + ridge, np.broadcast_to(cross, (*penalty.shape[:-1], *cross.shape))[..., None])[..., 0]


def _forecast(lags: Lags, end: int, fitted: Fit, horizon: int) -> np.ndarray:
    """Return the quantiles (H, Q) of the steps after the first `end` ones. Beyond the block, errors grow as in a random walk."""
    ahead, block = np.arange(1, horizon + 1), len(fitted.spread)
    x, mean = lags.at(np.full(horizon, end), ahead)
    part = np.minimum(np.searchsorted(fitted.ends, ahead), len(fitted.ends) - 1)
    middle = np.clip(mean + (x * fitted.weights[part]).sum(1), -_BOUND, _BOUND)
    wider = np.sqrt(np.maximum(ahead / block, 1.0)) * fitted.noise[(end + ahead - 1) % lags.season]
    return np.asarray(middle[:, None] + fitted.spread[np.minimum(ahead, block) - 1] * wider[:, None])
