"""Cross-attention decoder: one query for each block of future steps attends to the tokens of the history."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.anchor_features import Simple
from tsattn.nn.anchors import COUNT
from tsattn.nn.attention import angles_at
from tsattn.nn.blocks import DecoderBlock
from tsattn.nn.head import Asked, Head
from tsattn.nn.inputs import InputSpec
from tsattn.nn.scaling import Scale, norm
from tsattn.nn.seasonal_scale import FEATURES


class CrossAttentionHead(Head):
    """Decoder of an encoder-decoder network: one query per block of steps, through decoder blocks (Vaswani et al. 2017, §3.1).

    A query is the sum of a projection of the anchors and known covariates of its steps, a learned embedding of its position in
    the horizon, and the token of its origin. The queries of an origin attend to each other and to the tokens up to that origin,
    so all origins of a window are trained in one pass without leakage. It has half as many blocks as the encoder, at least one.
    """

    sees_all = True

    def __init__(self, config: ModelConfig, spec: InputSpec) -> None:
        nn.Module.__init__(self)
        self._settle(config, spec)
        self.patch, self.size = config.patch, config.width // config.heads
        self.query = nn.Linear(config.block * (COUNT + spec.known), config.width)
        self.record = nn.Linear(COUNT, config.width, bias=False)
        self.place = nn.Parameter(0.02 * torch.randn(self.blocks, config.width))
        self.layers = nn.ModuleList(DecoderBlock(config) for _ in range(max(1, config.layers // 2)))
        self.norm = norm(config.width)
        self.mix = nn.Linear(config.width, COUNT)
        self.quantile = nn.Linear(config.width, config.block * self.quantiles)
        self.gate = nn.Linear(config.width, FEATURES)
        self.sharp = nn.Linear(config.width, 1)
        self._begin_at_zero()

    def mixture(
        self, tokens: Tensor, simple: Simple, ahead: Tensor, scale: Scale, asked: Asked | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what `Head.mixture` returns. Raises ValueError without `asked`."""
        if asked is None:
            raise ValueError("a cross-attention head needs `asked`")
        near = self._near(simple, scale)
        x = self.query(torch.cat([self._by_block(near), self._by_block(ahead)], -1)) + self.place
        x = x + (tokens + self.record(simple.skill))[:, :, None]
        place = torch.arange(asked.tokens.shape[1], device=x.device)
        visible = (place <= asked.newest[..., None]) & asked.full[:, None]  # (B, O, T)
        angles = None if asked.angles is None else (self._angles(asked.newest), asked.angles)
        for layer in self.layers:
            x = layer(x, asked.tokens, visible, angles)
        x = self.norm(x)  # (B, O, blocks, D)
        weight = self._by_step(self._weights(self.mix(x), self.sharp(x)[..., 0], simple))
        raw = self.quantile(x).float().unflatten(-1, (self.block, -1)).flatten(2, 3)
        raw = self._known(raw[:, :, : self.horizon], tokens, ahead, asked)
        return weight, raw, self._by_step(self.gate(x).float())

    def _by_block(self, x: Tensor) -> Tensor:
        """Group steps by block: (B, O, H, n) -> (B, O, blocks, block·n). The last block is padded with zeros."""
        x = nn.functional.pad(x, (0, 0, 0, self.blocks * self.block - self.horizon))
        return x.unflatten(2, (self.blocks, self.block)).flatten(3)

    def _angles(self, newest: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rotary angles of the queries, at the position of their first step: (B, O) -> (B, O·blocks, d/2)."""
        behind = torch.arange(self.blocks, device=newest.device) * (self.block / self.patch) + 1
        return angles_at((newest[..., None] + behind).flatten(1), self.size)
