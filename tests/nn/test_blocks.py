"""Encoder blocks and front-ends: causality, shapes, dropout."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.tiny import MODEL
from tsattn.config import ENCODERS, FRONT_ENDS
from tsattn.nn.attention import rotary_angles
from tsattn.nn.blocks import ATTENTION, Branch, DecoderBlock, EncoderBlock, FeedForward, SharedDropout
from tsattn.nn.front_end import RECURRENT, FrontEnd

TOKENS = 7


def alive(module: torch.nn.Module) -> torch.nn.Module:
    """Random weights in place of the zeros that a new module starts with."""
    torch.manual_seed(4)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
    return module.eval()


def block_of(kind: str):
    def layer(x: torch.Tensor) -> torch.Tensor:
        block = alive(EncoderBlock(dataclasses.replace(MODEL, encoder=kind, window=3)))
        there = torch.ones(len(x), TOKENS, dtype=torch.bool)
        return block(x, block.attention.mask(there, rotary_angles(TOKENS, MODEL.width // MODEL.heads), x.dtype))

    return layer


def front_end_of(kind: str):
    return lambda x: alive(FrontEnd(dataclasses.replace(MODEL, front_end=kind)))(x)


LAYERS = {f"{kind} block": block_of(kind) for kind in ATTENTION} | {kind: front_end_of(kind) for kind in RECURRENT}


def test_when_kinds_are_named_in_the_settings_then_each_is_there():
    assert tuple(RECURRENT) == FRONT_ENDS
    assert (*ATTENTION, "none") == ENCODERS


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


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in ("none", "window block")])
def test_when_an_earlier_token_changes_then_later_outputs_notice(name):
    x = torch.randn(1, TOKENS, MODEL.width, generator=torch.Generator().manual_seed(6))
    changed = x.clone()
    changed[:, 0] += torch.linspace(-2, 2, MODEL.width)
    with torch.no_grad():
        assert not torch.allclose(LAYERS[name](x)[:, -1], LAYERS[name](changed)[:, -1], atol=1e-6)


def test_when_there_is_no_recurrent_front_end_then_tokens_pass_unchanged():
    x = torch.randn(1, TOKENS, MODEL.width)
    assert torch.equal(LAYERS["none"](x), x)


@pytest.mark.parametrize("kind", RECURRENT)
def test_when_tokens_come_one_after_another_then_the_front_end_gives_what_it_gives_at_once(kind):
    x = torch.randn(2, TOKENS, MODEL.width, generator=torch.Generator().manual_seed(8))
    front_end, state, found = alive(FrontEnd(dataclasses.replace(MODEL, front_end=kind))), None, []
    with torch.no_grad():
        for token in range(TOKENS):
            out, state = front_end.step(x[:, token : token + 1], state)
            found.append(out)
        torch.testing.assert_close(torch.cat(found, 1), front_end(x))


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


def test_when_training_then_stochastic_depth_takes_whole_branches_of_some_windows_and_keeps_the_mean():
    torch.manual_seed(9)
    branch, x = Branch(0.0, 0.25), torch.ones(400, TOKENS, 2)
    out = branch(x)
    assert (out == out[:, :1, :1]).all()
    assert sorted(out.unique().tolist()) == pytest.approx([0.0, 4 / 3])
    assert float(out.mean()) == pytest.approx(1.0, abs=0.1)
    assert torch.equal(branch.eval()(x), x)
    shares = [EncoderBlock(dataclasses.replace(MODEL, layers=4, drop_path=0.2), n).dropout.skip for n in (1, 2, 4)]
    assert shares == pytest.approx([0.05, 0.1, 0.2])


def test_when_queries_of_an_origin_change_or_later_tokens_do_then_other_origins_do_not_notice():
    block = alive(DecoderBlock(MODEL))
    generator = torch.Generator().manual_seed(10)
    x, memory = (torch.randn(*shape, generator=generator) for shape in ((2, 3, 4, MODEL.width), (2, TOKENS, MODEL.width)))
    visible = (torch.arange(TOKENS) <= torch.tensor([1, 3, 6])[:, None]).expand(2, 3, TOKENS)
    with torch.no_grad():
        before = block(x, memory, visible)
        assert before.shape == x.shape
        later, other = memory.clone(), x.clone()
        later[:, 4:], other[:, 2, 1] = 9.0, -9.0
        after = block(x, later, visible)
        assert torch.equal(after[:, :2], before[:, :2])
        assert not torch.equal(after[:, 2], before[:, 2])
        after = block(other, memory, visible)
        assert torch.equal(after[:, :2], before[:, :2])
        assert (after[:, 2] != before[:, 2]).any(-1).all()  # the queries of one origin see each other
        blind = block(x, memory, torch.zeros_like(visible))
        assert torch.isfinite(blind).all()
        assert torch.equal(blind, block(x, later + 5, torch.zeros_like(visible)))
