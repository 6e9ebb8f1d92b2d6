"""One-step errors of an autoregression of each series: the part its own past does not predict, but other series may.

Prewhitening by an autoregression before cross-correlations: Box & Jenkins (1970).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LAGS = 24  # newest values that the autoregression reads, beside those a season ago
MOST_SEASON = 400  # longer seasons are left out
PENALTY = 1e-3  # of the Gram matrix's mean diagonal
LARGEST = 5.0  # deviations at which an innovation is cut: an outlier leads nothing
CYCLES = 6  # of a season that a history must hold for means of its phases
FEWEST = 40  # observed values that a series needs to lead or follow others


@dataclass(frozen=True, eq=False)
class Innovations:
    """Innovations of S series. values: (S, N) float64 of unit variance, 0 where unknown. known: (S, N) bool.

    scale: (S,) their standard deviation in units of the series. weights: (S, lags) of `lags`. able: (S,) series with enough
    values. history: (S, N) standardised, gaps filled from before; mean and size (S,) restore its units.
    """

    values: np.ndarray
    known: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    lags: np.ndarray
    able: np.ndarray
    history: np.ndarray
    mean: np.ndarray
    size: np.ndarray

    def responses(self, horizon: int) -> np.ndarray:
        """Return (S, H) responses of a series to its own innovation of 1, after 0, 1, … H - 1 steps; bounded."""
        out = np.zeros((len(self.scale), horizon))
        out[:, 0] = 1.0
        for step in range(1, horizon):
            reach = self.lags <= step
            out[:, step] = (self.weights[:, reach] * out[:, step - self.lags[reach]]).sum(1)
        return np.clip(out, -2.0, 2.0)

    def continued(self, item: int, cutoffs: np.ndarray, horizon: int) -> np.ndarray:
        """Return (C, H) forecasts of one series by its autoregression from each cutoff, in units of the series."""
        reach = int(self.lags.max())
        at = cutoffs[:, None] + np.arange(-reach, 0)
        window = np.concatenate([self.history[item, np.maximum(at, 0)], np.zeros((len(cutoffs), horizon))], 1)
        for step in range(horizon):
            window[:, reach + step] = np.clip(window[:, reach + step - self.lags] @ self.weights[item], -1e3, 1e3)
        return self.mean[item] + self.size[item] * window[:, reach:]


def innovations(history: np.ndarray, seasons: tuple[int, ...], stop: int | None = None, fewest: int = FEWEST) -> Innovations:
    """Fit an autoregression to each of S histories (S, N), NaN = missing, by ridge regression, and return its one-step errors.

    The mean of each phase of the longest season that fits is taken out of the errors: other forecasters model it.
    stop: fit the steps before it only. fewest: observed values that a series needs.
    """
    series, steps = history.shape
    seen = ~np.isnan(history)
    count = seen.sum(1)
    mean = np.divide(np.where(seen, history, 0).sum(1), count, out=np.zeros(series), where=count > 0)
    z = np.where(seen, history - mean[:, None], 0.0)
    size = np.sqrt((z**2).sum(1) / np.maximum(count, 1))
    able = (count >= fewest) & (size > 1e-7 * np.abs(mean)) & (size > 0)
    z = z / np.where(able, size, 1.0)[:, None]
    z = np.where(seen, z, np.nan_to_num(_forward(np.where(seen, z, np.nan))))
    lags = lags_of(steps, seasons)
    first = int(lags.max()) if len(lags) else steps
    weights, errors = np.zeros((series, len(lags))), np.zeros((series, steps))
    known = np.zeros((series, steps), bool)
    for i in np.flatnonzero(able):
        x = np.stack([z[i, first - lag : steps - lag] for lag in lags], 1)  # (N - first, lags)
        y, use = z[i, first:], seen[i, first:]
        fitted = use & (np.arange(len(use)) < (steps if stop is None else stop) - first)
        if fitted.sum() < fewest:
            able[i] = False
            continue
        gram = x[fitted].T @ x[fitted]
        gram[np.diag_indices_from(gram)] += PENALTY * np.trace(gram) / len(lags) + 1e-12
        weights[i] = np.linalg.solve(gram, x[fitted].T @ y[fitted])
        errors[i, first:] = np.where(use, y - x @ weights[i], 0.0)
        known[i, first:] = use
    for season in [m for m in seasons if steps - first >= CYCLES * m][-1:]:
        errors = _without_phases(errors, known, season)
    deviation = np.sqrt((errors**2).sum(1) / np.maximum(known.sum(1), 1))
    deviation = np.where(deviation > 0, deviation, 1.0)
    robust = np.array([1.4826 * np.median(np.abs(e[k])) if k.any() else 0.0 for e, k in zip(errors, known, strict=True)])
    limit = LARGEST * np.where(robust > 0, robust, deviation)
    errors = np.clip(errors, -limit[:, None], limit[:, None])
    deviation = np.sqrt((errors**2).sum(1) / np.maximum(known.sum(1), 1))
    deviation = np.where(deviation > 0, deviation, 1.0)
    return Innovations(errors / deviation[:, None], known, deviation * size, weights, lags, able, z, mean, size)


def _without_phases(errors: np.ndarray, known: np.ndarray, season: int) -> np.ndarray:
    """Errors (S, N) less the mean of their phase, which is drawn towards 0 by one more value of it."""
    phase = np.arange(errors.shape[1]) % season
    out = np.empty_like(errors)
    for row, error, use in zip(out, errors, known, strict=True):
        total, count = np.bincount(phase, error, season), np.bincount(phase, use, season)
        row[:] = np.where(use, error - (total / (count + 1.0))[phase], 0.0)
    return out


def lags_of(steps: int, seasons: tuple[int, ...]) -> np.ndarray:
    """Return the lags of the autoregression for histories of this many steps."""
    most = min(LAGS, max(1, steps // 12))
    lags = list(range(1, most + 1))
    for season in seasons:
        if 1 < season <= min(MOST_SEASON, steps // 4):
            lags += [season - 1, season, season + 1]
    return np.array(sorted({lag for lag in lags if lag > 0}), np.int64)


def _forward(values: np.ndarray) -> np.ndarray:
    at = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    return np.take_along_axis(values, np.maximum.accumulate(at, 1), 1)
