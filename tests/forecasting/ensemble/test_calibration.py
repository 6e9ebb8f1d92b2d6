"""Widths are calibrated by parts of the horizon, the first of them short."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.ensemble.calibration import Shrinkage, catch_up_factors, errors_alike, widened, widths_of


def test_when_errors_are_small_far_ahead_only_then_the_next_steps_keep_their_widths():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 0.78, (4, 60, 64))  # 80 % lie within 1
    scores[:, :, 16:] *= 0.3
    pools = ((np.arange(60), np.arange(60)),)
    factors = widths_of(scores, np.full(60, 4.0), pools, Shrinkage())
    assert factors[:, :, :8].min() > 0.85
    assert factors[:, :, 24:].max() < 0.6
    assert np.abs(np.diff(factors, axis=-1)).max() < 0.1  # no jump where a part ends


def test_when_errors_far_ahead_were_small_then_the_interval_of_a_random_walk_still_does_not_narrow():
    spread = np.sqrt(np.arange(1.0, 33))[None]
    walk = np.stack([-spread, 0 * spread, spread], -1)  # (1, 32, 3)
    factors = np.broadcast_to(np.where(np.arange(32) < 16, 1.0, 0.4), (2, 1, 32))
    made = widened(walk, (0.1, 0.5, 0.9), factors)
    assert (np.diff(made[0, :, 2]) >= 0).all()
    assert (np.diff(made[0, :, 0]) <= 0).all()
    season = np.where(np.arange(32) % 8 < 4, 1.0, 3.0)[None]
    made = widened(np.stack([-season, 0 * season, season], -1), (0.1, 0.5, 0.9), factors)
    assert made[0, 24:, 2].max() < 0.6 * made[0, :8, 2].max()  # where the width has a season, its nights let it narrow


def factors_of(scores, items):
    pools = ((np.arange(items), np.arange(items)),)
    return widths_of(scores, np.full(items, 4.0), pools, Shrinkage())


def test_when_every_error_of_one_series_is_tiny_then_its_interval_narrows_much_and_one_bad_origin_widens_it_little():
    rng = np.random.default_rng(0)
    tiny = factors_of(rng.normal(0, 0.02, (4, 1, 8)), 1)
    usual = factors_of(rng.normal(0, 0.78, (4, 1, 8)), 1)
    bad = rng.normal(0, 0.3, (4, 1, 8))
    bad[0] = 6.0
    assert tiny.max() < 0.55
    assert 0.8 < usual.min() <= usual.max() < 1.2
    assert factors_of(bad, 1)[1].max() < 1.4


def test_when_a_pool_has_many_origins_then_a_small_miscalibration_is_mended_and_in_a_small_pool_it_is_left():
    scores = np.random.default_rng(0).normal(0, 0.78 * 0.85, (4, 80, 8))
    assert factors_of(scores, 80).mean() == pytest.approx(0.87, abs=0.04)
    assert factors_of(scores[:, :1], 1).mean() > 0.93


def test_when_series_err_together_then_they_count_as_few_and_independent_ones_as_themselves():
    rng = np.random.default_rng(0)
    shock, own = rng.normal(0, 1, (6, 1, 8)).cumsum(2), rng.normal(0, 0.1, (6, 30, 8))
    assert errors_alike(shock + own) > 25
    assert errors_alike(np.full((6, 30, 8), np.nan)) == 1.0
    assert np.mean([errors_alike(rng.normal(0, 1, (6, 30, 8))) for _ in range(50)]) < 2
    halves = np.concatenate([shock + own[:, :15], rng.normal(0, 1.0, (6, 15, 8)).cumsum(2)], 1)
    assert 1.5 < errors_alike(halves) < 20


def test_when_all_series_rose_at_the_few_origins_then_their_intervals_do_not_lean_upwards():
    rng = np.random.default_rng(1)
    market = np.abs(rng.normal(0.8, 0.3, (4, 1, 1)))  # four common rises: with 30 independent series, strong evidence
    below, above = factors_of(market + rng.normal(0, 0.05, (4, 30, 8)), 30)
    assert below.min() > 0.7
    assert above.max() < 1.1
    below, above = factors_of(np.abs(rng.normal(0, 1.2, (4, 30, 8))), 30)  # each series for itself
    assert below.max() < 0.6


def test_when_noise_grows_with_the_level_and_the_width_does_not_then_it_is_made_up_for():
    levels = np.array([[1.0], [0.6], [0.2]])  # of the forecast, and of two origins
    share, same = np.ones((2, 1)), np.ones((3, 1))
    assert catch_up_factors(same, levels, np.ones(1), share) == pytest.approx(np.exp(0.6))
    assert catch_up_factors(np.exp(levels), levels, np.ones(1), share) == pytest.approx(1)
    assert catch_up_factors(np.exp(0.5 * levels), levels, np.array([0.5]), share) == pytest.approx(1)
    assert catch_up_factors(same, levels, np.zeros(1), share) == 1
    assert catch_up_factors(same, -levels, np.ones(1), share) == pytest.approx(np.exp(-0.6))  # a level that fell


def test_when_a_width_moves_for_another_reason_than_the_level_then_it_stays():
    levels, share = np.array([[1.0], [0.6]]), np.ones((1, 1))
    assert catch_up_factors(np.array([[9.0], [1.0]]), levels, np.ones(1), share) == 1
    assert catch_up_factors(np.array([[1.0], [9.0]]), levels, np.ones(1), share) == pytest.approx(np.exp(0.4))
    assert catch_up_factors(np.array([[1.0], [9.0]]), levels, np.ones(1), 0 * share) == 1
