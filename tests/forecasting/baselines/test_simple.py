"""Baselines: their formulas, missing values, short histories, and that every one keeps to the contract."""

from __future__ import annotations

import sys
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch, gather, last_origins
from tsattn.errors import ConfigError
from tsattn.forecasting.baselines import BASELINES, baseline
from tsattn.forecasting.baselines.simple import BestCycle, Drift, Naive, SeasonalMean, SeasonalNaive
from tsattn.forecasting.frame import Forecaster

NAN = float("nan")
SIMPLE = ("naive", "seasonal-naive", "drift", "seasonal-mean", "long-cycle", "historic-quantiles", "holt")
Z90 = NormalDist().inv_cdf(0.9)


def windows(*series: list[float], horizon: int = 5, freq: str = "step") -> WindowBatch:
    panel = Panel.from_arrays([np.array(s, float) for s in series], freq=freq)
    return gather(panel, last_origins(panel), int(panel.lengths.max()), horizon, covariates=False)


def spread(forecaster: Forecaster, batch: WindowBatch) -> np.ndarray:
    """Standard deviations (B, H) implied by the 0.9 quantiles."""
    values = forecaster.predict(batch)
    return (values[..., -1] - values[..., 4]) / Z90


def median(forecaster: Forecaster, batch: WindowBatch) -> np.ndarray:
    return forecaster.predict(batch)[..., 4]


def test_naive_repeats_the_last_value_and_spreads_with_the_root_of_the_step() -> None:
    batch = windows([1, 3, 2, 6])
    np.testing.assert_allclose(median(Naive(), batch), [[6] * 5])
    sigma = np.sqrt((4 + 1 + 16) / 3)
    np.testing.assert_allclose(spread(Naive(), batch), [sigma * np.sqrt([1, 2, 3, 4, 5])], rtol=1e-6)


def test_drift_follows_the_line_through_the_first_and_the_last_value() -> None:
    batch = windows([1, 3, 2, 7])
    np.testing.assert_allclose(median(Drift(), batch), [[9, 11, 13, 15, 17]])
    sigma, h = np.sqrt((0 + 9 + 9) / 3), np.arange(1, 6)
    np.testing.assert_allclose(spread(Drift(), batch), [sigma * np.sqrt(h * (1 + h / 3))], rtol=1e-6)


def test_seasonal_naive_repeats_the_last_cycle_and_spreads_with_the_root_of_the_cycle() -> None:
    batch = windows([1, 2, 3, 2, 4, 6], horizon=7)
    forecaster = SeasonalNaive(3)
    np.testing.assert_allclose(median(forecaster, batch), [[2, 4, 6, 2, 4, 6, 2]])
    sigma = np.sqrt((1 + 4 + 9) / 3)
    np.testing.assert_allclose(spread(forecaster, batch), [sigma * np.sqrt([1, 1, 1, 2, 2, 2, 3])], rtol=1e-6)


def test_seasonal_mean_repeats_the_mean_of_the_last_cycles() -> None:
    cycles = [[9, 9], [1, 2], [3, 4], [5, 6], [7, 8]]
    batch = windows([float(v) for c in cycles for v in c], horizon=4)
    np.testing.assert_allclose(median(SeasonalMean(2), batch), [[4, 5, 4, 5]])
    wide = spread(SeasonalMean(2), batch)[0]
    np.testing.assert_allclose(wide[2] / wide[0], np.sqrt((2 + 0.875) / 1.875), rtol=1e-5)
    np.testing.assert_allclose(median(SeasonalMean(2, cycles=1), batch), median(SeasonalNaive(2), batch))
    np.testing.assert_allclose(spread(SeasonalMean(2, cycles=1), batch), spread(SeasonalNaive(2), batch), rtol=1e-6)


def test_residuals_with_a_missing_value_are_dropped() -> None:
    batch = windows([1, 3, NAN, 5, 6])
    np.testing.assert_allclose(spread(Naive(), batch)[0, 0], np.sqrt((4 + 1) / 2), rtol=1e-6)
    batch = windows([1, 2, NAN, 4, 4, 9], horizon=2)
    np.testing.assert_allclose(spread(SeasonalNaive(2), batch)[0, 0], np.sqrt((4 + 25) / 2), rtol=1e-6)


