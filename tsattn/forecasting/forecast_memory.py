"""Cache of a model's forecasts, so that it forecasts each window only once when windows are scored in several rounds."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tsattn.data.windows import Origins, WindowBatch
from tsattn.forecasting.frame import Forecaster

MOST = 1 << 26  # most values that are kept


class ForecastMemory:
    """Wrapper of `forecaster` that keeps its forecasts of the windows of one panel, up to MOST values.

    seconds: time spent by `forecaster` so far.
    """

    cleaned = None  # not passed on: the record of `forecaster` is of its newest batch, which may not be the one asked for

    def __init__(self, forecaster: Forecaster) -> None:
        self.forecaster = forecaster
        self.name, self.quantiles, self.context = forecaster.name, tuple(forecaster.quantiles), forecaster.context
        self.seconds = 0.0
        self._kept: dict[tuple[int, int], np.ndarray] = {}  # item and origin -> (H, Q)
        self._values = 0

    def __getattr__(self, name: str) -> Any:
        if name == "forecaster":
            raise AttributeError(name)
        return getattr(self.forecaster, name)

    def holds(self, origins: Origins) -> np.ndarray:
        """Return (B,) bool: True where the forecast from an origin is kept."""
        return np.array([key in self._kept for key in _keys(origins.item, origins.row)], bool)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32. Only new windows are forecast; a joint network forecasts the whole batch if any is new."""
        keys = _keys(batch.item, batch.origin)
        kept = [found if (found := self._kept.get(key)) is not None and len(found) == batch.horizon else None for key in keys]
        new = np.flatnonzero([one is None for one in kept])
        if len(new) and getattr(self.forecaster, "joint", False):
            new = np.arange(len(batch))
        out = np.empty((len(batch), batch.horizon, len(self.quantiles)), np.float32)
        if len(new):
            began = time.perf_counter()
            out[new] = self.forecaster.predict(batch if len(new) == len(batch) else batch.rows(new))
            self.seconds += time.perf_counter() - began
        for row in np.setdiff1d(np.arange(len(batch)), new).tolist():
            out[row] = kept[row]
        for row in new.tolist():
            self._keep(keys[row], out[row])
        return out

    def _keep(self, key: tuple[int, int], values: np.ndarray) -> None:
        if self._values + values.size <= MOST:
            self._kept[key] = values.copy()
            self._values += values.size


def _keys(item: np.ndarray, row: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(item.tolist(), row.tolist(), strict=True))
