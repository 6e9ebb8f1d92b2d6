"""Lower bounds on the units of anomaly scores, from the past of a series: forecasts may be narrower than its noise."""

from __future__ import annotations

import numpy as np

LEAST_CHANGE = 0.02  # times the standard deviation of the changes
MAD = 1.4826  # standard deviation of a normal variable, divided by the median of its absolute value


def least_unit(past: np.ndarray) -> float:
    """Return the least standard deviation of a forecast.

    It is 0.4 times the step of values on a grid, such as counts, or a small part of the usual change if that is larger, so that
    the first rain after a dry month is not an anomaly.
    """
    past = past[~np.isnan(past)]
    if not len(past):
        return 1e-30
    kinds = np.unique(past)
    gap = float(np.diff(kinds).min()) if 1 < len(kinds) <= len(past) / 2 else 0.0
    change = float(np.diff(past).std()) if len(past) > 1 else 0.0
    return max(0.4 * gap, LEAST_CHANGE * change, 1e-6 * float(np.abs(past).max()), 1e-30)


def noise_of(past: np.ndarray, season: int) -> float:
    """Return the standard deviation of the noise of a past (n,): from changes between rows or cycles, whichever are smaller.

    It is increased for few cycles, since their mean has noise too. 0 if no two rows can be compared.
    """
    found = []
    for lag in {1, season}:
        change = np.abs(past[lag:] - past[:-lag])
        change = change[~np.isnan(change)]
        if len(change):
            found.append(MAD * float(np.median(change)) / np.sqrt(2))
    cycles = max(1.0, len(past) / season)
    return float(min(found) * np.sqrt(1 + 1 / cycles)) if found else 0.0
