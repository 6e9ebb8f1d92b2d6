"""Reconciliation of rare demand: series with many zeros, whose medians lie below their means and whose quantiles are often zero.

Medians of rare demand add up to less than the median of their sum. They are raised by a share of their variance before they are
reconciled, and their other quantiles stay where they are, so that intervals keep their zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.forecasting.counts import are_small_counts
from tsattn.forecasting.hierarchy.structure import Hierarchy

ZEROS = 0.1  # share of zeros from which demand is rare: the 0.1 quantile is zero then
CAUTION = 2.0  # factor of the deviation of rare series: medians err in the same direction, more than shrunk correlations show
_RECENT = 512  # steps of the past that are read
_CYCLES = 8  # seasons from which the zeros of each phase are counted
_OPEN = 0.25  # quantile of the phases' shares of zeros: a shop that is closed at most phases is not rare because of them


@dataclass(frozen=True, eq=False)
class Rarity:
    """Rarity of n series. share: (n,) from 0, no zeros, to 1, rare demand. counts: (n,) bool, True for small counts."""

    share: np.ndarray
    counts: np.ndarray

    def of_leaves(self, hierarchy: Hierarchy) -> np.ndarray:
        """Return the shares (n,), those of sums replaced by zero."""
        return np.where(np.arange(len(self.share)) < hierarchy.sums, 0.0, self.share)


def rarity_of(pasts: Sequence[np.ndarray], season: int) -> Rarity:
    """Measure the rarity of series from their values before the cutoff, of any length; NaN for missing values."""
    recent = [past[-_RECENT:] for past in pasts]
    share = np.array([_zeros(past, season) / ZEROS if len(past) else 0.0 for past in recent])
    counts = np.array([bool(are_small_counts(past[None])[0]) for past in recent], bool)
    return Rarity(np.clip(share, 0.0, 1.0), counts)


def _zeros(past: np.ndarray, season: int) -> float:
    """Return the share of zeros at the phases where zeros are fewest; 0 for a series with negative values or without any."""
    seen = np.isfinite(past)
    if not seen.any() or (past[seen] < 0).any():
        return 0.0
    cycles = len(past) // season
    if cycles < _CYCLES:
        return float((past[seen] == 0).mean())
    by_phase = past[len(past) - cycles * season :].reshape(cycles, season)
    known = np.isfinite(by_phase).sum(0)
    return float(np.quantile((by_phase == 0).sum(0)[known > 0] / known[known > 0], _OPEN))


def lifts(
    errors: Sequence[np.ndarray], variances: Sequence[np.ndarray], rarity: Rarity, hierarchy: Hierarchy
) -> list[np.ndarray]:
    """Return what to add to the medians of rare series: (n, H) for the forecast, then for each hold-out origin.

    errors: (n, H) at each hold-out origin, truth less median, NaN where unknown. variances: (n, H) of the forecast, then of each
    hold-out origin. Within a level, lifts are proportional to the variance, and cancel the mean error at the hold-out origins. Those
    of sums are at most as large a share of the variance as those of leaves.
    """
    weight = rarity.share[:, None]
    factor = np.zeros(len(rarity.share))
    lowest = _factor(errors, variances[1:], rarity.of_leaves(hierarchy))
    for k in range(len(hierarchy.levels)):
        sums = (hierarchy.level == k) & (np.arange(len(factor)) < hierarchy.sums)
        factor[sums] = min(_factor(errors, variances[1:], rarity.share * sums), lowest)
    factor[hierarchy.sums :] = lowest
    return [factor[:, None] * weight * variance for variance in variances]


def _factor(errors: Sequence[np.ndarray], variances: Sequence[np.ndarray], weight: np.ndarray) -> float:
    """Return the factor, at least 0, by which variances of series of a weight (n,) have to be multiplied to cancel their errors."""
    if not errors or not weight.any():
        return 0.0
    known = [np.isfinite(error) for error in errors]
    missed = sum(float((weight @ np.where(seen, error, 0.0)).sum()) for seen, error in zip(known, errors, strict=True))
    size = sum(float((weight**2 @ np.where(seen, one, 0.0)).sum()) for seen, one in zip(known, variances, strict=True))
    return max(missed / size, 0.0) if size > 0 else 0.0


def moved(values: np.ndarray, shift: np.ndarray, rarity: Rarity) -> np.ndarray:
    """Return quantiles (n, H, Q) moved by a shift (n, H), except for the share of rare demand."""
    return np.asarray(values + ((1 - rarity.share)[:, None] * shift)[..., None])


def around(values: np.ndarray, medians: np.ndarray, levels: Sequence[float], rarity: Rarity) -> np.ndarray:
    """Return quantiles (n, H, Q) with the given medians (n, H): those of small counts rounded, and none across the median."""
    values = np.where(rarity.counts[:, None, None], np.rint(values) + 0.0, values)
    level, median = np.asarray(levels), medians[..., None]
    values = np.where(level < 0.5, np.minimum(values, median), np.maximum(values, median))
    return np.where(level == 0.5, median, values)
