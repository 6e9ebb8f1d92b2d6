"""Knots of bent responses: covariate values at which the slope changes, such as the temperature between heating and cooling.

The candidates are quantiles of the covariate's past. They are compared by least squares after level and season are removed. The
gains of a pool are summed, and the median is kept unless another candidate explains clearly more.
"""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.series_effects import FEWEST, MOST_STEPS, RIDGE, WIDEST, season_of, without_level_and_season

QUANTILES = (0.5, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9)  # candidates, the default first
CLEARLY = 3.0  # gain in log likelihood over the first that another candidate needs


def candidates(known: np.ndarray) -> np.ndarray:
    """Return (B, K, C) candidate knots: observed values of covariates (B, L, K) at the QUANTILES, NaN ignored."""
    ordered = np.sort(known, 1)  # NaN last
    count = (~np.isnan(known)).sum(1)
    at = np.stack([np.maximum(((count - 1) * q).astype(np.int64), 0) for q in QUANTILES], 1)  # (B, C, K)
    return np.moveaxis(np.nan_to_num(np.take_along_axis(ordered, at, 1)), 1, 2)


def gains(target: np.ndarray, known: np.ndarray, at: np.ndarray, bends: np.ndarray, seasons: tuple[int, ...]) -> np.ndarray:
    """Return (B, K, C) gains in log likelihood from adding |x - knot| to a linear response of targets (B, L), NaN = missing.

    known: (B, L, K); at: (B, K, C) candidate knots; bends: (B, K) True for covariates that may bend; others gain 0.
    """
    out = np.zeros(at.shape)
    target, known = target[:, -MOST_STEPS:], known[:, -MOST_STEPS:].astype(np.float64)
    for row in np.flatnonzero(bends.any(1)).tolist():
        seen = np.isfinite(target[row]) & np.isfinite(known[row]).all(1)
        if seen.sum() < 2 * FEWEST:
            continue
        columns = np.flatnonzero(bends[row])
        bent = np.abs(known[row][:, columns, None] - at[row, columns])  # (L, k, C)
        every = np.concatenate([target[row][:, None], known[row], bent.reshape(len(seen), -1)], 1).T
        every = np.where(seen, every - every[:, seen].mean(1, keepdims=True), 0.0)
        rest, _ = without_level_and_season(every, seen, season_of(int(seen.sum()), seasons))
        rest = rest[:, seen]
        found = _gains(rest[0], rest[1 : 1 + known.shape[2]], rest[1 + known.shape[2] :])
        out[row, columns] = found.reshape(len(columns), at.shape[2])
    return out


def _gains(y: np.ndarray, x: np.ndarray, bent: np.ndarray) -> np.ndarray:
    """Return (m,) gains in log likelihood from adding each of `bent` (m, n) to a regression of y (n,) on x (K, n)."""
    y = np.clip(y, *(WIDEST * 1.4826 * float(np.median(np.abs(y))) * np.array([-1, 1]))) if np.median(np.abs(y)) > 0 else y
    gram = x @ x.T
    inverse = np.linalg.inv(gram + (RIDGE * np.trace(gram) / len(gram) + 1e-300) * np.eye(len(gram)))

    def left(values: np.ndarray) -> np.ndarray:
        return np.asarray(values - (values @ x.T) @ inverse @ x)

    rest, new = left(y), left(bent)
    total, size = float((rest**2).sum()), (new**2).sum(1)
    alike = float((rest[1:] * rest[:-1]).sum()) / max(total, 1e-300)
    count = len(y) * (1 - min(max(alike, 0.0), 0.95)) / (1 + min(max(alike, 0.0), 0.95))  # independent rows
    share = np.divide((new @ rest) ** 2, size * total, out=np.zeros(len(new)), where=size > 1e-9 * (bent**2).sum(1) + 1e-300)
    return np.asarray(-0.5 * count * np.log1p(-np.minimum(share, 1 - 1e-9)))


def chosen(at: np.ndarray, gain: np.ndarray, pools: Pools) -> np.ndarray:
    """Return (B, K) knots, chosen from candidates at (B, K, C) by their gains (B, K, C), summed over each window's pool."""
    out = at[..., 0].copy()
    for now, pool in pools:
        total = gain[pool].sum(0)  # (K, C)
        best = np.where(total.max(1) > total[:, 0] + CLEARLY, total.argmax(1), 0)
        out[now] = np.take_along_axis(at[now], np.broadcast_to(best[None, :, None], (len(now), len(best), 1)), 2)[..., 0]
    return out
