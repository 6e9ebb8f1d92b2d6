"""Recurrent decoder: its first pass is that of the direct one, and longer forecasts extend shorter ones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests import tiny
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network
from tsattn.nn.objective import naive_errors, window_loss
from tsattn.nn.scaling import measure
from tsattn.nn.warm_start import warm_start

MODEL = dataclasses.replace(tiny.MODEL, decoder="recurrent")
STEP = MODEL.horizon


def inputs_of(network: Network, passes: int, seed: int = 0) -> Inputs:
    """Two hourly waves and random known covariates for a number of passes."""
    rng, context = np.random.default_rng(seed), MODEL.context
    target = tiny.waves((context, context)).target.reshape(2, -1)
    known = rng.standard_normal((2, context + passes * STEP, network.spec.known))
    arrays = target, np.zeros((2, context, 0)), known, np.zeros((2, 0)), find_seasons(target, (24,))
    return Inputs(*(torch.from_numpy(np.asarray(a, np.float32)) for a in arrays), group=torch.arange(2))


def forecast(network: Network, inputs: Inputs) -> torch.Tensor:
    with torch.no_grad():
        return network(*inputs.tensors())


def shorter(inputs: Inputs, passes: int) -> Inputs:
    return dataclasses.replace(inputs, known=inputs.known[:, : MODEL.context + passes * STEP])


def test_when_more_passes_are_asked_for_then_a_longer_forecast_extends_a_shorter_one():
    network = tiny.scrambled(MODEL, known=2)
    inputs = inputs_of(network, 5)
    whole = forecast(network, inputs)
    assert whole.shape == (2, 5 * STEP, 9)
    for passes in range(1, 5):
        torch.testing.assert_close(forecast(network, shorter(inputs, passes)), whole[:, : passes * STEP])


def test_when_a_direct_network_gets_a_recurrent_decoder_then_its_first_pass_is_bit_identical():
    direct = tiny.scrambled(tiny.MODEL)
    network = tiny.scrambled(MODEL, seed=1)
    warm_start(direct, network)
    inputs = inputs_of(network, 3)
    assert torch.equal(forecast(network, inputs)[:, :STEP], forecast(direct, shorter(inputs, 1)))


def test_when_the_decoder_is_new_then_later_passes_are_those_of_the_head_and_training_changes_only_them():
    network = Network(MODEL, tiny.scrambled(MODEL).spec).eval()
    inputs = inputs_of(network, 3)
    before = forecast(network, inputs)
    with torch.no_grad():
        network.head.later.out.bias.fill_(0.1)
    after = forecast(network, inputs)
    assert torch.equal(after[:, :STEP], before[:, :STEP])
    assert (after[:, STEP:] != before[:, STEP:]).any(2).all()


def test_when_quantiles_of_later_passes_are_made_then_they_do_not_cross():
    made = forecast(tiny.scrambled(MODEL), inputs_of(tiny.scrambled(MODEL), 4))
    assert torch.isfinite(made).all()
    assert (made.diff(dim=2) >= 0).all()


def test_when_known_values_of_a_later_pass_change_then_only_that_pass_and_those_after_it_may_change():
    network = tiny.scrambled(MODEL, known=1)
    inputs = inputs_of(network, 4)
    before = forecast(network, inputs)
    inputs.known[:, MODEL.context + 2 * STEP :] += 3.0
    after = forecast(network, inputs)
    assert torch.equal(after[:, : 2 * STEP], before[:, : 2 * STEP])
    assert not torch.equal(after[:, 2 * STEP :], before[:, 2 * STEP :])


def test_when_series_are_shifted_and_scaled_then_forecasts_of_all_passes_follow():
    network = tiny.scrambled(MODEL)
    inputs = inputs_of(network, 3)
    moved = dataclasses.replace(inputs, target=1000 + 50 * inputs.target)
    torch.testing.assert_close(forecast(network, moved), 1000 + 50 * forecast(network, inputs), rtol=1e-3, atol=1.0)


@pytest.mark.parametrize("passes", [1, 3])
def test_when_the_loss_is_taken_then_every_weight_that_was_used_has_a_gradient(passes):
    network = tiny.scrambled(MODEL)
    inputs = inputs_of(network, passes)
    end = torch.full((2, 1), MODEL.context)
    loss, count = window_loss(network, inputs, torch.full((2, passes * STEP), 10.0), end[:, 0], end)
    loss.backward()
    assert count == 2 * passes * STEP
    later = {name for name, weight in network.named_parameters() if name.startswith("head.later.") and weight.grad is not None}
    assert bool(later) == (passes > 1)


def test_when_a_series_wanders_then_naive_errors_grow_with_the_distance_and_where_it_repeats_they_do_not():
    rng = np.random.default_rng(0)
    z = torch.from_numpy(np.stack([rng.standard_normal(600).cumsum() / 10, np.sin(np.arange(600) * 2 * np.pi / 24)])).float()
    prefix, period = torch.full((2,), 600), torch.full((2,), 24)
    scale = measure(z, torch.ones_like(z, dtype=torch.bool), period)
    found = naive_errors((z - scale.mean) / scale.std, prefix, period, scale, 96, 24)
    assert found.shape == (2, 96)
    assert torch.equal(found[:, :24], scale.season.expand(-1, 24))
    assert found[0, 90] > 1.5 * found[0, 0]
    torch.testing.assert_close(found[1], found[1, :1].expand(96), atol=1e-3, rtol=0)
