"""Scaled dot-product attention, multi-head self-attention, masks and rotary positions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None = None, dropout: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Compute softmax(Q Kᵀ / √d_k) V, with the softmax over the keys (Vaswani et al. 2017, eq. 1).

    query (…, T, d), key (…, U, d), value (…, U, e). visible: bool, broadcastable to (…, T, U), True = may be attended to.
    dropout: share of the weights set to zero; the others are scaled up (ibid., §5.4).

    Returns the output (…, T, e) and the weights (…, T, U). The output of a query without a visible key is zero, not NaN.
    """
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])  # (…, T, U)
    if visible is not None:
        scores = scores.masked_fill(~visible, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, -1)
    if visible is not None:
        weights = weights * visible
    if dropout:
        weights = nn.functional.dropout(weights, dropout)
    return weights @ value, weights


def causal_mask(tokens: int, device: torch.device | None = None) -> Tensor:
    """Return the causal mask (T, T), bool: token t may attend to tokens ≤ t."""
    return torch.ones(tokens, tokens, dtype=torch.bool, device=device).tril()


def rotary_angles(tokens: int, width: int, base: float = 1000.0, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Return the cosines and sines (T, width/2) of rotary position embedding (Su et al. 2021, eq. 15)."""
    return angles_at(torch.arange(tokens, dtype=torch.float32, device=device), width, base)


def angles_at(position: Tensor, width: int, base: float = 1000.0) -> tuple[Tensor, Tensor]:
    """Return the cosines and sines of rotary angles at any positions, counted in tokens: (…) -> two of (…, width/2)."""
    rate = base ** (-torch.arange(0, width, 2, dtype=torch.float32, device=position.device) / width)
    angle = position[..., None] * rate
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate each pair (i, i + d/2) of the last axis of x (…, T, d) by the angle of its token.

    The product of a rotated query and key then depends on their distance only.
    """
    first, second = x.chunk(2, -1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


@dataclass(frozen=True)
class AttentionMask:
    """Visibility between tokens, computed once and shared by all layers.

    bias: added to the scores; 0 where visible, else the lowest bfloat16. (B, 1, T, T) for full attention, by blocks for window
    attention, a single 0 for linear attention. sees (B, T, 1): 0 for a token that may attend to no token, else 1. keys (B, T):
    True for tokens that may be attended to. cos, sin (T, 1, 1, d): see `whole_heads`; None without rotary positions.
    """

    bias: Tensor
    sees: Tensor
    cos: Tensor | None
    sin: Tensor | None
    keys: Tensor | None = None


def attention_mask(visible: Tensor, angles: tuple[Tensor, Tensor] | None, dtype: torch.dtype) -> AttentionMask:
    """Return the AttentionMask of visible (B, 1, T, T), bool, and rotary angles, (T, d/2) each, or None."""
    cos, sin = whole_heads(angles, dtype)
    return AttentionMask(bias_of(visible, dtype), visible.any(-1)[:, 0, :, None].to(dtype), cos, sin)


def bias_of(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the bias to add to scores: 0 where visible, else so low that the softmax weight is exactly 0."""
    low = torch.finfo(torch.bfloat16).min  # finite in every dtype of a network
    return torch.zeros_like(visible, dtype=dtype).masked_fill(~visible, low)


def whole_heads(angles: tuple[Tensor, Tensor] | None, dtype: torch.dtype) -> tuple[Tensor | None, Tensor | None]:
    """Expand rotary angles (T, d/2) to the shape that `turn` expects, (T, 1, 1, d)."""
    if angles is None:
        return None, None
    cos, sin = (angle.to(dtype)[:, None, None] for angle in angles)
    return torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1)


def turn(x: Tensor, cos: Tensor | None, sin: Tensor | None) -> Tensor:
    """Rotate x (B, T, n, heads, d) as `rotate` does, n projections at once. cos, sin: (T, 1, 1, d); None returns x unchanged."""
    if cos is None or sin is None:
        return x
    swapped = torch.cat(x.chunk(2, -1)[::-1], -1)
    return x * cos + swapped * sin


@dataclass
class Cache:
    """Keys and values of the newest tokens, (B, heads, U, d), and a mask of the visible ones, (B, U); U ≤ `most`."""

    key: Tensor
    value: Tensor
    seen: Tensor
    most: int

    def repeat(self, times: int) -> Cache:
        """Repeat each row `times` times, for several sample paths of one series."""
        key, value, seen = (x.repeat_interleave(times, 0) for x in (self.key, self.value, self.seen))
        return Cache(key, value, seen, self.most)

    def newest(self) -> Cache:
        """Return the cache of the newest `most` tokens."""
        return Cache(self.key[:, :, -self.most :], self.value[:, :, -self.most :], self.seen[:, -self.most :], self.most)


class MultiHeadAttention(nn.Module):
    """Self-attention in `heads` subspaces of width/heads features, each with its own projections (Vaswani et al. 2017, §3.2.2).

    head_i = Attention(x W_Qi, x W_Ki, x W_Vi); the heads are concatenated and multiplied by W_O. Equivalent to
    `scaled_dot_product_attention` with fewer passes over memory. It does not use PyTorch's fused kernel, whose backward pass
    took 38 % of a training step on CPU. Time and memory grow with T².
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.project_in = nn.Linear(width, 3 * width, bias=False)
        self.project_out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.project_out.weight)  # a block starts as the identity

    def mask(self, keys: Tensor, angles: tuple[Tensor, Tensor] | None, dtype: torch.dtype) -> AttentionMask:
        """Return the causal visibility among the tokens where keys (B, T), bool, is True."""
        visible = causal_mask(keys.shape[1], keys.device) & keys[:, None, None, :]
        found = attention_mask(visible, angles, dtype)
        return AttentionMask(found.bias, found.sees, found.cos, found.sin, keys)

    def forward(self, x: Tensor, seen: AttentionMask) -> Tensor:
        """Map x (B, T, D) to (B, T, D)."""
        weights, value = self._attend(x, seen)
        if self.training and self.dropout:
            weights = nn.functional.dropout(weights, self.dropout)
        out = weights @ value.transpose(1, 2)  # (B, heads, T, d)
        return self.project_out(out.transpose(1, 2).flatten(2) * seen.sees)

    def weights(self, x: Tensor, seen: AttentionMask) -> Tensor:
        """Return the attention weights, (B, heads, T, T). Rows sum to 1, or to 0 for a token that may attend to no token."""
        return self._attend(x, seen)[0] * seen.sees[:, None]

    def _attend(self, x: Tensor, seen: AttentionMask) -> tuple[Tensor, Tensor]:
        """Return the attention weights (B, heads, T, T) and the values (B, T, heads, d)."""
        query_key, value = self._project(x)
        q, k = turn(query_key, seen.cos, seen.sin).permute(2, 0, 3, 1, 4)  # queries and keys at once
        scores = q @ (k / math.sqrt(k.shape[-1])).transpose(-1, -2) + seen.bias  # (B, heads, T, T)
        return torch.softmax(scores, -1), value

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries and keys (B, T, 2, heads, d), and values (B, T, heads, d)."""
        query_key, value = self.project_in(x).unflatten(-1, (3, self.heads, x.shape[-1] // self.heads)).split([2, 1], 2)
        return query_key, value[:, :, 0]

    def remember(self, x: Tensor, seen: AttentionMask, most: int) -> Cache:
        """Return the cache from which `step` continues after the tokens x (B, T, D). `most`: its maximum size in tokens."""
        query_key, value = self._project(x)
        key = turn(query_key, seen.cos, seen.sin)[:, :, 1]
        keys = torch.ones_like(x[..., 0], dtype=torch.bool) if seen.keys is None else seen.keys
        return Cache(key.transpose(1, 2), value.transpose(1, 2), keys, most).newest()

    def step(self, x: Tensor, cache: Cache, angles: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Cache]:
        """Process one more token, x (B, 1, D), with rotary angles (1, d/2). Returns (B, 1, D) and the extended cache.

        The new token is never empty, so it always attends to itself.
        """
        query_key, value = self._project(x)
        q, k = turn(query_key, *whole_heads(angles, x.dtype)).permute(2, 0, 3, 1, 4)
        keys, values = torch.cat([cache.key, k], 2), torch.cat([cache.value, value.transpose(1, 2)], 2)
        whole = Cache(keys, values, torch.cat([cache.seen, torch.ones_like(cache.seen[:, :1])], 1), cache.most).newest()
        out, _ = scaled_dot_product_attention(q, whole.key, whole.value, whole.seen[:, None, None])
        return self.project_out(out.transpose(1, 2).flatten(2)), whole
