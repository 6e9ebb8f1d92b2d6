"""Forecasts of a network with its covariates hidden, to measure what they contribute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.frame import Forecaster


class HiddenCovariates:
    """Wrapper that sets the known, past and static covariates of `forecaster` to NaN; calendar features stay."""

    def __init__(self, forecaster: Forecaster) -> None:
        self.forecaster = forecaster
        self.name, self.quantiles, self.context = forecaster.name, tuple(forecaster.quantiles), forecaster.context

    def __getattr__(self, name: str) -> Any:
        if name == "forecaster":
            raise AttributeError(name)
        return getattr(self.forecaster, name)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32."""
        known = batch.known.copy()
        known[..., batch.calendar :] = np.nan
        past, static = (np.full_like(values, np.nan) for values in (batch.past_cov, batch.static))
        return self.forecaster.predict(replace(batch, known=known, past_cov=past, static=static))
