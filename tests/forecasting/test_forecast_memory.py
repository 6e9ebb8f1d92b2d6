"""Forecasts that are kept: the same as those of the forecaster, each window forecast once."""

from __future__ import annotations

import numpy as np

from tests import tiny
from tsattn.data.windows import Origins, rolling_origins
from tsattn.forecasting import forecast_memory
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.forecast_memory import ForecastMemory
from tsattn.forecasting.predict import predict_windows

PANEL, HORIZON = tiny.waves((300, 250, 200)), 6


class Counted(SeasonalNaive):
    """A method that notes the windows of each call."""

    def __init__(self, joint: bool = False) -> None:
        super().__init__(24)
        self.calls: list[list[int]] = []
        self.joint = joint

    def predict(self, batch):
        self.calls.append(batch.origin.tolist())
        return super().predict(batch)


def forecasts(forecaster, origins: Origins, horizon: int = HORIZON) -> np.ndarray:
    out = np.zeros((len(origins), horizon, 9))
    for which, _, values in predict_windows(forecaster, PANEL, origins, horizon, forecaster.quantiles, batch=4):
        out[which] = values
    return out


def test_when_windows_are_scored_again_then_only_the_new_ones_are_forecast():
    every = rolling_origins(PANEL, HORIZON, 4)
    some = every[np.arange(0, 12, 3)]
    own = Counted()
    memory = ForecastMemory(own)
    first = forecasts(memory, some)
    assert memory.holds(every).tolist() == [k % 3 == 0 for k in range(12)]
    np.testing.assert_array_equal(forecasts(memory, every), forecasts(SeasonalNaive(24), every))
    np.testing.assert_array_equal(first, forecasts(SeasonalNaive(24), some))
    seen = [row for call in own.calls for row in call]
    assert sorted(seen) == sorted(every.row.tolist())
    assert memory.seconds > 0


def test_when_another_horizon_is_asked_for_then_the_windows_are_forecast_again():
    origins = rolling_origins(PANEL, 12, 1)
    memory = ForecastMemory(Counted())
    forecasts(memory, origins)
    np.testing.assert_array_equal(forecasts(memory, origins, 12), forecasts(SeasonalNaive(24), origins, 12))


def test_when_a_joint_network_has_a_new_window_then_the_whole_group_is_forecast():
    own = Counted(joint=True)
    memory = ForecastMemory(own)
    origins = rolling_origins(PANEL, HORIZON, 2)
    forecasts(memory, origins)
    calls = len(own.calls)
    forecasts(memory, origins)
    assert len(own.calls) == calls
    memory._kept.pop((0, int(origins.row[0])))
    forecasts(memory, origins)
    assert len(own.calls) == calls + 1
    assert len(own.calls[-1]) > 1


def test_when_the_memory_is_full_then_further_windows_are_forecast_anew(monkeypatch):
    monkeypatch.setattr(forecast_memory, "MOST", 2 * HORIZON * 9)
    origins = rolling_origins(PANEL, HORIZON, 2)
    own = Counted()
    memory = ForecastMemory(own)
    first, second = forecasts(memory, origins), forecasts(memory, origins)
    np.testing.assert_array_equal(first, second)
    assert memory.holds(origins).sum() == 2
    assert sum(map(len, own.calls)) == 6 + 4
