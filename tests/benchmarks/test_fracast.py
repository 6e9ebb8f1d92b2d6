"""Comparison with fracast, with a stand-in for the package: its forecasts are scored by the same code."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from benchmarks.fracast import Fracast
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline


class LastValue:
    """Repeats the last value, at all quantiles, as `fracast.FracastModel` would return it."""

    context_length, quantiles = 32, [0.1, 0.5, 0.9]

    @classmethod
    def from_pretrained(cls) -> LastValue:
        return cls()

    def forecast_batch(self, context: np.ndarray, *, horizon: int) -> np.ndarray:
        assert context.shape[1] == self.context_length
        return np.repeat(context[:, -1], horizon * 3).reshape(-1, horizon, 3)


def test_when_fracast_is_missing_then_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fracast", None)
    with pytest.raises(ConfigError) as error:
        Fracast()
    assert "pip install fracast" in str(error.value)


def test_when_its_forecasts_are_those_of_the_naive_method_then_so_are_its_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("fracast")
    module.FracastModel = LastValue  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fracast", module)
    panel = Panel.from_arrays([np.random.default_rng(i).standard_normal(200).cumsum() for i in range(3)], freq="h")
    result = backtest([Fracast(), baseline("naive")], panel, horizon=12, windows=3)
    assert result.score("fracast", "MASE") == pytest.approx(result.score("naive", "MASE"), rel=1e-6)
