"""Closed days: a 0/1 covariate at one of whose values the target is zero, such as `closed` = 1 or `open` = 0.

No addition and no factor turns a Monday and a Saturday both into zero, so such a covariate has no slope. Its rows are taken
out of the history, and where it is set in the future the forecast is made of past values on such rows. If the target is often
zero at both values, phases of the season at which it is nearly always zero, such as nights, are left out of the count: zeros
there do not show whether the series was closed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tsattn.forecasting.ensemble.awake_rows import at_rest

CLOSED = 0.8  # share of zeros while closed, at least
OPEN = 0.3  # share of zeros while open, at most
FEWEST = 2  # closed rows of the pool
OWN = 3  # closed rows of a series of its own that can prove it to be no closure for it


class Counts(NamedTuple):
    """Observed rows (B, K, 2) of each window at 0 and at 1 of each covariate, and the zeros of the target among them."""

    rows: np.ndarray
    zeros: np.ndarray


def count(past: np.ndarray, known: np.ndarray, seasons: tuple[int, ...]) -> Counts:
    """Count rows of windows past (B, L), NaN = missing, by the 0/1 covariates among known (B, L, K); none for the others."""
    binary = ((known == 0) | (known == 1) | np.isnan(known)).all(1)  # (B, K)
    seen = ~np.isnan(past)
    plain = _counted(past, known, seen, binary)
    hidden = binary & (plain.zeros > OPEN * plain.rows).all(-1)  # nights and Sundays may hide a closure
    if not hidden.any():
        return plain
    awake = _counted(past, known, seen & ~at_rest(past, seasons), binary)
    return Counts(*(np.where(hidden[..., None], one, other) for one, other in zip(awake, plain, strict=True)))


def _counted(past: np.ndarray, known: np.ndarray, seen: np.ndarray, binary: np.ndarray) -> Counts:
    """Count the rows `seen` (B, L) by the covariates that are `binary` (B, K)."""
    rows, zeros = (
        np.stack([(where[..., None] & (known == value)).sum(1) for value in (0, 1)], -1) * binary[..., None]
        for where in (seen, seen & (past == 0))
    )
    return Counts(rows, zeros)


def closing(counts: Counts, now: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Return (n, K) closing values of the covariates for the windows `now`, by the evidence of `pool`; NaN = none."""
    rows, zeros = counts.rows[pool].sum(0), counts.zeros[pool].sum(0)  # (K, 2)
    share = zeros / np.maximum(rows, 1)
    own_rows, own_zeros = counts.rows[now], counts.zeros[now]
    own_share = own_zeros / np.maximum(own_rows, 1)
    out = np.full(own_rows.shape[:2], np.nan)
    for value in (0, 1):
        common = (rows[:, value] >= FEWEST) & (share[:, value] >= CLOSED) & (share[:, 1 - value] <= OPEN)
        common &= rows[:, 1 - value] >= FEWEST
        denied = (own_rows[..., value] >= OWN) & (own_share[..., value] < CLOSED / 2)
        out[common & ~denied] = value
    return out


def closed_rows(known: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return (B, T) bool: True where any covariate of known (B, T, K) has its closing value at (B, K)."""
    return np.asarray((known == at[:, None]).any(2))


def closed_values(past: np.ndarray, closed: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Return (B, Q) quantiles of the values observed while closed (B, L); zeros for a window that was never closed."""
    out = np.zeros((len(past), len(levels)))
    for row in np.flatnonzero((closed & ~np.isnan(past)).any(1)):
        values = past[row, closed[row]]
        out[row] = np.quantile(values[~np.isnan(values)], levels, method="inverted_cdf")
    return out