def test_where_no_two_neighbours_are_observed_the_spread_comes_from_pairs_further_apart() -> None:
    batch = windows([0, NAN, 2, NAN, 4, NAN, 6])
    np.testing.assert_allclose(spread(Naive(), batch)[0, 0], np.sqrt(4 / 2), rtol=1e-6)


def test_a_missing_phase_takes_its_newest_value_and_counts_its_age() -> None:
    batch = windows([1, 2, 3, 4, NAN, 6], horizon=4)
    forecaster = SeasonalNaive(2)
    np.testing.assert_allclose(median(forecaster, batch), [[3, 6, 3, 6]])
    wide = spread(forecaster, batch)[0]
    np.testing.assert_allclose(wide / wide[1], np.sqrt([2, 1, 3, 2]), rtol=1e-6)


def test_a_phase_never_observed_takes_the_last_value() -> None:
    batch = windows([1, NAN, 3, NAN, 5, NAN], horizon=2)
    np.testing.assert_allclose(median(SeasonalNaive(2), batch), [[5, 5]])


def test_naive_counts_its_steps_from_the_last_observed_value() -> None:
    batch = windows([1, 3, 2, 6, NAN, NAN], horizon=2)
    np.testing.assert_allclose(median(Naive(), batch), [[6, 6]])
    sigma = np.sqrt((4 + 1 + 16) / 3)
    np.testing.assert_allclose(spread(Naive(), batch), [sigma * np.sqrt([3, 4])], rtol=1e-6)
    np.testing.assert_allclose(median(Drift(), batch), [[6 + 5 / 3 * 3, 6 + 5 / 3 * 4]], rtol=1e-6)


@pytest.mark.parametrize("name", ["seasonal-naive", "seasonal-mean"])
def test_a_history_shorter_than_a_cycle_gets_the_naive_forecast_beside_longer_ones(name: str) -> None:
    batch = windows([5, 7, 6], list(range(40)))
    found, naive = baseline(name, 12).predict(batch), Naive().predict(batch)
    np.testing.assert_array_equal(found[0], naive[0])
    assert (found[1, :, 4] != naive[1, :, 4]).any()


@pytest.mark.parametrize("name", SIMPLE)
def test_padding_on_the_left_changes_nothing(name: str) -> None:
    series = np.random.default_rng(0).normal(size=50).tolist()
    alone, beside = windows(series), windows(series, list(range(90)))
    np.testing.assert_allclose(baseline(name, 12).predict(alone)[0], baseline(name, 12).predict(beside)[0], rtol=1e-6)


