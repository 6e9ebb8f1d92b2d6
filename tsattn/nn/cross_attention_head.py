"""The cross-attention decoder: queries for the steps ahead, with what is known of them, attend to the tokens of the past."""

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
    """The head of an encoder-decoder: one query for each block of steps, through decoder blocks (Vaswani et al. 2017, §3.1).

    A query is made of the anchors and the known covariates of its steps, of its place in the horizon and of the origin's
    token. The queries of an origin attend to each other and to the tokens up to that origin, so that every origin of a
    window is trained at once and none sees what comes after it. Half as many blocks as the encoder has, at least one.
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
        """As of Head; `asked` must be given."""
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
        raw = self._known(raw[:, :, : self.horizon], tokens, ahead)
        return weight, raw, self._by_step(self.gate(x).float())

    def _by_block(self, x: Tensor) -> Tensor:
        """(B, O, H, n) -> (B, O, blocks, block·n), with zeros for the steps that the last block lacks."""
        x = nn.functional.pad(x, (0, 0, 0, self.blocks * self.block - self.horizon))
        return x.unflatten(2, (self.blocks, self.block)).flatten(3)

    def _angles(self, newest: Tensor) -> tuple[Tensor, Tensor]:
        """Of the queries, which lie as far behind the newest token as their steps do: (B, O) -> (B, O·blocks, d/2)."""
        behind = torch.arange(self.blocks, device=newest.device) * (self.block / self.patch) + 1
        return angles_at((newest[..., None] + behind).flatten(1), self.size)
