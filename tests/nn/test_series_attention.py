"""Attention across series: groups of one are unchanged, other groups and later values are not read, order does not matter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.tiny import MODEL, equal, inputs_of, run, scrambled
from tsattn.config import ModelConfig
from tsattn.errors import ConfigError
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network
from tsattn.nn.series_attention import SeriesAttention, peers_of
from tsattn.nn.warm_start import warm_start

ACROSS = dataclasses.replace(MODEL, layers=3, across=2)
CONTEXT = MODEL.context


def walks(batch: int = 4, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (50 + rng.standard_normal((batch, CONTEXT)).cumsum(1)).astype(np.float32)


def rows(inputs: Inputs, chosen: list[int]) -> Inputs:
    return Inputs(*(value[chosen] for value in inputs.tensors()))


@pytest.fixture(scope="module")
def network() -> Network:
    return scrambled(ACROSS)


@pytest.mark.parametrize(("layers", "across", "count"), [(4, 2, 2), (4, 3, 2), (3, 2, 2), (4, 1, 4), (1, 2, 1), (0, 2, 0)])
def test_when_every_nth_block_has_attention_across_before_it_then_the_first_one_does(layers, across, count):
    made = scrambled(dataclasses.replace(MODEL, layers=layers, across=across))
    assert len(made.across) == count
    inputs = inputs_of(walks(), made)
    together = dataclasses.replace(inputs, group=torch.zeros(4, dtype=torch.int64))
    assert not np.allclose(run(made, together), run(made, inputs))


def test_when_a_window_is_alone_in_its_group_then_attention_across_returns_zeros(network):
    layer, x = network.across[0], torch.randn(3, 8, MODEL.width)
    full = torch.ones(3, 8, dtype=torch.bool)
    with torch.no_grad():
        assert (layer(x, peers_of(torch.arange(3), full, torch.float32)) == 0).all()
        assert (layer(x, peers_of(torch.zeros(3, dtype=torch.int64), full, torch.float32)) != 0).any()


def test_when_a_window_is_alone_in_its_group_then_the_forecast_is_that_of_the_network_without_attention_across(network):
    plain = Network(dataclasses.replace(ACROSS, across=0), network.spec)
    warm_start(network, plain)
    inputs = inputs_of(walks(), network)
    np.testing.assert_array_equal(run(network, inputs), run(plain.eval(), inputs))


def test_when_the_windows_of_a_group_change_places_then_so_do_the_forecasts_and_nothing_else(network):
    inputs = inputs_of(walks(), network, group=(7, 7, 7, 7))
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(run(network, rows(inputs, order)), run(network, inputs)[order], rtol=2e-5, atol=1e-5)


def test_when_a_window_of_another_group_changes_then_a_forecast_does_not(network):
    inputs = inputs_of(walks(), network, group=(0, 0, 1, 1))
    other = dataclasses.replace(inputs, target=inputs.target.clone())
    other.target[1] = 1e4 * torch.randn(CONTEXT)
    before, after = run(network, inputs), run(network, other)
    np.testing.assert_array_equal(after[2:], before[2:])
    assert not np.allclose(after[0], before[0])


def test_when_other_series_change_after_the_origin_then_its_forecast_does_not(network):
    inputs = inputs_of(walks(), network, group=(0, 0, 0, 0))
    origins = torch.tensor([[16, 24, 40, 64]]).expand(4, -1)
    prefix = torch.full((4,), 16)
    with torch.no_grad():
        before, _ = network.forecast_at(inputs, prefix, origins)
        for number, origin in enumerate([16, 24, 40]):
            for value in (1e5, -3.0, float("nan")):
                other = dataclasses.replace(inputs, target=inputs.target.clone())
                other.target[1:, origin:] = value
                after, _ = network.forecast_at(other, prefix, origins)
                np.testing.assert_array_equal(after[0, : number + 1].numpy(), before[0, : number + 1].numpy())
                assert not np.array_equal(after[0, number + 1 :].numpy(), before[0, number + 1 :].numpy())


def test_when_a_series_has_no_value_in_the_window_then_the_others_do_not_read_it(network):
    target = walks()
    target[3] = np.nan
    inputs = inputs_of(target, network, group=(0, 0, 0, 0))
    found = run(network, inputs)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:3], run(network, rows(inputs, [0, 1, 2])), rtol=2e-5, atol=1e-5)


def test_when_attention_across_is_new_then_it_changes_nothing_and_starts_from_the_other_weights():
    source = scrambled(dataclasses.replace(ACROSS, across=0))
    target = Network(ACROSS, source.spec)
    warm_start(source, target)
    inputs = inputs_of(walks(), source, group=(0, 0, 0, 0))
    np.testing.assert_array_equal(run(target.eval(), inputs), run(source, inputs))
    again = Network(dataclasses.replace(ACROSS, across=0), source.spec)
    warm_start(target, again)
    assert equal(again, source)


def test_when_networks_attend_across_at_other_blocks_then_their_weights_do_not_fit():
    with pytest.raises(ConfigError, match="networks differ"):
        warm_start(scrambled(ACROSS), scrambled(dataclasses.replace(ACROSS, across=1)))


def test_when_the_decoder_is_autoregressive_then_attention_across_is_refused():
    with pytest.raises(ConfigError, match="each series alone"):
        ModelConfig(decoder="autoregressive", across=2)


def test_when_series_are_related_over_the_whole_window_then_scores_are_means_over_its_tokens():
    layer = SeriesAttention(MODEL)
    group, full = torch.zeros(2, dtype=torch.int64), torch.tensor([[True] * 4, [True, False, True, True]])
    peers = peers_of(group, full, torch.float32)
    query, key = torch.zeros(4, 2, 2, 8), torch.ones(4, 2, 2, 8)
    query[0], query[2] = 1.0, 2.0
    with torch.no_grad():
        weight = layer.weights(query, key, peers)[:, 0, 0, 1]  # of the second window for the first
    scores = torch.tensor([8.0, float("nan"), (8 + 16) / 2, 24 / 3]) / 8**0.5
    torch.testing.assert_close(weight[[0, 2, 3]], torch.sigmoid(scores[[0, 2, 3]]))
    assert weight[1] == 0  # the second window has no value in this token
