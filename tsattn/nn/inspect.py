"""A look inside a network while it forecasts: what its tokens attend to, and what its median is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tsattn.nn.anchors import CYCLES, PERIODS, anchors
from tsattn.nn.attention import MultiHeadAttention
from tsattn.nn.head import Head
from tsattn.nn.inputs import Inputs
from tsattn.nn.network import Network
from tsattn.nn.scaling import forward_fill


@dataclass(frozen=True)
class Inside:
    """attention (B, T): what the last token draws on, 1 in all; None without attention. The other three, (B, H) in the
    target's units, add up to the median; None where the head is no mixture.
    """

    attention: Tensor | None
    level: Tensor | None
    season: Tensor | None
    remainder: Tensor | None


def inside(network: Network, inputs: Inputs) -> Inside:
    """Forecast from the end of each window (see `Network.forward`), and return the intermediate results."""
    weights: list[Tensor] = []
    heard: list[tuple[Head, tuple[Any, ...]]] = []

    def attended(module: nn.Module, given: tuple[Any, ...]) -> None:
        assert isinstance(module, MultiHeadAttention)
        weights.append(module.weights(*given).mean(1))

    def headed(module: nn.Module, given: tuple[Any, ...]) -> None:
        assert isinstance(module, Head)
        heard.append((module, given))

    network = network.eval()
    with torch.no_grad(), _listening(network, {MultiHeadAttention: attended, Head: headed}):
        network(*inputs.tensors())
        parts = _parts(*heard[0], inputs) if heard else (None, None, None)
    return Inside(roll_out(weights)[:, -1] if weights else None, *parts)


def roll_out(weights: list[Tensor]) -> Tensor:
    """Attention roll-out (Abnar & Zuidema 2020, §3): the product over layers of (A + I)/2, A the mean over heads.

    weights: (B, T, T) of each layer, the first one first. Returns (B, T, T), rows sum to 1. The half of I stands for the
    residual branch, which carries a token past each layer; a token that sees nobody stays itself.
    """
    total = torch.eye(weights[0].shape[-1], dtype=weights[0].dtype, device=weights[0].device).expand_as(weights[0])
    for layer in weights:
        mixed = layer + torch.eye(layer.shape[-1], dtype=layer.dtype, device=layer.device)
        total = mixed / mixed.sum(-1, keepdim=True) @ total
    return total


@contextmanager
def _listening(network: Network, ears: dict[type, Callable[[nn.Module, tuple[Any, ...]], None]]) -> Iterator[None]:
    """Call an ear with what the modules of its kind are given, for as long as it takes."""
    hooks = [m.register_forward_pre_hook(ear) for m in network.modules() for kind, ear in ears.items() if isinstance(m, kind)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _parts(head: Head, given: tuple[Any, ...], inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    """Level, season and remainder, each (B, H) in the target's units.

    A seasonal anchor is its mean over one cycle, the level, and what it does around it, the season; the last value is level
    alone. The remainder is what the network learnt to add. Anchors move and stretch with the values they are made of, so
    here they are made of the target as it is.
    """
    weight, raw, _ = head.mixture(*given)  # (B, 1, H, A)
    scale = given[3]
    remainder = (head.correction(raw, scale) * scale.std[..., None])[:, 0].double()
    seen = ~torch.isnan(inputs.target)
    filled = forward_fill(torch.nan_to_num(inputs.target.double()), seen, inputs.target.shape[1])
    end = torch.full_like(inputs.target[:, :1], inputs.target.shape[1], dtype=torch.int64)
    periods = inputs.seasons[:, :2].long()  # (B, 2)
    reach = max(int(periods.max()), head.horizon)
    simple = anchors(filled, seen.int().argmax(1), periods, end, reach)[:, 0]  # (B, reach, A)
    # which period each anchor repeats, in the order of nn/anchors; the last value repeats itself
    cycle = torch.cat([torch.ones_like(periods[:, :1]), periods.repeat_interleave(len(CYCLES), 1).repeat(1, 1 + PERIODS)], 1)
    within = torch.arange(reach, device=cycle.device)[:, None] < cycle[:, None]  # (B, reach, A)
    around = (simple * within).sum(1, keepdim=True) / cycle[:, None]  # (B, 1, A): the mean over one cycle
    mixed = weight[:, 0].double()
    level = (mixed * around).sum(-1)
    season = (mixed * (simple[:, : head.horizon] - around)).sum(-1)
    return level, season, remainder
