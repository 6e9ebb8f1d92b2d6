"""Absolute position embeddings, sinusoidal or learned, which are added to the tokens. For rotary ones see nn/attention.py."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig


def sinusoids(position: Tensor, width: int, base: float = 10000.0) -> Tensor:
    """Return sin(p / base^(2i/D)) at feature 2i and the cosine at 2i + 1 (Vaswani et al. 2017, §3.5): (…) -> (…, D), D even."""
    rate = base ** (-torch.arange(0, width, 2, dtype=torch.float32, device=position.device) / width)
    angle = position.to(torch.float32)[..., None] * rate
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)


class Position(nn.Module):
    """Add a position embedding to each token, counted from the first token that holds an observation.

    Missing values before a short series therefore do not change its embedding. The kinds "rotary" and "none" add nothing.
    Learned embeddings cover the context; tokens generated beyond it get the last one.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind, self.width, self.tokens = config.position, config.width, config.context // config.patch
        if self.kind == "learned":
            self.table = nn.Parameter(0.02 * torch.randn(self.tokens, config.width))

    def forward(self, x: Tensor, first: Tensor, start: int = 0) -> Tensor:
        """Map x (B, T, D) to (B, T, D). start: position of the first token of x.

        first (B,): position of the first token that holds an observation.
        """
        if self.kind not in ("sinusoidal", "learned"):
            return x
        place = torch.arange(start, start + x.shape[1], device=x.device) - first[:, None]
        place = place.clamp_min(0)  # (B, T)
        if self.kind == "sinusoidal":
            return x + sinusoids(place, self.width).to(x.dtype)
        return x + self.table[place.clamp_max(self.tokens - 1)]
