"""Scores of quantile forecasts, from sums that are added up window by window, so that no large array is needed.

`measure` turns truth and forecast into Sums, one for each window and step; Sums are added along any grouping, and each
function of METRICS makes a score of them. A missing truth leaves its step out of every sum.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.quantiles import resample

WIDE = (0.025, 0.975)  # bounds of the 95 % interval, which safety stocks are planned by


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums that scores are computed from: arrays of one leading shape (G…), float64; the last two have a further axis (Q,).

    count: steps with a truth. scaled_error and scaled_count: |y - median| / seasonal error, and the steps that have one.
    absolute_truth: |y|. symmetric: 2|y - median| / (|y| + |median|). inside: truths within the 0.1 and 0.9 quantiles.
    inside_95: the same of the 0.025 and 0.975 quantiles, NaN where the given ones do not reach so far.
    pinball: 2·pinball loss of each quantile. below: truths under each quantile, ties as a fraction (`_below`).
    """

    count: np.ndarray
    scaled_error: np.ndarray
    scaled_count: np.ndarray
    absolute_error: np.ndarray
    squared_error: np.ndarray
    absolute_truth: np.ndarray
    symmetric: np.ndarray
    inside: np.ndarray
    inside_95: np.ndarray
    pinball: np.ndarray
    below: np.ndarray

    @classmethod
    def zeros(cls, shape: tuple[int, ...], levels: int) -> Sums:
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.zeros((*shape, levels) if name in ("pinball", "below") else shape) for name in names))

    def parts(self) -> list[np.ndarray]:
        return [getattr(self, field.name) for field in dataclasses.fields(self)]

    def total(self, axis: int | tuple[int, ...]) -> Sums:
        """Return the sums added along `axis` (counted from the front)."""
        return Sums(*(part.sum(axis) for part in self.parts()))

    def add(self, group: np.ndarray, other: Sums) -> None:
        """Add `other` (B,) to groups `group` (B,) of this one, in place."""
        for mine, theirs in zip(self.parts(), other.parts(), strict=True):
            np.add.at(mine, group, theirs)


def measure(truth: np.ndarray, values: np.ndarray, quantiles: Sequence[float], seasonal_error: np.ndarray) -> Sums:
    """Return Sums of shape (B, H) of truth (B, H), NaN where unknown, and values (B, H, Q) at rising `quantiles`.

    seasonal_error: (B,); a window where it is zero or NaN takes no part in MASE.
    """
    levels = np.asarray(quantiles)
    known = ~np.isnan(truth)
    y = np.where(known, truth, 0.0).astype(np.float64)
    low, median, high = np.moveaxis(resample(values, quantiles, (0.1, 0.5, 0.9)).astype(np.float64), -1, 0)
    error = np.where(known, np.abs(y - median), 0.0)
    scaled = known & (seasonal_error > 0)[:, None]
    scale = np.where(seasonal_error > 0, seasonal_error, 1.0)[:, None]
    size = np.abs(y) + np.abs(median)
    reached = levels[0] <= WIDE[0] and levels[-1] >= WIDE[1]
    lowest, highest = np.moveaxis(resample(values, quantiles, WIDE).astype(np.float64), -1, 0) if reached else (low, high)
    inside_95 = (known & (lowest <= y) & (y <= highest)).astype(np.float64)
    lack = y[..., None] - values.astype(np.float64)  # (B, H, Q)
    return Sums(
        count=known.astype(np.float64),
        scaled_error=np.where(scaled, error / scale, 0.0),
        scaled_count=scaled.astype(np.float64),
        absolute_error=error,
        squared_error=error**2,
        absolute_truth=np.abs(y),
        symmetric=np.divide(2 * error, size, out=np.zeros_like(error), where=known & (size > 0)),
        inside=(known & (low <= y) & (y <= high)).astype(np.float64),
        inside_95=inside_95 if reached else np.full_like(inside_95, np.nan),
        pinball=np.where(known[..., None], 2 * np.maximum(levels * lack, (levels - 1) * lack), 0.0),
        below=np.where(known[..., None], _below(lack, levels), 0.0),
    )


