"""Intervals of series that rest are as wide as their noise at effects of the same size."""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.effect_noise import LEAST, wide_as_noise

LEVELS = (0.1, 0.5, 0.9)


def power(days: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Hourly solar power (N,), zero from 18 to 6 o'clock, with noise of 10 %, and without the effect of irradiance."""
    rng, hour = np.random.default_rng(seed), np.arange(24 * days) % 24
    effect = 100 * np.maximum(0, np.sin((hour - 6) / 12 * np.pi)).round(6) * np.repeat(rng.uniform(0.3, 1, days), 24)
    made = effect * (1 + 0.1 * rng.normal(size=len(hour)))
    return made, made - effect + 5


def widths(amounts: np.ndarray, days: int, width: float) -> np.ndarray:
    past, without = power(days)
    values = amounts[:, None] + width / 2 * np.array([-1.0, 0.0, 1.0])
    made = wide_as_noise(values, amounts, past, without, (24, 168), LEVELS)
    np.testing.assert_allclose(made[:, 1], amounts)
    return np.asarray(made[:, 2] - made[:, 0])


def test_when_noise_grows_with_the_effect_then_intervals_do_too():
    amounts = np.array([20.0, 40.0, 60.0])
    np.testing.assert_allclose(widths(amounts, 60, 1.0), 2 * 1.28 * 0.1 * amounts, rtol=0.3)


def test_when_intervals_are_wider_than_the_noise_then_they_stay():
    np.testing.assert_allclose(widths(np.array([20.0, 60.0]), 60, 50.0), 50)


def test_when_there_is_no_effect_or_a_short_history_then_intervals_stay():
    past, without = power(60)
    values = np.array([[4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(wide_as_noise(values, np.zeros(1), past, past.copy(), (24,), LEVELS), values)
    few = 24 * (LEAST // 12)
    np.testing.assert_array_equal(wide_as_noise(values, np.zeros(1), past[:few], without[:few], (24,), LEVELS), values)
