"""Seasonal anchors: simple continuations of the past that the head mixes, so that it learns corrections, not levels."""

from __future__ import annotations

import torch
from torch import Tensor

CYCLES = ((1, 4, 14), (1, 4))  # how many past cycles are averaged, for each of the two periods
COUNT = 1 + sum(2 * len(cycles) for cycles in CYCLES) + 2


def anchors(z: Tensor, first: Tensor, periods: Tensor, origin: Tensor, horizon: int) -> Tensor:
    """z (B, L) filled values, first (B,) the first observed position, periods (B, 2), origin (B, O) positions in 1 … L.

    Returns (B, O, H, A): the last value; for each period the mean of the last k cycles, as it is and moved to the current
    level; for the first period also moved to the level of its last whole cycle. Only values before the origin are read. A
    continuation whose cycles lie before the first observation is the last value.
    """
    total = torch.nn.functional.pad(z.cumsum(1), (1, 0))  # total[i] = Σ z[:i]
    last = z.gather(1, origin - 1)  # (B, O)
    out = [last[..., None].expand(*last.shape, horizon)]
    for which, cycles in enumerate(CYCLES):
        period = periods[:, which, None]  # (B, 1)
        nearby = (period // 8).clamp_min(1)
        for k, mean in _cycle_means(z, first, period, origin, horizon, cycles, last).items():
            shift = _level_shift(total, first, period, origin, nearby, k)
            out += [mean, mean + shift[..., None]]
            if which == 0 and k > 1:
                out.append(mean + _level_shift(total, first, period, origin, period, k)[..., None])
    return torch.stack(out, -1)


def _cycle_means(
    z: Tensor, first: Tensor, period: Tensor, origin: Tensor, horizon: int, cycles: tuple[int, ...], last: Tensor
) -> dict[int, Tensor]:
    """For each k: the mean over the last k cycles of the values at each step's phase, (B, O, H)."""
    ahead = torch.arange(horizon, device=z.device)
    back = period * (ahead // period + 1)  # (B, H): whole cycles that lead from a step ahead to before the origin
    newest = origin[..., None] + (ahead - back)[:, None, :]  # (B, O, H)
    cycle = torch.arange(max(cycles), device=z.device)
    index = newest[..., None] - period[:, :, None, None] * cycle  # (B, O, H, k)
    valid = index >= first[:, None, None, None]
    values = z.gather(1, index.clamp_min(0).flatten(1)).view(index.shape)
    count = valid.cumsum(-1)
    mean = torch.where(valid, values, torch.zeros_like(values)).cumsum(-1) / count.clamp_min(1)
    fallback = last[..., None].expand(*last.shape, horizon)
    return {k: torch.where(count[..., k - 1] > 0, mean[..., k - 1], fallback) for k in cycles}


def _level_shift(total: Tensor, first: Tensor, period: Tensor, origin: Tensor, span: Tensor, k: int) -> Tensor:
    """Mean of the last `span` values less that of the same phases in the k cycles before: (B, O)."""

    def mean_ending(end: Tensor) -> Tensor:
        return (total.gather(1, end.clamp_min(0)) - total.gather(1, (end - span).clamp_min(0))) / span

    shift = torch.zeros_like(total[:, :1]).expand(origin.shape)
    count = torch.zeros_like(origin)
    for cycle in range(1, k + 1):
        end = origin - cycle * period
        valid = end - span >= first[:, None]
        shift = shift + torch.where(valid, mean_ending(end), torch.zeros_like(shift))
        count = count + valid
    current = mean_ending(origin)
    return torch.where(count > 0, current - shift / count.clamp_min(1), torch.zeros_like(current))
