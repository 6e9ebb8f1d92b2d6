"""SeasonalRegression: exact where the truth is linear in its regressors, causal, calibrated, and calm about odd input."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.windows import NAN, batch_of
from tsattn.forecasting.baselines.ridge import Ridge
from tsattn.forecasting.baselines.seasonal_regression import CYCLES, Lags, SeasonalRegression, parts_of, readable
from tsattn.forecasting.baselines.simple import SeasonalNaive


def wandering(seed: int, length: int = 1200) -> np.ndarray:
    """Return hours with a daily wave and a level that wanders and returns."""
    rng, level = np.random.default_rng(seed), np.zeros(length)
    for t in range(1, length):
        level[t] = 0.97 * level[t - 1] + 0.4 * rng.normal()
    return 20 + 4 * np.sin(2 * np.pi * np.arange(length) / 24) + level + rng.normal(size=length)


def test_when_the_regressors_are_read_then_they_are_the_values_that_their_names_say():
    z, origin, ahead = np.random.default_rng(0).normal(size=200), np.array([150]), np.array([9])
    lags = Lags(z, season=7, long=28, cycles=5)
    x, mean = lags.at(origin, ahead)
    target = 158  # the ninth step from 150
    cycles = z[[target - 14, target - 21, target - 28, target - 35, target - 42]]  # all before the origin
    assert mean[0] == pytest.approx(cycles.mean())
    np.testing.assert_allclose(x[0, :5], cycles - cycles.mean())
    assert x[0, 5] == pytest.approx(z[target - 28] - cycles.mean())
    error = z - np.array([z[[t - 7 * k for k in range(1, 6)]].mean() if t >= 35 else z[t] for t in range(200)])
    np.testing.assert_allclose(x[0, 6:10], [error[150 - span : 150].mean() for span in (1, 2, 3, 7)])
    level = z[150 - 35 : 150].mean()
    np.testing.assert_allclose(x[0, 10:], [z[150 - 7 * count : 150].mean() - level for count in (1, 2, 4)])


def test_when_a_cycle_repeats_then_it_goes_on():
    wave = 5 + 2 * np.sin(2 * np.pi * np.arange(960) / 24) + np.where(np.arange(960) // 24 % 7 < 5, 1.0, 0.0)
    found = SeasonalRegression().predict(batch_of(wave[:912], horizon=48, freq="h"))[0]
    np.testing.assert_allclose(found[:, 4], wave[912:], atol=0.05)  # the week too


def test_when_the_level_returns_then_it_beats_the_last_cycle_and_on_a_short_history_a_regression_on_all_lags():
    series = [wandering(seed, 700) for seed in range(40)]
    batch = batch_of(*(y[:-24] for y in series), horizon=24, freq="h")
    truth = np.stack([y[-24:] for y in series])

    def error(forecaster) -> float:
        return float(np.abs(forecaster.predict(batch)[:, :, 4] - truth).mean())

    own = error(SeasonalRegression())
    assert own < 0.9 * error(SeasonalNaive())
    assert own < 0.98 * error(Ridge(168))


def test_when_the_noise_is_known_then_the_quantiles_cover_their_share():
    series = [wandering(seed) for seed in range(40)]
    found = SeasonalRegression().predict(batch_of(*(y[:-24] for y in series), horizon=24, freq="h"))
    truth = np.stack([y[-24:] for y in series])
    assert ((truth > found[..., 0]) & (truth < found[..., -1])).mean() == pytest.approx(0.8, abs=0.07)
    assert (truth < found[..., 4]).mean() == pytest.approx(0.5, abs=0.07)
    assert (np.diff(found, axis=2) >= 0).all()


def test_when_later_values_change_then_forecasts_from_earlier_origins_stay():
    history = wandering(1)
    later = history.copy()
    later[-96:] = 1e4
    shifts = np.array([[48], [72], [96]])
    own, other = (SeasonalRegression().predict_from(batch_of(y, horizon=24, freq="h"), shifts) for y in (history, later))
    assert own.shape == (4, 1, 24, 9)
    np.testing.assert_array_equal(own[3], other[3])  # bit for bit
    assert np.abs(own[0] - other[0]).min() > 1


def test_when_origins_are_held_back_then_the_end_is_forecast_as_without_them_but_for_the_penalty():
    batch = batch_of(wandering(2), horizon=24, freq="h")
    alone, end = SeasonalRegression().predict(batch)[0], SeasonalRegression().predict_from(batch, np.array([[24]]))[0, 0]
    assert np.abs(alone[:, 4] - end[:, 4]).max() < 0.2 * np.ptp(alone[:, 4])


@pytest.mark.parametrize(("length", "freq"), [(8 * 24 - 1, "h"), (90, "W"), (5000, "YS")])
def test_when_there_is_no_season_or_too_short_a_history_then_there_is_no_forecast(length, freq):
    assert np.isnan(SeasonalRegression().predict(batch_of(np.arange(length, dtype=float), freq=freq))).all()


def test_when_it_is_told_to_be_readable_then_a_forecast_is_made():
    for length in range(20, 400, 7):
        batch = batch_of(wandering(3, length), horizon=30, freq="D")
        assert np.isfinite(SeasonalRegression().predict(batch)).all() == bool(readable(np.array([length]), 30, 7)[0])


def test_when_only_the_end_has_enough_history_then_it_alone_is_forecast():
    found = SeasonalRegression().predict_from(batch_of(wandering(4, 200), horizon=24, freq="h"), np.array([[40]]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_when_series_differ_in_length_then_each_is_forecast_as_alone():
    rows = [wandering(5, 900), wandering(6, 400)]
    both = SeasonalRegression().predict(batch_of(*rows, horizon=12, freq="h"))
    for row, own in zip(rows, both, strict=True):
        np.testing.assert_allclose(SeasonalRegression().predict(batch_of(row, horizon=12, freq="h"))[0], own, rtol=1e-5)


@pytest.mark.parametrize("odd", ["constant", "huge", "gaps", "walk"])
def test_when_input_is_odd_then_forecasts_are_finite_and_ordered(odd):
    y = wandering(7, 500)
    y = {"constant": np.full(500, 7.0), "huge": 1e30 * y, "gaps": y.copy(), "walk": y.cumsum()}[odd]
    if odd == "gaps":
        y[100:160], y[-5:] = NAN, NAN
    found = SeasonalRegression().predict(batch_of(y, horizon=200, freq="h"))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=2) >= 0).all()
    if odd == "constant":
        np.testing.assert_allclose(found, 7.0, rtol=1e-6)


def test_when_a_horizon_is_cut_in_parts_then_they_end_at_powers_of_two_and_at_the_first_cycle():
    assert parts_of(48, 24).tolist() == [4, 8, 16, 24, 32, 48]
    assert parts_of(3, 24).tolist() == [3]
    assert parts_of(13, 7).tolist() == [4, 7, 8, 13]
    assert CYCLES == 14  # two weeks of days: the guide says so


def test_when_a_history_gives_one_cycle_to_read_then_no_newer_levels_are_compared():
    z = np.arange(40.0)
    assert Lags(z, 12, 12, 1).of_origin(np.array([30])).shape == (1, len(Lags(z, 12, 12, 1).spans))
