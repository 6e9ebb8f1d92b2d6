"""Benchmark of the parts of the network, on small data."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks import attention, family, robustness
from tests import tiny
from tsattn.config import ModelConfig
from tsattn.data.windows import gather, last_origins
from tsattn.errors import ConfigError
from tsattn.forecasting.baselines import baseline
from tsattn.nn.inputs import InputSpec

SPEC = InputSpec(0, 2, 0, (0.1, 0.5, 0.9))


def test_when_networks_are_compared_then_all_have_about_the_parameters_of_the_usual_one():
    usual = ModelConfig(context=256, patch=16, horizon=24)
    wanted = family.parameters(usual, SPEC)
    assert family.width_for(usual, SPEC, wanted) == usual.width
    for name in ("none/full/direct", "gru/none/cross-attention", "lstm/linear/autoregressive"):
        (parts,) = family.family([name])
        config = dataclasses.replace(usual, **parts)
        same = dataclasses.replace(config, width=family.width_for(config, SPEC, wanted))
        assert family.parameters(same, SPEC) == pytest.approx(wanted, rel=0.08)
    assert len(family.family()) == 3 * 4 * 4
    with pytest.raises(ConfigError, match="unknown network lstm/all/direct"):
        family.family(["lstm/all/direct"])


def test_when_attention_is_measured_then_the_slope_is_the_exponent_of_growth():
    rows = [{"kind": "full", "tokens": t, "seconds": 1e-6 * t**2, "mib": 0.5 * t} for t in (512, 1024, 2048, 4096)]
    assert attention.slope(rows, "seconds") == pytest.approx(2.0)
    assert attention.slope(rows, "mib") == pytest.approx(1.0)
    assert attention.expected("full", 32768) > 8 * attention.expected("full", 8192) > 64 * attention.expected("linear", 8192)
    found = attention.measure("window", 64, 1)
    assert found["seconds"] > 0
    assert attention.render([found]).row_count == 2


@pytest.mark.parametrize("damage", [name for name in robustness.DAMAGE if name != "none"])
def test_when_a_context_is_damaged_then_all_see_the_same_and_the_batch_stays(damage):
    panel = tiny.waves((700, 300))
    windows = {context: gather(panel, last_origins(panel), context, 4) for context in (100, 700)}
    seen = {}

    class Spy:
        name, quantiles, context = "spy", (0.5,), None

        def predict(self, batch):
            seen[batch.context] = batch.past_target
            return np.zeros((len(batch), 4, 1), np.float32)

    for context, window in windows.items():
        before = window.past_target.copy()
        robustness.Damaged(Spy(), damage, 0).predict(window)
        np.testing.assert_array_equal(window.past_target, before)
        assert context == 100 or not np.array_equal(seen[context], before, equal_nan=True)  # few blocks may miss the end
    moved = {c: np.nan_to_num(seen[c] - windows[c].past_target, nan=99.0)[0] for c in windows}
    np.testing.assert_allclose((moved[100] != 0), (moved[700][-100:] != 0))
    if damage.startswith("outliers"):
        hit = (moved[700] != 0).mean()
        assert hit == pytest.approx(float(damage.split()[1]) / 100, abs=0.02)
    if damage == "missing blocks":
        assert np.isnan(seen[700][0]).mean() == pytest.approx(0.2, abs=0.12)
        assert np.isfinite(seen[700][:, -1]).all()


def test_when_nothing_is_damaged_then_the_forecast_is_the_same():
    panel = tiny.waves((300,))
    window, plain = gather(panel, last_origins(panel), 300, 4), baseline("seasonal-naive", 24)
    damaged = robustness.Damaged(plain, "none", 0)
    np.testing.assert_array_equal(damaged.predict(window), plain.predict(window))
    assert damaged.name == f"{plain.name} | none"
