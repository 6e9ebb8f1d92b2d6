"""Least units of anomaly scores, from the past of a series alone: forecasts may be narrower than its noise."""

from __future__ import annotations

import numpy as np

LEAST_CHANGE = 0.02  # of the standard deviation of their changes
MAD = 1.4826  # standard deviations of the normal distribution in a median absolute value


def least_unit(past: np.ndarray) -> float:
    """Least standard deviation of a forecast: half the step of values that come in steps, such as counts, and a small
    part of the usual change, so that the first rain after a dry month is no anomaly.
    """
    past = past[~np.isnan(past)]
    if not len(past):
        return 1e-30
    kinds = np.unique(past)
    gap = float(np.diff(kinds).min()) if 1 < len(kinds) <= len(past) / 2 else 0.0
    change = float(np.diff(past).std()) if len(past) > 1 else 0.0
    return max(0.4 * gap, LEAST_CHANGE * change, 1e-6 * float(np.abs(past).max()), 1e-30)


def noise_of(past: np.ndarray, season: int) -> float:
    """Standard deviation of the noise of a past (n,), from the changes between rows and between cycles, whichever are smaller.

    A forecast from a few cycles errs at least as much, since their mean has noise too. 0 where no two rows can be compared.
    """
    found = []
    for lag in {1, season}:
        change = np.abs(past[lag:] - past[:-lag])
        change = change[~np.isnan(change)]
        if len(change):
            found.append(MAD * float(np.median(change)) / np.sqrt(2))
    cycles = max(1.0, len(past) / season)
    return float(min(found) * np.sqrt(1 + 1 / cycles)) if found else 0.0
