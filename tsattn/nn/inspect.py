"""Intermediate results of a forecast: attention weights and the components of the median."""

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
    """Intermediate results of a forecast from the end of each window.

    attention (B, T): roll-out weights of the last token, which sum to 1; None without attention. level, season and remainder
    (B, H): additive components of the median, in the target's units; None if the head is not a mixture.
    """

    attention: Tensor | None
    level: Tensor | None
    season: Tensor | None
    remainder: Tensor | None


def inside(network: Network, inputs: Inputs) -> Inside:
    """Forecast from the end of each window and return the intermediate results."""
    weights: list[Tensor] = []
    calls: list[tuple[Head, tuple[Any, ...]]] = []

    def attended(module: nn.Module, given: tuple[Any, ...]) -> None:
        assert isinstance(module, MultiHeadAttention)
        weights.append(module.weights(*given).mean(1))

    def headed(module: nn.Module, given: tuple[Any, ...]) -> None:
        assert isinstance(module, Head)
        calls.append((module, given))

    network = network.eval()
    with torch.no_grad(), _hooked(network, {MultiHeadAttention: attended, Head: headed}):
        network(*inputs.tensors())
        parts = _parts(*calls[0], inputs) if calls else (None, None, None)
    return Inside(roll_out(weights)[:, -1] if weights else None, *parts)


def roll_out(weights: list[Tensor]) -> Tensor:
    """Compute the attention roll-out (Abnar & Zuidema 2020, §3): the product over layers of (A + I)/2, A averaged over heads.

    weights: (B, T, T) of each layer, first layer first. Returns (B, T, T); rows sum to 1. I stands for the residual branch. The
    row of a token that attends to no token is that of the identity.
    """
    total = torch.eye(weights[0].shape[-1], dtype=weights[0].dtype, device=weights[0].device).expand_as(weights[0])
    for layer in weights:
        mixed = layer + torch.eye(layer.shape[-1], dtype=layer.dtype, device=layer.device)
        total = mixed / mixed.sum(-1, keepdim=True) @ total
    return total


@contextmanager
def _hooked(network: Network, kinds: dict[type, Callable[[nn.Module, tuple[Any, ...]], None]]) -> Iterator[None]:
    """Call the hook of each kind of module with the module and its inputs, until the context ends."""
    hooks = [m.register_forward_pre_hook(hook) for m in network.modules() for kind, hook in kinds.items() if isinstance(m, kind)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _parts(head: Head, given: tuple[Any, ...], inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    """Return level, season and remainder, each (B, H) in the target's units.

    The mean of a seasonal anchor over one cycle is its level, its deviation from that mean its season; the last value is all
    level. The remainder is the network's correction. Anchors are equivariant to shifts and scaling, so they are computed here
    from the unscaled target.
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
    # the period of each anchor, in the order of nn/anchors; 1 for the last value
    cycle = torch.cat([torch.ones_like(periods[:, :1]), periods.repeat_interleave(len(CYCLES), 1).repeat(1, 1 + PERIODS)], 1)
    within = torch.arange(reach, device=cycle.device)[:, None] < cycle[:, None]  # (B, reach, A)
    around = (simple * within).sum(1, keepdim=True) / cycle[:, None]  # (B, 1, A): the mean over one cycle
    mixed = weight[:, 0].double()
    level = (mixed * around).sum(-1)
    season = (mixed * (simple[:, : head.horizon] - around)).sum(-1)
    return level, season, remainder
