"""Encoder and decoder blocks: attention and a feed-forward layer, each on a pre-norm residual branch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.attention import AttentionMask, MultiHeadAttention, rotate, scaled_dot_product_attention
from tsattn.nn.linear_attention import LinearAttention
from tsattn.nn.scaling import norm
from tsattn.nn.window_attention import WindowAttention

# the encoder "none" has no blocks
ATTENTION: dict[str, Callable[[ModelConfig], MultiHeadAttention]] = {
    "full": lambda c: MultiHeadAttention(c.width, c.heads, c.dropout),
    "window": lambda c: WindowAttention(c.width, c.heads, c.dropout, c.window),
    "linear": lambda c: LinearAttention(c.width, c.heads, c.dropout),
}


class FeedForward(nn.Module):
    """Linear, GELU, linear, with `factor` times the width in between (Vaswani et al. 2017, §3.3). (…, D) -> (…, D)."""

    def __init__(self, width: int, factor: int = 2) -> None:
        super().__init__()
        self.expand = nn.Linear(width, factor * width)
        self.contract = nn.Linear(factor * width, width)
        nn.init.zeros_(self.contract.weight)
        nn.init.zeros_(self.contract.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.contract(nn.functional.gelu(self.expand(x)))


class SharedDropout(nn.Module):
    """Dropout of whole features, the same for every token of a window (Gal & Ghahramani 2016, §4). (B, T, D) -> (B, T, D).

    It draws T times fewer random numbers than ordinary dropout, which would take as long as the block itself on CPU.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= self.share
        return x * (kept / (1 - self.share)).to(x.dtype)


class Branch(nn.Module):
    """Regularisation of a residual branch (B, T, D): dropout of features, and stochastic depth (Huang et al. 2016, §3).

    Stochastic depth drops the whole branch for a random share `skip` of the windows and scales up the others. Outside
    training, the branch is unchanged.
    """

    def __init__(self, dropout: float, skip: float) -> None:
        super().__init__()
        self.dropout, self.skip = SharedDropout(dropout), skip

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(x)
        if not self.training or self.skip == 0:
            return x
        kept = torch.rand(x.shape[0], 1, 1, device=x.device) >= self.skip
        return x * (kept / (1 - self.skip)).to(x.dtype)


class EncoderBlock(nn.Module):
    """Pre-norm block: x + Attention(norm x), then x + FeedForward(norm x) (Xiong et al. 2020).

    number: position among `config.layers` blocks, from 1. The share of dropped branches grows with it, up to `drop_path`
    (Huang et al. 2016, eq. 4).
    """

    def __init__(self, config: ModelConfig, number: int = 1) -> None:
        super().__init__()
        self.norm_attention = norm(config.width)
        self.attention = ATTENTION[config.encoder](config)
        self.norm_feed_forward = norm(config.width)
        self.feed_forward = FeedForward(config.width)
        self.dropout = Branch(config.dropout, config.drop_path * number / max(1, config.layers))

    def forward(self, x: Tensor, seen: AttentionMask, only: Tensor | None = None) -> Tensor:
        """Map x (B, T, D) to (B, T, D), or to (B, O, D) for the tokens at positions `only` (B, O).

        seen: visibility between tokens.
        """
        x = x + self.dropout(self.attention(self.norm_attention(x), seen))
        if only is not None:
            x = pick(x, only)
        return x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))


def pick(x: Tensor, places: Tensor) -> Tensor:
    """Return the tokens of x (B, T, D) at positions `places` (B, O): (B, O, D)."""
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[-1]))


class CrossAttention(nn.Module):
    """Multi-head attention with queries from one sequence, keys and values from another (Vaswani et al. 2017, §3.2.3)."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.project_query = nn.Linear(width, width, bias=False)
        self.project_key_value = nn.Linear(width, 2 * width, bias=False)
        self.project_out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.project_out.weight)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        visible: Tensor,
        angles: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
    ) -> Tensor:
        """Attend from x (B, N, D) to memory (B, T, D): (B, N, D). visible (B, N, T): bool.

        A query without a visible key gets zeros. angles: rotary angles of the queries (B, N, d/2) and of the memory (T, d/2).
        """
        q = self.project_query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, d)
        k, v = self.project_key_value(memory).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if angles is not None:
            (cos, sin), of_memory = angles
            q, k = rotate(q, cos[:, None], sin[:, None]), rotate(k, *of_memory)
        out, _ = scaled_dot_product_attention(q, k, v, visible[:, None], self.dropout if self.training else 0.0)
        return self.project_out(out.transpose(1, 2).flatten(2))


class DecoderBlock(nn.Module):
    """Self-attention among the queries of an origin, cross-attention to the tokens up to it, feed-forward; pre-norm.

    Vaswani et al. 2017, §3.1, without the causal mask: the inputs of all queries are known at the origin.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm_attention = norm(config.width)
        self.attention = MultiHeadAttention(config.width, config.heads, config.dropout)
        self.norm_cross = norm(config.width)
        self.cross = CrossAttention(config.width, config.heads, config.dropout)
        self.norm_feed_forward = norm(config.width)
        self.feed_forward = FeedForward(config.width)
        self.dropout = Branch(config.dropout, config.drop_path)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        visible: Tensor,
        angles: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
    ) -> Tensor:
        """Map x (B, O, n, D), n queries for each of O origins, to (B, O, n, D).

        memory (B, T, D); visible (B, O, T). angles: rotary angles of the queries (B, O·n, d/2) and of the memory (T, d/2).
        """
        origins, queries = x.shape[1:3]
        x = x.flatten(0, 1)  # (B·O, n, D)
        all_visible = AttentionMask(x.new_zeros(1, 1, queries, queries), x.new_ones(1, queries, 1), None, None)
        x = x + self.dropout(self.attention(self.norm_attention(x), all_visible))
        x = x.unflatten(0, (-1, origins)).flatten(1, 2)  # (B, O·n, D)
        x = x + self.dropout(self.cross(self.norm_cross(x), memory, visible.repeat_interleave(queries, 1), angles))
        x = x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))
        return x.unflatten(1, (origins, queries))
