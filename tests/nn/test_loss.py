"""The quantile loss against its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tsattn.nn.loss import pinball


def test_when_the_loss_is_taken_then_each_side_costs_its_share():
    quantiles, predicted, target = torch.tensor([0.1, 0.5, 0.9]), torch.randn(4, 5, 3), torch.randn(4, 5)
    got = pinball(quantiles, predicted, target).numpy()
    for place in np.ndindex(4, 5, 3):
        q, error = float(quantiles[place[2]]), float(target[place[:2]] - predicted[place])
        assert got[place] == pytest.approx(q * error if error > 0 else (q - 1) * error, abs=1e-6)
    assert (got >= 0).all()


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_when_a_constant_minimises_the_loss_then_it_is_the_quantile(level):
    values = torch.from_numpy(np.random.default_rng(0).gamma(2.0, size=2001).astype(np.float32))
    candidates = torch.linspace(0, 8, 4001)
    loss = pinball(torch.tensor([level]), candidates[:, None, None].expand(-1, len(values), 1), values).mean((1, 2))
    assert float(candidates[loss.argmin()]) == pytest.approx(float(np.quantile(values, level)), abs=0.01)
