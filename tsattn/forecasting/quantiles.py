"""Quantiles at other levels than a forecaster's own: along the shape of a normal distribution, never crossing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from tsattn.errors import ConfigError

LARGEST = float(np.finfo(np.float32).max)


def checked_levels(levels: Sequence[float] | float) -> tuple[float, ...]:
    """Return the levels as floats. Raises ConfigError unless they lie strictly between 0 and 1, rising, each once.

    levels: numbers, a single number, or a text with commas.
    """
    some = levels.split(",") if isinstance(levels, str) else [levels] if isinstance(levels, (int, float)) else levels
    try:
        given = tuple(float(q) for q in some)
    except (TypeError, ValueError):
        raise ConfigError(f"quantiles must be numbers, not {levels!r}", "for example: --quantiles 0.1,0.5,0.9") from None
    wrong = [q for q in given if not 0 < q < 1]
    if not given or wrong:
        said = f"{wrong[0]:g} does not" if wrong else "there are none"
        raise ConfigError(f"quantiles must lie between 0 and 1: {said}", "for example: --quantiles 0.1,0.5,0.9")
    if any(b <= a for a, b in pairwise(given)):
        rising = ",".join(f"{q:g}" for q in sorted(set(given)))
        raise ConfigError("quantiles must rise, each given once", f"use --quantiles {rising}")
    return given


def normal_scores(levels: Sequence[float]) -> np.ndarray:
    """Return the standard normal's quantiles at `levels` (Q,), float64."""
    return np.array([NormalDist().inv_cdf(q) for q in levels])


def student_scores(levels: Sequence[float], freedom: float) -> np.ndarray:
    """Return the quantiles of Student's t at `levels` (Q,), float64.

    Exact for 1 and 2 degrees of freedom; else Abramowitz & Stegun (1964), 26.7.5, to the second order: within 4 % for 3 and more
    and levels from 0.025 to 0.975.
    """
    q = np.asarray(levels, np.float64)
    if freedom == 1:
        return np.asarray(np.tan(np.pi * (q - 0.5)))
    if freedom == 2:
        return np.asarray((2 * q - 1) / np.sqrt(2 * q * (1 - q)))
    z = normal_scores(levels)
    return np.asarray(z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2))


def not_negative(values: np.ndarray, past: np.ndarray) -> np.ndarray:
    """Return values (B, H, ·), clipped at 0 if no value of the past (B, L) is negative."""
    lowest = np.nanmin(past, 1, initial=np.inf)
    return np.where((lowest >= 0)[:, None, None], np.maximum(values, 0.0), values)


def resample(values: np.ndarray, have: Sequence[float], want: Sequence[float]) -> np.ndarray:
    """Resample quantiles (…, Q) at levels `have` to (…, W) float32 at levels `want`, both rising.

    Between two given levels the value is linear in the normal score z, so a normal distribution comes back exactly; beyond
    the outer ones it goes on with the slope dv/dz of the outermost pair. Exact at the given levels; never crosses when
    `values` do not. A single given level is a point forecast: every level gets its value.
    """
    columns, known = [], normal_scores(have)
    for level, z in zip(want, normal_scores(want), strict=True):
        same = [i for i, q in enumerate(have) if math.isclose(q, level, rel_tol=0, abs_tol=1e-9)]
        if same or len(have) == 1:
            columns.append(values[..., same[0] if same else 0].astype(np.float64))
            continue
        i = int(np.clip(np.searchsorted(known, z) - 1, 0, len(known) - 2))
        low, high = values[..., i].astype(np.float64), values[..., i + 1].astype(np.float64)
        slope = (high - low) / (known[i + 1] - known[i])
        if z < known[0]:
            columns.append(low + slope * (z - known[0]))
        elif z > known[-1]:
            columns.append(high + slope * (z - known[-1]))
        else:  # rounding must not step over the neighbour
            columns.append(np.minimum(low + slope * (z - known[i]), high))
    return np.clip(np.stack(columns, -1), -LARGEST, LARGEST).astype(np.float32)


def row_medians(values: np.ndarray) -> np.ndarray:
    """Return (B,) medians of the rows of values (B, n), NaN ignored; NaN for a row without values."""
    ordered = np.sort(values, 1)  # NaN last
    count = (~np.isnan(values)).sum(1)
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    rows, last = np.arange(len(values)), np.maximum(count - 1, 0)
    return np.asarray((ordered[rows, last // 2] + ordered[rows, (last + 1) // 2]) / 2)
