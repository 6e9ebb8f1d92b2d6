"""Validation windows of a training run: forecasts of candidates, their losses, and standard errors of differences."""

from __future__ import annotations

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.frame import DEFAULT_QUANTILES, Forecaster
from tsattn.forecasting.metrics import METRICS, Sums, measure, seasonal_errors
from tsattn.forecasting.predict import predict_windows, stamps_of


class ValidationWindows:
    """Validation windows (N,), whose forecasts are scored in units of each window's seasonal error."""

    def __init__(self, panel: Panel, origins: Origins, horizon: int) -> None:
        self.panel, self.origins, self.horizon = panel, origins, horizon
        scale = seasonal_errors(panel, origins, panel.freq.season_length)
        self.unit = np.where(scale > 0, scale, np.nan)[:, None]
        self.truth = np.full((len(origins), horizon), np.nan)

    def forecast(self, forecaster: Forecaster) -> np.ndarray:
        """Return the quantiles (N, H, Q), in units of the seasonal error; 0 if there is none."""
        out = np.zeros((len(self.origins), self.horizon, len(DEFAULT_QUANTILES)))
        for which, found, values in predict_windows(forecaster, self.panel, self.origins, self.horizon, DEFAULT_QUANTILES):
            unit = self.unit[which]
            self.truth[which] = found.future_target / unit
            out[which] = np.where(np.isnan(unit)[..., None], 0.0, values / unit[..., None])
        return out

    def score(self, values: np.ndarray) -> tuple[float, float]:
        """Return (MASE, scaled quantile loss) of quantiles (N, H, Q); infinite if no window has a scale."""
        total = self._measured(values).total((0, 1))
        if not total.count:
            return float("inf"), float("inf")
        return float(METRICS["MASE"](total)), float(total.pinball.mean() / total.count)

    def standard_error(self, values: np.ndarray, other: np.ndarray) -> float:
        """Return the standard error of the difference between the losses of two forecasts (N, H, Q).

        Errors are correlated between windows of one cutoff and between those of one series (Cameron, Gelbach and Miller, 2011).
        """
        mine, theirs = (self._measured(made).total(1) for made in (values, other))
        lost = (mine.pinball - theirs.pinball).mean(1)  # (N,)
        total = mine.count.sum()
        if not total:
            return 0.0
        rest = lost - lost.sum() / total * mine.count
        cutoff = stamps_of(self.panel, self.origins, 0)[:, 0]
        single, by_cutoff, by_item = (_squares(rest, group) for group in (np.arange(len(rest)), cutoff, self.origins.item))
        return float(np.sqrt(max(single, by_cutoff + by_item - single)) / total)

    def _measured(self, values: np.ndarray) -> Sums:
        return measure(self.truth, values, DEFAULT_QUANTILES, np.ones(len(values)))


def _squares(rest: np.ndarray, group: np.ndarray) -> float:
    """Return the variance of the sum of `rest` (N,) whose values are independent between groups (N,); 0 for a single group."""
    sums = np.bincount(np.unique(group, return_inverse=True)[1], rest)
    return float((sums**2).sum() * len(sums) / (len(sums) - 1)) if len(sums) > 1 else 0.0
