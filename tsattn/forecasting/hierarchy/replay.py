"""Forecasts of a hierarchy, before or after reconciliation, as a Forecaster that a backtest can score."""

from __future__ import annotations

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.hierarchy.coherent import BaseForecasts, coherent
from tsattn.forecasting.hierarchy.structure import Hierarchy


class Replay:
    """Forecaster that replays the forecasts of `base`, or those that `method` makes add up at each cutoff."""

    context = 1
    covariates = False
    raw_history = True

    def __init__(self, name: str, base: BaseForecasts, hierarchy: Hierarchy, method: str | None = None) -> None:
        self.name, self.base, self.hierarchy, self.method = name, base, hierarchy, method
        self.quantiles = base.levels
        self._coherent: dict[int, np.ndarray] = {}

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32."""
        back = self.base.panel.origin[batch.item] - batch.origin
        out = np.zeros((len(batch), batch.horizon, len(self.quantiles)), np.float32)
        for steps in np.unique(back).tolist():
            rows = np.flatnonzero(back == steps)
            values = self._at(steps)[batch.item[rows]].astype(np.float32)
            if batch.step_slots is None:
                out[rows, : values.shape[1]] = values
            else:  # the predict loop takes the slot of each step
                slots = batch.step_slots[rows, : values.shape[1]]
                out[rows[:, None], slots] = values
        return out

    def _at(self, back: int) -> np.ndarray:
        if self.method is None:
            return self.base.at(back)
        if back not in self._coherent:
            self._coherent[back] = coherent(self.base, self.hierarchy, back, self.method).values
        return self._coherent[back]