def _below(lack: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return (B, H, Q) from truth - quantile: 1 if the truth is under a quantile, 0 if above, a fraction for a tie.

    The fraction is that of the probability integral transform of counts (Czado, Gneiting & Held 2009), which spreads the
    probability of a value evenly, here between the levels of the next lower and the next higher quantile: one half if a value
    equals one of several equally spaced quantiles. With a fraction of 1, counts would be under the median far too often.
    """
    before = np.where(lack > 0, levels, 0.0).max(-1, keepdims=True)
    after = np.where(lack < 0, levels, 1.0).min(-1, keepdims=True)
    return np.where(lack == 0, (levels - before) / (after - before), (lack < 0).astype(np.float64))


def seasonal_errors(panel: Panel, origins: Origins, season_length: int) -> np.ndarray:
    """Return (B,) mean |y[t] - y[t-m]| over the whole history before each origin, over the observed pairs.

    A history without such a pair takes neighbouring steps instead (m = 1); NaN where there is none of those either.
    """
    out = np.full(len(origins), np.nan)
    items, starts = np.unique(np.sort(origins.item), return_index=True)
    groups = np.split(np.argsort(origins.item, kind="stable"), starts[1:])
    # item by item, for sums over all of them at once would lose small series beside large ones
    for item, which in zip(items, groups, strict=False):
        history = panel.history(int(item)).astype(np.float64)
        steps = origins.row[which] - panel.indptr[item]
        for lag in dict.fromkeys((1, season_length)):  # the season's own, where it exists, is written last
            change = np.abs(history[lag:] - history[:-lag])
            known = ~np.isnan(change)
            sums = np.concatenate([[0.0], np.cumsum(np.where(known, change, 0.0))])
            counts = np.concatenate([[0], np.cumsum(known)])
            pairs = np.clip(steps - lag, 0, len(change))
            some = counts[pairs] > 0
            out[which[some]] = sums[pairs[some]] / counts[pairs[some]]
    return out


def mase(sums: Sums) -> np.ndarray:
    """Mean absolute scaled error of the median (Hyndman & Koehler, 2006), the mean over windows and steps."""
    return _ratio(sums.scaled_error, sums.scaled_count)


def wql(sums: Sums) -> np.ndarray:
    """Weighted quantile loss: the mean over quantiles of the sum of 2·pinball over the sum of |y|."""
    return _ratio(sums.pinball.mean(-1), sums.absolute_truth)


def rmse(sums: Sums) -> np.ndarray:
    """Root mean squared error of the median."""
    return np.sqrt(_ratio(sums.squared_error, sums.count))


def smape(sums: Sums) -> np.ndarray:
    """Symmetric mean absolute percentage error of the median as a share, 0 … 2; a right forecast of zero counts 0."""
    return _ratio(sums.symmetric, sums.count)


def mae(sums: Sums) -> np.ndarray:
    """Mean absolute error of the median."""
    return _ratio(sums.absolute_error, sums.count)


def coverage(sums: Sums) -> np.ndarray:
    """Share of truths within the 80 % interval, between the 0.1 and 0.9 quantiles."""
    return _ratio(sums.inside, sums.count)


def coverage_95(sums: Sums) -> np.ndarray:
    """Share of truths within the 95 % interval, between the 0.025 and 0.975 quantiles; NaN where the quantiles end before."""
    return _ratio(sums.inside_95, sums.count)


def quantile_coverage(sums: Sums) -> np.ndarray:
    """Return (…, Q) shares of truths under each quantile, ties as a fraction (`_below`); equal to its level if calibrated."""
    return _ratio(sums.below, sums.count[..., None])


METRICS: dict[str, Callable[[Sums], np.ndarray]] = {
    "MASE": mase,
    "WQL": wql,
    "RMSE": rmse,
    "sMAPE": smape,
    "MAE": mae,
    "coverage": coverage,
    "coverage_95": coverage_95,
}


def skill(score: float, reference: float) -> float:
    """1 - score / reference: 0 as good as the reference, 1 perfect, negative worse. NaN against a reference of 0."""
    return 1 - score / reference if reference > 0 else float("nan")


def _ratio(above: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Divide `above` by `under`; NaN where `under` is zero."""
    above, under = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(under, np.float64))
    return np.divide(above, under, out=np.full(above.shape, np.nan), where=under > 0)
