"""Widths are calibrated by parts of the horizon, the first of them short."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tsattn.forecasting.ensemble.calibration import Shrinkage, _edges, widths_of
from tsattn.forecasting.ensemble.holdout import Pools


@pytest.mark.parametrize("horizon", [1, 7, 8, 9, 48, 64, 192])
def test_when_a_horizon_is_cut_into_parts_then_they_cover_it_and_a_longer_one_begins_alike(horizon):
    edges = _edges(horizon, 8)
    assert edges[0] == 0
    assert edges[-1] == horizon
    assert all(a < b for a, b in itertools.pairwise(edges))
    assert _edges(2 * horizon, 8)[: len(edges) - 1] == edges[:-1]


def test_when_errors_are_small_far_ahead_only_then_the_next_steps_keep_their_widths():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 0.78, (4, 60, 64))  # 80 % lie within 1
    scores[:, :, 16:] *= 0.3
    pools = Pools(((np.arange(60), np.arange(60)),))
    factors = widths_of(scores, np.full(60, 4.0), pools, Shrinkage())
    assert factors[:, :, :16].min() > 0.85
    assert factors[:, :, 16:].max() < 0.6


def factors_of(scores, items):
    pools = Pools(((np.arange(items), np.arange(items)),))
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
