"""Recurrent decoder: an LSTM along the horizon, with one step for each pass of the head."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from tsattn.config import ModelConfig
from tsattn.nn.anchor_features import Simple
from tsattn.nn.anchors import COUNT, anchors
from tsattn.nn.head import Asked, Head
from tsattn.nn.inputs import InputSpec
from tsattn.nn.scaling import Scale


class Later(nn.Module):
    """LSTM over the passes after the first. Its state gives terms that are added to the token and to the outputs of the head.

    The inputs of a pass are the token of the origin, the mean and the last value of the pass's anchors, the change over the first
    pass, the number of the pass, and the past errors of the anchors. The added terms are initialised to zero, so an untrained
    head treats all passes alike.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.read = nn.Linear(width + 3 * COUNT + 2, width)
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.token = nn.Linear(width, width)
        self.out = nn.Linear(width, outputs)
        for layer in (self.token, self.out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        # forget gates start open, as in the front-end
        nn.init.constant_(self.lstm.get_parameter("bias_ih_l0")[width : 2 * width], 1.0)

    def forward(self, tokens: Tensor, near: Tensor, moved: Tensor, skill: Tensor) -> tuple[Tensor, Tensor]:
        """Return the terms added to the tokens, (B, O, R, D), and to the outputs, (B, O, R, N).

        tokens (B, O, D); near (B, O, R, H, A): anchors of each pass; moved (B, O); skill (B, O, A).
        """
        shape = near.shape[:3]
        number = torch.arange(1, shape[2] + 1, device=near.device, dtype=near.dtype).log() / 2
        each = [tokens, moved[..., None], skill]
        token, way, past = (x[:, :, None].expand(-1, -1, shape[2], -1) for x in each)
        count = number[:, None].expand(*shape, 1)
        x = torch.cat([token, near.mean(3), near[:, :, :, -1], way, count, past], -1)
        state: Tensor = self.lstm(nn.functional.gelu(self.read(x)).flatten(0, 1))[0]
        state = state.reshape(*shape, tokens.shape[-1])  # with -1 for a size, exported graphs would have a fixed number of passes
        return self.token(state), self.out(state).float()


class RecurrentHead(Head):
    """Head whose first pass equals that of `Head`; later passes add terms from the state of an LSTM (`Later`).

    The anchors of later passes are computed from the history extended by the median of the first pass, as in a roll-out, but
    all passes are computed at once. A longer forecast begins with the shorter one.
    """

    def __init__(self, config: ModelConfig, spec: InputSpec) -> None:
        super().__init__(config, spec)
        self.later = Later(config.width, sum(self.sizes))

    def spread_steps(self, passes: int) -> int:
        """Return the number of steps that `Simple.spread` must cover: one pass more than the forecast (see `forward`)."""
        return (passes + 1) * self.horizon

    def forward(self, tokens: Tensor, simple: Simple, ahead: Tensor, scale: Scale, asked: Asked | None = None) -> Tensor:
        """Return the quantiles (B, O, R·H, Q) of R = asked.passes passes, in units of scale.std.

        simple: anchors of the first pass, and spread over `spread_steps`. ahead (B, O, R·H, K). One extra pass is computed and
        dropped, because the LSTM of an exported graph needs at least one pass even if R = 1. Raises ValueError without `asked`.
        """
        if asked is None:
            raise ValueError("a recurrent head needs `asked`")
        step, spread = self.horizon, simple.spread
        first = super().forward(tokens, replace(simple, spread=spread[:, :, :step]), ahead[:, :, :step], scale, asked)
        if isinstance(asked.passes, int) and asked.passes == 1:
            return first
        known = torch.cat([ahead[:, :, step:], ahead[:, :, -step:]], 2)
        later = self._later(tokens, first[..., self.median], replace(simple, spread=spread[:, :, step:]), known, scale, asked)
        return torch.cat([first, later[:, :, :-1].flatten(2, 3)], 2)

    def _later(self, tokens: Tensor, median: Tensor, simple: Simple, ahead: Tensor, scale: Scale, asked: Asked) -> Tensor:
        """Return the quantiles of the R passes after the first, (B, O, R, H, Q). median (B, O, H): median of the first pass."""
        step, passes = self.horizon, asked.passes
        found = _continued(median, asked).unflatten(2, (passes, step))  # (B, O, R, H, A)
        near = torch.asinh((found - found[..., :1, :1]) / scale.step[..., None, None, None]) / 2
        last = asked.z.gather(1, asked.origin - 1)
        moved = torch.asinh((median[..., -1] - last) / scale.step) / 2
        add, outputs = self.later(tokens, near, moved, simple.skill)
        every = (tokens[:, :, None] + add).flatten(1, 2)  # (B, O·R, D): each pass as an origin
        skill = simple.skill[:, :, None].expand(-1, -1, passes, -1).flatten(1, 2)
        spread = simple.spread.unflatten(2, (passes, step)).flatten(1, 2)
        parts, known = Simple(found.flatten(1, 2), spread, skill), ahead.unflatten(2, (passes, step)).flatten(1, 2)
        outputs = self._outputs(every, parts, known, scale) + outputs.flatten(1, 2)
        made = self._quantiles(*self._mixture(outputs, every, parts, known, None), parts, scale)
        return made.unflatten(1, (tokens.shape[1], passes))


def _continued(median: Tensor, asked: Asked) -> Tensor:
    """Return the anchors of the R passes after the first, (B, O, R·H, A), for histories extended by `median` (B, O, H)."""
    origins, step = median.shape[1:]
    z = nn.functional.pad(asked.z, (0, step))[:, None].expand(-1, origins, -1).flatten(0, 1)  # (B·O, L + H)
    origin = asked.origin.flatten()[:, None]
    z = z.scatter(1, origin + torch.arange(step, device=z.device), median.flatten(0, 1).to(z.dtype))
    first, periods = asked.first.repeat_interleave(origins), asked.periods.repeat_interleave(origins, 0)
    made = anchors(z, first, periods, origin + step, asked.passes * step)
    return made[:, 0].unflatten(0, (-1, origins))
