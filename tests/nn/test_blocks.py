"""Encoder blocks and front-ends: causal, shaped, and dropout that is off when it should be."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.tiny import MODEL
from tsattn.errors import ConfigError
from tsattn.nn.attention import causal_mask, rotary_angles, sight
from tsattn.nn.blocks import EncoderBlock, FeedForward, SharedDropout
from tsattn.nn.front_end import RECURRENT, FrontEnd

TOKENS = 7


def alive(module: torch.nn.Module) -> torch.nn.Module:
    """Random weights in place of the zeros that a new module starts with."""
    torch.manual_seed(4)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    return module.eval()


def block_of(x: torch.Tensor) -> torch.Tensor:
    block = alive(EncoderBlock(MODEL))
    angles = rotary_angles(TOKENS, MODEL.width // MODEL.heads)
    return block(x, sight(causal_mask(TOKENS)[None, None], angles, x.dtype))


def front_end_of(kind: str):
    return lambda x: alive(FrontEnd(dataclasses.replace(MODEL, front_end=kind)))(x)


LAYERS = {"block": block_of} | {kind: front_end_of(kind) for kind in RECURRENT}


@pytest.mark.parametrize("name", LAYERS)
def test_when_a_later_token_changes_then_outputs_up_to_it_are_bit_identical(name):
    x = torch.randn(2, TOKENS, MODEL.width, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        before = LAYERS[name](x)
        assert before.shape == x.shape
        for token in range(1, TOKENS):
            changed = x.clone()
            changed[:, token:] += 3.0
            after = LAYERS[name](changed)
            assert torch.equal(after[:, :token], before[:, :token])
            assert not torch.equal(after[:, token], before[:, token])


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "none"])
def test_when_an_earlier_token_changes_then_later_outputs_notice(name):
    x = torch.randn(1, TOKENS, MODEL.width, generator=torch.Generator().manual_seed(6))
    changed = x.clone()
    changed[:, 0] += torch.linspace(-2, 2, MODEL.width)
    with torch.no_grad():
        assert not torch.allclose(LAYERS[name](x)[:, -1], LAYERS[name](changed)[:, -1], atol=1e-6)


def test_when_there_is_no_recurrent_front_end_then_tokens_pass_unchanged():
    x = torch.randn(1, TOKENS, MODEL.width)
    assert torch.equal(LAYERS["none"](x), x)


def test_when_the_front_end_is_unknown_then_the_error_lists_those_there_are():
    with pytest.raises(ConfigError, match="lstm, gru, none"):
        FrontEnd(dataclasses.replace(MODEL, front_end="mamba"))


def test_when_an_lstm_is_new_then_its_forget_gates_are_open():
    rnn = FrontEnd(MODEL).rnn
    bias = (rnn.bias_ih_l0 + rnn.bias_hh_l0).detach().unflatten(0, (4, MODEL.width))
    assert (bias[1] == 1).all()  # input, forget, cell, output
    assert (bias[0].abs() < 1).all()


def test_when_training_then_dropout_takes_whole_features_and_keeps_the_mean():
    torch.manual_seed(7)
    dropout = SharedDropout(0.25)
    x = torch.ones(64, TOKENS, 32)
    out = dropout(x)
    assert (out == out[:, :1]).all()  # the same features at every token
    assert sorted(out.unique().tolist()) == pytest.approx([0.0, 4 / 3])
    assert float(out.mean()) == pytest.approx(1.0, abs=0.05)
    assert torch.equal(dropout.eval()(x), x)
    assert torch.equal(SharedDropout(0.0)(x), x)


def test_when_a_feed_forward_layer_is_new_then_it_adds_nothing():
    assert (FeedForward(MODEL.width)(torch.randn(2, MODEL.width)) == 0).all()
