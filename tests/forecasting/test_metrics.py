"""Metrics against their formulas written out, and what is left out of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.metrics import METRICS, Sums, measure, quantile_coverage, seasonal_errors, skill

NAN = float("nan")
LEVELS = (0.1, 0.5, 0.9)


def example(missing: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    truth = rng.normal(10, 3, (6, 8))
    truth[rng.random(truth.shape) < missing] = NAN
    values = np.sort(rng.normal(10, 3, (6, 8, 3)), -1).astype(np.float32)
    return truth, values, rng.random(6) + 0.5


def score(name: str, sums: Sums) -> float:
    return float(METRICS[name](sums.total((0, 1))))


def test_every_metric_is_what_its_formula_says_over_the_steps_with_a_truth() -> None:
    truth, values, scale = example()
    sums = measure(truth, values, LEVELS, scale)
    y, error = truth, truth - values[..., 1]
    pinball = [
        np.where(y >= values[..., i], q * (y - values[..., i]), (1 - q) * (values[..., i] - y)) for i, q in enumerate(LEVELS)
    ]
    inside = (y >= values[..., 0]) & (y <= values[..., 2])
    expected = {
        "MASE": np.nanmean(np.abs(error) / scale[:, None]),
        "WQL": np.mean([2 * np.nansum(np.where(np.isnan(y), NAN, p)) / np.nansum(np.abs(y)) for p in pinball]),
        "RMSE": np.sqrt(np.nanmean(error**2)),
        "MAE": np.nanmean(np.abs(error)),
        "sMAPE": np.nanmean(2 * np.abs(error) / (np.abs(y) + np.abs(values[..., 1]))),
        "coverage": inside[~np.isnan(y)].mean(),
        "coverage_95": NAN,  # the quantiles end at 0.1 and 0.9
    }
    assert expected.keys() == METRICS.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(score(name, sums), value, rtol=1e-6, err_msg=name)
    under = [(y <= values[..., i])[~np.isnan(y)].mean() for i in range(3)]
    np.testing.assert_allclose(quantile_coverage(sums.total((0, 1))), under)


def test_when_a_truth_equals_a_single_quantile_then_half_of_it_counts_as_below() -> None:
    levels = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    values = np.arange(9, dtype=np.float32)[None, None]
    for place in range(9):
        seen = quantile_coverage(measure(np.array([[float(place)]]), values, levels, np.ones(1)).total((0, 1)))
        np.testing.assert_allclose(seen, np.where(np.arange(9) > place, 1.0, np.where(np.arange(9) == place, 0.5, 0.0)))


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0, 4.0])
def test_when_the_true_quantiles_of_counts_are_forecast_then_the_share_below_each_is_its_level(rate: float) -> None:
    levels = np.arange(1, 10) / 10
    counts = np.sort(np.random.default_rng(0).poisson(rate, 20000)).astype(np.float64)
    quantiles = np.quantile(counts, levels, method="inverted_cdf").astype(np.float32)
    values = np.broadcast_to(quantiles, (1, len(counts), 9))
    seen = quantile_coverage(measure(counts[None], values, tuple(levels), np.ones(1)).total((0, 1)))
    assert np.abs(seen - levels).max() < 0.06  # counted "at or under", the 0.1 quantile of rare counts covers 95 %


def test_coverage_of_95_percent_counts_the_values_between_quantiles_that_reach_as_far() -> None:
    truth = np.array([[0.0, 1.0, 5.0, 9.0, 12.0, NAN]])
    bounds = np.broadcast_to(np.array([1.0, 2.0, 5.0, 8.0, 9.0], np.float32), (1, 6, 5))
    assert score("coverage_95", measure(truth, bounds, (0.025, 0.1, 0.5, 0.9, 0.975), np.ones(1))) == 3 / 5
    assert score("coverage", measure(truth, bounds, (0.025, 0.1, 0.5, 0.9, 0.975), np.ones(1))) == 1 / 5
    further = measure(truth, bounds, (0.01, 0.1, 0.5, 0.9, 0.99), np.ones(1))
    assert score("coverage_95", further) == 1 / 5  # between the levels: 1.17 to 8.83
    assert np.isnan(score("coverage_95", measure(truth, bounds, (0.05, 0.1, 0.5, 0.9, 0.95), np.ones(1))))


def test_sums_added_batch_by_batch_are_those_of_the_whole() -> None:
    truth, values, scale = example()
    whole = measure(truth, values, LEVELS, scale).total(1)
    group, grouped = np.array([0, 1, 0, 2, 1, 0]), Sums.zeros((3,), 3)
    for rows in (slice(0, 2), slice(2, 6)):
        grouped.add(group[rows], measure(truth[rows], values[rows], LEVELS, scale[rows]).total(1))
    for mine, theirs in zip(grouped.parts(), whole.parts(), strict=True):
        for g in range(3):
            np.testing.assert_allclose(mine[g], theirs[group == g].sum(0))


def test_a_perfect_forecast_has_no_error_and_covers_all() -> None:
    truth, _, scale = example(0)
    truth = truth.astype(np.float32)
    sums = measure(truth, np.repeat(truth[..., None], 3, -1), LEVELS, scale)
    assert [score(m, sums) for m in ("MASE", "WQL", "RMSE", "sMAPE", "MAE", "coverage")] == [0, 0, 0, 0, 0, 1]


def test_a_window_whose_seasonal_error_is_zero_or_unknown_is_left_out_of_mase_alone() -> None:
    truth, values, scale = example()
    some = measure(truth, values, LEVELS, np.where(np.arange(6) < 4, scale, [0, 0, 0, 0, 0, NAN]))
    first = measure(truth[:4], values[:4], LEVELS, scale[:4])
    np.testing.assert_allclose(score("MASE", some), score("MASE", first))
    np.testing.assert_allclose(score("MAE", some), score("MAE", measure(truth, values, LEVELS, scale)))
    assert np.isnan(score("MASE", measure(truth, values, LEVELS, np.zeros(6))))


def test_no_truth_gives_no_score_never_zero() -> None:
    truth, values, scale = example()
    sums = measure(np.full_like(truth, NAN), values, LEVELS, scale)
    assert all(np.isnan(score(name, sums)) for name in METRICS)


def test_a_truth_of_zeros_has_no_weighted_loss_and_a_right_zero_counts_as_right() -> None:
    sums = measure(np.zeros((1, 2)), np.zeros((1, 2, 3), np.float32), LEVELS, np.ones(1))
    assert np.isnan(score("WQL", sums))
    assert score("sMAPE", sums) == 0
    assert score("MASE", sums) == 0


def test_the_outer_quantiles_are_interpolated_where_they_were_not_forecast() -> None:
    values = np.array([[[-1.0, 0.0, 1.0]]], np.float32)
    inside = measure(np.array([[1.2]]), values, (0.25, 0.5, 0.75), np.ones(1))  # the 0.9 quantile lies at 1.9
    assert score("coverage", inside) == 1
    outside = measure(np.array([[2.0]]), values, (0.25, 0.5, 0.75), np.ones(1))
    assert score("coverage", outside) == 0


def test_the_seasonal_error_is_taken_over_the_whole_history_before_each_origin() -> None:
    rng = np.random.default_rng(0)
    series = [rng.normal(size=60), rng.normal(size=40)]
    series[0][10:14] = NAN
    panel = Panel.from_arrays(series)
    origins = Origins(np.array([0, 0, 1]), np.array([30, 60, 85]))
    expected = []
    for item, stop in ((0, 30), (0, 60), (1, 25)):
        history = series[item][:stop]
        expected.append(np.nanmean(np.abs(history[12:] - history[:-12])))
    np.testing.assert_allclose(seasonal_errors(panel, origins, 12), expected, rtol=1e-5)


def test_a_history_of_less_than_a_season_is_scaled_by_its_steps() -> None:
    panel = Panel.from_arrays([np.array([1.0, 3.0, 7.0, 9.0]), np.array([4.0, 4.0]), np.array([NAN, 1.0, NAN, 2.0])])
    origins = Origins(np.array([0, 0, 1, 2]), np.array([3, 1, 6, 10]))
    np.testing.assert_array_equal(seasonal_errors(panel, origins, 12), [3, NAN, 0, NAN])


def test_skill_is_the_share_of_the_reference_error_that_is_gone() -> None:
    assert skill(0.8, 1.0) == pytest.approx(0.2)
    assert skill(2.0, 1.0) == -1
    assert np.isnan(skill(1.0, 0.0))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_scores_do_not_depend_on_the_scale_of_the_data(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, values = rng.normal(size=(3, 4)).astype(np.float32), np.sort(rng.normal(size=(3, 4, 3)), -1).astype(np.float32)
    scale = rng.random(3) + 0.1
    one = measure(truth, values, LEVELS, scale)
    big = measure(truth * 1024, values * 1024, LEVELS, scale * 1024)
    for name in ("MASE", "WQL", "sMAPE", "coverage"):
        np.testing.assert_allclose(score(name, one), score(name, big), rtol=1e-5)
