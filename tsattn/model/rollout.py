"""Paths for rolling out a forecast beyond one pass, drawn from its quantiles so that uncertainty accumulates."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from tsattn.forecasting.quantiles import normal_scores
from tsattn.forecasting.sample_paths import PERSISTENCE

LARGEST = float(np.finfo(np.float32).max)


def unit_levels(count: int) -> tuple[float, ...]:
    """Return `count` quantile levels whose normal scores have mean 0 and variance 1.

    The levels 0.1 … 0.9 alone have a variance of 0.63, so a forecast rolled out along them would become too narrow.
    """
    scores = normal_scores([(i + 0.5) / count for i in range(count)])
    spread = float(np.sqrt(np.mean(scores**2))) or 1.0  # a single level is the median
    return tuple(NormalDist().cdf(score / spread) for score in scores)


def path_levels(paths: int, steps: int) -> np.ndarray:
    """Return the quantile level of each path at each step, (H, P). Deterministic; longer results extend shorter ones.

    Normal scores follow a first-order autoregression with variance 1 over the paths at every step, so errors persist for some
    steps and paths are rough, like data. Paths come in pairs with opposite scores (antithetic).
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
    """Return paths (B, H, P), float32, through pooled values (B, H, M) at levels (H, P).

    At each step the paths have the mean and variance of the pool.
    """
    paths = quantiles_of(pool, levels).astype(np.float64)
    apart = paths - paths.mean(-1, keepdims=True)
    spread = apart.std(-1, keepdims=True)
    share = np.where(spread > 0, pool.std(-1, keepdims=True, dtype=np.float64) / np.where(spread > 0, spread, 1), 1.0)
    moved = pool.mean(-1, keepdims=True, dtype=np.float64) + apart * share
    return np.clip(moved, -LARGEST, LARGEST).astype(np.float32)


def quantiles_of(pool: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return quantiles of M pooled values at each step: pool (B, H, M), levels (H, P) or (P,) -> (B, H, P) float32.

    The i-th smallest value, from 0, has level (i + 0.5) / M (Hazen 1914). Levels beyond the outermost ones give the outermost
    values.
    """
    ordered, count = np.sort(pool, -1), pool.shape[-1]
    levels = np.broadcast_to(levels, (pool.shape[1], levels.shape[-1]))
    place = np.clip(levels * count - 0.5, 0, count - 1)
    low = place.astype(np.int64)
    high, share, step = np.minimum(low + 1, count - 1), place - low, np.arange(len(levels))[:, None]
    first, second = ordered[:, step, low], ordered[:, step, high]
    return np.minimum(first + share * (second - first), second).astype(np.float32)
