"""Forecasts of all series of a hierarchy, changed as little as possible so that they add up.

MinT: Wickramasuriya, Athanasopoulos & Hyndman (2019), in the form with constraints: with U the matrix of sums less their parts,
the reconciled forecast is y - W Uᵀ (U W Uᵀ)⁻¹ U y, which needs one solve of the size of the sums.
"""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.hierarchy.covariance import ErrorCovariance
from tsattn.forecasting.hierarchy.structure import Hierarchy

LARGEST = 30_000_000  # sums times leaves; beyond, forecasts are added from the bottom up
DIGITS = 8  # significant digits of the largest value of a leaf
_RIDGE = 1e-9


def reconciled(
    points: np.ndarray,
    hierarchy: Hierarchy,
    covariance: ErrorCovariance,
    method: str,
    positive: np.ndarray,
    certain: np.ndarray | None = None,
) -> np.ndarray:
    """Make points (n, H) add up, by "mint" or "bottom-up": (n, H) float64. positive: (m,) leaves that may not fall below zero.

    certain: (m, H) bool, True for forecasts of leaves without error, such as 0 on closed days. These forecasts do not change, nor
    do those of leaves in no sum.
    """
    leaves = points[hierarchy.sums :]
    certain = np.zeros(leaves.shape, bool) if certain is None else certain
    if method == "mint":
        inside = np.zeros((hierarchy.leaves, 1), bool)
        for part in hierarchy.parts:
            inside[part] = True
        moved = np.empty(leaves.shape)
        patterns, which = np.unique(certain, axis=1, return_inverse=True)
        for k, fixed in enumerate(patterns.T):
            steps = which.ravel() == k
            moved[:, steps] = _mint(points[:, steps], hierarchy, covariance, ~fixed)
        leaves = np.where(inside & ~certain, moved, leaves)
    return added_up(np.where(positive[:, None], np.maximum(leaves, 0.0), leaves), hierarchy)


def _mint(points: np.ndarray, hierarchy: Hierarchy, covariance: ErrorCovariance, free: np.ndarray) -> np.ndarray:
    """Return reconciled leaves (m, H). free: (m,) True for leaves that may change; the others have no error."""
    constraint = np.concatenate([np.eye(hierarchy.sums), -hierarchy.matrix()], 1)  # U, (a, n)
    moving = np.concatenate([np.ones(hierarchy.sums), free])
    constrained = covariance.times(constraint * moving) * moving  # U W, (a, n)
    size = covariance.combined(constraint * moving, constraint * moving)  # U W Uᵀ, (a, a)
    size[np.diag_indices_from(size)] += _RIDGE * np.trace(size) / len(size) + 1e-300
    moved = points - constrained.T @ np.linalg.solve(size, constraint @ points)
    return np.asarray(moved[hierarchy.sums :])


def added_up(leaves: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """Add leaves (m, H) up to all series (n, H) float64. They keep DIGITS digits, so that sums are exact in decimal text too."""
    leaves = np.asarray(leaves, np.float64)
    largest = np.abs(leaves).max(1, initial=0.0)
    whole = np.ceil(np.log10(np.where(largest > 0, largest, 1.0))).astype(int)
    places = np.clip(DIGITS - whole, 0, 300 - DIGITS)
    leaves = np.stack([np.round(row, place) for row, place in zip(leaves, places.tolist(), strict=True)])
    sums = hierarchy.added(leaves)
    most = [int(places[part].max()) for part in hierarchy.parts]
    sums = np.stack([np.round(row, place) for row, place in zip(sums, most, strict=True)])
    return np.concatenate([sums, leaves])
