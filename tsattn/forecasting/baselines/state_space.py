"""State-space models averaged by their posterior probability: exponential smoothing and autoregressions. No training.

Choosing one model by AICc, as AutoETS and AutoARIMA do, is unreliable on a short series. Here every model of a bank
(innovations.py) forecasts, weighted by its marginal likelihood under a weak prior (Hoeting et al., 1999), of the values and,
where all are positive, of their logarithms. Vectorised over the series of one length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.innovations import Bank, bank, convolved, solved
from tsattn.forecasting.baselines.ridge import fill
from tsattn.forecasting.baselines.simple import Naive
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.forecasting.quantiles import student_scores

FEWEST = 5  # observed steps that the models need
LONGEST = 144  # newest steps that are read
LONG_SEASON = 13  # with a longer season and a history beyond LONGEST, other members see more cycles
TEMPER = 60  # steps beyond which likelihoods grow no sharper: no model is true
LEAST = 1e-3  # posterior probability, over that of the best model, below which a model is left out
FAR = 3.0  # usual shocks beyond which a shock is cut (Huber, 1964)
REACH = 8  # logarithms of n steps count in full up to n² / REACH steps ahead, and not at all from twice as far
DEAREST = 4.0  # log likelihood that a shock beyond that costs at most
_CELLS = 1 << 22  # values of the largest array
_LARGEST = float(np.finfo(np.float32).max)


class _Average(NamedTuple):
    """Means and standard deviations (b, H) of all models together, the log of their marginal likelihood (b,), and walk (b,)."""

    mean: np.ndarray
    sigma: np.ndarray
    log_evidence: np.ndarray
    walk: np.ndarray


class _Fits(NamedTuple):
    """Shocks (b, G, n), initial states (G, b, K), residual sums of squares and log posteriors (b, G) of the models of a bank."""

    shocks: np.ndarray
    states: np.ndarray
    squares: np.ndarray
    log_posterior: np.ndarray


@dataclass(frozen=True)
class StateSpace:
    """`season_length` None: the shortest usual cycle of the data's frequency. A season needs more than one cycle.

    only: no forecast from a long history with a long season, of which other members of an ensemble see more cycles.
    """

    season_length: int | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    name: str = "state-space"
    only: bool = False

    context: ClassVar[int | None] = None
    covariates: ClassVar[bool] = False
    raw_history: ClassVar[bool] = True

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32. A history of fewer than FEWEST steps gets the naive forecast, or NaN with `only`."""
        values = self._predicted(batch, batch.horizon)[0]
        if self.only or not np.isnan(values).any():
            return values
        return np.where(np.isnan(values), Naive(quantiles=self.quantiles).predict(batch), values)

    def walk_probability(self, batch: WindowBatch) -> np.ndarray:
        """Return (B,) posterior probability of a random walk, with or without drift; 0 where there is no forecast."""
        return self._predicted(batch, 1)[1]

    def _predicted(self, batch: WindowBatch, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        season = self.season_length or (batch.season_lengths or (1,))[0]
        span = batch.observed_lengths
        filled = fill(batch.past_target[:, -LONGEST:].astype(np.float64), season)
        n = np.minimum(span, LONGEST)
        # few distinct lengths: results shared by series of one length are computed once
        n = np.where(n > 96, n // 8 * 8, np.where(n > 48, n // 4 * 4, n))
        if self.only:
            n = np.where((season > LONG_SEASON) & (span > LONGEST), 0, n)
        values, walk = np.full((len(batch), horizon, len(self.quantiles)), np.nan, np.float32), np.zeros(len(batch))
        for length in np.unique(n[n >= FEWEST]).tolist():
            rows = np.flatnonzero(n == length)
            size = max(1, _CELLS // (_models(season) * 2 * (length + horizon)))
            for at in range(0, len(rows), size):
                some = rows[at : at + size]
                values[some], walk[some] = self._forecast(filled[some, -length:], season, horizon)
        return values, walk

    def _forecast(self, y: np.ndarray, season: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Return forecasts (b, H, Q) and probabilities (b,) of a random walk for series y (b, n)."""
        n = y.shape[1]
        plain = _averaged(y, season, horizon)
        values, walk = _quantiles(plain, n, self.quantiles), plain.walk
        positive = np.flatnonzero(y.min(1) > 0)
        if len(positive):
            logs = np.log(y[positive])
            made = _averaged(logs, season, horizon)
            # the density of the values is that of their logarithms over the values
            odds = made.log_evidence - min(n, TEMPER) / n * (n - 1) / n * logs.sum(1) - plain.log_evidence[positive]
            share = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
            with np.errstate(over="ignore"):
                factors = np.clip(np.exp(_quantiles(made, n, self.quantiles)), 0, _LARGEST)
            # a slope of few logarithms grows without bound
            near = np.clip(2 - np.arange(1, horizon + 1) * REACH / n**2, 0, 1)
            values[positive] += (share[:, None] * near)[..., None] * (factors - values[positive])
            walk[positive] += share * (made.walk - walk[positive])
        return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32), walk


def _models(season: int) -> int:
    return 250 if season > 1 else 50


def _quantiles(average: _Average, n: int, levels: tuple[float, ...]) -> np.ndarray:
    """Return (b, H, Q) quantiles of Student's t with n - 1 degrees of freedom."""
    return average.mean[..., None] + average.sigma[..., None] * student_scores(levels, max(n - 1, 3))


def _averaged(y: np.ndarray, season: int, horizon: int) -> _Average:
    """Return the average of all models of series y (b, n)."""
    n = y.shape[1]
    centre, scale = y.mean(1, keepdims=True), y.std(1, keepdims=True)
    scale = np.where(scale > 1e-7 * np.abs(centre), scale, 1.0)
    z = (y - centre) / scale
    floor = n * (1e-6 * np.abs(y).max(1) / scale[:, 0]) ** 2 + 1e-30
    length = -(-(n + horizon) // 64) * 64
    banks = [bank(season, seasonal, length) for seasonal in ((False, True) if 1 < season < n else (False,))]
    shared = [solved(season, bool(number), length, n, horizon) for number in range(len(banks))]
    fits = [_fitted(z, own, part.inverse, part.log_determinant, floor) for own, part in zip(banks, shared, strict=True)]
    log_posterior = np.concatenate([fit.log_posterior for fit in fits], 1)  # (b, G)
    best = log_posterior.max(1)
    weight = np.exp(log_posterior - best[:, None])
    log_evidence = best + np.log(weight.sum(1)) - min(n, TEMPER) / n * (n - 1) * np.log(scale[:, 0])
    weight = np.where(weight >= LEAST, weight, 0.0)
    weight /= weight.sum(1, keepdims=True)
    mean, square, walk, at = np.zeros((len(y), horizon)), np.zeros((len(y), horizon)), np.zeros(len(y)), 0
    for own, part, fit in zip(banks, shared, fits, strict=True):
        row, model = np.nonzero(weight[:, at : at + len(own.psi)])
        some = weight[row, at + model]
        shocks = np.pad(fit.shocks[row, model], ((0, 0), (0, horizon)))
        made = convolved(shocks, own.psi[model, : n + horizon], n + horizon)[:, n:]
        made += np.matmul(part.ahead[model], fit.states[model, row][..., None])[..., 0]
        spread = fit.squares[row, model, None] / (n - 1) * part.variance[model]
        np.add.at(mean, row, some[:, None] * made)
        np.add.at(square, row, some[:, None] * (spread + made**2))
        np.add.at(walk, row, some * own.walk[model])
        at += len(own.psi)
    sigma = np.sqrt(np.maximum(square - mean**2, 0.0))
    return _Average(mean * scale + centre, sigma * scale, log_evidence, walk)


def _fitted(z: np.ndarray, own: Bank, inverse: np.ndarray, log_determinant: np.ndarray, floor: np.ndarray) -> _Fits:
    """Fit every model of a bank to series z (b, n); far shocks are cut where the best model has made one."""
    n, temper = z.shape[1], min(z.shape[1], TEMPER) / z.shape[1]
    x = own.regressors[:, :n]
    shocks = convolved(own.inverse[:, :n], z[:, None], n)
    states, squares = _regression(shocks, x, inverse)
    before = own.log_prior - 0.5 * temper * log_determinant
    posterior = before - 0.5 * temper * (n - 1) * np.log(np.maximum(squares, floor[:, None]))
    best, row = posterior.argmax(1), np.arange(len(z))
    error = shocks[row, best] - np.matmul(x[best], states[best, row][..., None])[..., 0]  # (b, n)
    odd = np.flatnonzero((np.abs(error) > FAR * 1.25 * np.abs(error).mean(1, keepdims=True)).any(1))
    if len(odd):
        error = shocks[odd] - np.matmul(states[:, odd], x.transpose(0, 2, 1)).transpose(1, 0, 2)
        usual = 1.25 * np.abs(error).mean(2, keepdims=True) + 1e-300  # a normal standard deviation is 1.25 mean absolute errors
        beyond = np.maximum(np.abs(error) / usual - FAR, 0.0)
        states[:, odd], squares[odd] = _regression(shocks[odd] - np.sign(error) * usual * beyond, x, inverse)
        loss = temper * np.minimum(FAR * beyond, DEAREST).sum(2)
        posterior[odd] = before - 0.5 * temper * (n - 1) * np.log(np.maximum(squares[odd], floor[odd, None])) - loss
    return _Fits(shocks, states, np.maximum(squares, floor[:, None]), posterior)


def _regression(u: np.ndarray, x: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Initial states (G, b, K) and residual sums of squares (b, G) of u (b, G, n) on x (G, n, K)."""
    moment = np.matmul(u.transpose(1, 0, 2), x)
    states = np.matmul(moment, inverse)
    return states, (u**2).sum(2) - (moment * states).sum(2).T
