"""Paths that carry the uncertainty of one pass into the next."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from tsattn.model.rollout import path_levels, quantiles_of, through, unit_levels


def scores_of(levels: object) -> np.ndarray:
    return np.vectorize(NormalDist().inv_cdf)(np.asarray(levels))


@pytest.mark.parametrize("count", [1, 3, 9, 19, 81])
def test_when_levels_stand_for_a_distribution_then_they_vary_as_a_normal_variable_does(count):
    levels = unit_levels(count)
    scores = scores_of(levels)
    assert np.mean(scores) == pytest.approx(0, abs=1e-9)
    assert np.mean(scores**2) == pytest.approx(1 if count > 1 else 0)
    assert levels == tuple(sorted(set(levels)))


def test_when_paths_are_drawn_then_they_vary_at_every_step_and_persist_for_a_while():
    levels = path_levels(9, 400)
    scores = scores_of(levels)
    assert levels.shape == (400, 9)
    np.testing.assert_allclose(scores.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(scores.std(1), 1, atol=1e-6)
    np.testing.assert_allclose(scores, -scores[:, ::-1], atol=1e-6)
    correlation = [np.corrcoef(scores[lag:].ravel(), scores[: 400 - lag].ravel())[0, 1] for lag in (1, 10, 100)]
    assert correlation[0] > 0.9
    assert 0.2 < correlation[1] < 0.9
    assert abs(correlation[2]) < 0.3


def test_when_more_steps_are_asked_for_then_the_first_ones_are_the_same():
    np.testing.assert_array_equal(path_levels(9, 100)[:30], path_levels(9, 30))
    assert (path_levels(1, 5) == 0.5).all()


def test_when_quantiles_of_a_pool_are_taken_then_numpy_agrees():
    pool = np.random.default_rng(0).standard_normal((3, 5, 81)).astype(np.float32)
    levels = np.array([0.001, 0.1, 0.5, 0.77, 0.9, 0.999])
    wanted = np.quantile(pool, levels, axis=-1, method="hazen").transpose(1, 2, 0)
    got = quantiles_of(pool, levels)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    assert got.dtype == np.float32
    by_step = np.random.default_rng(1).random((5, 4))
    each = np.stack([quantiles_of(pool[:, step : step + 1], by_step[step])[:, 0] for step in range(5)], 1)
    np.testing.assert_array_equal(quantiles_of(pool, by_step), each)


def test_when_paths_are_led_through_a_pool_then_they_have_its_mean_and_its_variance():
    pool = np.random.default_rng(3).gamma(2.0, size=(4, 30, 81)).astype(np.float32)
    paths = through(pool, path_levels(9, 30))
    np.testing.assert_allclose(paths.mean(-1), pool.mean(-1), rtol=1e-5)
    np.testing.assert_allclose(paths.std(-1), pool.std(-1), rtol=1e-5)
    flat = through(np.full((1, 5, 81), 7.0, np.float32), path_levels(9, 5))
    assert (flat == 7.0).all()
    assert np.isfinite(through(pool * np.float32(1e37), path_levels(9, 30))).all()


def test_when_levels_rise_then_quantiles_never_cross():
    pool = np.random.default_rng(2).standard_normal((50, 4, 81)).astype(np.float32) * 1e8 + 1e12
    assert (np.diff(quantiles_of(pool.astype(np.float32), np.linspace(0.01, 0.99, 60)), axis=-1) >= 0).all()
