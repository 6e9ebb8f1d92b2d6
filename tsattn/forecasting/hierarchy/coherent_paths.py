"""Sample paths of a hierarchy that add up: paths of the leaves along shared shocks, and their sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.forecasting.hierarchy.structure import Hierarchy
from tsattn.forecasting.sample_paths import at_scores, rounded_at_random


@dataclass(frozen=True, eq=False)
class Limits:
    """Bounds of the paths of n series. positive: (n,) may not fall below zero. counts: (n,) are whole numbers."""

    positive: np.ndarray
    counts: np.ndarray


def coherent_paths(
    values: np.ndarray,
    quantiles: tuple[float, ...],
    hierarchy: Hierarchy,
    scores: np.ndarray,
    limits: Limits,
    seed: int,
) -> np.ndarray:
    """Draw (n, H, P) float64 paths from reconciled quantiles (n, H, Q) along normal scores of the leaves (m, H, P).

    Paths of counts are whole numbers, and so are their sums.
    """
    made = at_scores(np.sort(values[hierarchy.sums :], -1), quantiles, scores)
    made = np.where(limits.positive[hierarchy.sums :, None, None], np.maximum(made, 0.0), made)
    counts = np.flatnonzero(limits.counts[hierarchy.sums :])
    made[counts] = rounded_at_random(made[counts], np.random.default_rng(seed))
    return np.concatenate([hierarchy.added(made), made])
