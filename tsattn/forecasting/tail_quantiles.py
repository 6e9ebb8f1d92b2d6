"""Quantiles beyond a forecaster's outermost ones, such as 0.99: as far out as the series' own past reached."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsattn.data.cleaning.prepare import plausible_past
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.quantiles import LARGEST, resample

RECENT = 2048  # steps of the past that are read


def at_levels(values: np.ndarray, have: Sequence[float], want: Sequence[float], batch: WindowBatch) -> np.ndarray:
    """Resample quantiles (B, H, Q) at levels `have` to (B, H, W) float32 at levels `want`, both rising.

    Between two given levels, as in `resample`. Beyond the outer ones the distance to them is that between the same quantiles
    of the past, as far as values spread there as they do in the forecast: demand that comes in lumps has a far longer tail
    than a normal distribution. Where a season or a trend spreads the past more, and where it is too short to measure,
    the normal distribution's shape. What never was below zero is not forecast there.
    """
    out = resample(values, have, want)
    beyond = [(i, q) for i, q in enumerate(want) if not have[0] <= q <= have[-1]]
    if not beyond or len(have) < 2 or not have[0] < 0.5 < have[-1]:
        return out
    # with additive outliers: they may recur as often as before, although they do not matter to the median
    past = np.sort(plausible_past(batch)[:, -RECENT:].astype(np.float64), axis=1)  # NaN last
    count = (~np.isnan(past)).sum(1)
    middle = values[..., int(np.abs(np.asarray(have) - 0.5).argmin())].astype(np.float64)
    for i, level in beyond:
        side = -1 if level > 0.5 else 0
        outer, edge = values[..., side].astype(np.float64), _quantile(past, count, have[side])
        there = np.abs(edge - _quantile(past, count, 0.5))[:, None] + np.zeros_like(
            outer
        )  # spread of the past, and of the forecast
        here = np.abs(outer - middle)
        # an almost constant past has spread in its tail only: the forecast takes that tail
        alike = np.divide(np.minimum(here, there), np.maximum(here, there), out=np.ones_like(here), where=there > 0) ** 2
        seen = count * min(level, 1 - level)  # values beyond the level
        share = alike * (seen / (1 + seen))[:, None]
        far = _quantile(past, count, level)
        reached = (np.maximum if level > 0.5 else np.minimum)(outer, far[:, None])
        own = np.where(there > 0, outer + (far - edge)[:, None], reached)
        out[..., i] = np.clip((1 - share) * out[..., i] + share * own, -LARGEST, LARGEST)
        if side == 0:
            positive = (count > 0) & (np.nan_to_num(past[:, 0]) >= 0)
            out[..., i] = np.where(positive[:, None], np.maximum(out[..., i], np.minimum(outer, 0)), out[..., i])
    return np.sort(out, -1)


def _quantile(ordered: np.ndarray, count: np.ndarray, level: float) -> np.ndarray:
    """Return (B,) quantiles of the first `count` (B,) of ordered values (B, L); 0 where there is none.

    The i-th value stands at level i / (n + 1) (Weibull 1939).
    """
    place = np.clip(level * (count + 1) - 1, 0, np.maximum(count - 1, 0))
    low = np.floor(place).astype(np.int64)
    rows, high = np.arange(len(ordered)), np.minimum(low + 1, np.maximum(count - 1, 0))
    first, second = np.nan_to_num(ordered[rows, low]), np.nan_to_num(ordered[rows, high])
    return np.asarray(first + (place - low) * (second - first))
