"""How sure the difference between two forecasts on the validation windows is."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.data.windows import rolling_origins
from tsattn.workflows.validation_windows import ValidationWindows


@pytest.mark.parametrize(("alike", "independent"), [("nothing", 600), ("cutoff", 20), ("series", 30)])
def test_when_windows_of_a_cutoff_or_a_series_gain_alike_then_the_standard_error_counts_them_once(alike, independent):
    panel = Panel.from_arrays([np.arange(200.0)] * 30, freq="h")
    windows = ValidationWindows(panel, rolling_origins(panel, 4, 20), 4)
    windows.truth[:] = 0
    number = {"nothing": np.arange(600), "cutoff": np.tile(np.arange(20), 30), "series": np.repeat(np.arange(30), 20)}[alike]
    losses = 2 + np.random.default_rng(0).uniform(-1, 1, independent)[number]  # a constant forecast c of zeros loses c
    zero_shot, values = (np.broadcast_to(level[:, None, None], (600, 4, 9)) for level in (np.full(600, 2.0), losses))
    wanted = np.unique(losses).std(ddof=1) / np.sqrt(independent)
    assert windows.standard_error(values, zero_shot) == pytest.approx(wanted, rel=0.25)
    assert windows.standard_error(zero_shot, zero_shot) == 0
