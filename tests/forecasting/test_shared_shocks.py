"""Shared shocks: sample paths of several series move together as much as the series do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch, gather, last_origins
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.sample_paths import predict_paths, scores_after
from tsattn.forecasting.shared_shocks import (
    STEPS,
    SharedShocks,
    mean_and_shrinkage,
    normal_scores_of,
    shared_shocks,
)


def steps_of(count: int, correlation: float, length: int = 500, seed: int = 0) -> np.ndarray:
    """Return (count, length) normal steps of which each pair has the given correlation."""
    rng = np.random.default_rng(seed)
    return correlation**0.5 * rng.standard_normal(length) + (1 - correlation) ** 0.5 * rng.standard_normal((count, length))


def walks(count: int, correlation: float, length: int = 500, seed: int = 0) -> Panel:
    series = 200 + steps_of(count, correlation, length, seed).cumsum(1)
    return Panel.from_arrays(list(series), freq="D", start="2024-01-01")


def windows_of(panel: Panel, origins: Origins | None = None) -> WindowBatch:
    return gather(panel, last_origins(panel) if origins is None else origins, 8, 4)


def between(values: np.ndarray) -> np.ndarray:
    """Return the correlations of the pairs of rows (B, P)."""
    return np.corrcoef(values)[np.triu_indices(len(values), 1)]


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.7])
def test_when_series_move_together_then_so_do_their_paths(correlation):
    panel = walks(12, correlation)
    measured = between(np.diff(panel.target.reshape(12, -1)[:, -STEPS:])).mean()
    made, _ = predict_paths(baseline("naive"), panel, horizon=3, paths=3000)
    for step in (0, 2):
        assert between(made.values[:, step]).mean() == pytest.approx(measured, abs=0.06)
    assert made.correlation == pytest.approx(measured, abs=0.06)


def test_when_paths_share_shocks_then_the_distribution_of_each_series_stays():
    panel = walks(5, 0.7)
    shocks = shared_shocks(panel, last_origins(panel), 0)
    made = shocks.of(windows_of(panel), 4, 5000)
    np.testing.assert_allclose(made.mean(2), 0, atol=0.06)
    np.testing.assert_allclose(made.std(2), 1, atol=0.04)
    alone = SharedShocks(0).of(windows_of(panel), 4, 5000)
    np.testing.assert_allclose(np.quantile(made, (0.05, 0.5, 0.95), 2), np.quantile(alone, (0.05, 0.5, 0.95), 2), atol=0.15)
    steps = np.corrcoef(made[0])
    assert np.abs(steps[np.triu_indices(4, 1)]).max() < 0.06


def test_when_what_series_share_lasts_longer_than_their_noise_then_it_counts_as_it_does_over_some_steps():
    rng = np.random.default_rng(0)
    weather = np.zeros(800)
    for t in range(1, 800):
        weather[t] = 0.97 * weather[t - 1] + rng.normal(0, 0.3)
    panel = Panel.from_arrays(list(weather + rng.normal(0, 1, (10, 800))), freq="h", start="2024-01-01")
    assert shared_shocks(panel, last_origins(panel), 0).correlation > 0.4  # 0.13 from single steps


def test_when_series_move_in_two_groups_or_against_each_other_then_so_do_their_shocks():
    first, second = steps_of(3, 0.8, seed=1), steps_of(3, 0.8, seed=2)
    panel = Panel.from_arrays(list(np.concatenate([first, second, -first[:1]]).cumsum(1)), freq="D", start="2024-01-01")
    found = np.corrcoef(shared_shocks(panel, last_origins(panel), 0).of(windows_of(panel), 1, 4000)[:, 0])
    assert found[0, 1] == pytest.approx(0.8, abs=0.1)
    assert found[3, 4] == pytest.approx(0.8, abs=0.1)
    assert abs(found[0, 3]) < 0.25
    assert found[0, 6] < -0.85


def test_when_windows_come_in_batches_then_their_shocks_are_bit_identical():
    panel = walks(7, 0.5)
    shocks, windows = shared_shocks(panel, last_origins(panel), 3), windows_of(panel)
    whole = shocks.of(windows, 4, 9)
    for b in range(7):
        one = gather(panel, last_origins(panel)[np.array([b])], 8, 4)
        np.testing.assert_array_equal(shocks.of(one, 4, 9)[0], whole[b])
    np.testing.assert_array_equal(shocks.of(windows, 2, 9), whole[:, :2])
    forecaster = baseline("naive")
    made = [predict_paths(forecaster, panel, horizon=4, paths=9, seed=3, batch=batch)[0].values for batch in (1, 3, 512)]
    np.testing.assert_array_equal(made[0], made[2])
    np.testing.assert_array_equal(made[1], made[2])
    assert not np.array_equal(shared_shocks(panel, last_origins(panel), 4).of(windows, 4, 9), whole)


def test_when_a_series_is_short_then_it_shares_as_much_as_the_others():
    panel = walks(10, 0.7)
    target = panel.target.copy()
    target[:420] = np.nan
    young = dataclasses.replace(panel, target=target)
    found = np.corrcoef(shared_shocks(young, last_origins(young), 0).of(windows_of(young), 1, 4000)[:, 0])
    assert found[0, 1:].mean() == pytest.approx(0.7, abs=0.15)
    target[:490] = np.nan  # ten values tell nothing
    new = dataclasses.replace(panel, target=target)
    found = np.corrcoef(shared_shocks(new, last_origins(new), 0).of(windows_of(new), 1, 4000)[:, 0])
    assert np.abs(found[0, 1:]).max() < 0.08
    assert found[1, 2:].mean() == pytest.approx(0.7, abs=0.1)


def test_when_a_series_ends_earlier_then_it_shares_the_shocks_of_the_same_days():
    panel, lag = walks(6, 0.8), 2
    origins = last_origins(panel)
    origins = Origins(origins.item, origins.row - np.array([lag, 0, 0, 0, 0, 0]))
    made = shared_shocks(panel, origins, 0).of(windows_of(panel, origins), 4, 3000)
    assert np.corrcoef(made[0, lag], made[1, 0])[0, 1] == pytest.approx(0.8, abs=0.1)
    assert abs(np.corrcoef(made[0, 0], made[1, 0])[0, 1]) < 0.08


def test_when_values_after_the_origins_change_then_the_shocks_stay():
    panel = walks(6, 0.5)
    origins = Origins(np.arange(6), last_origins(panel).row - 100)
    target = panel.target.copy().reshape(6, -1)
    target[:, -100:] = steps_of(6, 0.0, 100, seed=5)
    changed = dataclasses.replace(panel, target=target.reshape(-1))
    first, second = (shared_shocks(data, origins, 0).loadings for data in (panel, changed))
    np.testing.assert_array_equal(first, second)


def test_when_there_are_many_series_then_memory_grows_with_their_number_only():
    panel = walks(600, 0.4, length=120)
    shocks = shared_shocks(panel, last_origins(panel), 0)
    assert shocks.loadings.shape[1] <= STEPS + 1
    assert shocks.correlation == pytest.approx(0.4, abs=0.12)


def test_when_there_is_one_series_or_only_constant_ones_then_each_has_shocks_of_its_own():
    one = walks(1, 0.0)
    assert shared_shocks(one, last_origins(one), 0).correlation == 0
    flat = Panel.from_arrays([np.full(60, 3.0), np.full(60, 5.0)], freq="D", start="2024-01-01")
    found = shared_shocks(flat, last_origins(flat), 0)
    assert found.correlation == 0
    assert abs(between(found.of(windows_of(flat), 1, 3000)[:, 0])[0]) < 0.08


def test_when_correlations_are_well_known_then_they_are_kept_and_when_noise_they_shrink_to_their_mean():
    blocks = np.concatenate([steps_of(5, 0.8, 256, seed=1), steps_of(5, 0.8, 256, seed=2)])
    mean, shrinkage = mean_and_shrinkage(normal_scores_of(blocks))
    assert mean == pytest.approx(0.8 * 20 / 45, abs=0.1)
    assert shrinkage < 0.1
    mean, shrinkage = mean_and_shrinkage(normal_scores_of(steps_of(20, 0.5, 256)))
    assert mean == pytest.approx(0.5, abs=0.1)
    assert shrinkage > 0.6
    assert mean_and_shrinkage(np.zeros((4, 100))) == (0.0, 1.0)
    assert mean_and_shrinkage(np.ones((4, 9))) == (0.0, 1.0)  # too few steps


def test_when_turmoil_raises_all_correlations_then_their_differences_are_kept():
    rng = np.random.default_rng(0)
    market = rng.standard_normal(256) * np.where(np.arange(256) // 32 % 2, 0.2, 1.4)
    share = np.repeat([0.9, 0.4], 8)[:, None]
    mean, shrinkage = mean_and_shrinkage(
        normal_scores_of(share * market + (1 - share**2) ** 0.5 * rng.standard_normal((16, 256)))
    )
    assert mean > 0.3
    assert shrinkage < 0.14  # 0.18 with the variance of the mean counted too


def test_when_values_are_ranked_then_scores_are_normal_and_ties_are_equal():
    values = np.array([[3.0, 1, 1, np.nan, 1e9, 2], [4, 4, 4, 4, 4, np.nan]])
    found = normal_scores_of(values)
    assert found[0, 1] == found[0, 2] < found[0, 5] < found[0, 0] < found[0, 4] < 3
    assert np.isnan(found[0, 3])
    assert np.nanmean(found[0] ** 2) == pytest.approx(1, abs=1e-6)
    assert np.isnan(found[1]).all()


def test_when_shocks_are_blended_with_errors_then_the_shrinkage_sets_the_shares():
    panel = walks(4, 0.6)
    errors = np.random.default_rng(0).choice([-1.0, 1.0], 36) * np.array([1.0, 1, -1, 0])[:, None]
    shocks = shared_shocks(panel, last_origins(panel), 0)
    usual, mixed = (np.corrcoef(one.of(windows_of(panel), 1, 5000)[:, 0]) for one in (shocks, shocks.blended(errors, 0.5)))
    assert mixed[0, 1] == pytest.approx(0.5 * usual[0, 1] + 0.5, abs=0.06)
    assert mixed[0, 2] == pytest.approx(0.5 * usual[0, 2] - 0.5, abs=0.06)
    assert mixed[0, 3] == pytest.approx(0.5**0.5 * usual[0, 3], abs=0.06)  # without errors
    same = shocks.blended(np.zeros((4, 0)), 1.0).of(windows_of(panel), 1, 5000)
    assert np.corrcoef(same[:, 0]) == pytest.approx(usual, abs=0.06)


def test_when_scores_of_paths_are_drawn_then_sums_of_correlated_series_spread_further():
    def drawn(panel: Panel) -> np.ndarray:
        origins = last_origins(panel)
        return scores_after(panel, origins, 3, 1000, shared_shocks(panel, origins, 0))

    apart, together = drawn(walks(20, 0.0)), drawn(walks(20, 0.6))
    assert apart.shape == (20, 3, 1000)
    assert together.sum(0).std(1).mean() > 2.5 * apart.sum(0).std(1).mean()
