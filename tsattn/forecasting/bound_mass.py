"""Probability mass at a bound: quantiles of series that often lie exactly at their largest or smallest value.

Uptime in percent is exactly 100 on many days, so its median is 100. Quantiles of a network or an ensemble are continuous and lie
just below. The probability of the bound at each step is forecast by a linear probability model of its indicator, and the
quantiles within that probability become the bound. A smallest value of zero is left to the forecaster: in rain and solar power,
which depend on more than their past, the rule lost as often as it gained.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.counts import LEAST, ends_abruptly

SHARE = 0.05  # least share of the values at a bound
RECENT = 2048  # newest steps that are read
CYCLES = 6  # cycles that a history must hold to have phases
PRIOR = 2.0  # values of the usual share added to each phase
WEIGHTS = (1.0, 0.1)  # of the newest value in averages that carry spells on: the value itself, and about twenty values
PENALTY = 10.0  # values without a spell added to the regression
REACH = 0.25  # of the distance between the outer quantiles: a forecast whose outer one stays this far from the bound excludes it


def with_bound_mass(
    values: np.ndarray, levels: Sequence[float], outer: np.ndarray, past: np.ndarray, windows: WindowBatch
) -> np.ndarray:
    """Return quantiles (B, H, Q) at `levels` with those within the mass at a bound of the past (B, L) set to the bound.

    outer: (B, H, 2) the forecaster's own lowest and highest quantiles. Quantiles beyond the bound become the bound too.
    Windows without such a mass are not changed.
    """
    out, at = values, np.asarray(levels)
    past = past[:, -RECENT:]
    for side in (-1, 1):
        bound = bounds_of(past, side)
        rows = np.flatnonzero(np.isfinite(bound))
        if not len(rows):
            continue
        here, limit = past[rows], bound[rows, None, None].astype(values.dtype)
        at_bound = np.where(np.isfinite(here), here == bound[rows, None], np.nan)
        likely = np.stack([probability(one, windows.horizon, windows.season_lengths) for one in at_bound])[..., None]  # (n, H, 1)
        nearest = outer[rows][..., [1 if side > 0 else 0]]
        reaches = side * (limit - nearest) <= REACH * np.ptp(outer[rows], -1, keepdims=True)
        within = reaches & ((at >= 1 - likely) if side > 0 else (at <= likely))
        beyond = (values[rows] - limit) * side > 0
        out = values.copy() if out is values else out
        out[rows] = np.where(within | beyond, limit, out[rows])
    return out


def bounds_of(past: np.ndarray, side: int) -> np.ndarray:
    """Return (B,) the largest (side 1) or smallest (-1) values of a past (B, L) that hold a mass; NaN where there is none.

    A bound is not a smallest value of 0. It holds a SHARE of at least LEAST values, occurs in each third of them and is an abrupt
    end (see `counts.limits_of`).
    """
    seen = np.isfinite(past)
    end = side * np.where(seen, side * past, -np.inf).max(1, initial=-np.inf)
    number, often = seen.sum(1), (past == end[:, None]).sum(1)
    out = np.full(len(past), np.nan)
    candidates = (number >= LEAST) & (often >= SHARE * number) & (often < number) & ((side > 0) | (end != 0))
    for b in np.flatnonzero(candidates).tolist():
        if ends_abruptly(past[b][seen[b]], float(end[b])):
            out[b] = end[b]
    return out


def probability(at: np.ndarray, horizon: int, periods: Sequence[int]) -> np.ndarray:
    """Return (H,) probabilities that the steps after a history are at the bound; at (n,): 1 where a value is, NaN = missing.

    The share at the phase of one of `periods`, or of all values, whichever predicts the others best, plus a regression of what
    is left on two averages of it.
    """
    seen = ~np.isnan(at)
    usual = float(at[seen].mean())
    fits = [1, *(one for one in periods if len(at) >= CYCLES * one)]
    shares = [_phase_shares(at, seen, usual, period, horizon) for period in fits]
    others, out = min(shares, key=lambda one: float(((at - one[0])[seen] ** 2).mean()))
    left = np.where(seen, at - others, 0.0)
    recent = np.stack([_smoothed(left, weight) for weight in WEIGHTS])  # (2, n)
    for step in range(1, min(horizon, len(at) // 3) + 1):
        x, y = recent[:, :-step], left[step:]
        slopes = np.linalg.solve(x @ x.T + PENALTY * usual * (1 - usual) * np.eye(len(x)), x @ y)
        out[step - 1] += slopes @ recent[:, -1]
    return np.clip(out, 0.0, 1.0)


def _phase_shares(at: np.ndarray, seen: np.ndarray, usual: float, period: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares at the phase of each value, (n,), without the value itself, and of each step ahead, (H,)."""
    phase = np.arange(len(at)) % period
    count = np.bincount(phase[seen], minlength=period)
    total = np.bincount(phase[seen], at[seen], period) + PRIOR * usual
    others = (total[phase] - np.where(seen, at, 0.0)) / (count[phase] - seen + PRIOR)
    return others, (total / (count + PRIOR))[(len(at) + np.arange(horizon)) % period]


def _smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Return (n,) exponentially weighted means of values (n,) up to each; the weight of the newest is `weight`."""
    out, level = np.empty(len(values)), 0.0
    for i, value in enumerate(values.tolist()):
        level += weight * (value - level)
        out[i] = level
    return out
