"""Noise of a series that rests, by the size of its covariates' effect: solar power varies more when there is more sun.

The history without effects is constant while a series rests, and noisy otherwise. A forecaster that reads it, and a calibration
that is common to all phases, understate this noise. So each interval is at least as wide as that of past residuals at effects of
about the same size (quantiles by equally filled bins).
"""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.series_effects import level_and_season
from tsattn.forecasting.resting_phases import CYCLES

BINS = 8  # sizes of the effect that are distinguished, at most
LEAST = 30  # awake rows that a bin needs
NEWEST = 128  # cycles of the history that are read


def wide_as_noise(
    values: np.ndarray,
    amounts: np.ndarray,
    past: np.ndarray,
    without: np.ndarray,
    seasons: tuple[int, ...],
    levels: tuple[float, ...],
) -> np.ndarray:
    """Return quantiles (H, Q) of a series that rests, at least as far from their median as those of past residuals.

    amounts: (H,) the effects in the forecast. past, without: the history (L,) with and without effects, which add.
    """
    kept = max(NEWEST, CYCLES) * (seasons or (1,))[0]
    past, without = past[-kept:].astype(np.float64), without[-kept:].astype(np.float64)
    noise = without - level_and_season(without, seasons)
    awake = np.isfinite(noise) & np.isfinite(past) & (past != 0)
    noise, size = noise[awake], (past - without)[awake]
    count = min(BINS, len(size) // LEAST)
    if count == 0 or np.ptp(size) == 0:
        return values
    bins = np.array_split(np.argsort(size, kind="stable"), count)
    usual = np.array([size[rows].mean() for rows in bins])
    spread = np.stack([np.quantile(noise[rows], levels) - np.median(noise[rows]) for rows in bins])  # (bins, Q)
    least = np.stack([np.interp(amounts, usual, one) for one in spread.T], 1)  # (H, Q)
    middle = values[:, [int(np.abs(np.array(levels) - 0.5).argmin())]]
    away = values - middle
    upper = np.array(levels) >= 0.5
    return np.asarray(middle + np.where(upper, np.maximum(away, least), np.minimum(away, least)))
