"""Counts and bounded values: rounding of forecasts of small counts, and limits inferred from a history.

A quantile of a count is a whole number: if more than half of the days have no sales, the median is 0. The forecast of a network
or an ensemble lies between whole numbers, such as at 0.3. If counts are small, rounding lowers the quantile loss.

Ratings from 1 to 5, percentages and the occupied rooms of a hotel have limits that no forecast may exceed; `limits_of` infers
them.
"""

from __future__ import annotations

import numpy as np

LEAST = 30  # minimum number of observed values of a series of small counts
MOST_MEAN = 10.0  # largest mean of small counts; rounding larger ones gains next to nothing
OFTEN = 0.02  # minimum share of the observed values at a limit
UNSEEN = 3.0  # expected values beyond an end that is no limit; the probability of seeing none is then 5 % (rule of three)
NATURAL = (0.0, 1.0, 100.0)  # limits of shares and percentages, which may have decimals


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


def limits_of(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper limits (B,) of values that a past (B, L) implies, infinite if it implies none.

    Counts have a lower limit of 0. Otherwise a limit is the smallest or largest value of a past, if that

    - is a whole number among whole numbers, or 0, 1 or 100;
    - makes up OFTEN of at least LEAST values, and occurs in each third of them, so that a trend has no limit;
    - is an abrupt end: the tail of a Poisson distribution would have at least UNSEEN values beyond it. Their expected number is
      n·min(c, 1)·k/(k + 1) after n visits to the k-th value from the other end, c times as frequent as the one before it.
    """
    seen = np.isfinite(past)
    low = np.where(seen, past, np.inf).min(1, initial=np.inf)
    high = np.where(seen, past, -np.inf).max(1, initial=-np.inf)
    enough = seen.sum(1) >= LEAST
    lower, upper = np.where(enough & are_counts(past), 0.0, -np.inf), np.full(len(past), np.inf)
    for limits, ends in ((lower, low), (upper, high)):
        often = (past == ends[:, None]).sum(1) >= OFTEN * seen.sum(1)
        for b in np.flatnonzero(enough & often & (low < high) & (limits != ends)).tolist():
            if _is_limit(past[b][seen[b]], float(ends[b])):
                limits[b] = ends[b]
    return lower, upper


def _is_limit(own: np.ndarray, end: float) -> bool:
    """Return True if the smallest or largest of the values (n,) is a limit; see `limits_of`."""
    return (end in NATURAL or bool((own == np.rint(own)).all())) and ends_abruptly(own, end)


def ends_abruptly(own: np.ndarray, end: float) -> bool:
    """Return True if values (n,) occur at their smallest or largest one in each third, and would be expected beyond it."""
    at = own == end
    if not all(third.any() for third in np.array_split(at, 3)):
        return False
    values, counts = np.unique(own, return_counts=True)
    here, before = (counts[0], counts[1]) if end == values[0] else (counts[-1], counts[-2])
    visits = int(at[0]) + int((at[1:] & ~at[:-1]).sum())
    others = len(values) - 1
    return bool(visits * min(here / before, 1.0) * others / (others + 1) >= UNSEEN)


def within(limits: tuple[np.ndarray, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Return values (B, H, ·) clipped to the lower and upper limits (B,)."""
    lower, upper = (limit[:, None, None].astype(values.dtype) for limit in limits)
    return np.clip(values, lower, upper)
