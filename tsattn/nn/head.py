"""Quantile head: a mixture of seasonal anchors plus a correction for the median, and positive widths around it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.anchor_features import Simple
from tsattn.nn.anchors import COUNT
from tsattn.nn.blocks import SharedDropout
from tsattn.nn.inputs import InputSpec
from tsattn.nn.leads import LEAD_FEATURES
from tsattn.nn.scaling import Scale
from tsattn.nn.seasonal_scale import FEATURES, widen

LIMIT = 5.0  # bound of corrections before sinh: sinh(5) = 74 naive steps
SHARPNESS = 2.0  # initial power: half the error gives four times the weight
HIDDEN = 64  # hidden units of the network of known covariates


@dataclass(frozen=True)
class Asked:
    """Origins to forecast from, for heads that read more than the origins' tokens.

    tokens: all tokens (B, T, D) for a head that `sees_all`, else those of the origins (B, O, D). newest (B, O): position of
    each origin's newest token. full (B, T): True for tokens that hold an observation. angles: cosines and sines (T, d/2) of
    rotary positions, or None. z, first, periods and origin: see `nn.anchors.anchors`. passes: number of passes of H steps.
    leads (B, O, H, 3): features from other series for the steps of the first pass (nn/leads.py), or None.
    """

    tokens: Tensor
    newest: Tensor
    full: Tensor
    angles: tuple[Tensor, Tensor] | None
    z: Tensor
    first: Tensor
    periods: Tensor
    origin: Tensor
    passes: int = 1
    leads: Tensor | None = None


class Effect(nn.Module):
    """Effect of known covariates, or of features from other series: one small network shared by all steps of the horizon.

    (B, O, D) and (B, O, H, K) -> (B, O, H, 2): the first is added to the raw correction of the median, the second to the raw
    widths. Initialised to zero.
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
    """Quantiles from a softmax mixture of anchors, one for each block of steps, plus a correction and cumulated widths.

    Quantiles cannot cross: each is its inner neighbour plus or minus a positive width. Widths are multiplied by powers of the
    relative noise at the step's phase (nn/seasonal_scale.py), and anchors are weighted by powers of their past errors
    (nn/anchor_errors.py). The network outputs these powers, one set for each block.
    """

    sees_all = False  # True if the head reads all tokens, not only those of the origins

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
        self.led = Effect(config.width, LEAD_FEATURES) if config.across else None

    def _begin_at_zero(self) -> None:
        for layer in (self.mix, self.quantile, self.gate, self.sharp):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.sharp.bias, SHARPNESS)

    def spread_steps(self, passes: int) -> int:
        """Return the number of steps that `Simple.spread` must cover for a forecast of this many passes."""
        return passes * self.horizon

    def forward(self, tokens: Tensor, simple: Simple, ahead: Tensor, scale: Scale, asked: Asked | None = None) -> Tensor:
        """Return the quantiles (B, O, H, Q), in units of scale.std.

        tokens (B, O, D); ahead (B, O, H, K): known covariates of the future steps; asked: used only by a head that `sees_all`.
        """
        return self._quantiles(*self.mixture(tokens, simple, ahead, scale, asked), simple, scale)

    def _quantiles(self, weight: Tensor, raw: Tensor, gate: Tensor, simple: Simple, scale: Scale) -> Tensor:
        """Return the quantiles (B, O, H, Q) from the output of `mixture`."""
        less, more = widen(gate, simple.spread)
        middle = (weight * simple.anchors).sum(-1) + self.correction(raw, scale)
        width = nn.functional.softplus(raw - 1.0) * scale.season[..., None, None]
        down = width[..., : self.median].flip(-1).cumsum(-1).flip(-1) * less
        up = width[..., self.median + 1 :].cumsum(-1) * more
        return torch.cat([middle[..., None] - down, middle[..., None], middle[..., None] + up], -1)

    def mixture(
        self, tokens: Tensor, simple: Simple, ahead: Tensor, scale: Scale, asked: Asked | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the anchors' weights, the raw correction and widths, and the powers of the spread.

        Weights (B, O, H, A) sum to 1 over A. Raw values (B, O, H, Q): the median's is the correction, the others give the
        widths. Powers (B, O, H, S).
        """
        return self._mixture(self._outputs(tokens, simple, ahead, scale), tokens, simple, ahead, asked)

    def _outputs(self, tokens: Tensor, simple: Simple, ahead: Tensor, scale: Scale) -> Tensor:
        """Return the concatenated outputs of the last layers, (B, O, sum(self.sizes))."""
        x = torch.cat([tokens, self._near(simple, scale).flatten(2), ahead.flatten(2), simple.skill], -1)
        x = self.dropout(nn.functional.gelu(self.expand(x)))
        x = x + self.dropout(nn.functional.gelu(self.middle(x)))
        return torch.cat([self.mix(x), self.sharp(x), self.gate(x), self.quantile(x)], -1).float()

    @property
    def sizes(self) -> list[int]:
        """Output sizes of the last layers: logits of anchors, powers of their errors, powers of the spread, raw values."""
        return [self.blocks * COUNT, self.blocks, self.blocks * FEATURES, self.horizon * self.quantiles]

    def _mixture(
        self, outputs: Tensor, tokens: Tensor, simple: Simple, ahead: Tensor, asked: Asked | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        mix, sharp, gate, raw = outputs.split(self.sizes, -1)
        weight = self._weights(mix.unflatten(-1, (self.blocks, -1)), sharp, simple)
        raw = self._known(raw.unflatten(-1, (self.horizon, -1)), tokens, ahead, asked)
        return self._by_step(weight), raw, self._by_step(gate.unflatten(-1, (self.blocks, -1)))

    def _known(self, raw: Tensor, tokens: Tensor, ahead: Tensor, asked: Asked | None) -> Tensor:
        """Return raw corrections and widths (B, O, H, Q) plus the effects of the known covariates and of other series."""
        effects = [] if self.effect is None else [self.effect(tokens, ahead)]
        if self.led is not None and asked is not None and asked.leads is not None:  # features of zero have no effect
            effects.append(self.led(tokens, asked.leads) - self.led(tokens, torch.zeros_like(asked.leads)))
        if not effects:
            return raw
        middle, width = sum(effects[1:], effects[0]).split(1, -1)
        beside = width.expand_as(raw)
        return raw + torch.cat([beside[..., : self.median], middle, beside[..., self.median + 1 :]], -1)

    def _near(self, simple: Simple, scale: Scale) -> Tensor:
        """Return the anchors relative to the last value, in naive steps and compressed by asinh: (B, O, H, A)."""
        return torch.asinh((simple.anchors - simple.anchors[..., :1, :1]) / scale.step[..., None, None]) / 2

    def _weights(self, choice: Tensor, sharpness: Tensor, simple: Simple) -> Tensor:
        """Return the anchors' weights by block, (B, O, blocks, A).

        choice (B, O, blocks, A): logits. sharpness (B, O, blocks): the power of the anchors' past errors by which the weights
        are divided.
        """
        return torch.softmax(choice.float() - sharpness.float()[..., None] * simple.skill[:, :, None], -1)

    def _by_step(self, x: Tensor) -> Tensor:
        """Repeat the values of each block for its steps: (B, O, blocks, n) -> (B, O, H, n)."""
        return x.repeat_interleave(self.block, 2)[:, :, : self.horizon]

    def correction(self, raw: Tensor, scale: Scale) -> Tensor:
        """Return the correction of the mixture for the median: (B, O, H, Q) -> (B, O, H), in units of scale.std."""
        return torch.sinh(raw[..., self.median].clamp(-LIMIT, LIMIT)) * scale.step[..., None]
