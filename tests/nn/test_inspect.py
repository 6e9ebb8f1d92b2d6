from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests import tiny
from tsattn.nn.attention import (
    MultiHeadAttention,
    attention_mask,
    causal_mask,
    rotary_angles,
    rotate,
    scaled_dot_product_attention,
)
from tsattn.nn.inspect import inside, roll_out
from tsattn.nn.network import Head


def series(batch: int = 3, length: int = 64) -> np.ndarray:
    rng = np.random.default_rng(0)
    values = 50 + 3 * np.sin(np.arange(length) * 2 * np.pi / 7) + rng.normal(0, 0.3, (batch, length))
    values[0, : length // 3] = np.nan
    values[1, 40:44] = np.nan
    return values.astype(np.float32)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_when_a_network_is_looked_into_then_its_parts_add_up_to_its_median(layers):
    network = tiny.scrambled(dataclasses.replace(tiny.MODEL, layers=layers))
    inputs = tiny.inputs_of(series(), network, usual=(7,))
    found = inside(network, inputs)
    assert found.level is not None
    total = (found.level + found.season + found.remainder).numpy()
    np.testing.assert_allclose(total, tiny.run(network, inputs)[..., network.head.median], rtol=2e-6)
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_when_only_a_seasonal_anchor_is_mixed_then_the_level_is_flat_and_the_season_is_a_whole_wave():
    network = tiny.scrambled(dataclasses.replace(tiny.MODEL, horizon=14))
    head: Head = network.head
    with torch.no_grad():
        for layer in (head.mix, head.quantile):
            layer.weight.zero_()
        head.mix.bias.fill_(-50.0).view(head.blocks, -1)[:, 1] = 50.0  # the last cycle as it is
        head.quantile.bias.zero_()
    wave = (50 + 3 * np.sin(np.arange(64) * 2 * np.pi / 7))[None].astype(np.float32)
    found = inside(network, tiny.inputs_of(wave, network, usual=(7,)))
    np.testing.assert_allclose(found.level.numpy(), 50, atol=1e-3)
    np.testing.assert_allclose(found.season[0, :7].sum(), 0, atol=1e-3)
    assert found.season.max() > 2.5
    np.testing.assert_allclose(found.remainder.numpy(), 0, atol=1e-6)


def test_when_attention_is_rolled_out_then_every_share_is_one_and_nothing_blind_is_looked_at():
    network = tiny.scrambled(dataclasses.replace(tiny.MODEL, layers=2))
    found = inside(network, tiny.inputs_of(series(), network))
    assert found.attention.shape == (3, 8)
    np.testing.assert_allclose(found.attention.sum(1), 1, rtol=1e-5)
    assert (found.attention[0, :2] == 0).all()  # before the first observation
    assert (found.attention[1] > 0).all()


def test_when_a_network_has_no_attention_then_none_is_listed():
    assert (
        inside(tiny.scrambled(dataclasses.replace(tiny.MODEL, layers=0)), tiny.inputs_of(series(), tiny.scrambled())).attention
        is None
    )


def test_when_two_layers_are_rolled_out_then_it_is_the_product_of_each_mixed_with_the_residual():
    first = torch.tensor([[[1.0, 0.0], [0.5, 0.5]]])
    second = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    # (A2 + I)/2 = [[1, 0], [.5, .5]];  (A1 + I)/2 = [[1, 0], [.25, .75]]
    torch.testing.assert_close(roll_out([first, second]), torch.tensor([[[1.0, 0.0], [0.625, 0.375]]]))


def test_when_attention_tells_its_weights_then_they_are_those_of_the_definition():
    torch.manual_seed(0)
    attention = MultiHeadAttention(16, 2)
    x = torch.randn(2, 5, 16)
    visible = causal_mask(5).expand(2, 1, 5, 5).clone()
    visible[1, :, :, :2] = False
    cos, sin = rotary_angles(5, 8)
    query, key, value = attention.project_in(x).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
    wanted = scaled_dot_product_attention(rotate(query, cos, sin), rotate(key, cos, sin), value, visible)[1]
    torch.testing.assert_close(attention.weights(x, attention_mask(visible, (cos, sin), x.dtype)), wanted)
