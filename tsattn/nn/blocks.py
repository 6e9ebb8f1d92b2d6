"""Encoder blocks: self-attention and a feed-forward layer, each on a normalised residual branch."""

from __future__ import annotations

from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.attention import MultiHeadAttention


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


class EncoderBlock(nn.Module):
    """x + Attention(norm x), then x + FeedForward(norm x): pre-norm (Xiong et al. 2020), RMSNorm (Zhang & Sennrich 2019)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm_attention = nn.RMSNorm(config.width)
        self.attention = MultiHeadAttention(config.width, config.heads, config.dropout)
        self.norm_feed_forward = nn.RMSNorm(config.width)
        self.feed_forward = FeedForward(config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """x (B, T, D), visible: what each token may attend to -> (B, T, D)."""
        x = x + self.dropout(self.attention(self.norm_attention(x), visible))
        return x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))
