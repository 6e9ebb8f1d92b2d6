"""Absolute positions, added to the tokens: sinusoidal or learned. Rotary ones are part of attention (nn/attention.py)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig


def sinusoids(position: Tensor, width: int, base: float = 10000.0) -> Tensor:
    """sin(p / base^(2i/D)) at feature 2i, the cosine at 2i + 1 (Vaswani et al. 2017, §3.5): (…) -> (…, D), D even."""
    rate = base ** (-torch.arange(0, width, 2, dtype=torch.float32, device=position.device) / width)
    angle = position.to(torch.float32)[..., None] * rate
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)


class Position(nn.Module):
    """Adds to each token what stands for its place, counted from the first token that holds anything.

    So what lies before a short series changes nothing. Kinds "rotary" and "none" add nothing. Learned places end with the
    context: tokens generated beyond it take the last one.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind, self.width, self.tokens = config.position, config.width, config.context // config.patch
        if self.kind == "learned":
            self.table = nn.Parameter(0.02 * torch.randn(self.tokens, config.width))

    def forward(self, x: Tensor, first: Tensor, start: int = 0) -> Tensor:
        """x (B, T, D), the tokens from number `start` on; first (B,): the first one that holds anything -> (B, T, D)."""
        if self.kind not in ("sinusoidal", "learned"):
            return x
        place = torch.arange(start, start + x.shape[1], device=x.device) - first[:, None]
        place = place.clamp_min(0)  # (B, T)
        if self.kind == "sinusoidal":
            return x + sinusoids(place, self.width).to(x.dtype)
        return x + self.table[place.clamp_max(self.tokens - 1)]
