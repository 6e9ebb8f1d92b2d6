"""The quantile head: a mixture of seasonal anchors plus a correction, and widths around it that follow the season's noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.anchor_features import Simple
from tsattn.nn.anchors import COUNT
from tsattn.nn.blocks import SharedDropout
from tsattn.nn.inputs import InputSpec
from tsattn.nn.scaling import Scale
from tsattn.nn.seasonal_scale import FEATURES, widen

LIMIT = 5.0  # of the head's corrections before sinh: 74 naive steps
SHARPNESS = 2.0  # at first: an anchor that erred half as much as another weighs four times as much
HIDDEN = 64  # units of the network of known covariates


@dataclass(frozen=True)
class Asked:
    """From where is forecast: tokens (B, T, D), the newest one of each origin (B, O), which tokens hold anything (B, T).

    tokens are all of them for a head that `sees_all`, else those of the origins, (B, O, D).
    angles (T, d/2): of the tokens' rotary positions, or None.
    """

    tokens: Tensor
    newest: Tensor
    full: Tensor
    angles: tuple[Tensor, Tensor] | None


class Effect(nn.Module):
    """Effect of the known covariates of each step, by one small network for all steps: a promotion is learnt once.

    Starts without effect. (B, O, D) and (B, O, H, K) -> (B, O, H, 2): added to what the median's correction is made of, and to
    what the widths are.
    """

    def __init__(self, width: int, known: int) -> None:
        super().__init__()
        self.token = nn.Linear(width, HIDDEN)
        self.known = nn.Linear(known, HIDDEN, bias=False)
        self.out = nn.Linear(HIDDEN, 2, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, tokens: Tensor, ahead: Tensor) -> Tensor:
        made: Tensor = self.out(nn.functional.gelu(self.token(tokens)[:, :, None] + self.known(ahead)))
        return made.float()


class Head(nn.Module):
    """A softmax mixture of anchors, one for each block of steps, plus a correction; quantiles by cumulated widths.

    Quantiles cannot cross: each is its inner neighbour plus or minus a positive width. Widths are multiplied by powers of the
    noise of the step's phase (nn/seasonal_scale.py), and anchors are weighted by powers of their past errors
    (nn/anchor_errors.py); the head chooses these powers, one set for each block.
    """

    sees_all = False  # whether it reads the tokens of the whole past

    def __init__(self, config: ModelConfig, spec: InputSpec) -> None:
        super().__init__()
        self._settle(config, spec)
        size = config.width + config.pass_steps * (COUNT + spec.known) + COUNT
        hidden = 2 * config.width
        self.dropout = SharedDropout(config.dropout)
        self.expand = nn.Linear(size, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.mix = nn.Linear(hidden, self.blocks * COUNT)
        self.quantile = nn.Linear(hidden, config.pass_steps * self.quantiles)
        self.gate = nn.Linear(hidden, self.blocks * FEATURES)
        self.sharp = nn.Linear(hidden, self.blocks)
        self._begin_at_zero()

    def _settle(self, config: ModelConfig, spec: InputSpec) -> None:
        self.horizon, self.block = config.pass_steps, config.block
        self.blocks = -(-config.pass_steps // config.block)
        self.quantiles, self.median = len(spec.quantiles), spec.quantiles.index(0.5)
        self.effect = Effect(config.width, spec.known) if spec.known else None

    def _begin_at_zero(self) -> None:
        for layer in (self.mix, self.quantile, self.gate, self.sharp):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.sharp.bias, SHARPNESS)

    def forward(self, tokens: Tensor, simple: Simple, ahead: Tensor, scale: Scale, asked: Asked | None = None) -> Tensor:
        """tokens (B, O, D), known ahead (B, O, H, K) -> (B, O, H, Q), as the anchors in units of scale.std.

        asked: what a head that attends to the past looks at; this one has all it needs in `tokens`.
        """
        weight, raw, gate = self.mixture(tokens, simple, ahead, scale, asked)
        less, more = widen(gate, simple.spread)
        middle = (weight * simple.anchors).sum(-1) + self.correction(raw, scale)
        width = nn.functional.softplus(raw - 1.0) * scale.season[..., None, None]
        down = width[..., : self.median].flip(-1).cumsum(-1).flip(-1) * less
        up = width[..., self.median + 1 :].cumsum(-1) * more
        return torch.cat([middle[..., None] - down, middle[..., None], middle[..., None] + up], -1)

    def mixture(
        self, tokens: Tensor, simple: Simple, ahead: Tensor, scale: Scale, asked: Asked | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The anchors' weights (B, O, H, A), which sum to 1; what correction and widths come from (B, O, H, Q); and the powers
        of the spread (B, O, H, S) that the widths take."""
        x = torch.cat([tokens, self._near(simple, scale).flatten(2), ahead.flatten(2), simple.skill], -1)
        x = self.dropout(nn.functional.gelu(self.expand(x)))
        x = x + self.dropout(nn.functional.gelu(self.middle(x)))
        weight = self._weights(self.mix(x).unflatten(-1, (self.blocks, -1)), self.sharp(x), simple)
        gate = self.gate(x).float().unflatten(-1, (self.blocks, -1))
        raw = self.quantile(x).float().unflatten(-1, (self.horizon, -1))
        return self._by_step(weight), self._known(raw, tokens, ahead), self._by_step(gate)

    def _known(self, raw: Tensor, tokens: Tensor, ahead: Tensor) -> Tensor:
        """Raw corrections and widths (B, O, H, Q), with the effect of the known covariates."""
        if self.effect is None:
            return raw
        middle, width = self.effect(tokens, ahead).split(1, -1)
        beside = width.expand_as(raw)
        return raw + torch.cat([beside[..., : self.median], middle, beside[..., self.median + 1 :]], -1)

    def _near(self, simple: Simple, scale: Scale) -> Tensor:
        """The anchors about the last value, in naive steps and bent: (B, O, H, A)."""
        return torch.asinh((simple.anchors - simple.anchors[..., :1, :1]) / scale.step[..., None, None]) / 2

    def _weights(self, choice: Tensor, sharpness: Tensor, simple: Simple) -> Tensor:
        """Of the anchors, by block: the network's choice (B, O, blocks, A), times a power (B, O, blocks) of how they erred."""
        return torch.softmax(choice.float() - sharpness.float()[..., None] * simple.skill[:, :, None], -1)

    def _by_step(self, x: Tensor) -> Tensor:
        """Values of each step's block: (B, O, blocks, n) -> (B, O, H, n)."""
        return x.repeat_interleave(self.block, 2)[:, :, : self.horizon]

    def correction(self, raw: Tensor, scale: Scale) -> Tensor:
        """Correction of the mixture for the median: (B, O, H, Q) -> (B, O, H), in units of scale.std."""
        return torch.sinh(raw[..., self.median].clamp(-LIMIT, LIMIT)) * scale.step[..., None]
