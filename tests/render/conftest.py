from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.predict import predict


@pytest.fixture
def make_forecast():
    """A panel of `series` items and its drift forecast."""

    def make(series: int = 1, freq: str = "D", horizon: int = 7, length: int = 60, gaps: bool = True, quantiles=None):
        rng = np.random.default_rng(0)
        values = [50.0 * (i + 1) + rng.normal(size=length).cumsum() for i in range(series)]
        if gaps and length > 20:
            for y in values:
                y[-15:-12], y[-10] = np.nan, np.nan
        panel = Panel.from_arrays(values, freq=freq, item_ids=[f"item <{i}> [b]" for i in range(series)])
        return predict(baseline("drift"), panel, horizon=horizon, quantiles=quantiles)[0], panel

    return make
