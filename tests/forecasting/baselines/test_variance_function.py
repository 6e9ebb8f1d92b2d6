"""Noise that grows with the level is found where it is beyond chance, and intervals then follow the level."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.windows import NAN, batch_of
from tsattn.forecasting.baselines import MEMBERS, member, variance_function
from tsattn.forecasting.baselines.variance_function import FARTHEST, log_levels, present_size, ratios, slopes
from tsattn.forecasting.frame import DEFAULT_QUANTILES

SERIES, LENGTH, AHEAD, WEEK = 60, 600, 14, 7
T = np.arange(LENGTH + AHEAD)


def grown(rate: float = 0.002, seed: int = 0) -> np.ndarray:
    """Return (SERIES, LENGTH + AHEAD): a level that grows, a season and noise in proportion to it."""
    rng = np.random.default_rng(seed)
    return np.exp(3 + rate * T + rng.normal(0, 0.2, (SERIES, WEEK))[:, T % WEEK] + rng.normal(0, 0.1, (SERIES, len(T))))


def noise(rng: np.random.Generator) -> np.ndarray:
    return 20 + rng.normal(0, 1, (SERIES, LENGTH))


STEADY = {
    "noise": noise,
    "trend": lambda rng: 10 + 0.1 * T[:LENGTH] + rng.normal(0, 2, (SERIES, LENGTH)),
    "random walk": lambda rng: 200 + rng.normal(0, 1, (SERIES, LENGTH)).cumsum(1),
    "intermittent": lambda rng: np.where(rng.random((SERIES, LENGTH)) < 0.3, rng.geometric(0.25, (SERIES, LENGTH)), 0.0),
    "counts": lambda rng: rng.poisson(5.0, (SERIES, LENGTH)).astype(float),
}


def test_when_noise_is_in_proportion_to_a_growing_level_then_the_slope_is_near_one_and_residuals_come_to_the_present_size():
    history = grown()[:, :LENGTH]
    slope = slopes(history, WEEK)
    assert slope.min() > 0.5
    assert 0.85 < slope.mean() <= 1
    error = (history[:, WEEK:] - history[:, :-WEEK]) * present_size(history, WEEK)[:, WEEK:]
    old, new = (np.sqrt((part**2).mean()) for part in (error[:, :200], error[:, -200:]))
    assert old == pytest.approx(new, rel=0.12)


@pytest.mark.parametrize("rate", [0.002, -0.002])
def test_when_a_level_falls_then_its_noise_of_the_past_is_reduced(rate):
    factors = present_size(grown(rate)[:, :LENGTH], WEEK)
    assert (factors[:, 0].mean() > 1.5) == (rate > 0)
    assert 1 / FARTHEST <= factors.min() <= factors.max() <= FARTHEST
    np.testing.assert_allclose(factors[:, -1], 1.0)


@pytest.mark.parametrize("kind", STEADY)
def test_when_noise_does_not_depend_on_the_level_then_nearly_every_slope_is_zero(kind):
    slope = slopes(STEADY[kind](np.random.default_rng(1)), WEEK)
    assert (slope == 0).mean() > 0.85


def test_when_values_lie_below_zero_or_the_history_is_short_then_there_is_no_slope():
    history = grown()[:, :LENGTH]
    assert (slopes(history - 30, WEEK) == 0).all()
    assert (slopes(history[:, -60:], WEEK) == 0).all()
    assert (present_size(np.full((2, LENGTH), NAN), WEEK) == 1).all()


def test_when_values_are_missing_then_the_slope_is_found_all_the_same():
    history = grown()[:, :LENGTH]
    history[np.random.default_rng(2).random(history.shape) < 0.2] = NAN
    history[:, 250:330] = NAN
    assert slopes(history, WEEK).mean() > 0.75
    assert np.isfinite(present_size(history, WEEK)).all()


@pytest.mark.parametrize("length", range(130, 145))
def test_when_a_history_is_padded_then_its_slope_is_the_same(length):
    history = grown(0.01)[:, :length]
    padded = np.concatenate([np.full((SERIES, 100), NAN), history], 1)
    np.testing.assert_allclose(slopes(padded, WEEK), slopes(history, WEEK), rtol=1e-9)


def test_a_level_depends_on_nothing_after_its_step():
    history = grown()[:, :LENGTH]
    later = history.copy()
    later[:, 400:] = 1e6
    np.testing.assert_array_equal(log_levels(history, WEEK)[:, :400], log_levels(later, WEEK)[:, :400])


def test_where_a_level_is_unknown_the_size_stays():
    assert ratios(np.ones(1), np.array([[NAN, 0.0]]), np.array([[1.0]])).tolist() == [[1.0, pytest.approx(np.e)]]


@pytest.mark.parametrize("name", ["ridge", "seasonal-naive", "seasonal-mean", "holt"])
def test_when_noise_grows_with_the_level_then_the_interval_of_a_member_covers_what_it_should(name):
    whole = grown(seed=3)
    made = member(name, WEEK, DEFAULT_QUANTILES).predict(batch_of(*whole[:, :LENGTH], horizon=AHEAD))
    truth = whole[:, LENGTH:]
    assert 0.74 < ((truth >= made[..., 0]) & (truth <= made[..., -1])).mean() < 0.9


@pytest.mark.parametrize("name", MEMBERS)
def test_when_a_series_is_stationary_then_its_forecast_is_unchanged(name, monkeypatch):
    batch = batch_of(*noise(np.random.default_rng(4)), horizon=AHEAD)
    steady = slopes(batch.past_target.astype(float), WEEK) == 0
    found = member(name, WEEK, DEFAULT_QUANTILES).predict(batch)
    monkeypatch.setattr(variance_function, "slopes", lambda history, season: np.zeros(len(history)))
    monkeypatch.setattr("tsattn.forecasting.baselines.ridge.slopes", variance_function.slopes)
    np.testing.assert_array_equal(found[steady], member(name, WEEK, DEFAULT_QUANTILES).predict(batch)[steady])
