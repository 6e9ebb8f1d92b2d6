"""Ridge: exact where the truth is linear, equal to the textbook's normal equations, causal, and calm about odd input."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.windows import NAN, batch_of
from tsattn.forecasting.baselines.ridge import FEWEST, Ridge, fill, gram_and_cross, solve, window_lengths


def test_the_moments_are_those_of_the_design_matrix() -> None:
    rng = np.random.default_rng(0)
    y, lags, width = rng.normal(size=(3, 200)).cumsum(1), 20, 27
    start, stop = np.array([0, 11, 30]), np.array([174, 150, 99])
    gram, cross = gram_and_cross(y, start, stop, lags, width)
    for i in range(3):
        rows = np.lib.stride_tricks.sliding_window_view(y[i], width)[start[i] : stop[i]]
        level = rows[:, :lags].mean(1, keepdims=True)
        x, target = rows[:, :lags] - level, rows[:, lags:] - level
        np.testing.assert_allclose(gram[i], x.T @ x, rtol=1e-9, atol=1e-8)
        np.testing.assert_allclose(cross[i], x.T @ target, rtol=1e-9, atol=1e-8)


def test_solving_is_the_ridge_formula() -> None:
    rng = np.random.default_rng(1)
    x, target = rng.normal(size=(90, 6)), rng.normal(size=(90, 2))
    gram = x.T @ x
    wanted = np.linalg.inv(gram + 0.3 * np.trace(gram) / 6 * np.eye(6)) @ x.T @ target
    np.testing.assert_allclose(solve(gram[None], (x.T @ target)[None], 0.3)[0], wanted, rtol=1e-9)


def test_a_sine_goes_on() -> None:
    t = np.arange(600)
    y = 5 + 2 * np.sin(2 * np.pi * t / 17.3)
    found = Ridge().predict(batch_of(y[:552], horizon=48))[0]
    np.testing.assert_allclose(found[:, 4], y[552:], atol=0.02)


def test_a_straight_line_goes_on() -> None:
    found = Ridge().predict(batch_of(3.0 + 0.5 * np.arange(300), horizon=20))[0]
    np.testing.assert_allclose(found[:, 4], 3 + 0.5 * np.arange(300, 320), rtol=1e-3)


def test_an_autoregression_is_forecast_about_as_well_as_by_its_own_coefficients() -> None:
    rng, error, best = np.random.default_rng(2), 0.0, 0.0
    for _ in range(20):
        noise, y = rng.normal(size=1205), np.zeros(1205)
        for t in range(2, 1205):
            y[t] = 1.6 * y[t - 1] - 0.8 * y[t - 2] + noise[t]
        ideal = list(y[1198:1200])
        for _ in range(5):
            ideal.append(1.6 * ideal[-1] - 0.8 * ideal[-2])
        found = Ridge(48).predict(batch_of(y[:1200], horizon=5))[0, :, 4]
        error, best = error + np.abs(found - y[1200:]).mean(), best + np.abs(np.array(ideal[2:]) - y[1200:]).mean()
    assert error < 1.15 * best


def test_white_noise_gets_its_own_spread() -> None:
    y = np.random.default_rng(3).normal(10, 2, (40, 700))
    found = Ridge().predict(batch_of(*y[:, :690], horizon=10))
    inside = (found[..., 0] <= y[:, 690:]) & (y[:, 690:] <= found[..., -1])
    assert 0.72 < inside.mean() < 0.88
    assert np.abs(found[..., 4] - 10).mean() < 0.8


def test_earlier_origins_see_nothing_of_what_follows_them() -> None:
    rng = np.random.default_rng(4)
    y = rng.normal(size=(2, 400)).cumsum(1).astype(np.float32)
    y[0, 50:60] = NAN
    shifts = np.array([[10, 20], [30, 25]])
    kept = Ridge(48, 12).predict_from(batch_of(*y, horizon=10), shifts)
    spoiled = y.copy()
    spoiled[0, -10:], spoiled[1, -20:] = 1e9, NAN
    found = Ridge(48, 12).predict_from(batch_of(*spoiled, horizon=10), shifts)
    np.testing.assert_array_equal(found[1:], kept[1:])
    assert not np.array_equal(found[0], kept[0])


def test_filling_is_causal_and_takes_the_newest_value_of_the_phase() -> None:
    y = np.array([[1, 2, 3, NAN, 5, NAN, 7, NAN, NAN]])
    np.testing.assert_array_equal(fill(y, 3), [[1, 2, 3, 1, 5, 3, 7, 5, 3]])
    np.testing.assert_array_equal(fill(y, 1), [[1, 2, 3, 3, 5, 5, 7, 7, 7]])


def test_missing_values_cost_little() -> None:
    rng = np.random.default_rng(5)
    y = np.sin(2 * np.pi * np.arange(800) / 24) + 0.1 * rng.normal(size=800)
    holes = y.copy()
    holes[rng.random(800) < 0.1] = NAN
    found = Ridge(96, 24).predict(batch_of(holes[:776], horizon=24))[0, :, 4]
    assert np.abs(found - y[776:]).mean() < 0.2


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_scale_changes_nothing(scale: float) -> None:
    y = np.random.default_rng(6).normal(size=300).cumsum()
    plain = Ridge().predict(batch_of(y, horizon=12))
    np.testing.assert_allclose(Ridge().predict(batch_of(y * scale, horizon=12)) / scale, plain, rtol=1e-3, atol=1e-3)


def test_when_the_history_is_too_short_then_there_is_no_forecast() -> None:
    y = np.arange(FEWEST - 1.0)
    assert np.isnan(Ridge().predict(batch_of(y, np.full(FEWEST - 1, NAN), horizon=4))).all()
    assert np.isfinite(Ridge().predict(batch_of(np.arange(float(FEWEST)), horizon=40))).all()


def test_a_constant_goes_on_without_spread() -> None:
    np.testing.assert_allclose(Ridge().predict(batch_of(np.full(200, 7.0), horizon=30)), 7.0)


def test_a_long_horizon_is_rolled_out_and_its_spread_does_not_shrink() -> None:
    y = np.random.default_rng(7).normal(size=200).cumsum()
    found = Ridge().predict(batch_of(y, horizon=150))[0]
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()
    assert np.ptp(found[-1]) > np.ptp(found[5])


def test_an_absurd_forecast_is_none() -> None:
    rng = np.random.default_rng(5)
    y = 300 + np.cumsum(rng.gamma(2, 0.0125, 2880))
    disk = batch_of(y.round(2), horizon=864)
    assert np.isfinite(Ridge(season_length=288).predict(disk)).all()
    y[-144:] -= 53  # the weights of a line extrapolate the fall
    cleaned = batch_of(y.round(2), horizon=864)
    assert np.isnan(Ridge(season_length=288).predict(cleaned)).all()


def test_windows_are_whole_cycles_where_the_history_holds_them() -> None:
    np.testing.assert_array_equal(window_lengths(np.array([5000, 400, 60, 30]), 168, 24), [168, 96, 16, 8])


def test_series_fitted_together_get_what_they_get_alone() -> None:
    rng = np.random.default_rng(8)
    series = [rng.normal(size=n).cumsum() for n in (40, 200, 390, 391)]
    together = Ridge(48).predict(batch_of(*series, horizon=8))
    for i, y in enumerate(series):
        np.testing.assert_allclose(Ridge(48).predict(batch_of(y, horizon=8))[0], together[i], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("length", [600, 607])
def test_where_a_phase_is_noisy_its_intervals_are_wide(length: int) -> None:
    rng = np.random.default_rng(2)
    phase = np.arange(length) % 12
    y = 10 + np.sin(2 * np.pi * phase / 12) + rng.normal(size=length) * np.where(phase == 5, 2.0, 0.2)
    made = Ridge(48, 12).predict_from(batch_of(y, horizon=24), np.array([[7]]))
    for begin, found in ((length, made[0, 0]), (length - 7, made[1, 0])):
        width = found[:, -1] - found[:, 0]
        wild = (begin + np.arange(24)) % 12 == 5
        assert width[wild].min() > 3 * width[~wild].max()
