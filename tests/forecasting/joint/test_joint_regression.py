"""Forecasts of several series together: better where one leads another, unchanged where none does, and never looking ahead."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.errors import ConfigError
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.ridge import Ridge
from tsattn.forecasting.joint import joint_regression
from tsattn.forecasting.joint.joint_regression import JointRegression, Remembered
from tsattn.forecasting.joint.leads import Leads
from tsattn.forecasting.metrics import mase, wql
from tsattn.forecasting.predict import predict


def pair(rho: float = 0.9, steps: int = 500, seed: int = 0) -> Panel:
    """`b` follows `a` by three steps; `c` is noise."""
    rng = np.random.default_rng(seed)
    x = np.zeros(steps + 3)
    for t in range(1, steps + 3):
        x[t] = rho * x[t - 1] + rng.normal()
    series = [20 + 2 * x[3:], 50 + 5 * x[:-3] + rng.normal(0, 0.5, steps), rng.normal(10, 1, steps)]
    return Panel.from_arrays(series, freq="h", item_ids=["a", "b", "c"], start="2024-01-01")


@pytest.mark.parametrize("rho", [0.0, 0.9, 1.0])
def test_when_one_series_leads_another_by_three_steps_then_its_error_is_more_than_halved(rho):
    panel = pair(rho)
    scores = backtest([Ridge(), JointRegression(Ridge(), panel, 3)], panel, horizon=3, windows=5)
    for ratio in (mase(scores.by_item)[1] / mase(scores.by_item)[0], wql(scores.by_item)[1] / wql(scores.by_item)[0]):
        assert ratio[1] < 0.5
        assert ratio[0] == ratio[2] == 1


def test_when_what_led_before_no_longer_leads_then_the_forecast_is_unchanged(monkeypatch):
    panel = pair()
    none = Leads(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    found = joint_regression.find_leads
    steps = panel.lengths.max()
    monkeypatch.setattr(
        joint_regression, "find_leads", lambda made, signals, stop: [none] * 3 if stop == steps else found(made, signals, stop)
    )
    joint = JointRegression(Ridge(), panel, 3)
    np.testing.assert_array_equal(*(predict(one, panel, horizon=3)[0].values for one in (joint, Ridge())))
    assert joint.effects_between() == ()


def test_when_series_are_unrelated_then_forecasts_are_bit_identical():
    rng = np.random.default_rng(1)
    panel = Panel.from_arrays(list(np.cumsum(rng.normal(size=(5, 300)), 1)), freq="D", start="2024-01-01")
    joint = JointRegression(Ridge(), panel, 12)
    np.testing.assert_array_equal(predict(joint, panel, horizon=12)[0].values, predict(Ridge(), panel, horizon=12)[0].values)
    assert joint.effects_between() == ()


def test_when_a_series_follows_another_then_the_effect_says_by_how_much():
    (effect,) = JointRegression(Ridge(), pair(), 3).effects_between()
    assert (effect.series, [(lead.series, lead.lag) for lead in effect.leads]) == ("b", [("a", 3)])
    assert effect.gain > 0.7
    assert "b follows a by 3 steps" in str(effect)


def test_when_what_comes_after_a_cutoff_changes_then_no_forecast_from_it_does():
    panel = pair()
    loud, row = panel.target.copy(), panel.origin - 30
    for first, end in zip(row, panel.origin, strict=True):
        loud[first:end] = np.random.default_rng(2).normal(0, 1e4, 30)
    made = []
    for one in (panel, dataclasses.replace(panel, target=loud)):
        origins = Origins(np.arange(3), row)
        made.append(predict(JointRegression(Ridge(), one, 6), one, horizon=6, origins=origins)[0].values)
    np.testing.assert_array_equal(*made)
    plain = predict(Ridge(), panel, horizon=6, origins=Origins(np.arange(3), row))[0].values
    assert (made[0][1] != plain[1]).any()


def test_when_a_column_is_missing_much_then_the_others_still_inform_each_other():
    panel = pair()
    panel.target[panel.indptr[2] : panel.indptr[2] + 450] = np.nan
    panel.target[panel.indptr[1] + 100 : panel.indptr[1] + 110] = np.nan
    effects = JointRegression(Ridge(), panel, 3).effects_between()
    assert [effect.series for effect in effects] == ["b"]


def test_when_there_are_too_many_series_then_the_error_says_so():
    panel = Panel.from_arrays([np.arange(5.0)] * 257, freq="D")
    with pytest.raises(ConfigError, match="256 series at most"):
        JointRegression(Ridge(), panel, 3)


def test_when_a_batch_is_seen_again_then_it_is_answered_from_memory():
    panel = pair(steps=100)
    remembered = Remembered(Ridge())
    first = predict(remembered, panel, horizon=3)[0].values
    again = predict(remembered, panel, horizon=3)[0].values
    np.testing.assert_array_equal(again, first)
    assert len(remembered._made) == 1
