"""Quantiles beyond a forecaster's own: by the past's shape where the forecast spreads as it does, by a normal one's elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from tests import tiny
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch, gather, last_origins
from tsattn.forecasting.baselines.simple import HistoricQuantiles, SeasonalNaive
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.forecasting.predict import predict
from tsattn.forecasting.quantiles import normal_scores, resample
from tsattn.forecasting.tail_quantiles import at_levels

WANT = (0.005, 0.01, 0.05, 0.1, 0.5, 0.85, 0.9, 0.95, 0.99, 0.995)


def batch_of(*series: np.ndarray) -> WindowBatch:
    panel = Panel.from_arrays(list(series), freq="D")
    return gather(panel, last_origins(panel), max(map(len, series)), 3)


def lumpy(count: int = 2000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.random(count) < 0.15) * np.round(rng.lognormal(1.5, 0.8, count))


def forecast_of(past: np.ndarray, levels: tuple[float, ...] = DEFAULT_QUANTILES) -> np.ndarray:
    """Quantiles of three steps ahead, equal to those of the past: (1, 3, Q) float32."""
    return np.tile(np.quantile(past, levels), (1, 3, 1)).astype(np.float32)


def test_when_the_forecast_spreads_as_the_past_then_its_tail_is_that_of_the_past():
    past = lumpy()
    made = at_levels(forecast_of(past), DEFAULT_QUANTILES, WANT, batch_of(past))[0, 0]
    fresh = (np.random.default_rng(1).random(200_000) < 0.15) * np.random.default_rng(2).lognormal(1.5, 0.8, 200_000)
    for level, value in zip(WANT[-3:], made[-3:], strict=True):
        assert np.mean(fresh <= value) == pytest.approx(level, abs=0.004)
    normal = resample(forecast_of(past), DEFAULT_QUANTILES, (0.99,))[0, 0, 0]
    assert np.mean(fresh <= normal) < 0.98  # what a normal tail makes of it


@pytest.mark.parametrize("sign", [1, -1])
def test_when_a_series_is_turned_upside_down_then_so_are_its_tails(sign):
    rng = np.random.default_rng(4)
    past = sign * rng.gamma(1.0, size=600) - 50  # below zero, where nothing is cut off
    up = at_levels(forecast_of(past), DEFAULT_QUANTILES, WANT, batch_of(past))
    levels = tuple(round(1 - q, 3) for q in reversed(WANT))
    down = at_levels(forecast_of(-past), DEFAULT_QUANTILES, levels, batch_of(-past))
    assert np.allclose(up, -down[..., ::-1], atol=1e-4)


def test_when_a_trend_spreads_the_past_then_the_tail_is_a_normal_one():
    past = np.arange(800.0) + np.random.default_rng(0).normal(0, 1, 800)
    sure = (800 + normal_scores(DEFAULT_QUANTILES)).astype(np.float32) * np.ones((1, 3, 1), np.float32)
    made = at_levels(sure, DEFAULT_QUANTILES, WANT, batch_of(past))[0, 0]
    assert np.allclose(made, 800 + normal_scores(WANT), atol=0.05)


def test_when_the_past_is_too_short_to_tell_then_the_tail_is_a_normal_one():
    past = lumpy(12) + 1
    made = at_levels(forecast_of(lumpy()), DEFAULT_QUANTILES, (0.5, 0.995), batch_of(past))
    assert np.allclose(made, resample(forecast_of(lumpy()), DEFAULT_QUANTILES, (0.5, 0.995)), rtol=0.06)


def test_when_the_levels_lie_within_then_nothing_changes():
    past = lumpy()
    want = (0.1, 0.25, 0.5, 0.9)
    found = at_levels(forecast_of(past), DEFAULT_QUANTILES, want, batch_of(past))
    assert np.array_equal(found, resample(forecast_of(past), DEFAULT_QUANTILES, want))


def test_when_a_history_never_was_below_zero_then_no_tail_is():
    past = np.random.default_rng(0).gamma(2.0, size=300)
    near = np.tile(np.linspace(0.1, 9, 9), (1, 3, 1)).astype(np.float32)
    assert resample(near, DEFAULT_QUANTILES, (0.01,)).max() < 0
    assert at_levels(near, DEFAULT_QUANTILES, (0.01, 0.5), batch_of(past)).min() >= 0
    assert at_levels(near, DEFAULT_QUANTILES, (0.01, 0.5), batch_of(past - 3)).min() < 0


@pytest.mark.parametrize("past", [[5.0] * 40, [np.nan] * 39 + [3.0], [1e30, -1e30] * 20, [0.0] * 39 + [1.0], list(range(3))])
def test_when_the_past_is_odd_then_quantiles_are_finite_and_rise(past):
    for scale in (1e-20, 1.0, 1e7):
        values = (scale * forecast_of(lumpy())).astype(np.float32)
        made = at_levels(values, DEFAULT_QUANTILES, WANT, batch_of(np.array(past, np.float32)))
        assert np.isfinite(made).all()
        assert (np.diff(made, axis=-1) >= 0).all()


def test_when_a_panel_is_forecast_then_what_lies_ahead_has_no_say():
    panel = tiny.waves((200, 150))
    cut = panel.before(panel.origin - 30)
    made = [
        predict(model, one, horizon=5, quantiles=(0.01, 0.5, 0.99), origins=last_origins(cut))[0].values
        for model in (HistoricQuantiles(), SeasonalNaive())
        for one in (panel, cut)
    ]
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[2], made[3])
    assert made[0].shape == (2, 5, 3)
