"""Forecasting network: scaling, patches, positions, recurrent front-end, self-attention encoder, quantile decoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.errors import ConfigError
from tsattn.nn import scaling
from tsattn.nn.anchor_features import simple
from tsattn.nn.attention import rotary_angles
from tsattn.nn.blocks import EncoderBlock, pick
from tsattn.nn.cross_attention_head import CrossAttentionHead
from tsattn.nn.front_end import FrontEnd
from tsattn.nn.head import Asked, Head
from tsattn.nn.inputs import Inputs, InputSpec
from tsattn.nn.leads import LEAD_FEATURES, suggested
from tsattn.nn.position import Position
from tsattn.nn.recurrent_head import RecurrentHead
from tsattn.nn.series_attention import Across, Peers, peers_of

SERIES_FEATURES = 6
MEASURE = {"standard": scaling.measure, "robust": scaling.measure_robust}
# the autoregressive decoder forecasts one patch at a time (nn/generate.py)
DECODER: dict[str, type[Head]] = {
    "direct": Head,
    "recurrent": RecurrentHead,
    "cross-attention": CrossAttentionHead,
    "autoregressive": Head,
}


@dataclass(frozen=True)
class Read:
    """Inputs of a window, scaled and filled.

    z (B, L) and known (B, L + F, K): without missing values. static (B, C): standardised. seen (B, L): True where the target
    was observed; measured (B, L): the same within the prefix only. first (B,): position of the first observed value.
    """

    z: Tensor
    seen: Tensor
    measured: Tensor
    first: Tensor
    known: Tensor
    static: Tensor
    scale: scaling.Scale


class Network(nn.Module):
    """Forecasting network in which every token is a forecast origin.

    Token t attends to tokens ≤ t and forecasts the H steps after its patch, so one pass trains many origins of a window, and
    covers short histories too.
    """

    known_mean: Tensor
    known_std: Tensor
    static_mean: Tensor
    static_std: Tensor
    cosine: Tensor
    sine: Tensor

    def __init__(self, config: ModelConfig, spec: InputSpec) -> None:
        super().__init__()
        if config.context % config.patch:
            raise ConfigError(f"context {config.context} must be a multiple of patch {config.patch}")
        if config.width % (2 * config.heads):
            raise ConfigError(f"width {config.width} must be a multiple of twice the heads, {2 * config.heads}")
        if list(spec.quantiles) != sorted(set(spec.quantiles)) or 0.5 not in spec.quantiles:
            raise ConfigError(f"quantiles must increase and include the median 0.5, not {spec.quantiles}")
        self.config, self.spec = config, spec
        self.register_buffer("known_mean", torch.zeros(spec.known))
        self.register_buffer("known_std", torch.ones(spec.known))
        self.register_buffer("static_mean", torch.zeros(spec.static))
        self.register_buffer("static_std", torch.ones(spec.static))
        width = config.width
        cosine, sine = rotary_angles(config.context // config.patch, width // config.heads)
        for name, constant in (("cosine", cosine), ("sine", sine)):
            self.register_buffer(name, constant, persistent=False)
        channels = 3 + 2 * spec.past + spec.known
        size = channels * config.patch + SERIES_FEATURES + spec.static
        self.embed = nn.Sequential(nn.Linear(size, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.embed_skip = nn.Linear(size, width)
        self.position = Position(config)
        self.front_end = FrontEnd(config)
        layers = 0 if config.encoder == "none" else config.layers
        self.blocks = nn.ModuleList(EncoderBlock(config, number + 1) for number in range(layers))
        self.across = Across(config, layers) if config.across else None
        self.norm = scaling.norm(width)
        self.head = DECODER[config.decoder](config, spec)

    def forward(
        self, target: Tensor, past_cov: Tensor, known: Tensor, static: Tensor, seasons: Tensor, group: Tensor | None = None
    ) -> Tensor:
        """Forecast from the end of the window: (B, H, Q) in the target's units. Arguments: see `Inputs`.

        H is config.pass_steps, or any multiple of it with the recurrent decoder: the number of future steps in `known`. With
        config.any_length, the window may have fewer tokens than the context. Without `group`, each window is read alone.
        """
        group = torch.arange(target.shape[0], device=target.device) if group is None else group
        inputs = Inputs(target, past_cov, known, static, seasons, group)
        end = torch.full_like(target[:, :1], target.shape[1], dtype=torch.int64)
        out, scale = self.forecast_at(inputs, end[:, 0], end)
        return out[:, 0] * scale.std[..., None] + scale.mean[..., None]

    def forecast_at(self, inputs: Inputs, prefix: Tensor, origin: Tensor) -> tuple[Tensor, scaling.Scale]:
        """Forecast from several origins of each window, in units of the scale of its first `prefix` steps.

        prefix (B,): number of steps from which the scale is computed. origin (B, O): positions ≥ prefix, multiples of the
        patch. Returns the quantiles (B, O, H, Q), H as in `forward`, and the Scale.
        """
        read, step = self.read(inputs, prefix), self.config.pass_steps
        passes = (inputs.known.shape[1] - inputs.target.shape[1]) // step if isinstance(self.head, RecurrentHead) else 1
        token = origin // self.config.patch - 1  # (B, O)
        peers = leads = None
        if self.across is not None:
            peers = peers_of(inputs.group, self.full(read.seen), torch.float32)
            leads = suggested(read.z, read.scale.step, peers, self.config.patch, self.config.pass_steps)  # (B, T, H, 3)
            leads = pick(leads.flatten(2), token).unflatten(-1, (-1, LEAD_FEATURES))
        if self.head.sees_all:
            tokens = self.encode(read, inputs, peers=peers)
            chosen = pick(tokens, token)
        else:  # the last layer is computed for the origins' tokens only
            tokens = chosen = self.encode(read, inputs, token, peers)
        periods = inputs.seasons[:, :2].long()
        so_far = simple(read.z, read.first, periods, origin, step, self.head.spread_steps(passes))
        steps = origin[..., None] + torch.arange(passes * step, device=origin.device)  # (B, O, H)
        known = read.known
        ahead = known.gather(1, steps.flatten(1)[..., None].expand(-1, -1, known.shape[-1])).view(*steps.shape, -1)
        full, angles = self.full(read.seen), self.angles(read.z.shape[1] // self.config.patch)
        asked = Asked(tokens, token, full, angles, read.z, read.first, periods, origin, passes, leads)
        return self.head(chosen, so_far, ahead, read.scale, asked), read.scale

    @property
    def encoder(self) -> list[EncoderBlock]:
        """Encoder blocks in order; empty with encoder "none"."""
        return [block for block in self.blocks if isinstance(block, EncoderBlock)]

    @property
    def tokens(self) -> int:
        """Number of tokens of a full window."""
        return self.config.context // self.config.patch

    def angles(self, tokens: int) -> tuple[Tensor, Tensor] | None:
        """Return the cosines and sines of rotary positions, (T, d/2) each; None with other kinds of position."""
        return (self.cosine[:tokens], self.sine[:tokens]) if self.config.position == "rotary" else None

    def full(self, seen: Tensor) -> Tensor:
        """Return a mask of the tokens that hold an observation: (B, L) -> (B, T). The others are not attended to."""
        return seen.unflatten(1, (-1, self.config.patch)).any(-1)

    def read(self, inputs: Inputs, prefix: Tensor) -> Read:
        """Scale the window by the statistics of its first `prefix` (B,) steps."""
        seen = ~torch.isnan(inputs.target)
        position = torch.arange(inputs.target.shape[1], device=prefix.device)
        measured = seen & (position < prefix[:, None])
        value = torch.where(seen, inputs.target, torch.zeros_like(inputs.target))
        scale = MEASURE[self.config.scaling](value, measured, inputs.seasons[:, 0].long())
        z = torch.where(seen, (value - scale.mean) / scale.std, torch.zeros_like(value))
        z = scaling.forward_fill(z, seen, self.config.context)
        first = _first_seen(seen, position)
        known = torch.nan_to_num((inputs.known - self.known_mean) / self.known_std)
        static = torch.nan_to_num((inputs.static - self.static_mean) / self.static_std)
        return Read(z, seen, measured, first, known, static, scale)

    def encode(self, read: Read, inputs: Inputs, only: Tensor | None = None, peers: Peers | None = None) -> Tensor:
        """Return the encoder's output, (B, T, D) with T = L / patch, or (B, O, D) for the tokens at positions `only` (B, O).

        peers: visibility between windows; None = each window is read alone.
        """
        x = self.front_end(self.placed(read, inputs))
        layers = self.encoder
        if layers:
            seen_by = layers[0].attention.mask(self.full(read.seen), self.angles(x.shape[1]), x.dtype)
        for number, block in enumerate(layers):
            x = x if self.across is None or peers is None else self.across(x, number, peers)
            x = block(x, seen_by, only if block is layers[-1] else None)
        if not layers and only is not None:
            x = pick(x, only)
        return self.norm(x)

    def placed(self, read: Read, inputs: Inputs) -> Tensor:
        """Return the embedded tokens (B, T, D) with their positions added."""
        past = self._past(inputs.past_cov, read.measured, read.z.shape[1] // self.config.patch)
        return self.position(self.embedded(read.z, read.seen, past, read, inputs.seasons), read.first // self.config.patch)

    def embedded(self, z: Tensor, seen: Tensor, past: list[Tensor], read: Read, seasons: Tensor, start: int = 0) -> Tensor:
        """Embed the steps z (B, n·patch), from step `start` of the window on, as tokens (B, n, D), without positions.

        seen (B, n·patch): observation mask. past: features of past covariates, (B, n, ·) each. Scale, known and static
        covariates are taken from `read`.
        """
        patch = self.config.patch
        tokens = z.shape[1] // patch
        patches = z.unflatten(1, (tokens, patch))  # (B, n, patch)
        local = (patches - patches[..., -1:]) / read.scale.step[..., None]
        parts = [torch.asinh(patches), torch.asinh(local) / 2, seen.unflatten(1, (tokens, patch)).to(z.dtype)]
        parts += past
        parts.append(read.known[:, start : start + z.shape[1]].unflatten(1, (tokens, patch)).flatten(2))
        series = torch.cat([_series_features(seasons, read.scale), read.static], -1)  # (B, 6 + C)
        parts.append(series[:, None].expand(-1, tokens, -1))
        x = torch.cat(parts, -1)
        return self.embed(x) + self.embed_skip(x)

    def _past(self, past_cov: Tensor, measured: Tensor, tokens: int) -> list[Tensor]:
        """Return past covariates, standardised within the prefix, and their observation masks."""
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


def _series_features(seasons: Tensor, scale: scaling.Scale) -> Tensor:
    """Return features of the whole series: (B, 6)."""
    return torch.cat([seasons[:, :2].log() / 4, seasons[:, 2:], scale.step.log() / 3, (scale.count + 1).log() / 6], -1)


def _first_seen(seen: Tensor, position: Tensor) -> Tensor:
    """Return the position of the first observed value: (B, L) -> (B,)."""
    return torch.where(seen, position, torch.full_like(position, seen.shape[1] - 1)).amin(1)
