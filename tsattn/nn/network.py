"""The forecaster: scaling -> patches -> recurrent front-end -> self-attention encoder -> quantile head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.errors import ConfigError
from tsattn.nn import scaling
from tsattn.nn.anchors import COUNT, anchors
from tsattn.nn.attention import causal_mask, rotary_angles, sight
from tsattn.nn.blocks import EncoderBlock, SharedDropout
from tsattn.nn.front_end import FrontEnd

SERIES_FEATURES = 6
LIMIT = 5.0  # of the head's corrections before sinh: 74 naive steps


@dataclass(frozen=True)
class InputSpec:
    """Widths of what comes in beside the target, and the quantiles that go out."""

    past: int
    known: int  # calendar features and declared ones
    static: int
    quantiles: tuple[float, ...]


@dataclass
class Inputs:
    """What the network reads. B windows of L past steps and F future ones (F = H, or enough for every origin).

    target (B, L), NaN = missing. past_cov (B, L, P). known (B, L + F, K), NaN = unknown. static (B, C).
    seasons (B, 4): two periods in steps, and their autocorrelations (data/seasons.py).
    """

    target: Tensor
    past_cov: Tensor
    known: Tensor
    static: Tensor
    seasons: Tensor


class Network(nn.Module):
    """Every token is a forecast origin: token t sees tokens ≤ t and forecasts the H steps after its patch.

    So one pass trains many origins of a window, and a short history is nothing new to the network.
    """

    known_mean: Tensor
    known_std: Tensor
    static_mean: Tensor
    static_std: Tensor
    cosine: Tensor
    sine: Tensor
    causal: Tensor

    def __init__(self, config: ModelConfig, spec: InputSpec) -> None:
        super().__init__()
        if config.context % config.patch:
            raise ConfigError(f"context {config.context} must be a multiple of patch {config.patch}")
        if config.width % (2 * config.heads):
            raise ConfigError(f"width {config.width} must be a multiple of twice the heads, {2 * config.heads}")
        if list(spec.quantiles) != sorted(set(spec.quantiles)) or 0.5 not in spec.quantiles:
            raise ConfigError(f"quantiles must rise and hold the median 0.5, not {spec.quantiles}")
        self.config, self.spec = config, spec
        self.register_buffer("known_mean", torch.zeros(spec.known))
        self.register_buffer("known_std", torch.ones(spec.known))
        self.register_buffer("static_mean", torch.zeros(spec.static))
        self.register_buffer("static_std", torch.ones(spec.static))
        width = config.width
        cosine, sine = rotary_angles(config.context // config.patch, width // config.heads)
        for name, constant in (("cosine", cosine), ("sine", sine), ("causal", causal_mask(len(cosine)))):
            self.register_buffer(name, constant, persistent=False)
        channels = 3 + 2 * spec.past + spec.known
        size = channels * config.patch + SERIES_FEATURES + spec.static
        self.embed = nn.Sequential(nn.Linear(size, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.embed_skip = nn.Linear(size, width)
        self.front_end = FrontEnd(config)
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.layers))
        self.norm = scaling.norm(width)
        self.head = Head(config, spec)

    def forward(self, target: Tensor, past_cov: Tensor, known: Tensor, static: Tensor, seasons: Tensor) -> Tensor:
        """The forecast from the end of the window, in the target's units: (B, H, Q). See `Inputs` for shapes."""
        inputs = Inputs(target, past_cov, known, static, seasons)
        end = torch.full_like(target[:, :1], self.config.context, dtype=torch.int64)
        out, scale = self.forecast_at(inputs, end[:, 0], end)
        return out[:, 0] * scale.std[..., None] + scale.mean[..., None]

    def forecast_at(self, inputs: Inputs, prefix: Tensor, origin: Tensor) -> tuple[Tensor, scaling.Scale]:
        """Forecasts from several origins of each window, in units of the scale of its first `prefix` steps.

        prefix (B,): steps that the scale may look at; origin (B, O): positions ≥ prefix, multiples of the patch.
        Returns (B, O, H, Q) and the Scale.
        """
        seen = ~torch.isnan(inputs.target)
        position = torch.arange(self.config.context, device=origin.device)
        measured = seen & (position < prefix[:, None])
        value = torch.where(seen, inputs.target, torch.zeros_like(inputs.target))
        periods = inputs.seasons[:, :2].long()
        scale = scaling.measure(value, measured, periods[:, 0])
        z = scaling.forward_fill(torch.where(seen, (value - scale.mean) / scale.std, torch.zeros_like(value)), seen)
        first = _first_seen(seen, position)
        known = torch.nan_to_num((inputs.known - self.known_mean) / self.known_std)
        static = torch.nan_to_num((inputs.static - self.static_mean) / self.static_std)
        tokens = self.encode(z, seen, measured, inputs, known, static, scale)
        token = origin // self.config.patch - 1  # (B, O)
        chosen = tokens.gather(1, token[..., None].expand(-1, -1, tokens.shape[-1]))
        simple = anchors(z, first, periods, origin, self.config.horizon)
        steps = origin[..., None] + torch.arange(self.config.horizon, device=origin.device)  # (B, O, H)
        ahead = known.gather(1, steps.flatten(1)[..., None].expand(-1, -1, known.shape[-1])).view(*steps.shape, -1)
        return self.head(chosen, simple, ahead, scale), scale

    def encode(
        self, z: Tensor, seen: Tensor, measured: Tensor, inputs: Inputs, known: Tensor, static: Tensor, scale: scaling.Scale
    ) -> Tensor:
        """Filled z (B, L) and what goes with it -> tokens (B, T, D), T = L / patch."""
        patch, tokens = self.config.patch, self.config.context // self.config.patch
        patches = z.unflatten(1, (tokens, patch))  # (B, T, patch)
        local = (patches - patches[..., -1:]) / scale.step[..., None]
        parts = [torch.asinh(patches), torch.asinh(local) / 2, seen.unflatten(1, (tokens, patch)).to(z.dtype)]
        parts += self._past(inputs.past_cov, measured, tokens)
        parts.append(known[:, : self.config.context].unflatten(1, (tokens, patch)).flatten(2))
        series = torch.cat([_series_features(inputs.seasons, scale), static], -1)  # (B, 6 + C)
        parts.append(series[:, None].expand(-1, tokens, -1))
        x = torch.cat(parts, -1)
        x = self.embed(x) + self.embed_skip(x)  # (B, T, D)
        x = self.front_end(x)
        # tokens before the first observation carry nothing, so nobody attends to them
        full = (seen.unflatten(1, (tokens, patch)).any(-1))[:, None, None, :]
        visible = self.causal & full
        seen_by = sight(visible, (self.cosine, self.sine), x.dtype)
        for block in self.blocks:
            x = block(x, seen_by)
        return self.norm(x)

    def _past(self, past_cov: Tensor, measured: Tensor, tokens: int) -> list[Tensor]:
        """Past covariates in units of their own spread within the prefix, and which of them were observed."""
        if self.spec.past == 0:
            return []
        seen = ~torch.isnan(past_cov)
        used = (seen & measured[..., None]).transpose(1, 2)  # (B, P, L)
        value = torch.where(seen, past_cov, torch.zeros_like(past_cov)).transpose(1, 2)
        centred = value - scaling.masked_mean(value, used)
        spread = scaling.masked_mean(centred.square(), used).sqrt().clamp_min(1e-6)
        scaled = torch.where(seen, (centred / spread).transpose(1, 2), torch.zeros_like(past_cov))
        shape = (tokens, self.config.patch)
        return [torch.asinh(scaled).unflatten(1, shape).flatten(2), seen.unflatten(1, shape).flatten(2).to(scaled.dtype)]


