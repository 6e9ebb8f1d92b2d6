"""Random walk whose volatility clusters: GARCH(1,1) models averaged by their posterior probability. No training.

The direction of price changes is hard to forecast, their size is not: large changes follow large ones, and the variance returns
slowly to its long-run value (Bollerslev, 1986). Estimating the three parameters by maximum likelihood is slow, and unreliable on
some hundred values. Here a few models with fixed parameters are averaged, weighted by the likelihood, with Student's t shocks, of
the changes of the values and, where all are positive, of their logarithms. One model has a constant variance, so the weights also
show whether the volatility clusters at all. Vectorised over the series of a batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.innovations import convolved
from tsattn.forecasting.baselines.ridge import forward
from tsattn.forecasting.baselines.simple import Naive
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.forecasting.quantiles import LARGEST, normal_scores, student_scores

LONGEST = 1024  # newest steps that are read
FEWEST = 50  # changes that the models need: fewer do not show whether volatility clusters
PERSISTENCE = (0.9, 0.97, 0.995)  # share of the distance from the long-run variance that remains after a step: alpha + beta
REACTION = (0.05, 0.12, 0.25)  # weight of the newest squared change in the variance: alpha
FREEDOM = (4.5, 8.0, 60.0)  # degrees of freedom of the shocks
CONSTANT = 0.5  # prior probability of a constant variance
FARTHEST = 25.0  # a squared change counts as at most so many times the mean one: one crash is no new regime
LAGS = (1, 2, 3, 4, 5)  # lags, besides the season's, at which changes of a random walk are uncorrelated
CYCLES = 8  # of a season, that a variance ratio needs
LEAST = 0.05  # support below which there is none
_ROWS = 32  # series at a time: the largest arrays have a row for each model and step of them


class _Changes(NamedTuple):
    """Changes (B, N) since the observation before, per square root of the steps since; 0 where `known` (B, N) is False.

    before (B, N): level before each change, less its mean. last (B,): the newest value. age (B,): missing steps after it.
    """

    values: np.ndarray
    known: np.ndarray
    before: np.ndarray
    last: np.ndarray
    age: np.ndarray


class _Fits(NamedTuple):
    """Posterior weights (B, G) of the models and (B, F) of the degrees of freedom, and the log evidence (B,) of all.

    long (B,): long-run variance. path (B, N) and ahead (B, G): variance at each change, mean over the models, and of each model
    at the step after the last change, both relative to the long-run one.
    """

    models: np.ndarray
    freedom: np.ndarray
    log_evidence: np.ndarray
    long: np.ndarray
    path: np.ndarray
    ahead: np.ndarray


@dataclass(frozen=True)
class Garch:
    """Random walk without drift, of values or of logarithms, with a variance that clusters.

    only: no forecast unless the series is a random walk with volatility clustering; other members of an ensemble forecast it.
    """

    season_length: int | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    name: str = "garch"
    only: bool = False

    context: ClassVar[int | None] = None
    covariates: ClassVar[bool] = False
    raw_history: ClassVar[bool] = True

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32. A history of fewer than FEWEST changes gets the naive forecast, or NaN with `only`."""
        values, support = self._predicted(batch)
        if self.only:
            return np.where(support[:, None, None] > 0, values, np.float32(np.nan))
        if not np.isnan(values).any():
            return values
        return np.where(np.isnan(values), Naive(quantiles=self.quantiles).predict(batch), values)

    def support(self, batch: WindowBatch) -> np.ndarray:
        """Return (B,) the evidence for a random walk with volatility clusters, from 0 (none) to 1 (certain).

        The product of the posterior probability of a random walk and that of clusters, less the prior one.
        """
        return self._predicted(batch)[1]

    def _predicted(self, batch: WindowBatch) -> tuple[np.ndarray, np.ndarray]:
        history = batch.past_target[:, -LONGEST:].astype(np.float64)
        lags = sorted({*LAGS, *batch.season_lengths, self.season_length or 1})
        values = np.full((len(batch), batch.horizon, len(self.quantiles)), np.nan, np.float32)
        support = np.zeros(len(batch))
        able = np.flatnonzero((~np.isnan(history)).sum(1) > FEWEST)
        for at in range(0, len(able), _ROWS):
            some = able[at : at + _ROWS]
            values[some], support[some] = self._forecast(history[some], batch.horizon, lags)
        return values, np.where(support >= LEAST, support, 0.0)

    def _forecast(self, history: np.ndarray, horizon: int, lags: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return forecasts (b, H, Q), NaN where nothing changes, and support (b,), of histories (b, L)."""
        changes = _changes(history)
        plain = _fitted(changes)
        values, support = _quantiles(plain, changes, horizon, self.quantiles), _support(plain, changes, lags)
        positive = np.flatnonzero(np.nanmin(history, 1) > 0)
        if len(positive):
            logs = np.log(history[positive])
            relative = _changes(logs)
            fits = _fitted(relative)
            # the density of a value is that of its logarithm over the value
            jacobian = np.where(relative.known, logs[:, 1:], 0.0).sum(1)
            odds = fits.log_evidence - jacobian - plain.log_evidence[positive]
            share = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
            with np.errstate(over="ignore"):
                factors = np.clip(np.exp(_quantiles(fits, relative, horizon, self.quantiles)), 0, LARGEST)
            values[positive] += share[:, None, None] * (factors - values[positive])
            support[positive] += share * (_support(fits, relative, lags) - support[positive])
        return np.clip(values, -LARGEST, LARGEST).astype(np.float32), support


def _models() -> np.ndarray:
    """Return (G, 2) reaction and persistence of the models; the first has a constant variance."""
    return np.array([(0.0, 0.0), *((a, p) for p in PERSISTENCE for a in REACTION)])


def _changes(history: np.ndarray) -> _Changes:
    """Return the changes between neighbouring observations of histories (B, L), each with at least one observation."""
    observed, steps = ~np.isnan(history), np.arange(history.shape[1])
    newest = np.maximum.accumulate(np.where(observed, steps, -1), 1)
    filled = forward(history)
    known = observed[:, 1:] & (newest[:, :-1] >= 0)
    gap = np.where(known, steps[1:] - newest[:, :-1], 1)
    values = np.where(known, filled[:, 1:] - filled[:, :-1], 0.0) / np.sqrt(gap)
    mean = np.where(known, filled[:, :-1], 0.0).sum(1) / np.maximum(known.sum(1), 1)
    before = np.where(known, filled[:, :-1] - mean[:, None], 0.0)
    return _Changes(values, known, before, filled[:, -1], steps[-1] - newest[:, -1])


def _fitted(changes: _Changes) -> _Fits:
    """Weigh the models; the long-run variance is 0 where nothing changes."""
    models, known, n = _models(), changes.known, changes.known.sum(1)
    squares = changes.values**2
    long = squares.sum(1) / np.maximum(n, 1)
    size = squares / np.where(long > 0, long, 1.0)[:, None]
    excess = np.where(known, np.minimum(size, FARTHEST) - 1, 0.0)  # an unknown change is taken as usual
    length = excess.shape[1]
    decay = (models[:, 1] - models[:, 0])[:, None] ** np.arange(length)
    response = 1 + models[:, :1] * convolved(excess[:, None], decay, length)  # (B, G, N), of the step after each change
    variance = np.concatenate([np.ones((*response.shape[:2], 1)), response[..., :-1]], 2)
    log_likelihood = np.stack([_log_density(size[:, None], variance, known, freedom) for freedom in FREEDOM], 2)  # (B, G, F)
    prior = np.array([CONSTANT, *((1 - CONSTANT) / (len(models) - 1),) * (len(models) - 1)]) / len(FREEDOM)
    log_posterior = log_likelihood + np.log(prior)[:, None]
    best = log_posterior.max((1, 2), keepdims=True)
    weight = np.exp(log_posterior - best)
    total = weight.sum((1, 2))
    weight /= total[:, None, None]
    log_evidence = best[:, 0, 0] + np.log(total) - n / 2 * np.log(np.where(long > 0, long, 1.0))
    path = np.einsum("bg,bgn->bn", weight.sum(2), variance)
    return _Fits(weight.sum(2), weight.sum(1), log_evidence, long, path, response[..., -1])


def _log_density(size: np.ndarray, variance: np.ndarray, known: np.ndarray, freedom: float) -> np.ndarray:
    """Return the log likelihood (B, G) of squared changes `size` (B, 1, N): Student's t, scaled to `variance` (B, G, N)."""
    constant = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(math.pi * (freedom - 2))
    each = constant - 0.5 * np.log(variance) - (freedom + 1) / 2 * np.log1p(size / variance / (freedom - 2))
    return np.where(known[:, None], each, 0.0).sum(2)


def _support(fits: _Fits, changes: _Changes, lags: list[int]) -> np.ndarray:
    """Return (B,) evidence from 0 to 1 for clusters in a random walk; 0 where half of the values repeat the one before.

    A series that rests most of the time, such as rain, has bursts too, but returns to its resting value.
    """
    clusters = np.clip(1 - fits.models[:, 0] / CONSTANT, 0.0, 1.0)
    repeated = (changes.known & (changes.values == 0)).sum(1) / np.maximum(changes.known.sum(1), 1)
    return clusters * np.clip(1 - 2 * repeated, 0.0, 1.0) * _walk_probability(fits, changes, lags)


def _walk_probability(fits: _Fits, changes: _Changes, lags: list[int]) -> np.ndarray:
    """Return (B,) posterior probability that neither earlier changes nor the level forecast a change.

    Each lag, and a return to the mean level, is an alternative of equal prior probability; its Bayes factor is that of the BIC
    (Raftery, 1995), from the correlation of the changes, each over its standard deviation, with the predictor.
    """
    known, n = changes.known, np.maximum(changes.known.sum(1), 1)
    spread = np.sqrt(fits.path * np.where(fits.long > 0, fits.long, 1.0)[:, None])
    shocks, level = (np.where(known, x / spread, 0.0) for x in (changes.values, changes.before))
    shocks = np.where(known, shocks - (shocks.sum(1) / n)[:, None], 0.0)
    power = (shocks**2).sum(1)
    found = []
    for lag in (lag for lag in lags if lag < shocks.shape[1]):
        found.append((shocks[:, lag:] * shocks[:, :-lag]).sum(1) ** 2 / np.where(power > 0, power, 1.0) ** 2)
    powers = power * (level**2).sum(1)
    found.append((shocks * level).sum(1) ** 2 / np.where(powers > 0, powers, 1.0))
    odds = np.exp(np.clip(n * np.array(found) / 2, 0, 500)).mean(0) / np.sqrt(n)
    share = 1 / (1 + odds)
    for season in (lag for lag in lags if lag > LAGS[-1] and lag * CYCLES <= shocks.shape[1]):
        share = share * _season_walks(shocks, season)
    return share


def _season_walks(shocks: np.ndarray, season: int) -> np.ndarray:
    """Return (B,) 1 where the variance of shocks (B, N) summed over a season is half that of a walk or more, 0 at a quarter.

    The variance ratio of Lo and MacKinlay (1988) finds long seasons, whose single lags correlate little.
    """
    total = np.cumsum(shocks, 1)
    power = season * (shocks**2).mean(1)
    ratio = ((total[:, season:] - total[:, :-season]) ** 2).mean(1) / np.where(power > 0, power, 1.0)
    return np.clip(4 * ratio - 1, 0.0, 1.0)


def _quantiles(fits: _Fits, changes: _Changes, horizon: int, levels: tuple[float, ...]) -> np.ndarray:
    """Return (B, H, Q) quantiles, NaN where nothing changes.

    The variance of a step k ahead is 1 + persistence^(k - 1) · (the next one - 1) times the long-run one; those since the last
    observation add up. Shocks are Student's t at one step; sums of them approach the normal distribution.
    """
    steps = changes.age[:, None] + np.arange(1.0, horizon + 1)  # (B, H)
    persistence = _models()[:, 1][:, None, None]  # (G, 1, 1)
    away = (fits.ahead.T - 1)[..., None] * (1 - persistence**steps) / (1 - persistence)  # (G, B, H)
    variance = (steps + np.einsum("bg,gbh->bh", fits.models, away)) * fits.long[:, None]
    normal = normal_scores(levels)
    shapes = np.stack([student_scores(levels, freedom) * math.sqrt(1 - 2 / freedom) for freedom in FREEDOM])
    scores = normal + (fits.freedom @ shapes - normal)[:, None] / np.sqrt(steps)[..., None]
    values = changes.last[:, None, None] + np.sqrt(variance)[..., None] * scores
    return np.where((fits.long > 0)[:, None, None], values, np.nan)
