"""Reconciliation of rare demand: series with many zeros, whose medians lie below their means and whose quantiles are often zero.

Medians of rare demand add up to less than the median of their sum. They are raised in proportion to their variance before
reconciliation. Their other quantiles are not moved, so intervals still include zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.forecasting.counts import are_small_counts
from tsattn.forecasting.hierarchy.structure import Hierarchy

ZEROS = 0.1  # share of zeros from which demand is rare: the 0.1 quantile is zero then
GRAIN = 0.1  # minimum variance of a rare forecast, as a share of the past variance: every quantile may be zero
CAUTION = 2.0  # factor on the deviation of rare series: their errors share a sign more than shrunk correlations show
_RECENT = 512  # steps of the past that are read
_CYCLES = 20  # number of seasons above which zeros are counted by phase
_SILENT = 5.0  # expected sales since the last one above which a series has ended; by chance, e⁻⁵ = 0.7 %
_OPEN = 0.25  # quantile of the shares of zeros by phase, so that phases at which a shop is closed do not make demand rare


@dataclass(frozen=True, eq=False)
class Rarity:
    """Rarity of n series. share: (n,) from 0, no zeros, to 1, rare demand. counts: (n,) bool, True for small counts.

    spread: (n, season) variance of the past of rare demand at each phase from the cutoff on, 0 at phases without any demand.
    """

    share: np.ndarray
    counts: np.ndarray
    spread: np.ndarray

    def of_leaves(self, hierarchy: Hierarchy) -> np.ndarray:
        """Return the shares (n,), those of sums replaced by zero."""
        return np.where(np.arange(len(self.share)) < hierarchy.sums, 0.0, self.share)

    def past_variance(self, horizon: int, before: int = 0) -> np.ndarray:
        """Return the variance (n, H) of the past of rare demand at the steps after an origin `before` steps before the cutoff."""
        return np.asarray(self.spread[:, (np.arange(horizon) - before) % self.spread.shape[1]])


def rarity_of(pasts: Sequence[np.ndarray], season: int) -> Rarity:
    """Measure the rarity of series from their values before the cutoff, of any length; NaN for missing values."""
    share, spread = np.zeros(len(pasts)), np.zeros((len(pasts), season))
    recent = [past[-_RECENT:] for past in pasts]
    for i, past in enumerate(recent):
        seen = np.isfinite(past)
        if not seen.any() or (past[seen] < 0).any():
            continue
        by_phase = np.pad(past, (-len(past) % season, 0), constant_values=np.nan).reshape(-1, season)
        known = np.isfinite(by_phase).sum(0)
        zeros = (by_phase == 0).sum(0)[known > 0] / known[known > 0]
        zero = np.quantile(zeros, _OPEN) if len(by_phase) > _CYCLES else (past[seen] == 0).mean()
        share[i] = min(float(zero) / ZEROS, 1.0)
        if share[i] == 1.0 and not _ended(past[seen]):
            spread[i] = past[seen].var() * (np.nan_to_num(by_phase) != 0).any(0)
    return Rarity(share, np.array([bool(are_small_counts(past[None])[0]) for past in recent], bool), spread)


def _ended(past: np.ndarray) -> bool:
    """Return True if a past (L,) without missing values has been zero for much longer than is usual between its sales."""
    sales = np.flatnonzero(past)
    return not len(sales) or float(len(sales) / (sales[-1] + 1) * (len(past) - 1 - sales[-1])) > _SILENT


def lifts(
    medians: Sequence[np.ndarray], variances: Sequence[np.ndarray], rarity: Rarity, hierarchy: Hierarchy
) -> list[np.ndarray]:
    """Return what to add to the medians of rare leaves, 0 for all other series: (n, H) for each origin.

    medians, variances: (n, H) of the forecasts from the cutoff, and from 1, 2, … horizons before. Lifts are proportional to the
    variance. Their factor, the same for all leaves and origins, fits the medians of sums best (least squares).
    """
    horizon = variances[0].shape[1]
    rare = rarity.of_leaves(hierarchy)[:, None]
    sizes = [np.maximum(one, GRAIN * rarity.past_variance(horizon, k * horizon)) * rare for k, one in enumerate(variances)]
    if not rare.any():
        return sizes
    gaps = [one[: hierarchy.sums] - hierarchy.added(one[hierarchy.sums :]) for one in medians]
    added = [hierarchy.added(size[hierarchy.sums :]) for size in sizes]
    square = sum(float((one**2).sum()) for one in added)
    factor = sum(float((gap * one).sum()) for gap, one in zip(gaps, added, strict=True)) / square if square > 0 else 0.0
    return [max(factor, 0.0) * size for size in sizes]


def without_error(values: np.ndarray, rarity: Rarity) -> np.ndarray:
    """Return (n, H) bool: True for forecasts that are zero at every quantile (n, H, Q), unless rare demand is likely there."""
    return np.asarray((values == 0).all(2) & (rarity.past_variance(values.shape[1]) == 0))


def moved(values: np.ndarray, shift: np.ndarray, rarity: Rarity, positive: np.ndarray) -> np.ndarray:
    """Return quantiles (n, H, Q) moved by a shift (n, H), except for rare demand. positive: (n,) may not fall below zero."""
    made = values + ((1 - rarity.share)[:, None] * shift)[..., None]
    return np.where(positive[:, None, None], np.maximum(made, 0.0), made)


def around(values: np.ndarray, medians: np.ndarray, levels: Sequence[float], rarity: Rarity) -> np.ndarray:
    """Return quantiles (n, H, Q) with the given medians (n, H): those of small counts rounded, and none across the median."""
    values = np.where(rarity.counts[:, None, None], np.rint(values) + 0.0, values)
    level, median = np.asarray(levels), medians[..., None]
    values = np.where(level < 0.5, np.minimum(values, median), np.maximum(values, median))
    return np.where(level == 0.5, median, values)
