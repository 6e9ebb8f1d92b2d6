"""Exponential smoothing over many constants: a plain reference, and the series that it must continue."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tsattn.forecasting.baselines import holt
from tsattn.forecasting.baselines.holt import Holt

NAN = float("nan")


def reference(y: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (H,) for one series without a season, each set of constants by itself, in loops."""
    found = []
    far = min(holt.AHEAD, horizon, len(y) // 3)
    slopes = [np.polyfit(np.arange(t + 1), y[: t + 1], 1)[0] if t else 0.0 for t in range(len(y))]
    for alpha, (beta, damping) in itertools.product(holt.ALPHAS, holt.TRENDS):
        level, trend, errors, squares, missed = y[0], 0.0, 0.0, 0.0, 0.0

        def ahead(steps: int, level: float, trend: float, damping: float = damping) -> float:
            return level + trend * sum(damping**i for i in range(1, steps + 1))

        for t in range(1, len(y)):
            if t + far <= len(y):
                miss = y[t + far - 1] - ahead(far, level, trend)
                errors, missed = errors + abs(miss), missed + miss**2
            made = ahead(1, level, trend)
            errors, squares = errors + abs(y[t] - made), squares + (y[t] - made) ** 2
            level, trend = made + alpha * (y[t] - made), damping * trend + alpha * beta * (y[t] - made)
            trend = slopes[t] if (beta, damping) == (0, 1) else trend
        moved = [1.0, *(alpha * (1 + beta * sum(damping**i for i in range(1, j + 1))) for j in range(1, horizon))]
        variance = np.cumsum(np.square(moved)) * squares / (len(y) - 1)
        found.append(
            (errors, np.array([ahead(h, level, trend) for h in range(1, horizon + 1)]), variance, missed / (len(y) - far))
        )
    errors, means, variances, misses = (np.array(part) for part in zip(*found, strict=True))
    weights = np.exp(-holt.SHARPNESS * (errors / errors.min() - 1))
    weights /= weights.sum()
    variance = weights @ variances
    wider = np.clip(weights @ misses / variance[far - 1], 1, holt.WIDEST)
    grown = [1 + (wider - 1) * min(h / max(far - 1, 1), 1) for h in range(horizon)]
    return weights @ means, np.sqrt(variance * grown)


@pytest.mark.parametrize(("length", "horizon"), [(40, 12), (40, 3), (9, 5), (200, 1)])
def test_when_series_are_smoothed_together_then_each_is_as_by_the_plain_loops(length, horizon):
    rng = np.random.default_rng(length)
    series = [
        rng.standard_normal(length).cumsum(),
        5 + rng.standard_normal(length),
        np.arange(length) + rng.standard_normal(length),
    ]
    later = np.array([[NAN] * 7 + [*one] for one in series] + [[NAN] + [*rng.standard_normal(length + 6)]])
    mean, sigma = Holt().mean_and_sigma(later, horizon, 1)
    for i, one in enumerate(series):
        expected = reference(one, horizon)
        np.testing.assert_allclose(mean[i], expected[0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(sigma[i], expected[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("season", [4, 7, 12])
def test_when_a_season_grows_with_the_trend_then_both_go_on(season):
    t = np.arange(12 * season + 3)
    wave = 1 + 0.3 * np.sin(2 * np.pi * t / season) + 0.1 * (t % season == 1)
    whole = (100 + 2.0 * t) * wave
    mean, sigma = Holt().mean_and_sigma(whole[None, :-season], season, season)
    np.testing.assert_allclose(mean[0], whole[-season:], rtol=0.02)
    assert (sigma[0] < 0.03 * whole[-season:]).all()


def test_when_values_are_negative_then_the_season_is_added():
    t = np.arange(7 * 9)
    whole = -20.0 + 5 * (t % 7 == 3) + 0.1 * t
    mean, _ = Holt().mean_and_sigma(whole[None, :-7], 7, 7)
    np.testing.assert_allclose(mean[0], whole[-7:], atol=0.3)


def test_when_there_is_no_season_then_none_is_found():
    noise = 50 + np.random.default_rng(3).standard_normal((20, 84))
    seasonal, plain = (Holt().mean_and_sigma(noise, 6, season)[0] for season in (12, 1))
    assert (np.abs(seasonal - plain).max(1) < 1e-9).mean() >= 0.8  # at a level of 5 %


def test_when_a_line_goes_on_then_so_does_the_forecast_and_it_is_sure():
    mean, sigma = Holt().mean_and_sigma(np.array([3.0 + 2.0 * np.arange(60)]), 10, 1)
    np.testing.assert_allclose(mean[0], 3 + 2 * np.arange(60, 70), rtol=0.01)
    assert (sigma < 3).all()  # a step and a half of the line: its slope was not known from the first value


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0, 1e12, 1e-12])
def test_when_nothing_ever_changes_then_nothing_will(value):
    mean, sigma = Holt().mean_and_sigma(np.full((1, 50), value), 8, 7)
    np.testing.assert_allclose(mean, value, rtol=1e-12)
    np.testing.assert_allclose(sigma, 0, atol=1e-12 * max(1, abs(value)))


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_when_the_unit_changes_then_the_forecast_changes_with_it(scale):
    series = 30 + np.random.default_rng(1).standard_normal((3, 90)).cumsum(1)
    for made, expected in zip(Holt().mean_and_sigma(series * scale, 9, 7), Holt().mean_and_sigma(series, 9, 7), strict=True):
        np.testing.assert_allclose(made, expected * scale, rtol=1e-6)


def test_when_other_series_lie_in_the_batch_then_a_forecast_is_the_same():
    rng = np.random.default_rng(2)
    batch = rng.gamma(2, 5, (5, 120)) * (1 + np.arange(120) % 7)
    batch[1, :60], batch[2, 40:50], batch[3, 3:] = NAN, NAN, NAN
    mean, sigma = Holt().mean_and_sigma(batch, 9, 7)
    for i in range(5):
        alone = Holt().mean_and_sigma(batch[i : i + 1], 9, 7)
        np.testing.assert_allclose(alone[0][0], mean[i], rtol=1e-9)
        np.testing.assert_allclose(alone[1][0], sigma[i], rtol=1e-9)


@pytest.mark.parametrize("kind", ["terms", "factors"])
def test_when_a_season_is_added_or_multiplies_then_either_is_continued(kind):
    """A season of terms on a rising positive series is none of factors, whose swing would grow."""
    t = np.arange(72.0)
    wave = np.sin(2 * np.pi * t / 12)
    y = 100 + 2.5 * t + 20 * wave if kind == "terms" else (100 + 2.5 * t) * (1 + 0.2 * wave)
    y += np.random.default_rng(0).normal(0, 0.5, len(t))
    mean, _ = Holt().mean_and_sigma(y[None, :60], 12, 12)
    assert np.abs(mean[0] - y[60:]).mean() < 2.5
