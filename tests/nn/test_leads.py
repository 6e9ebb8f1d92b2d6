"""Moves that other series suggest: right for a series that follows another, nothing for unrelated ones, causal."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tsattn.nn.leads import LEAD_FEATURES, suggested
from tsattn.nn.series_attention import peers_of

PATCH, TOKENS, HORIZON = 16, 40, 12


def walk(steps: int, seed: int) -> np.ndarray:
    rng, x = np.random.default_rng(seed), np.zeros(steps)
    for t in range(1, steps):
        x[t] = 0.9 * x[t - 1] + rng.normal()
    return x


def features(z: np.ndarray, group: list[int], horizon: int = HORIZON, size: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the features and the moves so far at the steps ahead of each token, in naive steps: (B, T, H, 3), (B, T, H)."""
    values = torch.tensor(z[:, : PATCH * TOKENS], dtype=torch.float32)
    step = (values[:, 1:] - values[:, :-1]).abs().mean(1, keepdim=True).clamp_min(1e-3)
    step = torch.full_like(step, size) if size else step
    full = values.unflatten(1, (-1, PATCH)).abs().sum(-1) > 0
    peers = peers_of(torch.tensor(group), full, torch.float32)
    found = suggested(values, step, peers, PATCH, horizon)
    end = PATCH * np.arange(1, TOKENS + 1)
    last = z[:, end - 1][..., None]
    true = z[:, np.minimum(end[:, None] + np.arange(horizon), z.shape[1] - 1)] - last
    return found.numpy(), true / step.numpy()[..., None]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("lag", [1, 3, 9])
def test_when_a_series_follows_another_then_its_next_moves_are_suggested_and_the_others_are_not(lag, sign):
    x, noise = walk(PATCH * TOKENS + 40, 0), np.random.default_rng(9)
    follower = sign * x[: len(x) - lag] + noise.normal(0, 0.05, len(x) - lag)
    found, true = features(np.stack([x[lag:], follower, walk(len(follower), 5)]), [0, 0, 0])
    late = slice(10, TOKENS)
    told, moved = np.sinh(found[1, late, lag - 1, 0]), true[1, late, lag - 1]
    assert np.corrcoef(told, moved)[0, 1] > 0.95
    assert 0.7 < np.polyfit(told, moved, 1)[0] < 1.5
    assert np.abs(found[[0, 2], late]).mean() < 0.1 * np.abs(found[1, late]).mean()


def test_when_a_window_is_alone_then_nothing_is_suggested():
    x = walk(PATCH * TOKENS, 0)
    assert not features(np.stack([x, x]), [0, 1])[0].any()


def test_when_later_values_change_then_earlier_suggestions_do_not():
    x = walk(PATCH * TOKENS + 3, 0)
    z = np.stack([x[3:], x[:-3]])
    changed = z.copy()
    changed[:, 20 * PATCH :] = 7.0
    before, after = (features(values, [0, 0], size=0.8)[0][:, :20] for values in (z, changed))
    assert before[1, 19].any()
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("horizon", [1, PATCH, 3 * PATCH])
def test_when_the_horizon_is_any_then_the_features_have_its_length(horizon):
    x = walk(PATCH * TOKENS + 3, 0)
    found, _ = features(np.stack([x[3:], x[:-3]]), [0, 0], horizon)
    assert found.shape == (2, TOKENS, horizon, LEAD_FEATURES)
    assert np.isfinite(found).all()


def test_when_a_series_is_constant_or_missing_then_suggestions_are_finite():
    x = walk(PATCH * TOKENS + 3, 0)
    found, _ = features(np.stack([x[3:], x[:-3], np.zeros(len(x) - 3), np.ones(len(x) - 3)]) + 1e-9, [0] * 4)
    assert np.isfinite(found).all()
