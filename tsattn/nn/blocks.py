"""Encoder blocks: self-attention and a feed-forward layer, each on a normalised residual branch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.attention import MultiHeadAttention, Sight
from tsattn.nn.scaling import norm


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


class EncoderBlock(nn.Module):
    """x + Attention(norm x), then x + FeedForward(norm x): pre-norm (Xiong et al. 2020)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm_attention = norm(config.width)
        self.attention = MultiHeadAttention(config.width, config.heads)
        self.norm_feed_forward = norm(config.width)
        self.feed_forward = FeedForward(config.width)
        self.dropout = SharedDropout(config.dropout)

    def forward(self, x: Tensor, seen: Sight) -> Tensor:
        """x (B, T, D), seen: what each token may attend to -> (B, T, D)."""
        x = x + self.dropout(self.attention(self.norm_attention(x), seen))
        return x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))