@pytest.mark.parametrize("name", SIMPLE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_observed_value_is_enough_for_finite_quantiles_in_order(name: str, data: st.DataObject) -> None:
    value = st.one_of(st.just(NAN), st.just(0.0), st.floats(-(2.0**127), 2.0**127, width=32))
    histories = data.draw(st.lists(st.lists(value, min_size=1, max_size=30), min_size=1, max_size=4))
    for history in histories:
        if all(v != v for v in history):
            history.append(1.0)
    forecaster, batch = baseline(name, data.draw(st.integers(1, 9))), windows(*histories, horizon=11)
    with np.errstate(all="raise", under="ignore"):
        values = forecaster.predict(batch)
    assert values.shape == (len(histories), 11, 9)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert (np.diff(values, axis=-1) >= 0).all()


@pytest.mark.parametrize("name", SIMPLE)
def test_the_season_is_the_frequencys_when_none_is_given(name: str) -> None:
    batch = windows(np.random.default_rng(1).normal(size=100).tolist(), freq="h", horizon=30)
    np.testing.assert_array_equal(baseline(name).predict(batch), baseline(name, 24).predict(batch))


def test_every_baseline_says_its_own_name() -> None:
    for name in SIMPLE:
        made = baseline(name, 7, (0.2, 0.8))
        assert (made.name, made.quantiles, made.context) == (name, (0.2, 0.8), None)


def test_when_a_baseline_is_unknown_then_the_nearest_is_named() -> None:
    with pytest.raises(ConfigError) as error:
        baseline("seasonal_naive")
    assert "'seasonal-naive'" in error.value.hint
    with pytest.raises(ConfigError) as error:
        baseline("xyz")
    assert "drift" in error.value.hint
    with pytest.raises(ConfigError, match="positive"):
        baseline("naive", 0)


@pytest.mark.parametrize("name", [n for n in BASELINES if n.startswith("auto-")])
def test_without_statsforecast_the_error_says_what_to_type(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    monkeypatch.delitem(sys.modules, "statsforecast.models", raising=False)
    with pytest.raises(ConfigError) as error:
        baseline(name)
    assert "pip install" in error.value.hint


def test_historic_quantiles_are_those_of_the_observed_values_at_every_step() -> None:
    values = np.random.default_rng(0).normal(size=50)
    values[::7] = NAN
    found = baseline("historic-quantiles").predict(windows(list(values), [NAN] * 30 + [float(v) for v in range(20)]))
    np.testing.assert_allclose(found[0, 3], np.nanquantile(values, np.arange(1, 10) / 10), rtol=1e-5)
    np.testing.assert_allclose(found[1, 0], np.quantile(np.arange(20.0), np.arange(1, 10) / 10), rtol=1e-5)


def test_where_most_values_are_zero_the_median_of_historic_quantiles_is_zero_too() -> None:
    batch = windows([0, 0, 3, 0, 0, 0, 9, 0])
    assert median(baseline("historic-quantiles"), batch).tolist() == [[0.0] * 5]


def test_the_long_cycle_is_a_week_of_hours_and_seasonal_naive_where_there_are_not_two() -> None:
    week = np.random.default_rng(2).normal(size=168)
    batch = windows(np.tile(week, 2).tolist(), np.tile(week, 2)[1:].tolist(), freq="h", horizon=200)
    found = baseline("long-cycle").predict(batch)
    np.testing.assert_allclose(found[0, :, 4], np.tile(week, 2)[:200], atol=1e-6)
    np.testing.assert_array_equal(found[1], baseline("seasonal-naive").predict(batch)[1])


def test_the_long_cycle_of_minutes_is_a_day_where_there_are_not_two_weeks() -> None:
    day = np.random.default_rng(2).normal(size=1440)
    batch = windows(np.tile(day, 3).tolist(), np.tile(day, 2)[1:].tolist(), freq="min", horizon=30)
    found = baseline("long-cycle").predict(batch)
    np.testing.assert_allclose(found[0, :, 4], day[:30], atol=1e-6)
    np.testing.assert_array_equal(found[1], baseline("seasonal-naive").predict(batch)[1])


def test_the_best_cycle_is_the_one_with_the_smaller_errors_in_each_history() -> None:
    rng = np.random.default_rng(0)
    hours = np.arange(24 * 7 * 5)
    day, noise = 10 * np.sin(2 * np.pi * hours / 24), rng.normal(0, 0.5, len(hours))
    weekend = (hours // 24 % 7 >= 5) * 30.0
    drifting = np.cumsum(rng.normal(0, 0.5, len(hours)))
    series = [day + noise + weekend, day + noise + drifting, day[:200] + weekend[:200], [NAN] * 300 + [1.0, 2.0, 3.0]]
    batch = windows(*map(list, series), horizon=48, freq="h")
    made = BestCycle(None).predict(batch)
    weekly, daily = (SeasonalNaive(season).predict(batch) for season in (168, 24))
    np.testing.assert_array_equal(made[0], weekly[0])
    np.testing.assert_array_equal(made[1], daily[1])
    np.testing.assert_array_equal(made[2], weekly[2])
    np.testing.assert_array_equal(made[3], daily[3])
    np.testing.assert_array_equal(BestCycle(24).predict(batch), daily)


def test_the_best_cycle_of_histories_without_a_long_one_is_the_season() -> None:
    for batch in (
        windows([1.0, 2.0, 3.0] * 20, freq="h"),
        windows([1.0, 2.0, 3.0]),
        windows([1.0, 5.0] * 20, freq="h", horizon=400),
    ):
        np.testing.assert_array_equal(BestCycle(None).predict(batch), SeasonalNaive(None).predict(batch))
