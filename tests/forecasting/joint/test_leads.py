"""Leads among innovations: found where they are, and none in noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tsattn.forecasting.joint.innovations import innovations
from tsattn.forecasting.joint.leads import Leads, carried, expected, find_leads, signals_of

RNG = np.random.default_rng(0)


def test_when_one_series_leads_another_then_the_lag_and_the_weight_are_found():
    x = RNG.normal(size=603)
    made = innovations(np.stack([x[3:], 0.8 * x[:-3] + 0.6 * RNG.normal(size=600), RNG.normal(size=600)]), ())
    leads = find_leads(made, signals_of(made), 600)
    assert [len(one) for one in leads] == [0, 1, 0]
    assert (leads[1].source.tolist(), leads[1].lag.tolist()) == ([0], [3])
    assert leads[1].weight[0] == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_when_columns_are_noise_then_nothing_leads(seed):
    rng = np.random.default_rng(seed)
    made = innovations(np.cumsum(rng.normal(size=(10, 500)), 1), ())
    assert sum(len(one) for one in find_leads(made, signals_of(made), 500)) <= 1


def test_when_there_are_few_pairs_then_a_series_still_does_not_lead_itself():
    noise = np.random.default_rng(3).normal(size=(2, 241))
    moved = noise[0, 1:] + 0.9 * noise[0, :-1]  # its own past leads it, which is not to be found
    made = replace(innovations(noise[:, 1:], ()), values=np.stack([moved, 0.6 * noise[0, 1:] + 0.8 * noise[1, 1:]]))
    leads = find_leads(made, signals_of(made), 240)
    assert len(leads[0])
    assert 0 not in leads[0].source
    assert 1 not in leads[1].source


def test_when_all_series_share_a_movement_then_it_is_a_signal_of_its_own():
    common = RNG.normal(size=500)
    made = innovations(common + RNG.normal(size=(8, 500)), ())
    signals = signals_of(made)
    assert len(signals) == 11
    assert abs(np.corrcoef(signals[-1], common)[0, 1]) > 0.9


def test_when_leads_are_expected_then_only_signals_before_the_cutoff_count():
    leads = Leads(np.array([0]), np.array([3]), np.array([2.0]))
    signal = expected(leads, np.arange(10.0)[None], np.array([6]), 5)
    assert signal.tolist() == [[6, 8, 10, 0, 0]]  # the signals at steps 3, 4 and 5
    assert carried(signal, np.array([1, 0.5, 0, 0, 0])).tolist() == [[6, 11, 14, 5, 0]]
