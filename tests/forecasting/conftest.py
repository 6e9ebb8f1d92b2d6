"""Forecasters and panels that the tests of this room share."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.echo import Echo
from tsattn.data.panel import Panel


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def hourly() -> Panel:
    """Three hourly items of different length, a day's wave with noise, some values missing."""
    rng = np.random.default_rng(3)
    series = []
    for n in (400, 300, 90):
        y = 10 + 3 * np.sin(2 * np.pi * np.arange(n) / 24) + rng.normal(size=n)
        y[rng.random(n) < 0.05] = np.nan
        series.append(y)
    return Panel.from_arrays(series, freq="h", item_ids=["a", "b", "c"])
