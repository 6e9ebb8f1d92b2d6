"""Linear attention: a product of feature maps replaces the softmax, so that the past is a matrix of fixed size."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsattn.nn.attention import AttentionMask, MultiHeadAttention, causal_mask, turn, whole_heads

CHUNK = 32  # tokens of a chunk; cheapest near the width of a head
LEAST = 1e-20  # lower bound of the denominator


@dataclass
class Memory:
    """Sums over the tokens so far: Σ φ(k) vᵀ (B, heads, d, d) and Σ φ(k) (B, heads, d)."""

    values: Tensor
    keys: Tensor

    def repeat(self, times: int) -> Memory:
        """Repeat each row `times` times, for several sample paths of one series."""
        return Memory(self.values.repeat_interleave(times, 0), self.keys.repeat_interleave(times, 0))


class LinearAttention(MultiHeadAttention):
    """Causal linear attention (Katharopoulos et al. 2020, eq. 9 and 10) with φ(x) = elu(x) + 1, in chunks.

    out_t = Σ_{u≤t} φ(q_t)·φ(k_u) v_u / Σ_{u≤t} φ(q_t)·φ(k_u). Rotary positions rotate φ(q) and φ(k) in the numerator only,
    which keeps the denominator positive (Su et al. 2021, eq. 19). Products are computed directly within a chunk of C tokens;
    earlier chunks are a running sum. Time and memory grow with T·(C + d), not T². Dropout acts on the branch only, since there
    is no matrix of weights.
    """

    def mask(self, keys: Tensor, angles: tuple[Tensor, Tensor] | None, dtype: torch.dtype) -> AttentionMask:
        """Return visibility without a bias: the features of tokens that may not be attended to are set to zero."""
        sees = (keys.to(dtype).cumsum(1) > 0)[..., None].to(dtype)
        return AttentionMask(sees.new_zeros(()), sees, *whole_heads(angles, dtype), keys)

    def forward(self, x: Tensor, seen: AttentionMask) -> Tensor:
        """Map x (B, T, D) to (B, T, D)."""
        q, k, turned_q, turned_k, value = self._features(x, seen)
        over = self._sums(turned_q, turned_k, value)  # (B, heads, T, d)
        under = self._sums(q, k, torch.ones_like(value[..., :1]))  # (B, heads, T, 1)
        out = over / under.clamp_min(LEAST)
        return self.project_out(out.transpose(1, 2).flatten(2) * seen.sees)

    def weights(self, x: Tensor, seen: AttentionMask) -> Tensor:
        """Return the equivalent attention weights, (B, heads, T, T), for inspection; costs T².

        Rows sum to 1 without rotary positions. With them, entries may be negative and rows have other sums.
        """
        q, k, turned_q, turned_k, _ = self._features(x, seen)
        causal = causal_mask(x.shape[1], x.device)
        under = ((q @ k.transpose(-1, -2)) * causal).sum(-1, keepdim=True)
        return turned_q @ turned_k.transpose(-1, -2) * causal / under.clamp_min(LEAST) * seen.sees[:, None]

    def _features(self, x: Tensor, seen: AttentionMask) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return φ(q), φ(k), both again with rotary positions, and the values: each (B, heads, T, d)."""
        query_key, value = self._project(x)
        features = nn.functional.elu(query_key) + 1
        q, k = features.permute(2, 0, 3, 1, 4)
        turned_q, turned_k = turn(features, seen.cos, seen.sin).permute(2, 0, 3, 1, 4)
        if seen.keys is not None:
            there = seen.keys[:, None, :, None].to(k.dtype)
            k, turned_k = k * there, turned_k * there
        return q, k, turned_q, turned_k, value.transpose(1, 2)

    @staticmethod
    def _sums(q: Tensor, k: Tensor, value: Tensor) -> Tensor:
        """Compute Σ_{u≤t} (q_t·k_u) v_u: q, k (B, heads, T, d) and value (B, heads, T, e) -> (B, heads, T, e)."""
        tokens = q.shape[2]
        chunk = min(CHUNK, tokens)
        q, k, value = (nn.functional.pad(y, (0, 0, 0, -tokens % chunk)).unflatten(2, (-1, chunk)) for y in (q, k, value))
        within = (q @ k.transpose(-1, -2) * causal_mask(chunk, q.device)) @ value  # (B, heads, T / C, C, e)
        total = (k.transpose(-1, -2) @ value).cumsum(2)  # (B, heads, T / C, d, e)
        before = torch.cat([torch.zeros_like(total[:, :, :1]), total[:, :, :-1]], 2)
        return (within + q @ before).flatten(2, 3)[:, :, :tokens]

    def remember(self, x: Tensor, seen: AttentionMask, most: int) -> Memory:  # type: ignore[override]
        """Return the sums from which `step` continues after the tokens x (B, T, D).

        `most` is ignored: the sums have a fixed size.
        """
        _, k, _, turned_k, value = self._features(x, seen)
        return Memory(turned_k.transpose(-1, -2) @ value, k.sum(2))

    def step(  # type: ignore[override]
        self, x: Tensor, cache: Memory, angles: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Memory]:
        """Process one more token, x (B, 1, D), with rotary angles (1, d/2). Returns (B, 1, D) and the updated sums."""
        seen = AttentionMask(x.new_zeros(()), torch.ones_like(x[..., :1]), *whole_heads(angles, x.dtype))
        q, k, turned_q, turned_k, value = self._features(x, seen)
        whole = Memory(cache.values + turned_k.transpose(-1, -2) @ value, cache.keys + k[:, :, 0])
        out = turned_q @ whole.values / (q * whole.keys[:, :, None]).sum(-1, keepdim=True)
        return self.project_out(out.transpose(1, 2).flatten(2)), whole
