"""Sliding-window attention: each token attends to the nearest ones only. Computed by blocks, so cost grows with T, not T²."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tsattn.nn.attention import AttentionMask, Cache, MultiHeadAttention, bias_of, turn, whole_heads


class WindowAttention(MultiHeadAttention):
    """Causal attention to the `window` newest tokens, including the token itself (Beltagy et al. 2020, §3.1).

    Tokens are cut into blocks of w = window. Block b attends to blocks b − 1 and b through a band mask, so that the largest
    tensor is (B, heads, T, 2w). Equals full attention if w ≥ T.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0, window: int = 16) -> None:
        super().__init__(width, heads, dropout)
        self.window = window

    def mask(self, keys: Tensor, angles: tuple[Tensor, Tensor] | None, dtype: torch.dtype) -> AttentionMask:
        """Return the causal visibility within the window; its bias has shape (B, 1, T / w, w, 2w)."""
        tokens = keys.shape[1]
        span = min(self.window, tokens)
        place = torch.arange(span, device=keys.device)[:, None]
        behind = torch.arange(2 * span, device=keys.device) - span  # a key's place in the query's block
        band = (behind <= place) & (behind > place - span)
        there = _pairs(keys[:, None, :, None].to(dtype), span)[..., 0] > 0  # (B, 1, T / w, 2w)
        visible = band & there[:, :, :, None]  # (B, 1, T / w, w, 2w)
        sees = visible.any(-1)[:, 0].flatten(1)[:, :tokens, None].to(dtype)
        return AttentionMask(bias_of(visible, dtype), sees, *whole_heads(angles, dtype), keys)

    def forward(self, x: Tensor, seen: AttentionMask) -> Tensor:
        """Map x (B, T, D) to (B, T, D)."""
        tokens = x.shape[1]
        weights, value = self._attend(x, seen)
        if self.training and self.dropout:
            weights = nn.functional.dropout(weights, self.dropout)
        out = weights @ _pairs(value.transpose(1, 2), min(self.window, tokens))  # (B, heads, T / w, w, d)
        return self.project_out(out.flatten(2, 3)[:, :, :tokens].transpose(1, 2).flatten(2) * seen.sees)

    def weights(self, x: Tensor, seen: AttentionMask) -> Tensor:
        """Return the attention weights as a full matrix, (B, heads, T, T), for inspection; costs T²."""
        tokens = x.shape[1]
        span = min(self.window, tokens)
        banded = self._attend(x, seen)[0]  # (B, heads, T / w, w, 2w)
        blocks = banded.shape[2]
        whole = banded.new_zeros(*banded.shape[:2], blocks * span, (blocks + 1) * span)
        for block in range(blocks):
            rows = slice(block * span, (block + 1) * span)
            whole[:, :, rows, block * span : (block + 2) * span] = banded[:, :, block]
        return whole[:, :, :tokens, span : span + tokens] * seen.sees[:, None]

    def _attend(self, x: Tensor, seen: AttentionMask) -> tuple[Tensor, Tensor]:
        """Return the attention weights within each block (B, heads, T / w, w, 2w), and the values (B, T, heads, d)."""
        span = min(self.window, x.shape[1])
        query_key, value = self._project(x)
        q, k = turn(query_key, seen.cos, seen.sin).permute(2, 0, 3, 1, 4)
        scores = _blocks(q, span) @ (_pairs(k, span) / math.sqrt(k.shape[-1])).transpose(-1, -2) + seen.bias
        return torch.softmax(scores, -1), value

    def remember(self, x: Tensor, seen: AttentionMask, most: int) -> Cache:
        """Return the cache from which `step` continues; it holds at most `window` tokens."""
        return super().remember(x, seen, min(most, self.window))


def _blocks(x: Tensor, span: int) -> Tensor:
    """Cut into blocks: (B, n, T, d) -> (B, n, T / span, span, d), padded with zeros at the end."""
    return nn.functional.pad(x, (0, 0, 0, -x.shape[2] % span)).unflatten(2, (-1, span))


def _pairs(x: Tensor, span: int) -> Tensor:
    """Join each block with the one before it: (B, n, T, d) -> (B, n, T / span, 2 span, d). Zeros precede the first block."""
    blocks = _blocks(x, span)
    before = torch.cat([torch.zeros_like(blocks[:, :, :1]), blocks[:, :, :-1]], 2)
    return torch.cat([before, blocks], 3)
