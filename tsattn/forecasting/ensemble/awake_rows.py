"""Rows of a history from which effects are learnt, and whether they may multiply: zeros have no logarithm.

A series that rests, such as a shop at night and on Sundays, is zero there whatever the covariates are. Such rows say nothing
about effects. Where all others are positive, they are left out, so that effects are percentages of open hours.
"""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.series_effects import season_of
from tsattn.forecasting.resting_phases import SEEN, phases_at_rest

RESTING = 0.8  # share of zeros from which on a phase of the season rests
POSITIVE = 0.95  # minimum share of values above zero for effects that multiply


def may_multiply(past: np.ndarray) -> np.ndarray:
    """Return (B,) bool: True where nearly all values of past (B, L), NaN = missing, are positive, and none is negative."""
    above, seen = (past > 0).sum(1), (~np.isnan(past)).sum(1)
    return np.asarray((above > 0) & (above >= POSITIVE * seen) & ~(past < 0).any(1))


def awake(past: np.ndarray, seasons: tuple[int, ...]) -> np.ndarray:
    """Return past (B, L), NaN = missing, without the rows at rest of each window whose other rows are positive."""
    others = np.where(at_rest(past, seasons), np.asarray(np.nan, past.dtype), past)
    return np.where(may_multiply(others)[:, None], others, past)


def at_rest(past: np.ndarray, seasons: tuple[int, ...]) -> np.ndarray:
    """Return (B, L) bool: True at phases of the season at which past (B, L) is nearly always zero, if it rarely is at others."""
    out = np.zeros(past.shape, bool)
    season = np.array([season_of(int(rows), seasons, SEEN) for rows in (~np.isnan(past)).sum(1)])
    for length in np.unique(season[(past == 0).any(1) & (season > 1)]).tolist():
        rows = np.flatnonzero(season == length)
        out[rows] = phases_at_rest(past[rows], length, RESTING)[:, np.arange(past.shape[1]) % length]
    return out
