"""Phases of a day or week at which a series is always zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import tsattn
from tests.forecasting.windows import batch_of
from tsattn.data.panel import Panel
from tsattn.forecasting.baselines.simple import HistoricQuantiles
from tsattn.forecasting.predict import predict
from tsattn.forecasting.resting_phases import CYCLES, resting
from tsattn.forecasting.sample_paths import predict_paths

DAY = np.maximum(0, np.sin((np.arange(24) - 6) / 12 * np.pi)).round(6)  # zero from 18 to 6 o'clock


def sun(days: int, hours: int = 0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.uniform(0.3, 1, days + 1), 24) * np.tile(100 * DAY, days + 1)
    return values[: 24 * days + hours]


def test_when_nights_are_zero_then_they_rest_wherever_the_history_ends():
    for hours in (0, 5, 13):
        batch = batch_of(sun(20, hours), horizon=48, freq="h")
        np.testing.assert_array_equal(resting(batch)[0], np.resize(np.roll(DAY, -hours), 48) == 0)
        shift = np.array([30])
        np.testing.assert_array_equal(resting(batch, shift)[0], np.resize(np.roll(DAY, -hours + 30), 48) == 0)


def test_when_a_step_is_far_ahead_then_the_edges_of_a_night_do_not_rest():
    found = resting(batch_of(sun(20), horizon=24 * (CYCLES + 1), freq="h"))[0].reshape(-1, 24)
    assert (found[0] == (DAY == 0)).all()
    assert found[-1].sum() == found[0].sum() - 2


def test_when_demand_is_rare_constant_negative_or_short_then_nothing_rests():
    rng = np.random.default_rng(0)
    rare = rng.poisson(4, 2000) * (rng.random(2000) < 0.1)
    for values in (rare, np.zeros(2000), sun(20) - 1, sun(CYCLES)[1:]):
        assert not resting(batch_of(values, horizon=48, freq="h")).any()


def test_when_a_night_had_one_value_then_its_hour_does_not_rest():
    values = sun(20)
    values[-24 + 2] = 0.1
    found = resting(batch_of(values, horizon=24, freq="h"))[0]
    assert not found[2]
    assert found[[1, 3]].all()


def test_when_the_sun_is_down_then_the_forecast_is_zero_and_the_day_keeps_its_width(shipped):
    made = tsattn.load("zero-shot").predict(sun(60), horizon=48, freq="h")[0]
    night = np.resize(DAY, 48) == 0
    assert (made[night] == 0).all()
    assert (made[~night][:, -1] - made[~night][:, 0]).mean() > 5


def test_when_any_method_forecasts_a_night_then_quantiles_and_paths_are_zero():
    panel = Panel.from_arrays([sun(30)], freq="h")
    made, _ = predict(HistoricQuantiles(), panel, horizon=24)
    paths, _ = predict_paths(HistoricQuantiles(), panel, horizon=24, paths=20)
    for values in (made.values[0], paths.values[0]):
        assert (values[DAY == 0] == 0).all()
        assert (values[DAY > 0].max(1) > 0).all()


def test_when_effects_were_removed_then_phases_rest_that_are_zero_in_the_observed_history():
    seen = batch_of(sun(20), horizon=24, freq="h")
    without = replace(seen, past_target=seen.past_target + 1)
    assert not resting(without).any()
    np.testing.assert_array_equal(resting(replace(without, observed=seen.past_target)), resting(seen))


def test_when_a_shop_is_always_closed_on_sundays_then_they_are_zero_however_far_ahead():
    rng, days = np.random.default_rng(0), np.arange(200)
    sales = np.where(days % 7 == 6, 0, rng.poisson(60, 200)).astype(float)
    np.testing.assert_array_equal(resting(batch_of(sales, horizon=90, freq="D"))[0], (200 + np.arange(90)) % 7 == 6)
    sales[13] = 40  # one open Sunday
    assert not resting(batch_of(sales, horizon=90, freq="D")).any()
