"""Counts: histories of whole numbers, and rounding of the forecasts of small counts.

A quantile of a count is a whole number: if more than half of the days have no sales, the median is 0. The forecast of a network
or an ensemble lies between whole numbers, such as at 0.3. If counts are small, rounding lowers the quantile loss.
"""

from __future__ import annotations

import numpy as np

LEAST = 30  # minimum number of observed values of a series of small counts
MOST_MEAN = 10.0  # largest mean of small counts; rounding larger ones gains next to nothing


def are_counts(past: np.ndarray) -> np.ndarray:
    """Return (B,) bool: True where all observed values of a past (B, L) are whole numbers, and none is negative."""
    seen = np.isfinite(past)
    return seen.any(1) & (~seen | ((past >= 0) & (past == np.rint(past)))).all(1)


def are_small_counts(past: np.ndarray) -> np.ndarray:
    """Return (B,) bool: True where a past (B, L) holds at least LEAST values, all of them counts with a mean ≤ MOST_MEAN."""
    number = np.isfinite(past).sum(1)
    mean = np.nansum(past, 1, dtype=np.float64) / np.maximum(number, 1)
    return are_counts(past) & (number >= LEAST) & (mean <= MOST_MEAN)


def whole_where(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values (…, B, H, Q), those of `rows` (B,) bool rounded to whole numbers (0 instead of -0)."""
    return np.where(rows[:, None, None], np.rint(values) + 0.0, values) if rows.any() else values
