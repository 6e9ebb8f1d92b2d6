"""Knots of bent responses: found on the past alone, by a pool together, and never for a straight line."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.ensemble.batch_effects import Covariates, estimated
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.knots import candidates, chosen, gains

DAYS = 730


def heating_and_cooling(knots: tuple[float, float], count: int = 1, days: int = DAYS) -> tuple[np.ndarray, np.ndarray]:
    """Daily loads (B, L) and temperatures (B, L, 1): 8 more for each degree below the first knot, 15 above the second."""
    rng, t = np.random.default_rng(0), np.arange(days)
    noise = rng.normal(size=(2, count, days))
    for k in range(1, days):
        noise[..., k] += 0.7 * noise[..., k - 1]
    weather = 12 - 10 * np.cos(2 * np.pi * t / 365) + 3 * noise[0]
    loads = 500 + 20 * (t % 7 < 5) + 8 * np.maximum(0, knots[0] - weather) + 15 * np.maximum(0, weather - knots[1]) + 6 * noise[1]
    return loads, weather[..., None]


def effect_at(loads: np.ndarray, weather: np.ndarray, degrees: float) -> np.ndarray:
    """Effect (B,) of a temperature, in units of the load, as a forecast would apply it."""
    rows = np.arange(len(loads))
    pools = Pools(((rows, rows),))
    ahead = np.concatenate([weather, np.zeros((len(loads), 1, 1))], 1)
    found, _ = estimated(loads, Covariates.of(ahead), np.zeros_like(rows), np.zeros((len(rows), 1), np.int64), pools, (7,))
    shift = found._shift(np.full((len(loads), 1, 1), degrees), rows)[0][:, 0]
    return np.where(found.factor, 500 * np.expm1(shift), shift)


@pytest.mark.parametrize("knots", [(15.0, 20.0), (18.0, 18.0), (8.0, 8.0)])
def test_when_heating_and_cooling_begin_away_from_the_median_then_their_effects_are_nearly_whole(knots):
    loads, weather = heating_and_cooling(knots)
    rest = effect_at(loads, weather, sum(knots) / 2)
    for degrees in (0.0, 26.0):
        truth = 8 * max(0.0, knots[0] - degrees) + 15 * max(0.0, degrees - knots[1])
        assert effect_at(loads, weather, degrees)[0] - rest[0] == pytest.approx(truth, rel=0.2)


def test_when_a_response_is_a_straight_line_or_noise_then_the_knot_stays_at_the_median():
    rng = np.random.default_rng(1)
    weather = rng.normal(10, 5, (4, 400, 1))
    straight = 100 + 3 * weather[..., 0] + rng.normal(0, 2, (4, 400))
    at, may = candidates(weather), np.ones((4, 1), bool)
    pools = Pools(tuple((np.array([i]), np.array([i])) for i in range(4)))
    for target in (straight, rng.normal(0, 1, (4, 400))):
        np.testing.assert_array_equal(chosen(at, gains(target, weather, at, may, (7,)), pools), at[..., 0])


def test_when_series_are_pooled_then_they_share_the_quantile_of_their_knots():
    loads, weather = heating_and_cooling((18.0, 18.0), count=5, days=200)
    at = candidates(weather)
    gain = gains(loads, weather, at, np.ones((5, 1), bool), (7,))
    rows = np.arange(5)
    found = chosen(at, gain, Pools(((rows, rows),)))
    places = [int(np.flatnonzero(at[i, 0] == found[i, 0])[0]) for i in rows]
    assert len(set(places)) == 1


def test_when_a_column_may_not_bend_or_is_missing_then_it_gains_nothing():
    loads, weather = heating_and_cooling((18.0, 18.0))
    at = candidates(weather)
    assert (gains(loads, weather, at, np.zeros((1, 1), bool), (7,)) == 0).all()
    assert (gains(loads, np.full_like(weather, np.nan), at, np.ones((1, 1), bool), (7,)) == 0).all()
