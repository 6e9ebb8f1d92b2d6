"""Forecasts of all series of a hierarchy, changed as little as possible so that they add up.

MinT: Wickramasuriya, Athanasopoulos & Hyndman (2019), in the form with constraints: with U the matrix of sums less their parts,
the reconciled forecast is y - W Uᵀ (U W Uᵀ)⁻¹ U y, which needs one solve of the size of the sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.forecasting.hierarchy.covariance import ErrorCovariance
from tsattn.forecasting.hierarchy.structure import Hierarchy

LARGEST = 30_000_000  # sums times leaves; beyond, forecasts are added from the bottom up
NARROWEST, WIDEST = 0.6, 1.6  # bounds of the change of an interval's width
DIGITS = 8  # significant digits of the largest value of a leaf
_RIDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Reconciled:
    """points: (n, H) float64, the sums exact. width: (n,) factors on the distances of the quantiles from the points."""

    points: np.ndarray
    width: np.ndarray


def reconciled(
    points: np.ndarray, hierarchy: Hierarchy, covariance: ErrorCovariance, method: str, positive: np.ndarray
) -> Reconciled:
    """Make points (n, H) add up, by "mint" or "bottom-up". positive: (m,) leaves that may not fall below zero.

    Leaves in no sum keep their points. The width of an interval follows the standard deviation that the errors have after
    reconciliation, relative to that before.
    """
    leaves = points[hierarchy.sums :]
    width = np.ones(len(points))
    inside = np.zeros(hierarchy.leaves, bool)
    for part in hierarchy.parts:
        inside[part] = True
    if method == "mint":
        constraint = np.concatenate([np.eye(hierarchy.sums), -hierarchy.matrix()], 1)  # (a, n)
        constrained = covariance.times(constraint)  # U W, (a, n)
        size = covariance.combined(constraint, constraint)
        size[np.diag_indices_from(size)] += _RIDGE * np.trace(size) / len(size) + 1e-300
        gain = np.linalg.solve(size, constrained).T  # W Uᵀ (U W Uᵀ)⁻¹, (n, a)
        moved = points - gain @ (constraint @ points)
        leaves = np.where(inside[:, None], moved[hierarchy.sums :], leaves)
        after = covariance.variance - (gain * constrained.T).sum(1)
        width = _ratio(after, covariance.variance)
        width[hierarchy.sums :][~inside] = 1.0
    else:
        after = _variance_of_sums(hierarchy, covariance)
        width[: hierarchy.sums] = _ratio(after, covariance.variance[: hierarchy.sums])
    leaves = np.where(positive[:, None], np.maximum(leaves, 0.0), leaves)
    return Reconciled(added_up(leaves, hierarchy), width)


def added_up(leaves: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """Leaves (m, H) -> all series (n, H) float64. Leaves keep DIGITS digits, so that sums are exact in decimal text too."""
    leaves = np.asarray(leaves, np.float64)
    largest = np.abs(leaves).max(1, initial=0.0)
    whole = np.ceil(np.log10(np.where(largest > 0, largest, 1.0))).astype(int)
    places = np.clip(DIGITS - whole, 0, 300 - DIGITS)
    leaves = np.stack([np.round(row, place) for row, place in zip(leaves, places.tolist(), strict=True)])
    sums = hierarchy.added(leaves)
    most = [int(places[part].max()) for part in hierarchy.parts]
    sums = np.stack([np.round(row, place) for row, place in zip(sums, most, strict=True)])
    return np.concatenate([sums, leaves])


def _variance_of_sums(hierarchy: Hierarchy, covariance: ErrorCovariance) -> np.ndarray:
    """(a,) the variance of the sums of the leaves' errors."""
    out = np.empty(hierarchy.sums)
    for row, part in enumerate(hierarchy.parts):
        at = hierarchy.sums + part
        deviation, errors = covariance.deviation[at], covariance.errors[at]
        known = (errors != 0).any(1) if errors.shape[1] else np.zeros(len(at), bool)
        own = (deviation**2 * np.where(known, covariance.shrinkage, 1.0)).sum()
        common = ((deviation @ errors) ** 2).mean() if errors.shape[1] else 0.0
        out[row] = own + (1 - covariance.shrinkage) * common
    return out


def _ratio(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Square roots of ratios of variances, bounded; 1 where nothing is known."""
    ratio = np.divide(np.maximum(after, 0.0), before, out=np.ones_like(before), where=before > 0)
    return np.asarray(np.clip(np.sqrt(ratio), NARROWEST, WIDEST))
