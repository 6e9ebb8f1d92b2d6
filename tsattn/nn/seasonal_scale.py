"""Noise at each phase of a season, so that intervals can be narrow at night and wide at noon."""

from __future__ import annotations

import torch
from torch import Tensor

from tsattn.nn.anchors import PERIODS
from tsattn.nn.lookback import Place, back, place_of, steps_before

DOUBLINGS = 4  # 2^4 = 16 cycles
PRIOR = 4.0  # weight, in cycles, of the spread of all phases when it is pooled with that of one phase
FEATURES = 2 * PERIODS


def spread(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor, horizon: int) -> Tensor:
    """Return logarithms of the relative noise at each step's phase: (B, O, H, 4), size of both periods, then tilt of both.

    Arguments are those of `nn.anchors.anchors`. A deviation is a value minus the mean at its phase in the 16 cycles before it.
    Size: the mean absolute deviation at the step's phase over the last 16 cycles, relative to that of all phases. Tilt: mean
    upward relative to mean downward deviation. Both are 0 without a season or before its second cycle. Only values before the
    origin are used.
    """
    length = z.shape[1]
    position = torch.arange(length, device=z.device)
    period = periods[..., None]  # (B, 2, 1)
    since = position - first[:, None, None]  # (B, 1, L)
    before = torch.div(since, period, rounding_mode="floor").clamp(0, 2**DOUBLINGS)  # (B, 2, L): cycles before each value
    value = (z[:, None] * (since >= 0))[:, :, None]  # (B, 1, 1, L)
    places = [place_of(position, period, 2**step) for step in range(DOUBLINGS)]
    usual = back(_sums(value.expand(-1, PERIODS, -1, -1), places), places[0]) / before[:, :, None].clamp_min(1)
    away = (value - usual) * (before > 0)[:, :, None]  # (B, 2, 1, L)
    sides = _sums(torch.cat([away.clamp_min(0), -away.clamp_max(0)], 2), places)  # (B, 2, 2 sides, L)

    ahead = torch.arange(horizon, device=z.device)
    cycle = period[..., None]  # (B, 2, 1, 1)
    newest = origin[:, None, :, None] + ahead - cycle * (torch.div(ahead, cycle, rounding_mode="floor") + 1)  # (B, 2, O, H)
    found = newest.clamp_min(0).flatten(2)  # (B, 2, O·H)
    own = sides.gather(3, found[:, :, None].expand(-1, -1, 2, -1)).unflatten(3, newest.shape[2:])  # (B, 2, 2, O, H)
    count = (before.gather(2, found).unflatten(2, newest.shape[2:]) * (newest >= 0))[:, :, None]
    own = own * (newest >= 0)[:, :, None]

    whole = steps_before(origin, period, length).to(z.dtype)  # (B, 2, L, O): the cycle before each origin
    common = (sides @ whole) / (before[:, :, None].to(z.dtype) @ whole).clamp_min(1)
    common = common[..., None]  # (B, 2, 2, O, 1): mean deviations over a whole cycle of phases
    little = 0.02 * common.sum(2, keepdim=True) + 1e-6
    mixed = (own + PRIOR * common) / (count + PRIOR)
    size = ((mixed.sum(2) + little[:, :, 0]) / (common.sum(2) + little[:, :, 0])).log()  # (B, 2, O, H)
    tilt = ((mixed[:, :, 0] + little[:, :, 0]) / (mixed[:, :, 1] + little[:, :, 0])).log()
    return torch.cat([size, tilt], 1).permute(0, 2, 3, 1)


def widen(gate: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
    """Return the factors of the widths below and above the median: gate and spread (…, 4) -> two of (…, 1)."""
    size, tilt = (gate * spread).unflatten(-1, (2, PERIODS)).sum(-1).unbind(-1)
    both = torch.stack([size - tilt / 2, size + tilt / 2], -1).clamp(-3, 3).exp()
    down, up = both.split(1, -1)
    return down, up


def _sums(x: Tensor, places: list[Place]) -> Tensor:
    """Return the sum of each value and those at its phase in the cycles before, 2^DOUBLINGS in all, by doubling: (B, 2, n, L)."""
    for place in places:
        x = x + back(x, place)
    return x
