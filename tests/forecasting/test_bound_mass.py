"""Quantiles within the probability mass at a bound are the bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.bound_mass import bounds_of, probability, with_bound_mass
from tsattn.forecasting.predict import predict

RNG = np.random.default_rng(0)
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
BELOW = 100 - np.round(RNG.gamma(1.2, 0.3, 400), 2).clip(0.01)
UPTIME = np.where(RNG.random(400) < 0.62, 100.0, BELOW)


@dataclass
class Smooth:
    """A stand-in for an ensemble: its quantiles lie just below 100."""

    shift: float = 0.0
    name: str = "network"
    quantiles: tuple[float, ...] = LEVELS
    context: int | None = None
    covariates: bool = False

    def predict(self, batch: WindowBatch) -> np.ndarray:
        values = np.array([99.2, 99.7, 99.94, 99.98, 100.01], np.float32) + np.float32(self.shift)
        return np.tile(values, (len(batch), batch.horizon, 1))


def medians(series: np.ndarray, quantiles: tuple[float, ...] = LEVELS, shift: float = 0.0) -> np.ndarray:
    made, _ = predict(Smooth(shift), Panel.from_arrays([series], freq="D"), horizon=7, quantiles=quantiles)
    return made.median[0]


def test_when_most_values_are_at_the_bound_then_the_median_and_what_is_above_it_are_the_bound():
    made, _ = predict(Smooth(), Panel.from_arrays([UPTIME], freq="D"), horizon=7)
    assert (made.values[0, :, 2:] == 100).all()
    np.testing.assert_array_equal(made.values[0, :, :2], np.tile(np.float32([99.2, 99.7]), (7, 1)))


def test_when_other_quantiles_are_asked_then_the_median_is_the_same():
    for quantiles in ((0.5,), (0.05, 0.5), (0.5, 0.99)):
        assert (medians(UPTIME, quantiles) == 100).all()


def test_when_the_bound_is_the_smallest_value_then_low_quantiles_are_the_bound():
    loss = 200 - UPTIME  # never below 100
    batch = batch_of(loss, horizon=3, freq="D")
    values = np.tile(200 - np.array([100.01, 99.98, 99.94, 99.7, 99.2], np.float32), (1, 3, 1))
    made = with_bound_mass(values, LEVELS, values[..., [0, -1]], batch.past_target, batch)
    assert (made[..., :3] == 100).all()
    np.testing.assert_array_equal(made[..., 3:], values[..., 3:])


def test_when_working_days_are_at_the_bound_then_their_median_is_and_that_of_weekends_is_not():
    weekly = np.where(np.arange(401) % 7 < 5, 0.9, 0.05)
    series = np.where(RNG.random(401) < weekly, 100.0, np.append(BELOW, 99.5))
    ahead = np.arange(401, 408) % 7
    np.testing.assert_array_equal(medians(series) == 100, ahead < 5)


def test_when_values_come_in_spells_then_the_next_steps_follow_the_newest_spell():
    spells = np.repeat(np.arange(40) % 2, 10).astype(float)
    down, up = probability(spells[:-5], 3, ()), probability(spells[:-15], 3, ())  # after five values at the bound, or not
    assert down.min() > 0.6
    assert up.max() < 0.4
    assert probability((RNG.random(400) < 0.3).astype(float), 20, (7,)) == pytest.approx(0.3, abs=0.15)


def test_when_the_forecast_excludes_the_bound_then_it_is_not_changed():
    np.testing.assert_allclose(medians(UPTIME, shift=-2.0), 97.94, atol=1e-4)


@pytest.mark.parametrize(
    "series",
    [
        np.where(RNG.random(400) < 0.03, 100.0, BELOW),  # rarely at the bound
        np.minimum(np.arange(400) * 0.5, 170.0),  # the newest values alone: a new level, not a bound
        np.where(RNG.random(400) < 0.6, 0.0, RNG.gamma(2, 3, 400)),  # zeros
        RNG.normal(99, 0.5, 400),
        np.full(400, 100.0),
        UPTIME[:20],
    ],
)
def test_when_there_is_no_mass_at_a_bound_then_nothing_is_changed(series):
    batch = batch_of(series, horizon=7, freq="D")
    values = Smooth().predict(batch)
    assert with_bound_mass(values, LEVELS, values[..., [0, -1]], batch.past_target, batch) is values
    assert np.isnan(bounds_of(batch.past_target, 1)).all()


def test_when_series_share_a_batch_or_values_are_missing_then_each_keeps_its_own_bound():
    gaps = UPTIME.copy()
    gaps[::9] = np.nan
    capacity = np.minimum(RNG.normal(36, 2, 400), 37.25)
    past = batch_of(gaps, capacity, BELOW, horizon=2, freq="D").past_target
    np.testing.assert_array_equal(bounds_of(past, 1), [100, 37.25, np.nan])
