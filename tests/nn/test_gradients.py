"""Gradients of every part against finite differences, in float64."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch

from tests.tiny import MODEL
from tsattn.config import FRONT_ENDS, POSITIONS
from tsattn.nn.anchor_features import Simple
from tsattn.nn.anchors import COUNT
from tsattn.nn.attention import rotary_angles
from tsattn.nn.blocks import ATTENTION, DecoderBlock, EncoderBlock, FeedForward
from tsattn.nn.cross_attention_head import CrossAttentionHead
from tsattn.nn.front_end import FrontEnd
from tsattn.nn.head import Asked, Head
from tsattn.nn.inputs import InputSpec
from tsattn.nn.loss import pinball
from tsattn.nn.position import Position
from tsattn.nn.recurrent_head import RecurrentHead
from tsattn.nn.scaling import Scale, forward_fill, measure, measure_robust
from tsattn.nn.seasonal_scale import FEATURES

TINY = dataclasses.replace(MODEL, context=12, patch=3, width=4, heads=1, horizon=3, block=2, window=2)
SPEC = InputSpec(0, 1, 0, (0.1, 0.5, 0.9))
Part = Callable[..., torch.Tensor]


def lively(module: torch.nn.Module) -> torch.nn.Module:
    """Random weights in float64."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.5)
    return module.double().eval()


def values(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64, requires_grad=True)


def of_block(kind: str) -> Part:
    block = lively(EncoderBlock(dataclasses.replace(TINY, encoder=kind)))
    angles = tuple(angle.double() for angle in rotary_angles(4, 4))
    seen = block.attention.mask(torch.tensor([[False, True, True, True]]), angles, torch.float64)
    return lambda x: block(x, seen)


def of_front_end(kind: str) -> Part:
    return lively(FrontEnd(dataclasses.replace(TINY, front_end=kind)))


def of_position(kind: str) -> Part:
    position = lively(Position(dataclasses.replace(TINY, position=kind)))
    return lambda x: position(x, torch.tensor([1]))


PARTS: dict[str, tuple[Part, tuple[torch.Tensor, ...]]] = {
    "feed-forward": (lively(FeedForward(4)), (values(1, 4, 4),)),
    **{f"{kind} block": (of_block(kind), (values(1, 4, 4),)) for kind in ATTENTION},
    **{f"{kind} front end": (of_front_end(kind), (values(1, 4, 4),)) for kind in FRONT_ENDS},
    **{f"{kind} positions": (of_position(kind), (values(1, 4, 4),)) for kind in POSITIONS},
    "decoder block": (
        (lambda block: lambda x, memory: block(x, memory, torch.ones(1, 2, 3).tril().bool()))(lively(DecoderBlock(TINY))),
        (values(1, 2, 2, 4), values(1, 3, 4, seed=1)),
    ),
    "loss": (lambda predicted: pinball(torch.tensor([0.1, 0.5]), predicted, torch.zeros(3)), (values(3, 2),)),
    "filling": (lambda x: forward_fill(x, torch.tensor([[True, False, False, True]]), 4), (values(1, 4),)),
}


@pytest.mark.parametrize("name", PARTS)
def test_when_gradients_of_a_part_are_taken_then_they_agree_with_finite_differences(name):
    part, inputs = PARTS[name]
    assert torch.autograd.gradcheck(part, inputs)


@pytest.mark.parametrize(("kind", "passes"), [(Head, 1), (CrossAttentionHead, 1), (RecurrentHead, 1), (RecurrentHead, 3)])
def test_when_gradients_of_a_head_are_taken_then_they_agree_with_finite_differences(kind, passes, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # a head ends in float32, whatever it began in
    head = lively(kind(TINY, SPEC))
    one = torch.ones(1, 1, dtype=torch.float64)
    scale = Scale(0 * one, one, 0.5 * one, 0.7 * one, 12 * one)
    newest, full = torch.tensor([[1, 3]]), torch.tensor([[True, False, True, True]])

    def forward(tokens: torch.Tensor, ahead: torch.Tensor, *past: torch.Tensor) -> torch.Tensor:
        chosen = tokens.gather(1, newest[..., None].expand(-1, -1, 4))
        history = values(1, 12, seed=5).detach(), torch.tensor([1]), torch.tensor([[2, 4]]), torch.tensor([[6, 12]])
        return head(chosen, Simple(*past), ahead, scale, Asked(tokens, newest, full, None, *history, passes))

    steps = head.spread_steps(passes)
    past = values(1, 2, 3, COUNT, seed=1), values(1, 2, steps, FEATURES, seed=3), values(1, 2, COUNT, seed=4)
    assert torch.autograd.gradcheck(forward, (values(1, 4, 4), values(1, 2, 3 * passes, 1, seed=2), *past))


@pytest.mark.parametrize("kind", [measure, measure_robust])
def test_when_gradients_of_the_scale_are_taken_then_they_agree_with_finite_differences(kind):
    seen, period = torch.tensor([[True] * 5 + [False, True, True, True]]), torch.tensor([3])

    def forward(y: torch.Tensor) -> torch.Tensor:
        scale = kind(y, seen, period)
        return torch.cat([scale.mean, scale.std, scale.step, scale.season], 1)

    assert torch.autograd.gradcheck(forward, (values(1, 9),))
