"""The average of state-space models: series that one of them made, and odd ones."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.ensemble.test_ensemble import batch_of
from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.simple import Drift, Naive, SeasonalNaive
from tsattn.forecasting.baselines.state_space import LONGEST, StateSpace

NAN = float("nan")
MEDIAN = 4


def forecast(*series: np.ndarray, horizon: int = 12, freq: str = "MS", only: bool = False) -> np.ndarray:
    return StateSpace(only=only).predict(batch_of(*series, horizon=horizon, freq=freq))


def shape(length: int) -> np.ndarray:
    return np.array([5.0, -3, 2, 8, -6, 0, 1, 4, -7, -2, 3, -5])[np.arange(length) % 12]


def test_when_a_line_and_a_season_have_no_noise_then_they_go_on_with_a_narrow_interval():
    y = 20 + 1.5 * np.arange(52) + shape(52)
    found = forecast(y[:40])[0]
    np.testing.assert_allclose(found[:, MEDIAN], y[40:], atol=0.2)
    assert (found[:, 8] - found[:, 0]).max() < 1.0


def test_when_a_season_multiplies_then_its_size_grows_with_the_level():
    t = np.arange(72)
    y = 100 * np.exp(0.02 * t + 0.03 * shape(72) + 0.01 * np.random.default_rng(0).normal(size=72))
    found = forecast(y[:60])[0, :, MEDIAN]
    np.testing.assert_allclose(found, y[60:], rtol=0.06)


def test_when_series_are_short_then_the_average_beats_naive_methods_and_covers():
    rng, t = np.random.default_rng(1), np.arange(52)
    series = [50 + rng.normal() * t + 2 * rng.permutation(shape(12))[t % 12] + 3 * rng.normal(size=52) for _ in range(40)]
    panel = Panel.from_arrays(series, freq="MS")
    scores = backtest([Naive(), SeasonalNaive(), Drift(), StateSpace()], panel, horizon=12, windows=1)
    assert scores.score("state-space", "MASE") < 0.75 * min(scores.score(name, "MASE") for name in scores.models[:3])
    assert 0.72 < scores.score("state-space", "coverage") < 0.9


def test_when_a_series_is_a_random_walk_then_the_forecast_is_nearly_naive_and_as_wide_as_it_should_be():
    rng = np.random.default_rng(2)
    walks = [200 + rng.normal(size=300).cumsum() for _ in range(20)]
    batch = batch_of(*walks, horizon=20, freq="B")
    found = StateSpace().predict(batch)
    last = np.array([walk[-1] for walk in walks])
    assert np.abs(found[:, :, MEDIAN] - last[:, None]).mean() < 1.0
    np.testing.assert_allclose((found[:, 0, 8] - found[:, 0, 0]).mean(), 2 * 1.2816, rtol=0.1)
    assert np.median(StateSpace().walk_probability(batch)) > 0.5
    assert StateSpace().walk_probability(batch_of(shape(60) + rng.normal(size=60), horizon=1, freq="MS"))[0] < 0.01


def test_when_the_level_once_jumped_then_the_jump_is_no_trend():
    rng = np.random.default_rng(3)
    y = np.concatenate([rng.normal(10, 1, 12), rng.normal(60, 1, 24)])
    found = forecast(y)[0]
    assert np.abs(found[:, MEDIAN] - 60).max() < 5


@pytest.mark.parametrize(
    "y",
    [np.full(30, 5.0), np.zeros(30), np.array([1.0, 2, 3, 4, 5]), np.where(np.arange(40) % 7, 0.0, 3.0), 1e12 * np.arange(30)],
)
def test_when_series_are_odd_then_forecasts_are_finite(y):
    found = forecast(y)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_when_the_history_is_too_short_then_a_baseline_repeats_the_last_value_and_a_member_has_no_forecast():
    short = np.arange(4.0)
    np.testing.assert_allclose(forecast(short)[..., MEDIAN], 3.0)
    assert np.isnan(forecast(short, only=True)).all()
    assert np.isnan(forecast(np.full(30, NAN))).all()


def test_when_a_season_is_long_and_the_history_too_then_a_baseline_follows_it_and_a_member_has_no_forecast():
    t = np.arange(LONGEST + 60)
    y = np.sin(2 * np.pi * t / 24)
    assert np.isnan(forecast(y, freq="h", only=True)).all()
    assert np.isfinite(forecast(y[:100], freq="h", only=True)).all()
    ahead = np.sin(2 * np.pi * (LONGEST + 60 + np.arange(12)) / 24)
    np.testing.assert_allclose(forecast(y, freq="h")[0, :, MEDIAN], ahead, atol=0.1)


def test_when_series_are_forecast_together_then_each_is_as_alone():
    rng = np.random.default_rng(4)
    series = [rng.normal(size=n).cumsum() + 30 for n in (25, 60, 60, 130)]
    together = StateSpace().predict(batch_of(*series, horizon=6, freq="MS"))
    for one, y in zip(together, series, strict=True):
        np.testing.assert_allclose(one, StateSpace().predict(batch_of(y, horizon=6, freq="MS"))[0], rtol=1e-4)


def test_when_a_few_positive_values_are_extrapolated_far_then_their_logarithms_do_not_explode():
    rng = np.random.default_rng(0)
    for length in (5, 6, 8):
        made = forecast(*rng.poisson(10, (20, length)).clip(1).astype(float), horizon=28, freq="D", only=True)
        assert made.max() < 300
    growth = 10 * np.exp(0.2 * np.arange(12) + 0.02 * rng.normal(size=12))
    assert forecast(growth, horizon=6, freq="YS")[0, -1].max() > 10 * np.exp(0.2 * 15), "growth goes on"
