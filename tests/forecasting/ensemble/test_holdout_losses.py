"""Losses at hold-out origins: a part of the horizon is judged by its own steps, and by all where it has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.forecasting.baselines.simple import HistoricQuantiles, Naive
from tsattn.forecasting.ensemble.calibration import Shrinkage
from tsattn.forecasting.ensemble.ensemble import Ensemble
from tsattn.forecasting.ensemble.holdout_losses import HoldoutLosses

LEVELS = np.array([0.1, 0.5, 0.9])
EDGES = [0, 4, 8, 16]


def losses(truth: np.ndarray) -> HoldoutLosses:
    """Two members at 3 origins of 2 windows: the first is off by 1 for 4 steps and by 3 after them, the second by 2."""
    near = np.where(np.arange(16) < 4, 1.0, 3.0)
    values = np.stack([np.broadcast_to(near, (3, 2, 16)), np.full((3, 2, 16), 2.0)], 1)[..., None] + np.zeros(3)
    scored = np.ones((3, 2), bool)
    return HoldoutLosses.of(truth, values, LEVELS, scored, np.full(2, 1e-9), EDGES)


def test_when_a_member_is_better_at_first_and_worse_later_then_the_ratios_say_so() -> None:
    ratio, evidence = losses(np.zeros((3, 2, 16))).ratios(np.ones(3, bool), near=1.0)
    assert ratio.shape == (2, 2, 3)
    assert evidence == pytest.approx([3, 3])
    assert ratio[:, 0, 0] == pytest.approx([0, np.log(2)])
    assert ratio[:, 0, 2] == pytest.approx([np.log(1.5), 0])
    whole, _ = losses(np.zeros((3, 2, 16))).ratios(np.ones(3, bool), near=0.0)
    assert (whole == whole[..., :1]).all()
    half, _ = losses(np.zeros((3, 2, 16))).ratios(np.ones(3, bool), near=0.5)
    assert half == pytest.approx((ratio + whole) / 2)


def test_when_a_part_has_no_truth_then_its_ratio_is_that_of_the_whole_horizon() -> None:
    truth = np.zeros((3, 2, 16))
    truth[:, :, :4] = np.nan
    found = losses(truth)
    ratio, evidence = found.ratios(np.ones(3, bool), near=0.8)
    whole, _ = found.ratios(np.ones(3, bool), near=0.0)
    assert evidence == pytest.approx([0.75 * 3, 0.75 * 3])
    assert ratio[..., 0] == pytest.approx(whole[..., 0])


def test_when_methods_differ_in_how_far_ahead_they_see_then_each_step_takes_the_better_one() -> None:
    rng, series = np.random.default_rng(1), np.zeros((30, 600))
    for t in range(1, 600):  # the last value is best at first, the mean far ahead
        series[:, t] = 0.9 * series[:, t - 1] + rng.normal(size=30)
    batch = replace(batch_of(*(20 + series), horizon=32), cutoff=np.zeros(30, "datetime64[us]"))
    last, usual = (one.predict(batch)[..., 4] for one in (Naive(), HistoricQuantiles()))
    far = np.abs(last - usual)[:, 0] > 2
    share = {}  # of the last value in the forecast
    for near in (0.0, 0.8):
        made = Ensemble(HistoricQuantiles(), [Naive()], shrinkage=Shrinkage(near=near)).predict(batch)[..., 4]
        share[near] = ((made - usual) / (last - usual))[far].mean(0)
    assert np.ptp(share[0.0]) < 0.01
    assert share[0.8][0] > share[0.0][0] + 0.2
    assert share[0.8][-1] < share[0.8][0] - 0.3
