"""Sample paths of a hierarchy that add up: correlated paths of the leaves, and their sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.forecasting.hierarchy.covariance import ErrorCovariance
from tsattn.forecasting.hierarchy.structure import Hierarchy
from tsattn.forecasting.sample_paths import FURTHEST, PERSISTENCE, at_scores, rounded_at_random


@dataclass(frozen=True, eq=False)
class Limits:
    """Bounds of the paths of n series. positive: (n,) may not fall below zero. counts: (n,) are whole numbers."""

    positive: np.ndarray
    counts: np.ndarray


def coherent_paths(
    values: np.ndarray,
    quantiles: tuple[float, ...],
    hierarchy: Hierarchy,
    covariance: ErrorCovariance,
    limits: Limits,
    paths: int,
    seed: int,
) -> np.ndarray:
    """Draw (n, H, P) float64 paths from reconciled quantiles (n, H, Q). Paths of counts are whole numbers, and so are their sums.

    Normal scores are a first-order autoregression along the horizon, and correlated between leaves as hold-out errors are.
    """
    leaves = values[hierarchy.sums :]
    count, horizon = leaves.shape[:2]
    x = covariance.errors[hierarchy.sums :]  # (m, N)
    known = (x != 0).any(1) if x.shape[1] else np.zeros(count, bool)
    own = np.sqrt(np.where(known, covariance.shrinkage, 1.0))[:, None, None]
    rng = np.random.default_rng(seed)
    scores = own * _persistent(rng.standard_normal((count, horizon, paths)))
    if x.shape[1]:
        common = _persistent(rng.standard_normal((x.shape[1], horizon, paths)))
        scores += np.sqrt((1 - covariance.shrinkage) / x.shape[1]) * np.tensordot(x, common, 1)
    made = at_scores(np.sort(leaves, -1), quantiles, np.clip(scores, -FURTHEST, FURTHEST))
    made = np.where(limits.positive[hierarchy.sums :, None, None], np.maximum(made, 0.0), made)
    counts = np.flatnonzero(limits.counts[hierarchy.sums :])
    made[counts] = rounded_at_random(made[counts], rng)
    return np.concatenate([hierarchy.added(made), made])


def _persistent(noise: np.ndarray) -> np.ndarray:
    """Turn independent scores (…, H, P) into autoregressions along H, in place."""
    for step in range(1, noise.shape[1]):
        noise[:, step] = PERSISTENCE * noise[:, step - 1] + np.sqrt(1 - PERSISTENCE**2) * noise[:, step]
    return noise
