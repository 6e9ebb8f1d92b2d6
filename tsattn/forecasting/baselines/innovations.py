"""A bank of linear innovations models: exponential smoothing and autoregressions, each with its season and its trend.

A model writes a series as y = Z b + psi * u: the path Z b of its initial states b (level, slope, seasonal terms) plus its
shocks u, filtered by psi (Hyndman, Koehler, Ord & Snyder, 2008, chapters 2 and 3; Box & Jenkins, 1970). With h, the inverse
of psi, h * y is a regression on X = h * Z with independent errors, so likelihood, forecast and variance are closed-form. X
depends on no data: it is computed once for each season and length.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

ALPHAS = (0.0, 0.1, 0.25, 0.45, 0.7, 0.9, 1.0)  # of the level
# of the trend: beta / alpha, damping; None = no trend, (0, 1) = a constant slope
TRENDS: tuple[tuple[float, float] | None, ...] = (None, (0.0, 1.0), (0.1, 0.98), (0.3, 0.98), (0.3, 0.85))
RHOS = (0.3, 0.5, 0.7, 0.85, 0.95)  # of an autoregression around a level or a line
CYCLES = tuple((rho, period) for rho in (0.85, 0.95) for period in (4.0, 6.0, 8.0, 11.0, 16.0))  # damping and length of a cycle
GROWTHS = (0.3, 0.6)  # of an autoregression of the differences
SLOPE = 0.5  # prior standard deviation of the slope, in standard deviations of the shocks
PLAIN = 300.0  # the same of slope and waves of series with hardly any noise
WALK = 0.85  # smoothing constant of the level from which a model counts as a random walk
HARMONICS = 6  # waves of a season, at most


class _Season(NamedTuple):
    """Season: smoothing constant over 1 - alpha, prior standard deviation of wave k times k ^ power, prior probability."""

    gamma: float
    size: float
    power: float
    prior: float


# rough seasons, weak and strong, and smooth ones; fixed, and such that wander
SEASONS = (
    _Season(0.0, 0.5, 0.0, 0.2),
    _Season(0.0, 1.5, 0.0, 0.2),
    _Season(0.0, 2.5, 1.0, 0.2),
    _Season(0.0, 10.0, 1.5, 0.1),
    _Season(0.1, 1.0, 0.0, 0.1),
    _Season(0.1, 4.0, 1.0, 0.1),
    _Season(0.35, 2.0, 0.5, 0.1),
)
# prior probabilities, up to a factor
PRIOR_TREND = dict(zip(TRENDS, (1.0, 0.6, 0.25, 0.2, 0.2), strict=True))
PRIOR_SEASON = 3.0  # of a season, over none
PRIOR_LEVEL = 0.4  # of autoregressions without a season, times that: they draw random walks back to a mean
PRIOR_CYCLE = 0.15  # of cycles, over smoothing
PRIOR_PLAIN = 0.1  # of series with hardly any noise, over smoothing
PRIOR_AR, PRIOR_GROWTH = 0.5, 0.15  # of autoregressions of the values and of the differences, over smoothing


@dataclass(frozen=True)
class _Model:
    """Constants of one model of the bank, and its prior probability up to a factor."""

    prior: float
    alpha: float = 0.0
    trend: tuple[float, float] | None = None
    season: _Season | None = None
    rho: float | None = None
    difference: bool = False
    period: float = 0.0  # of an autoregression of order two with complex roots; 0 = none
    slope: float = SLOPE


class Bank(NamedTuple):
    """G models up to N steps: psi and its inverse (G, N), paths and regressors (G, N, K) in units of the prior, log_prior (G,).

    The first of the K columns is the level, whose prior is flat. walk (G,): the model is a random walk, or nearly one.
    """

    psi: np.ndarray
    inverse: np.ndarray
    paths: np.ndarray
    regressors: np.ndarray
    log_prior: np.ndarray
    walk: np.ndarray


class Solved(NamedTuple):
    """Results shared by all series of `n` observations: inverse (G, K, K) and log determinant (G,) of the normal equations.

    ahead (G, H, K): the forecasts' derivatives by the initial states. variance (G, H): of the forecasts, in shocks'.
    """

    inverse: np.ndarray
    log_determinant: np.ndarray
    ahead: np.ndarray
    variance: np.ndarray


@lru_cache(maxsize=8)
def bank(season: int, seasonal: bool, length: int) -> Bank:
    """Return the models without a season, or those with one, up to `length` steps."""
    every = _models(season)
    models = [model for model in every if (model.season is not None) == seasonal]
    psi = np.stack([_psi(model, season, length) for model in models])
    inverse = _inverted(psi)
    damping = np.array([0.0 if model.trend is None else model.trend[1] for model in models])
    slope = np.cumsum(damping[:, None] ** np.arange(1, length + 1), 1)  # (G, N)
    columns, filtered = [np.ones_like(slope), slope], [np.cumsum(inverse, 1), convolved(inverse, slope, length)]
    for wave in _waves(season, length) if seasonal else ():
        # the inverse filter of a complex wave is the wave times a running sum
        response = wave * np.cumsum(inverse * wave.conj(), 1)
        parts = (np.real,) if np.abs(wave.imag).max() < 1e-6 else (np.real, np.imag)
        columns += [np.broadcast_to(part(wave) * np.sqrt(len(parts)), slope.shape) for part in parts]
        filtered += [part(response) * np.sqrt(len(parts)) for part in parts]
    scales = np.stack([_scales(model, season, len(columns)) for model in models])  # (G, K)
    paths, regressors = (np.stack(some, 2) * scales[:, None] for some in (columns, filtered))
    log_prior = np.log([model.prior for model in models]) - np.log(sum(model.prior for model in every))
    walk = np.array([model.alpha >= WALK and model.season is None and model.trend in TRENDS[:2] for model in models])
    return Bank(psi, inverse, paths, regressors, log_prior, walk)


@lru_cache(maxsize=32)
def solved(season: int, seasonal: bool, length: int, n: int, horizon: int) -> Solved:
    """Return the results shared by series of `n` observations, `horizon` steps ahead; n + horizon ≤ length."""
    models = bank(season, seasonal, length)
    x = models.regressors[:, :n]
    gram = x.transpose(0, 2, 1) @ x
    k = np.arange(1, gram.shape[1])
    gram[:, k, k] += 1.0
    inverse = np.linalg.inv(gram)
    late = np.take(models.psi, np.arange(n, n + horizon)[:, None] - np.arange(n), axis=1)  # (G, H, n)
    ahead = models.paths[:, n : n + horizon] - late @ x
    variance = np.cumsum(models.psi[:, :horizon] ** 2, 1) + ((ahead @ inverse) * ahead).sum(2)
    return Solved(inverse, -np.linalg.slogdet(inverse)[1], ahead, variance)


def convolved(left: np.ndarray, right: np.ndarray, length: int) -> np.ndarray:
    """Return the first `length` values of the convolutions along the last axis."""
    size = 1 << (left.shape[-1] + right.shape[-1] - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(left, size) * np.fft.rfft(right, size), size)[..., :length]


def _models(season: int) -> list[_Model]:
    """Return all models of the bank: smoothing, then autoregressions."""
    seasons: list[tuple[float, _Season | None]] = [(1.0, None)]
    some = PRIOR_SEASON / (1 + PRIOR_SEASON)
    if season > 1:
        seasons = [(1 - some, None), *((some * one.prior, one) for one in SEASONS)]
    found = []
    for alpha, trend, (prior, one) in itertools.product(ALPHAS, TRENDS, seasons):
        wanders = one is not None and one.gamma > 0
        if not (alpha == 0 and trend is not None and trend[0] > 0) and not (alpha == 1 and wanders):
            found.append(_Model(prior * PRIOR_TREND[trend] / len(ALPHAS), alpha, trend, one))
    for alpha in ALPHAS:
        found.append(_Model(PRIOR_PLAIN * seasons[0][0] / len(ALPHAS), alpha, TRENDS[1], slope=PLAIN))
        if season > 1:
            strong = _Season(0.0, PLAIN, 0.0, 1.0)
            found += [_Model(PRIOR_PLAIN * some / len(ALPHAS) / 2, alpha, one, strong, slope=PLAIN) for one in TRENDS[:2]]
    fixed = [(prior, one) for prior, one in seasons if one is None or one.gamma == 0]
    for rhos, weight, difference in ((RHOS, PRIOR_AR, False), (GROWTHS, PRIOR_GROWTH, True)):
        for rho, trend, (prior, one) in itertools.product(rhos, TRENDS[:2], fixed):
            some = weight * prior * PRIOR_TREND[trend] / len(rhos) * (PRIOR_LEVEL if one is None else 1.0)
            found.append(_Model(some, 0.0, trend, one, rho, difference))
    # where a season is usual, a free cycle would take its place
    for (rho, period), trend in itertools.product(CYCLES if season == 1 else (), TRENDS[:2]):
        weight = PRIOR_CYCLE * seasons[0][0] * PRIOR_TREND[trend] / len(CYCLES)
        found.append(_Model(weight, 0.0, trend, None, rho, period=period))
    return found


def _psi(model: _Model, season: int, length: int) -> np.ndarray:
    """Return the response (N,) of the series to a shock of one."""
    steps = np.arange(1, length)
    if model.rho is not None:
        powers = model.rho ** np.arange(length)
        if model.period:
            powers *= np.sin(2 * np.pi * np.arange(1, length + 1) / model.period) / np.sin(2 * np.pi / model.period)
        return np.cumsum(powers) if model.difference else powers
    beta, damping = model.trend or (0.0, 1.0)
    reach = np.cumsum(damping**steps)
    gamma = model.season.gamma * (1 - model.alpha) if model.season is not None else 0.0
    later = model.alpha * (1 + beta * reach) + gamma * (steps % season == 0)
    return np.concatenate([[1.0], later])


def _scales(model: _Model, season: int, count: int) -> np.ndarray:
    """Return (K,) prior standard deviations of the initial states: level (its prior is flat), slope, seasonal waves."""
    scales = np.ones(count)
    scales[1] = 0.0 if model.trend is None else model.slope
    if model.season is not None:
        scales[2:] = model.season.size / (1.0 + np.arange(count - 2) // 2) ** model.season.power
    return scales


def _waves(season: int, length: int) -> list[np.ndarray]:
    """Complex waves (N,) of the season, cosine and sine, the longest first."""
    return [np.exp(2j * np.pi * k * np.arange(length) / season) for k in range(1, min(season // 2, HARMONICS) + 1)]


def _inverted(psi: np.ndarray) -> np.ndarray:
    """Return the power series (G, N) whose product with psi (G, N) is 1, by Newton's method; psi begins with 1."""
    out, terms = np.ones((len(psi), 1)), 1
    while terms < psi.shape[1]:
        terms = min(2 * terms, psi.shape[1])
        rest = -convolved(out, psi[:, :terms], terms)
        rest[:, 0] += 2.0
        out = convolved(out, rest, terms)
    return out