class Head(nn.Module):
    """A softmax mixture of anchors, one for each block of steps, plus a correction; quantiles by cumulated widths.

    Quantiles cannot cross: each is its inner neighbour plus or minus a positive width.
    """

    def __init__(self, config: ModelConfig, spec: InputSpec) -> None:
        super().__init__()
        self.horizon, self.block = config.horizon, config.block
        self.blocks = -(-config.horizon // config.block)
        self.quantiles, self.median = len(spec.quantiles), spec.quantiles.index(0.5)
        size = config.width + config.horizon * (COUNT + spec.known)
        hidden = 2 * config.width
        self.dropout = SharedDropout(config.dropout)
        self.expand = nn.Linear(size, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.mix = nn.Linear(hidden, self.blocks * COUNT)
        self.quantile = nn.Linear(hidden, config.horizon * self.quantiles)
        for layer in (self.mix, self.quantile):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor, simple: Tensor, ahead: Tensor, scale: scaling.Scale) -> Tensor:
        """tokens (B, O, D), anchors (B, O, H, A), known ahead (B, O, H, K) -> (B, O, H, Q) in units of scale.std."""
        weight, raw = self.mixture(tokens, simple, ahead, scale)
        middle = (weight * simple).sum(-1) + self.correction(raw, scale)
        width = nn.functional.softplus(raw - 1.0) * scale.season[..., None, None]
        down = width[..., : self.median].flip(-1).cumsum(-1).flip(-1)
        up = width[..., self.median + 1 :].cumsum(-1)
        return torch.cat([middle[..., None] - down, middle[..., None], middle[..., None] + up], -1)

    def mixture(self, tokens: Tensor, simple: Tensor, ahead: Tensor, scale: scaling.Scale) -> tuple[Tensor, Tensor]:
        """The weights of the anchors (B, O, H, A), 1 in all, and what correction and widths are made of (B, O, H, Q)."""
        near = torch.asinh((simple - simple[..., :1, :1]) / scale.step[..., None, None]) / 2
        x = torch.cat([tokens, near.flatten(2), ahead.flatten(2)], -1)
        x = self.dropout(nn.functional.gelu(self.expand(x)))
        x = x + self.dropout(nn.functional.gelu(self.middle(x)))
        weight = torch.softmax(self.mix(x).float().unflatten(-1, (self.blocks, -1)), -1)  # (B, O, blocks, A)
        weight = weight.repeat_interleave(self.block, 2)[:, :, : self.horizon]
        return weight, self.quantile(x).float().unflatten(-1, (self.horizon, -1))

    def correction(self, raw: Tensor, scale: scaling.Scale) -> Tensor:
        """What the median adds to the mixture: (B, O, H, Q) -> (B, O, H), in units of scale.std."""
        return torch.sinh(raw[..., self.median].clamp(-LIMIT, LIMIT)) * scale.step[..., None]


def _series_features(seasons: Tensor, scale: scaling.Scale) -> Tensor:
    """What the whole series is like: (B, 6)."""
    return torch.cat([seasons[:, :2].log() / 4, seasons[:, 2:], scale.step.log() / 3, (scale.count + 1).log() / 6], -1)


def _first_seen(seen: Tensor, position: Tensor) -> Tensor:
    """The position of the first observed value: (B, L) -> (B,)"""
    return torch.where(seen, position, torch.full_like(position, seen.shape[1] - 1)).amin(1)
