"""A forecaster whose median is moved towards a forecast by trees, and whose widths shrink as its errors do.

Trees were fitted on the series, so their errors at hold-out origins are too small to set their weight or the widths. Both are
chosen on the validation windows of the training run (workflows/candidates.py), and are the same for all series.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.errors import ConfigError
from tsattn.forecasting.ensemble.ensemble import EnsembleReport
from tsattn.forecasting.ensemble.weighted_average import forecast_of
from tsattn.forecasting.frame import DEFAULT_QUANTILES, Forecaster
from tsattn.forecasting.quantiles import not_negative
from tsattn.forecasting.trees.forest import Forest
from tsattn.forecasting.trees.regressors import Layout, series_rows, widths_of

SHARED = "shared trees"  # their name among the weights: the ensemble's member `trees` is fitted to each series alone


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees fitted to the series of a panel, as a forecaster of the median. NaN for a history that is too short."""

    layout: Layout
    forest: Forest
    name: str = "trees"
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    context: int | None = None
    covariates: bool = True

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32: the median at every quantile."""
        return np.repeat(self.median(batch)[..., None], len(self.quantiles), -1).astype(np.float32)

    def median(self, batch: WindowBatch) -> np.ndarray:
        """Return forecasts (B, H) of the median. Raises ConfigError for other covariates than the trees were fitted with."""
        if widths_of(batch) != self.layout.widths:
            own, its = ("{} calendar, {} known and {} static columns".format(*w) for w in (self.layout.widths, widths_of(batch)))
            raise ConfigError(f"the model was trained with {own}; this data has {its}", "use the same covariates as in training")
        ahead = np.arange(1, batch.horizon + 1)
        out = np.full((len(batch), batch.horizon), np.nan)
        found = {row: one for row, one in enumerate(series_rows(batch, self.layout)) if one is not None}
        if not found:
            return out
        made = [one.at(np.full(len(ahead), one.length), ahead) for one in found.values()]
        moved = self.forest(np.concatenate([x for x, _ in made])).reshape(len(made), -1)
        values = np.stack([usual for _, usual in made]) + moved
        out[list(found)] = np.stack([one.in_units(row) for one, row in zip(found.values(), values, strict=True)])
        return out


class TreeCorrection:
    """`forecaster`, with all quantiles moved by `share` of the way from its median to the median of `trees`.

    The quantiles' distances from the median are multiplied by `width`. Beyond the steps that the trees were fitted for, both
    effects fall to nothing over as many steps again.
    """

    def __init__(self, forecaster: Forecaster, trees: Trees, share: float, width: float = 1.0) -> None:
        self.forecaster, self.trees, self.share, self.width = forecaster, trees, share, width
        self.name = f"{forecaster.name} + trees"
        self.quantiles, self.context = tuple(forecaster.quantiles), None
        self.covariates = True  # of the trees, the calendar at least

    def __getattr__(self, name: str) -> Any:
        if name == "forecaster":
            raise AttributeError(name)
        return getattr(self.forecaster, name)

    def report(self) -> EnsembleReport:
        """Return the weights of the forecaster's parts, and of the trees, over all windows so far."""
        own = getattr(self.forecaster, "report", None)
        found = EnsembleReport({self.forecaster.name: 1.0}, 0, 0, 1.0) if own is None else own()
        own = {name: (1 - self.share) * weight for name, weight in found.weights.items()}
        return replace(found, weights={**own, SHARED: self.share})

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; the forecast of `forecaster` where the trees have none."""
        values = forecast_of(self.forecaster, batch)
        fade = np.clip(2 - np.arange(1, batch.horizon + 1) / self.trees.layout.reach, 0, 1)
        moved = corrected(values, self.trees.median(batch), self.share * fade, 1 - (1 - self.width) * fade, self.quantiles)
        return not_negative(moved, batch.past_target)


def corrected(
    values: np.ndarray,
    median: np.ndarray,
    share: np.ndarray | float,
    width: np.ndarray | float,
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES,
) -> np.ndarray:
    """Return quantiles (B, H, Q) moved by `share` (H,) of the distance from their median to `median` (B, H).

    Their distances from the median are multiplied by `width` (H,). Where `median` is NaN, nothing changes.
    """
    middle = values[..., quantiles.index(0.5)]
    found = np.isfinite(median)
    move = np.where(found, share * (median - middle), 0.0)
    factor = np.where(found, width, 1.0)
    return np.asarray((middle + move)[..., None] + factor[..., None] * (values - middle[..., None]), values.dtype)
