"""The picture of a backtest."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.echo import Echo
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.forecasting.backtest import backtest
from tsattn.render.backtest_plot import draw, save_backtest_plot
from tsattn.workflows.backtest_forecasts import BacktestForecasts


@pytest.fixture
def panel() -> Panel:
    return Panel.from_arrays([np.arange(60.0), np.arange(50.0) % 7], freq="D", item_ids=["a", "b $x$"])


@pytest.fixture
def forecast(panel):
    kept = BacktestForecasts(panel, (0.1, 0.5, 0.9))
    backtest([Echo()], panel, horizon=5, windows=3, quantiles=(0.1, 0.5, 0.9), on_windows=kept.add)
    return kept.forecast("echo")


def test_when_a_backtest_is_drawn_then_each_window_of_each_series_is_over_the_observations(panel, forecast):
    figure = draw(forecast, panel, "echo")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["a", "b $x$"]
    for axes in shown:
        labels = axes.get_legend_handles_labels()[1]
        assert sorted(labels) == ["80 % interval", "cutoff", "forecast (median)", "observed"]
        assert len(axes.collections) == 3
        forecasts = [line for line in axes.lines if len(line.get_xdata()) == 5]
        assert len(forecasts) == 3


def test_when_the_suffix_is_unknown_then_nothing_is_drawn(panel, forecast, tmp_path):
    with pytest.raises(ConfigError):
        save_backtest_plot(forecast, panel, tmp_path / "a.gif", "echo")
    assert save_backtest_plot(forecast, panel, tmp_path / "a.svg", "echo").read_text().count("<svg") == 1
