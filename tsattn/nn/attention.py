"""Scaled dot-product and multi-head self-attention, masks, and rotary positions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """softmax(Q Kᵀ / √d_k) V, with the softmax over the keys (Vaswani et al. 2017, eq. 1).

    query (…, T, d), key (…, U, d), value (…, U, e); visible: bool, broadcastable to (…, T, U), True = may be attended to.
    Returns the output (…, T, e) and the weights (…, T, U). A query that sees no key gets zeros, not NaN.
    """
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])  # (…, T, U)
    if visible is not None:
        scores = scores.masked_fill(~visible, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, -1)
    if visible is not None:
        weights = weights * visible
    return weights @ value, weights


def causal_mask(tokens: int, device: torch.device | None = None) -> Tensor:
    """(T, T) bool: token t sees tokens ≤ t."""
    return torch.ones(tokens, tokens, dtype=torch.bool, device=device).tril()


def rotary_angles(tokens: int, width: int, base: float = 1000.0, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Cosines and sines (T, width/2) of rotary position embedding (Su et al. 2021, eq. 15)."""
    rate = base ** (-torch.arange(0, width, 2, dtype=torch.float32, device=device) / width)
    angle = torch.arange(tokens, dtype=torch.float32, device=device)[:, None] * rate
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (i, i + d/2) of the last axis of x (…, T, d) by its token's angle, so that Q·K depends on distance."""
    first, second = x.chunk(2, -1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


@dataclass(frozen=True)
class Sight:
    """What each token may attend to, made once for all layers. bias (B, 1, T, T): 0, or so low that softmax gives nothing.

    sees (B, T, 1): 0 for a token that sees nobody, else 1. cos, sin (T, 1, 1, d): see rotary_angles, for whole heads.
    """

    bias: Tensor
    sees: Tensor
    cos: Tensor
    sin: Tensor


def sight(visible: Tensor, angles: tuple[Tensor, Tensor], dtype: torch.dtype) -> Sight:
    """visible (B, 1, T, T) bool, angles (T, d/2) -> Sight."""
    low = torch.finfo(torch.bfloat16).min  # what every dtype of a network can hold
    bias = torch.zeros_like(visible, dtype=dtype).masked_fill(~visible, low)
    cos, sin = (angle.to(dtype)[:, None, None] for angle in angles)
    return Sight(bias, visible.any(-1)[:, 0, :, None].to(dtype), torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1))


class MultiHeadAttention(nn.Module):
    """Self-attention in `heads` subspaces of width/heads features, with rotary positions (Vaswani et al. 2017, §3.2.2).

    Written out rather than fused: on CPU the fused kernel's backward pass took 38 % of a training step. It computes what
    scaled_dot_product_attention does, in fewer passes over memory.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project_in = nn.Linear(width, 3 * width, bias=False)
        self.project_out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.project_out.weight)  # a block starts as the identity

    def forward(self, x: Tensor, seen: Sight) -> Tensor:
        """x (B, T, D) -> (B, T, D)."""
        weights, value = self._attend(x, seen)
        out = weights @ value.transpose(1, 2)  # (B, heads, T, d)
        return self.project_out(out.transpose(1, 2).flatten(2) * seen.sees)

    def weights(self, x: Tensor, seen: Sight) -> Tensor:
        """What each token looks at, (B, heads, T, T): rows sum to 1, or to 0 where a token sees nobody."""
        return self._attend(x, seen)[0] * seen.sees[:, None]

    def _attend(self, x: Tensor, seen: Sight) -> tuple[Tensor, Tensor]:
        """The softmax over the keys (B, heads, T, T), and the values (B, T, heads, d)."""
        head = x.shape[-1] // self.heads
        query_key, value = self.project_in(x).unflatten(-1, (3, self.heads, head)).split([2, 1], 2)
        swapped = torch.cat(query_key.chunk(2, -1)[::-1], -1)
        q, k = (query_key * seen.cos + swapped * seen.sin).permute(2, 0, 3, 1, 4)  # rotate, of both at once
        scores = q @ (k / math.sqrt(head)).transpose(-1, -2) + seen.bias  # (B, heads, T, T)
        return torch.softmax(scores, -1), value[:, :, 0]
