"""Paths for rolling a forecast out beyond one pass: made of its quantiles, so that uncertainty grows as it should."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from tsattn.forecasting.quantiles import normal_scores
from tsattn.forecasting.sample_paths import PERSISTENCE

LARGEST = float(np.finfo(np.float32).max)


def unit_levels(count: int) -> tuple[float, ...]:
    """Quantile levels whose normal scores have mean 0 and variance 1, so that `count` values stand for a distribution.

    The levels 0.1 … 0.9 carry 0.63 of the variance: a forecast rolled out along them grows too sure of itself.
    """
    scores = normal_scores([(i + 0.5) / count for i in range(count)])
    spread = float(np.sqrt(np.mean(scores**2))) or 1.0  # a single one is the median
    return tuple(NormalDist().cdf(score / spread) for score in scores)


def path_levels(paths: int, steps: int) -> np.ndarray:
    """The quantile level of each path at each step: (H, P), the same every time, and longer ones begin as shorter ones do.

    Normal scores follow a first-order autoregression, of variance 1 over the paths at every step: errors persist for a
    while, and paths are rough as data is, not smooth as a quantile is. For every path there is one with opposite scores.
    """
    random = np.random.default_rng(0)
    score = normal_scores(unit_levels(paths))
    out = np.zeros((steps, paths))
    for step in range(steps if paths > 1 else 0):
        half = random.standard_normal(paths // 2)
        noise = np.concatenate([-half, np.zeros(paths % 2), half[::-1]])
        score = PERSISTENCE * score + np.sqrt(1 - PERSISTENCE**2) * noise
        score /= score.std()
        out[step] = score
    return np.vectorize(NormalDist().cdf)(out)


def through(pool: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Paths through pooled values (B, H, M) at their levels (H, P) -> (B, H, P) float32, with the pool's mean and variance."""
    paths = quantiles_of(pool, levels).astype(np.float64)
    apart = paths - paths.mean(-1, keepdims=True)
    spread = apart.std(-1, keepdims=True)
    share = np.where(spread > 0, pool.std(-1, keepdims=True, dtype=np.float64) / np.where(spread > 0, spread, 1), 1.0)
    moved = pool.mean(-1, keepdims=True, dtype=np.float64) + apart * share
    return np.clip(moved, -LARGEST, LARGEST).astype(np.float32)


def quantiles_of(pool: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of M pooled values at each step: pool (B, H, M), levels (H, P) or (P,) -> (B, H, P) float32.

    The i-th smallest value stands at level (i + 0.5) / M (Hazen 1914); beyond the outer ones are the outer ones.
    """
    ordered, count = np.sort(pool, -1), pool.shape[-1]
    levels = np.broadcast_to(levels, (pool.shape[1], levels.shape[-1]))
    place = np.clip(levels * count - 0.5, 0, count - 1)
    low = place.astype(np.int64)
    high, share, step = np.minimum(low + 1, count - 1), place - low, np.arange(len(levels))[:, None]
    first, second = ordered[:, step, low], ordered[:, step, high]
    return np.minimum(first + share * (second - first), second).astype(np.float32)
