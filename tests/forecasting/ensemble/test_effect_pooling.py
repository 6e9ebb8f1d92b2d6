"""Effects of many series: what is common is shared, what differs is kept, and noise is next to nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.ensemble.effect_pooling import groupings_of, pool, pool_by_best
from tsattn.forecasting.ensemble.series_effects import estimate, level_and_season, slopes_of


def test_when_series_share_an_effect_then_each_is_drawn_to_it_and_surer_than_alone():
    rng = np.random.default_rng(0)
    beta, variance = 0.3 + 0.1 * rng.normal(size=20), np.full(20, 0.01)
    found = pool(beta, variance, np.zeros(20, np.int64), 1000)
    assert found.common.value == pytest.approx(0.3, abs=0.06)
    assert found.beta.std() < 0.5 * beta.std()
    assert (found.variance < variance).all()
    assert found.sure > 0.99


def test_when_groups_differ_then_each_keeps_its_own_mean():
    rng, group = np.random.default_rng(1), np.arange(30) % 3
    truth = np.array([0.1, 0.5, 0.9])
    found = pool(truth[group] + 0.05 * rng.normal(size=30), np.full(30, 0.05**2), group, 1000)
    assert found.differ
    np.testing.assert_allclose([mean.value for mean in found.groups], truth, atol=0.05)


def test_when_effects_are_noise_then_they_are_improbable():
    rng = np.random.default_rng(2)
    sure = [pool(0.1 * rng.normal(size=5), np.full(5, 0.01), np.zeros(5, np.int64), 1000).sure for _ in range(50)]
    assert np.mean(sure) < 0.15


def test_when_a_series_tells_nothing_then_it_takes_the_common_effect():
    found = pool(np.array([0.4, 0.4, 0.0]), np.array([1e-4, 1e-4, np.inf]), np.zeros(3, np.int64), 1000)
    assert found.beta[2] == pytest.approx(0.4, abs=0.01)
    assert np.isfinite(found.variance[2])


def test_when_no_series_tells_anything_then_there_is_no_effect():
    found = pool(np.zeros(3), np.full(3, np.inf), np.zeros(3, np.int64), 1000)
    assert found.sure == 0
    assert not np.isfinite(found.common.variance)


def regressions(count: int, weight: float) -> np.ndarray:
    """(count,) errors of estimates of an effect of 2, in standard errors; residuals are autoregressive."""
    out = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        x = (rng.random(80) < 0.3).repeat(5).astype(float)
        noise = rng.normal(size=400)
        for t in range(1, 400):
            noise[t] += weight * noise[t - 1]
        y = 50 + 0.05 * np.arange(400) + 3 * np.sin(2 * np.pi * np.arange(400) / 7) + 2 * x + noise
        beta, variance = slopes_of(estimate(y, x[:, None], (7,)), np.ones(1, bool))
        out.append((beta[0] - 2) / np.sqrt(variance[0]))
    return np.array(out)


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_when_residuals_depend_on_their_own_past_then_the_interval_still_covers_the_effect(weight):
    errors = regressions(60, weight)
    assert (np.abs(errors) < 1.96).mean() > 0.87
    assert abs(errors.mean()) < 0.4


def test_when_a_few_values_are_wild_then_the_effect_is_hardly_moved():
    rng = np.random.default_rng(3)
    x = (rng.random(300) < 0.3).astype(float)
    y = 10 + 2 * x + rng.normal(size=300)
    y[[50, 120, 200]] += 500
    beta, _ = slopes_of(estimate(y, x[:, None], (7,)), np.ones(1, bool))
    assert beta[0] == pytest.approx(2, abs=0.5)


def test_when_a_covariate_never_changes_then_its_effect_is_unknown():
    y = np.random.default_rng(4).normal(size=100)
    _, variance = slopes_of(estimate(y, np.ones((100, 1)), (7,)), np.ones(1, bool))
    assert np.isinf(variance[0])


def test_when_a_day_is_missing_then_its_level_and_weekday_stand_in_for_it():
    week = np.tile([1.0, 2, 3, 4, 5, 6, 7], 20)
    holes = week.copy()
    holes[[50, 77]] = np.nan
    np.testing.assert_allclose(level_and_season(holes, (7,))[[50, 77]], week[[50, 77]], atol=0.2)


def test_when_one_of_several_groupings_explains_the_effects_then_it_is_taken():
    rng, n = np.random.default_rng(3), 24
    all_alike, shop, product = np.zeros(n, np.int64), np.arange(n) // 6, np.arange(n) % 6
    truth = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 1.1])[product] + 0.05 * rng.normal(size=n)
    spread = np.full(n, 0.05**2)
    spread[0] = np.inf  # a new series
    found = pool_by_best(truth, spread, groupings_of(np.stack([all_alike, shop, product], 1)), 1000)
    assert found.grouping == 2
    assert found.beta[0] == pytest.approx(0.1, abs=0.07)
    same = pool_by_best(0.4 + 0.05 * rng.normal(size=n), spread, groupings_of(np.stack([all_alike, shop, product], 1)), 1000)
    assert same.grouping == 0


def test_groups_as_many_as_series_are_ignored():
    groups = np.stack([np.zeros(6, np.int64), np.arange(6)], 1)
    assert pool_by_best(np.arange(6.0), np.full(6, 1e-4), groupings_of(groups), 1000).grouping == 0


@pytest.mark.parametrize("count", [3, 5, 9, 30])
def test_when_one_effect_is_an_outlier_then_it_is_kept_and_a_new_series_gets_the_effect_of_the_others(count):
    rng = np.random.default_rng(count)
    beta = np.r_[0.01 * rng.normal(size=count - 1), 5.0, 0.0]
    variance = np.r_[np.full(count, 1e-4), np.inf]
    found = pool(beta, variance, np.zeros(count + 1, np.int64), 1000)
    assert found.beta[-2] == pytest.approx(5, abs=0.01)
    assert abs(found.beta[-1]) < 0.5 / count  # a mean would be 5 / count
    assert np.sqrt(found.variance[-1]) < 0.3


@pytest.mark.parametrize("count", [2, 3, 5, 9, 30])
def test_when_effects_differ_moderately_then_a_new_series_gets_the_common_effect(count):
    made = []
    for seed in range(30):
        beta = np.r_[0.4 + 0.1 * np.random.default_rng(seed).normal(size=count), 0.0]
        found = pool(beta, np.r_[np.full(count, 1e-4), np.inf], np.zeros(count + 1, np.int64), 1000)
        made.append(found.beta[-1])
    np.testing.assert_allclose(np.std(made), 0.1 / np.sqrt(count), rtol=0.5)
    assert np.mean(made) == pytest.approx(0.4, abs=0.04)


def test_when_half_of_the_effects_are_of_another_kind_then_each_is_kept():
    beta = np.r_[np.zeros(5), np.full(5, 0.5)] + 0.01 * np.random.default_rng(0).normal(size=10)
    found = pool(beta, np.full(10, 1e-4), np.zeros(10, np.int64), 1000)
    np.testing.assert_allclose(found.beta, beta, atol=0.01)
