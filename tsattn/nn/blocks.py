"""Encoder and decoder blocks: attention and a feed-forward layer, each on a normalised residual branch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.attention import AttentionMask, MultiHeadAttention, rotate, scaled_dot_product_attention
from tsattn.nn.linear_attention import LinearAttention
from tsattn.nn.scaling import norm
from tsattn.nn.window_attention import WindowAttention

# "none" is an encoder without blocks
ATTENTION: dict[str, Callable[[ModelConfig], MultiHeadAttention]] = {
    "full": lambda c: MultiHeadAttention(c.width, c.heads, c.dropout),
    "window": lambda c: WindowAttention(c.width, c.heads, c.dropout, c.window),
    "linear": lambda c: LinearAttention(c.width, c.heads, c.dropout),
}


class FeedForward(nn.Module):
    """Linear, GELU, linear, with `factor` times the width between (Vaswani et al. 2017, §3.3). (…, D) -> (…, D)."""

    def __init__(self, width: int, factor: int = 2) -> None:
        super().__init__()
        self.expand = nn.Linear(width, factor * width)
        self.contract = nn.Linear(factor * width, width)
        nn.init.zeros_(self.contract.weight)
        nn.init.zeros_(self.contract.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.contract(nn.functional.gelu(self.expand(x)))


class SharedDropout(nn.Module):
    """Dropout of whole features, the same ones at every token (Gal & Ghahramani 2016, §4). (B, T, D) -> (B, T, D).

    On a CPU it costs a T-th of ordinary dropout, whose random numbers would take as long as the block itself.
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
    """Regularisation of a residual branch in training: dropout of features, and of the whole branch of some windows.

    The latter is stochastic depth (Huang et al. 2016, §3), the other windows' branches scaled up for it.
    (B, T, D) -> (B, T, D), as it is outside training.
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
    """x + Attention(norm x), then x + FeedForward(norm x): pre-norm (Xiong et al. 2020).

    number: of `config.layers`, from 1; the share of skipped branches grows with it to `drop_path` (Huang et al. 2016, eq. 4).
    """

    def __init__(self, config: ModelConfig, number: int = 1) -> None:
        super().__init__()
        self.norm_attention = norm(config.width)
        self.attention = ATTENTION[config.encoder](config)
        self.norm_feed_forward = norm(config.width)
        self.feed_forward = FeedForward(config.width)
        self.dropout = Branch(config.dropout, config.drop_path * number / max(1, config.layers))

    def forward(self, x: Tensor, seen: AttentionMask, only: Tensor | None = None) -> Tensor:
        """x (B, T, D), seen: what each token may attend to -> (B, T, D); or the tokens at the places `only` (B, O), (B, O, D)."""
        x = x + self.dropout(self.attention(self.norm_attention(x), seen))
        if only is not None:
            x = pick(x, only)
        return x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))


def pick(x: Tensor, places: Tensor) -> Tensor:
    """The tokens of x (B, T, D) at places (B, O) -> (B, O, D)."""
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[-1]))


class CrossAttention(nn.Module):
    """Queries of one sequence, keys and values of another (Vaswani et al. 2017, §3.2.3), in `heads` subspaces."""

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
        """x (B, N, D), memory (B, T, D), visible (B, N, T) bool -> (B, N, D); zeros for a query that sees nobody.

        angles: of the queries (B, N, d/2) and of the memory (T, d/2), for rotary positions.
        """
        q = self.project_query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, d)
        k, v = self.project_key_value(memory).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if angles is not None:
            (cos, sin), of_memory = angles
            q, k = rotate(q, cos[:, None], sin[:, None]), rotate(k, *of_memory)
        out, _ = scaled_dot_product_attention(q, k, v, visible[:, None], self.dropout if self.training else 0.0)
        return self.project_out(out.transpose(1, 2).flatten(2))


class DecoderBlock(nn.Module):
    """Self-attention of the queries of one origin, cross-attention to the tokens up to it, feed-forward; pre-norm.

    (Vaswani et al. 2017, §3.1, but not masked: what is asked about is known for the whole horizon.)
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
        """x (B, O, n, D): n queries of each of O origins; memory (B, T, D); visible (B, O, T) -> (B, O, n, D).

        angles: of the queries (B, O·n, d/2) and of the memory (T, d/2).
        """
        origins, queries = x.shape[1:3]
        x = x.flatten(0, 1)  # (B·O, n, D)
        everybody = AttentionMask(x.new_zeros(1, 1, queries, queries), x.new_ones(1, queries, 1), None, None)
        x = x + self.dropout(self.attention(self.norm_attention(x), everybody))
        x = x.unflatten(0, (-1, origins)).flatten(1, 2)  # (B, O·n, D)
        x = x + self.dropout(self.cross(self.norm_cross(x), memory, visible.repeat_interleave(queries, 1), angles))
        x = x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))
        return x.unflatten(1, (origins, queries))
